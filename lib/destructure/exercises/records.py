"""What is kept about each exercise, and how `answers.json` is written and read. Pure: no file is touched here."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime

from destructure.exercises.plain import Plain

SCHEMA = 1


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
    score: float | None = None
    best: float | None = None
    message: str = ""
    misconception: str | None = None
    checked: Plain = None
    attempts: int = 0
    history: list[dict] = field(default_factory=list)
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


class Newer(Exception):
    """The file was written by a newer version of the course."""


def now() -> str:
    """The present time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def to_text(records: dict[str, Record]) -> str:
    """Write records as the text of `answers.json`."""
    data = {"schema": SCHEMA, "answers": {id: asdict(record) for id, record in sorted(records.items())}}
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def from_text(text: str) -> dict[str, Record]:
    """Read the text of `answers.json`.

    Raises:
        Damaged: if it is not what `to_text` writes; carries the records that can still be read.
        Newer: if a newer version of the course wrote it.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON") from None
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is not int or schema < 1:
        raise Damaged("it does not say which schema it follows")
    if schema > SCHEMA:
        raise Newer(
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


_TYPES = (
    {"kind": str, "message": str, "attempts": int, "hints": int, "history": list}
    | dict.fromkeys(("score", "best"), (int, float, type(None)))
    | dict.fromkeys(("misconception", "solution_shown", "result_shown"), (str, type(None)))
    | dict.fromkeys(("first_change", "last_change"), (str, type(None)))
)


def _record(entry) -> Record | None:
    if not isinstance(entry, dict):
        return None
    known = {one.name: entry[one.name] for one in fields(Record) if one.name in entry}
    if any(name in known and not isinstance(known[name], kind) for name, kind in _TYPES.items()):
        return None
    scores = [known[name] for name in ("score", "best") if known.get(name) is not None]
    return Record(**known) if all(0 <= score <= 1 for score in scores) else None
