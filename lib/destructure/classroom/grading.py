"""One submission against the instructor's own catalogue: a mark and a sentence for each exercise."""

import ast
import hmac
import json
import re
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from destructure.classroom.homework import HomeworkSet, Refused, edition, require
from destructure.classroom.sandbox import Sandbox
from destructure.classroom.submission import read
from destructure.exercises.catalogue import find
from destructure.exercises.definition import Exercise
from destructure.exercises.homework import variant_of
from destructure.exercises.kinds.code import KNOWN_ONLY
from destructure.exercises.kinds.code_running import Fault, Task, Trial, tried
from destructure.exercises.kinds.comparing import Inputs
from destructure.exercises.kinds.isolation import Report
from destructure.exercises.plain import as_plain
from destructure.exercises.store import Record
from destructure.exercises.verdict import UnreadableAnswer, Verdict, not_counted, wrong

MORE_CASES = 12
"""Inputs drawn from the staff's secret, beside those that a student can read in the course."""
_MATHEMATICS = re.compile(
    r"(__future__|bisect|cmath|collections|copy|dataclasses|decimal|fractions|functools|heapq|itertools|math|numpy"
    r"|operator|statistics|string|torch|typing)(\.|$)"
)
_OUTSIDE = re.compile(
    "__.*|breakpoint|compile|delattr|eval|exec|exit|getattr|globals|input|locals|open|quit|setattr|vars"
)


@dataclass(frozen=True)
class Mark(Verdict):
    """What an answer earned, and the answer; `by_hand` if a person marks it, who then decides about its points."""

    by_hand: bool = False
    answer: str = ""


@dataclass(frozen=True)
class Graded:
    """A submission's marks, or why it has none; then also its line in the gradebook.

    Attributes:
        digest: SHA-256 of the zip, the student's receipt.
        collected: when, in UTC.
        points: exercise → points earned, before what being late costs; `None` while a person has to mark it.
        comments: exercise → what that person wrote.
        share: what being late leaves.
        earned, total: the points that are known, before and after that.
        waiting: exercises that a person has still to mark.
    """

    file: str
    digest: str = ""
    student: str = ""
    refused: str = ""
    marks: dict[str, Mark] = field(default_factory=dict)
    collected: str = ""
    points: dict[str, float | None] = field(default_factory=dict)
    comments: dict[str, str] = field(default_factory=dict)
    share: float = 1.0
    earned: float = 0.0
    total: float = 0.0
    waiting: list[str] = field(default_factory=list)


def grade(path: Path, homework: HomeworkSet, secret: bytes, how: str) -> Graded:
    """Grade one zip. Never raises for what is in it.

    Args:
        secret: the staff's key, from which inputs are drawn that no student has seen.
        how: the isolation of submitted code, from `sandbox.isolation`.
    """
    found = Graded(path.name)
    try:
        digest, manifest, answers = read(path)
        found = Graded(path.name, digest, manifest["student"])
        require(manifest["homework"] == homework.name, f"it is homework {manifest['homework'][:40]!r}.")
        another = f"it was made for course {manifest['course'][:40]!r}, not {homework.course!r}."
        require(homework.course in ("", manifest["course"]), another)
    except Refused as problem:
        return replace(found, refused=f"Not graded: {problem}")
    with Sandbox(how) as sandbox:
        for id in homework.points:
            exercise = find(id, manifest["student"], manifest["course"])
            is_current = manifest["editions"].get(id) == edition(id)
            found.marks[id] = _mark(exercise, answers.get(id, Record()), is_current, secret, sandbox)
    return found


def _mark(exercise: Exercise, record: Record, is_current: bool, secret: bytes, sandbox: Sandbox) -> Mark:
    kind, nothing = exercise.kind, "No checked answer was handed in."
    try:
        checked = as_plain(record.checked)
    except UnreadableAnswer as problem:
        checked, nothing = None, str(problem)
    text = checked.get("text") if isinstance(checked, dict) else checked  # of one that is written
    answer = text if isinstance(text, str) else json.dumps(checked, ensure_ascii=False)
    if checked is None or record.kind != kind.name:
        verdict = not_counted(nothing)
    elif not is_current:
        another = "This answers the question of another version of the course; update, answer it again, submit again."
        verdict = wrong(another, "another edition")
    elif record.variant != variant_of(exercise):
        verdict = wrong("This answers another student's variant of the question.", "another variant")
    elif kind.runs_code:
        verdict = graded_code(exercise, answer, secret, sandbox)
    else:
        verdict = exercise.check(checked)
    return Mark(**vars(verdict), by_hand=kind.name == "written" and verdict.is_right, answer=answer[:20_000])


