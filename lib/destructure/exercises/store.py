"""What is kept about each exercise, and the one JSON file that holds it, safely.

What it must survive: a kernel restart, two notebooks writing at once, the power cut in the middle of a write, a full
disk, a damaged file, and a file that a newer version of the course has written.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import filelock

from destructure.exercises.plain import Plain
from destructure.exercises.workplace import work_folder
from destructure.files import temporary_prefix, write_atomically

FILE = "answers.json"
SCHEMA = 1
_LOCK_SECONDS = 10


@dataclass(frozen=True)
class Record:
    """What is kept about one exercise. An exercise without a record, or with value `None`, is not answered.

    Attributes:
        kind: the kind of exercise.
        value: the latest answer, also before it was checked.
        score: score of the latest checked answer; `None` if none was checked yet.
        best: best score so far.
        message, misconception: of the latest checked answer.
        checked: the answer that `score` belongs to.
        attempts: how many different answers were checked.
        history: the latest attempts, each with time, value, score and misconception.
        hints: how many hints were opened.
        solution_shown, result_shown: when the solution, or the result of a prediction not yet locked, was opened.
        first_change, last_change: when the answer was first and last changed (UTC).
    """

    kind: str = ""
    value: Plain = None
    score: int | float | None = None
    best: int | float | None = None
    message: str = ""
    misconception: str | None = None
    checked: Plain = None
    attempts: int = 0
    history: list = field(default_factory=list)
    hints: int = 0
    solution_shown: str | None = None
    result_shown: str | None = None
    first_change: str | None = None
    last_change: str | None = None

    @property
    def is_answered(self) -> bool:
        """Whether an answer was checked (right or wrong)."""
        return self.score is not None

    def touched(self, **changes) -> "Record":
        """Return a changed copy that remembers when it was changed."""
        return replace(self, **changes, first_change=self.first_change or now(), last_change=now())


@dataclass(frozen=True)
class Answers:
    """Everything in the file, and a sentence if something about the file needs the learner's attention."""

    records: dict[str, Record]
    notice: str = ""


class Damaged(Exception):
    """The file's text is not what this module writes; carries what could still be read."""

    def __init__(self, reason: str, rescued: dict[str, Record] | None = None):
        super().__init__(reason)
        self.rescued = rescued or {}


class NotSaved(Exception):
    """An answer cannot be written; the text says why, and that the earlier answers are intact."""


def now() -> str:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class AnswerStore:
    """The answers of one learner, in `answers.json` of the work folder."""

    def __init__(self):
        self.folder = work_folder()
        self.path = self.folder / FILE

    def read(self) -> Answers:
        """All records. Nothing is created or written, except that a damaged file is put aside."""
        try:
            return Answers(self._load())
        except Damaged:
            return self._put_aside()
        except NotSaved as problem:
            return Answers({}, str(problem))
        except OSError as problem:
            return Answers(
                {}, f"{self.path.name} cannot be read ({_reason(problem)}); answers are not shown."
            )

    def record(self, id: str) -> Record:
        """The record of one exercise; an empty one if there is none."""
        return self.read().records.get(id, Record())

    def update(self, id: str, change: Callable[[Record], Record]) -> tuple[Record, str]:
        """Change one record; other processes' changes to it and to others are kept.

        Returns:
            The new record, and a notice about the file ("" if all is well).

        Raises:
            NotSaved: if it cannot be written; the file is as it was before.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._locked():
                answers = self._load_or_rescue()
                record = change(answers.records.get(id, Record()))
                self._write(answers.records | {id: record})
                return record, answers.notice
        except OSError as problem:
            raise NotSaved(
                f"Your answer could not be saved ({_reason(problem)}). What was saved before is"
                f" intact; make room in, or allow writing to, the folder “{self.folder.name}”, then check"
                " again."
            ) from None

    def _load(self) -> dict[str, Record]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            raise Damaged("it is not text") from None
        return _from_text(text)

    def _load_or_rescue(self) -> Answers:
        """Read, with the lock held; a damaged file is put aside and whatever could be read of it kept."""
        try:
            return Answers(self._load())
        except Damaged as damage:
            aside = _free_name(self.folder)
            if damage.rescued:
                shutil.copy2(self.path, aside)  # first, so that a full disk leaves everything where it was
                self._write(damage.rescued)
            else:
                os.replace(self.path, aside)
            kept = f"{len(damage.rescued)} answers could still be read; " if damage.rescued else ""
            return Answers(
                damage.rescued,
                f"{FILE} was damaged ({damage}). {kept}the damaged file is kept as {aside.name}, nothing was"
                " deleted.",
            )

    def _put_aside(self) -> Answers:
        try:
            with self._locked():
                return self._load_or_rescue()
        except NotSaved as problem:
            return Answers({}, str(problem))
        except OSError as problem:
            return Answers({}, f"{FILE} is damaged and cannot be put aside ({_reason(problem)}).")

    def _locked(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self.folder / (FILE + ".lock"), timeout=_LOCK_SECONDS)

    def _write(self, records: dict[str, Record]) -> None:
        """Replace the file at once: at every moment it is either the old one or the new one, whole."""
        for left_over in self.folder.glob(temporary_prefix(self.path) + "*"):  # of a process that was killed:
            left_over.unlink(missing_ok=True)  # we hold the lock
        write_atomically(self.path, _to_text(records).encode("utf-8"))


def _reason(problem: OSError) -> str:
    if isinstance(problem, filelock.Timeout):
        return f"another program has been writing {FILE} for {_LOCK_SECONDS} seconds"
    return problem.strerror or str(problem)


def _free_name(folder: Path) -> Path:
    stem = f"answers.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    names = (folder / f"{stem}{'' if number == 0 else f'-{number}'}.json" for number in range(10_000))
    return next(name for name in names if not name.exists())


def _to_text(records: dict[str, Record]) -> str:
    data = {"schema": SCHEMA, "answers": {id: asdict(record) for id, record in sorted(records.items())}}
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _from_text(text: str) -> dict[str, Record]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON") from None
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise Damaged("it does not say which schema it follows")
    if schema > SCHEMA:
        raise NotSaved(
            f"answers.json was written by a newer version of the course (schema {schema}, this one knows {SCHEMA})."
            " It is left untouched and nothing is saved; update the course, or set DESTRUCTURE_WORK to"
            " another folder."
        )
    answers = data.get("answers")
    if not isinstance(answers, dict):
        raise Damaged("it has no answers")
    records = {id: _record(entry) for id, entry in answers.items()}
    readable = {id: record for id, record in records.items() if record is not None}
    if len(readable) < len(records):
        raise Damaged(f"{len(records) - len(readable)} of its records cannot be read", readable)
    return readable


def _record(entry) -> Record | None:
    if not isinstance(entry, dict):
        return None
    known = {one.name: entry[one.name] for one in fields(Record) if one.name in entry}
    types = get_type_hints(Record)
    fit = all(isinstance(value, types[name]) for name, value in known.items())
    scores = (known.get("score") or 0, known.get("best") or 0)
    return Record(**known) if fit and all(0 <= score <= 1 for score in scores) else None
