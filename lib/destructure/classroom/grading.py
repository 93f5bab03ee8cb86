"""One submission against the instructor's own catalogue: a mark and a sentence for each exercise."""

import hmac
import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from destructure.classroom.attempts import marked
from destructure.classroom.homework import HomeworkSet, editions
from destructure.classroom.sandbox import Sandbox
from destructure.classroom.submission import Refused, Submission, read
from destructure.exercises.catalogue import find
from destructure.exercises.definition import Exercise
from destructure.exercises.homework import variant_of
from destructure.exercises.kinds.code_running import Fault, Task, tried
from destructure.exercises.kinds.comparing import Inputs
from destructure.exercises.kinds.isolation import Report
from destructure.exercises.store import Record
from destructure.exercises.verdict import Verdict, not_counted, wrong

MORE_CASES = 12
"""Inputs drawn from the staff's secret, beside those that a student can read in the course."""


@dataclass(frozen=True)
class Mark:
    """What an answer earned.

    Attributes:
        score: from 0 to 1; of a text that a person marks, whether it was committed.
        by_hand: whether a person marks it.
    """

    score: float
    message: str
    misconception: str | None = None
    answered: bool = True
    by_hand: bool = False
    answer: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission's marks, or why it has none; plain data by `asdict`, which `from_plain` reads."""

    file: str
    digest: str = ""
    student: str = ""
    refused: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)

    @classmethod
    def from_plain(cls, data: dict) -> "Graded":
        """What `asdict` gave."""
        return cls(**{**data, "marks": {id: Mark(**mark) for id, mark in data["marks"].items()}})


def grade(path: Path, homework: HomeworkSet, secret: bytes, how: str) -> Graded:
    """Grade one zip. Never raises for what is in it.

    Args:
        secret: the staff's key, from which inputs are drawn that no student has seen.
        how: the isolation of submitted code, from `sandbox.isolation`.
    """
    try:
        submission = read(path)
    except Refused as problem:
        return Graded(path.name, refused=f"Not graded: {problem}")
    found = Graded(path.name, submission.digest, submission.student)
    if submission.homework != homework.name:
        return replace(found, refused=f"Not graded: it is homework {submission.homework[:40]!r}.")
    if homework.course and submission.course != homework.course:
        wanted = f"Not graded: it was made for course {submission.course[:40]!r}, not {homework.course!r}."
        return replace(found, refused=wanted)
    present = editions(homework.points)
    with Sandbox(how) as sandbox:
        for id in homework.points:
            found.marks[id] = _mark(id, submission, present[id], secret, sandbox)
    return found


def _mark(id: str, submission: Submission, edition: str, secret: bytes, sandbox: Sandbox) -> Mark:
    exercise = find(id, submission.student, submission.course)
    record, kind = submission.answers.get(id, Record()), exercise.kind
    shown = _text(record.checked)
    verdict = _refusal(exercise, record, submission.editions.get(id), edition)
    if verdict is None and kind.runs_code:
        verdict = graded_code(exercise, shown, secret, sandbox)
    elif verdict is None:
        verdict = exercise.check(record.checked)
    by_hand = kind.name == "written" and verdict.is_right
    return Mark(
        verdict.score, verdict.message, verdict.misconception, verdict.counted, by_hand, shown[:20_000]
    )


def _refusal(exercise: Exercise, record: Record, answered: str | None, edition: str) -> Verdict | None:
    if record.checked is None or record.kind != exercise.kind.name:
        return not_counted("No checked answer was handed in.")
    if answered != edition:
        return wrong(
            "This answers the question of another version of the course; update, answer it again, submit again.",
            "another edition",
        )
    if record.variant != variant_of(exercise):
        return wrong("This answers another student's variant of the question.", "another variant")
    return None


def graded_code(exercise: Exercise, source: str, secret: bytes, sandbox: Sandbox) -> Verdict:
    """Run a source in the sandbox, also on inputs drawn from the staff's secret; the results are compared here."""
    kind, seen = exercise.kind, []

    def attempt(task: Task) -> Report:
        try:
            trial = tried(task, source, sandbox.function(source, task))
        except Fault as fault:
            trial = fault
        seen[:] = task, trial
        return Report(value=trial)

    verdict = kind.judged(kind.plain(source), kind.cases(), attempt, _secret_cases(exercise.id, secret))
    return marked(verdict, source, *seen, sandbox) if verdict.score else verdict


@cache
def _secret_cases(id: str, secret: bytes) -> list[Inputs]:
    """Drawn once for a class: the last of several thousand, and which they are only staff know."""
    digest = hmac.digest(secret, id.encode(), "sha256")
    return find(id).kind.cases(MORE_CASES + int.from_bytes(digest[:4], "big") % 5_000)[-MORE_CASES:]


def _text(value: object) -> str:
    text = value.get("text") if isinstance(value, dict) else value  # of one that is written
    return text if isinstance(text, str) else json.dumps(value, ensure_ascii=False)