def graded_code(exercise: Exercise, source: str, secret: bytes, sandbox: Sandbox) -> Verdict:
    """Run a source in the sandbox, also on inputs drawn from the staff's secret; the results are compared here.

    A right result is right, however it was made: in the sandbox there is nothing to copy it from. A wrong one earns
    part of the marks only if it comes from a function of its inputs. Its text must not reach for anything else, and
    called in a process of its own, with the same inputs in another order, it must do the same again.
    """
    kind, seen = exercise.kind, []

    def attempt(task: Task) -> Report:
        seen[:] = task, _tried(task, source, sandbox)
        return Report(value=seen[1])

    verdict = kind.judged(kind.plain(source), kind.cases(), attempt, _secret_cases(exercise.id, secret))
    if not verdict.score or (verdict.is_right and sandbox.is_closed):
        return verdict
    reason = reaches(source)
    if verdict.misconception == KNOWN_ONLY:
        reason = "it is right on the inputs that the course shows, and wrong on most others"
    elif not reason and not verdict.is_right and _differs_anew(*seen, source, sandbox):
        reason = "the same inputs, in another order and in a new process, give other results"
    none = f"No marks: {reason}. A function makes its result of its inputs alone. {verdict.message}"
    return wrong(none, "no attempt") if reason else verdict


def _tried(task: Task, source: str, sandbox: Sandbox, anew: bool = False) -> Trial | Fault:
    try:
        return tried(task, source, sandbox.function(source, task.name, task.given, anew))
    except Fault as fault:
        return fault


@cache
def _secret_cases(id: str, secret: bytes) -> list[Inputs]:
    """Drawn once for a class: the last of several thousand, and which they are only staff know."""
    drawn = MORE_CASES + int(seal(secret, id)[:8], 16) % 5_000
    return find(id).kind.cases(drawn)[-MORE_CASES:]


def seal(secret: bytes, text: str) -> str:
    """An HMAC of a text, which nobody can make or guess who has not the secret."""
    return hmac.digest(secret, text.encode("utf-8", "replace"), "sha256").hex()


def _differs_anew(task: Task, trial: Trial, source: str, sandbox: Sandbox) -> bool:
    backwards = task._replace(cases=task.cases[: task.usual][::-1], properties=())
    again = _tried(backwards, source, sandbox, anew=True)
    if isinstance(again, Fault) or isinstance(again.new, Fault):
        return True
    both = [[str(np.asarray(one.array).tolist()) for one in each.results] for each in (trial, again)]
    return both[0] != both[1][::-1]


def reaches(source: str) -> str:
    """The first thing in a source that reaches beyond a function's inputs, as part of a sentence; "" if none does."""
    for node in ast.walk(ast.parse(source)):
        found = ""
        match node:
            case ast.Import(names=names):
                found = next((f"imports {one.name}" for one in names if not _MATHEMATICS.match(one.name)), "")
            case ast.ImportFrom(module=module) if not _MATHEMATICS.match(module or ""):
                found = f"imports {module}"
            case ast.Global():
                found = f"keeps {node.names[0]} between calls"
            case ast.Name(id=name) if _OUTSIDE.fullmatch(name):
                found = f"uses {name}"
            case ast.Attribute(attr=name) if name.startswith("_") and name != "__init__":
                found = f"uses {name}"
            case ast.Attribute(ctx=ast.Store() | ast.Del()) if getattr(node.value, "id", "") != "self":
                found = f"sets {getattr(node.value, 'id', '')}.{node.attr}"
        if found:
            return f"line {node.lineno} {found}"
    return ""
