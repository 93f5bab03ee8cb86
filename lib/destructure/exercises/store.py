"""What is kept about each exercise, and the one JSON file that holds it, safely.

What it must survive: a kernel restart, two notebooks writing at once, the power cut in the middle of a write, a full
disk, a damaged file, another editor, and a file that a newer version of the course has written.
"""

import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, get_type_hints

import filelock

from destructure.exercises.plain import Plain
from destructure.exercises.workplace import work_folder
from destructure.files import decoded, free, write_alone

FILE = "answers.json"
SCHEMA = 1
_LOCK_SECONDS = 10
_ENTRY = re.compile(r'"(\d\d(?:\.[a-z][a-z0-9_]*){2,})"\s*:\s*(?={)')
"""Where a record begins in a text that is no longer JSON; inside a JSON string its quotes would be escaped."""


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
        outcome: the result of a prediction, as it was last shown after locking.
        variant: what was drawn for the question that is answered; `None` in files of the first edition.
        student, course: who answered.
        earlier: records of other variants of the question, as plain data, the latest first.
        unknown: what a later edition keeps besides; it is written back as it was.
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
    outcome: int | float | None = None
    first_change: str | None = None
    last_change: str | None = None
    variant: dict | None = None
    student: str = ""
    course: str = ""
    earlier: list = field(default_factory=list)
    unknown: dict = field(default_factory=dict)

    @property
    def is_answered(self) -> bool:
        """Whether an answer was checked (right or wrong)."""
        return self.score is not None

    def touched(self, **changes) -> "Record":
        """Return a changed copy that remembers when it was changed."""
        return replace(self, **changes, first_change=self.first_change or now(), last_change=now())

    def as_plain(self) -> dict:
        """The record as JSON holds it."""
        data = asdict(self)
        return data | data.pop("unknown")

    @classmethod
    def from_plain(cls, entry: Any) -> tuple["Record | None", bool]:
        """Read what `as_plain` gave; also say whether all of it could be read. `None` if nothing could."""
        if not isinstance(entry, dict):
            return None, False
        sound = {name: value for name, value in entry.items() if _is_sound(name, value)}
        known = {name: sound.pop(name) for name in _TYPES if name in sound}
        whole = len(known) + len(sound) == len(entry)
        record = cls(**known, unknown=sound)
        return (record if whole or record.is_answered or record.value is not None else None), whole


_TYPES = {name: kind for name, kind in get_type_hints(Record).items() if name != "unknown"}


def _is_sound(name: str, value: Any) -> bool:
    """Whether a field has a possible value that can also be written again."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError):  # NaN, infinity, half a surrogate pair
        return False
    if name in ("score", "best") and isinstance(value, int | float):
        return 0 <= value <= 1
    if name in ("hints", "attempts") and isinstance(value, int):
        return value >= 0
    return isinstance(value, _TYPES.get(name, object))


@dataclass(frozen=True)
class Answers:
    """Everything in the file.

    Attributes:
        records: exercise → what is kept about it.
        notices: sentences about the file that the learner has not acknowledged yet.
        unknown: what a later edition keeps besides.
    """

    records: dict[str, Record]
    notices: tuple[str, ...] = ()
    unknown: dict = field(default_factory=dict)

    @property
    def notice(self) -> str:
        """All that needs the learner's attention, "" if all is well."""
        return " ".join(self.notices)


class Damaged(Exception):
    """The file's text is not what this module writes; carries what could still be read."""

    def __init__(self, reason: str, rescued: Answers):
        super().__init__(reason)
        self.rescued = rescued


class NotSaved(Exception):
    """An answer cannot be written; the text says why, and that the earlier answers are intact."""


def now() -> str:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class AnswerStore:
    """The answers of one learner, in `answers.json` of the work folder (or where a link of that name points)."""

    def __init__(self):
        self.folder = work_folder()
        self.path = (self.folder / FILE).resolve()

    def read(self) -> Answers:
        """All records. Nothing is created or written, except that a damaged file is put aside."""
        try:
            return self._load()
        except Damaged as damage:
            return self._put_aside(damage)
        except NotSaved as problem:
            return Answers({}, (str(problem),))
        except OSError as problem:
            return Answers({}, (f"{FILE} cannot be read ({_reason(problem)}); answers are not shown.",))

    def record(self, id: str) -> Record:
        """The record of one exercise; an empty one if there is none."""
        return self.read().records.get(id, Record())

    def update(
        self, id: str, change: Callable[[Record], Record], patience: float | None = None
    ) -> tuple[Record, str]:
        """Change one record; other processes' changes to it and to others are kept.

        Args:
            change: takes the record as it is in the file at that moment; no other process can write meanwhile.
            patience: seconds to wait for another program that is writing.

        Returns:
            The new record, and a notice about the file ("" if all is well).

        Raises:
            NotSaved: if it cannot be written; the file is as it was before.
        """

        def with_change(answers: Answers) -> Answers:
            record = change(answers.records.get(id, Record()))
            return replace(answers, records=answers.records | {id: record})

        answers = self._change(with_change, patience)
        return answers.records[id], answers.notice

    def acknowledge(self) -> None:
        """Forget the notices: the learner has seen them (raises like `update`)."""
        self._change(lambda answers: replace(answers, notices=()))

    def _change(self, change: Callable[[Answers], Answers], patience: float | None = None) -> Answers:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._locked(patience):
                before = self._load_or_rescue()
                after = change(before)
                if after != before:
                    self._write(after)
                return after
        except OSError as problem:
            raise NotSaved(
                f"Your answer could not be saved ({_reason(problem)}). What was saved before is"
                f" intact; make room in, or allow writing to, the folder “{self.folder.name}” (or name another"
                " in DESTRUCTURE_WORK), then check again."
            ) from None

    def _load(self) -> Answers:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return Answers({})
        text, is_whole = decoded(content)
        if not is_whole:
            raise Damaged("it is not text", _rescued(text))
        return _from_text(text)

    def _load_or_rescue(self) -> Answers:
        """Read, with the lock held; a damaged file is put aside and whatever could be read of it kept."""
        try:
            return self._load()
        except Damaged as damage:
            aside = free(self.folder / f"answers.damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}.json")
            rescued = damage.rescued
            shutil.copy2(self.path, aside)  # first, so that a full disk leaves everything where it was
            notice = (
                f"{FILE} was damaged ({damage}). {len(rescued.records)} answers could still be read; the damaged"
                f" file is kept as {aside.name}, nothing was deleted. This notice goes when you press"
                " “I have read this” in the progress panel of notebook 00."
            )
            answers = replace(rescued, notices=(*rescued.notices, notice))
            self._write(answers)
            return answers

    def _put_aside(self, damage: Damaged) -> Answers:
        try:
            with self._locked():
                return self._load_or_rescue()
        except NotSaved as problem:
            return Answers({}, (str(problem),))
        except OSError as problem:
            notice = f"{FILE} is damaged ({damage}) and cannot be put aside ({_reason(problem)})."
            return Answers(damage.rescued.records, (notice,))

    def _locked(self, patience: float | None = None) -> filelock.BaseFileLock:
        return filelock.FileLock(f"{self.path}.lock", timeout=patience or _LOCK_SECONDS)

    def _write(self, answers: Answers) -> None:
        write_alone(self.path, _to_text(answers).encode("utf-8"))


def _reason(problem: OSError) -> str:
    if isinstance(problem, filelock.Timeout):
        return f"another program has been writing {FILE} for some time"
    return problem.strerror or str(problem)


def _to_text(answers: Answers) -> str:
    data = answers.unknown | {"schema": SCHEMA} | ({"notices": answers.notices} if answers.notices else {})
    data["answers"] = {id: record.as_plain() for id, record in sorted(answers.records.items())}
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _from_text(text: str) -> Answers:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON", _rescued(text)) from None
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise Damaged("it does not say which schema it follows", _rescued(text))
    if schema > SCHEMA:
        raise NotSaved(
            f"answers.json was written by a newer version of the course (schema {schema}, this one knows {SCHEMA})."
            " It is left untouched and nothing is saved; update the course, or set DESTRUCTURE_WORK to"
            " another folder."
        )
    entries = data.pop("answers", None)
    if not isinstance(entries, dict):
        raise Damaged("it has no answers", _rescued(text))
    read = {id: Record.from_plain(entry) for id, entry in entries.items()}
    records = {id: record for id, (record, _) in read.items() if record is not None}
    notices = data.pop("notices", None)
    notices = tuple(filter(_is_text, notices)) if isinstance(notices, list) else ()
    unknown = {name: value for name, value in data.items() if name != "schema" and _is_sound(name, value)}
    answers = Answers(records, notices, unknown)
    if broken := sum(not whole for _, whole in read.values()):
        raise Damaged(f"{broken} of its records cannot be read or have parts that cannot", answers)
    return answers


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and _is_sound("", value)


def _rescued(text: str) -> Answers:
    """The whole records in a text that is no longer JSON; of two for one exercise, the later one."""
    records: dict[str, Record] = {}
    for place in _ENTRY.finditer(text):
        with suppress(ValueError, RecursionError):
            record, _ = Record.from_plain(json.JSONDecoder().raw_decode(text, place.end())[0])
            known = records.get(place[1], Record())
            if record is not None and (record.last_change or "") >= (known.last_change or ""):
                records[place[1]] = record
    return Answers(records)
