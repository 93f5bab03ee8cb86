"""Where every exercise of the course is found: in the sheets of `notebooks/exercises/`, read when they are needed."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from destructure.exercises.building import build
from destructure.exercises.definition import Exercise
from destructure.exercises.draws import Draw
from destructure.exercises.plain import Plain
from destructure.exercises.sheet import BrokenSheet, Sheet, read_sheet
from destructure.files import notebooks_folder

NOTEBOOK = "notebook.md"
"""The file that names a notebook's exercises in order."""


def find(id: str, student: str = "", course: str = "") -> Exercise:
    """Return the exercise of that id, in the student's variant (the default variant for nobody).

    Raises:
        ValueError: if there is none; the message names those that come close.
        BrokenSheet: if there is one whose sheet cannot be read; the message names file and line.
    """
    sheet = sheet_of(id)
    varies = "vary" in sheet.front or any(section.name == "Options" for section in sheet.sections)
    return _exercise(id, *((student, course) if varies else ("", "")))


def sheet_of(id: str) -> Sheet:
    """The text of an exercise, taken apart (raises like `find`)."""
    known = _ids(id[:2]) if isinstance(id, str) and id[:2] in notebooks() else ()
    if id not in known:
        if isinstance(id, str) and id in retired():
            raise ValueError(f"Exercise {id} is gone from the course, its answers are kept. {retired()[id]}")
        ids = [one for notebook in notebooks() for one in _ids(notebook)]
        close = difflib.get_close_matches(str(id)[:60].zfill(2), ids, n=3, cutoff=0.2) or ids[:3]
        raise ValueError(
            f"There is no exercise {str(id)[:60]!r}; did you mean {' or '.join(map(repr, close))}?"
        )
    return _sheet(id)


@dataclass(frozen=True)
class Task:
    """The exercises of a notebook that are the steps of one piece of homework: build, run, read, conclude."""

    title: str
    steps: tuple[str, ...]


@cache
def task(notebook: str) -> Task | None:
    """The homework task of a notebook, if it has one; its rubric stands in the step that is written."""
    listed = _notebook(notebook)
    if "task" not in listed.front:
        return None
    try:
        found = Task(
            listed.front["task"]["title"], tuple(f"{notebook}.{n}" for n in listed.front["task"]["steps"])
        )
    except (TypeError, KeyError):
        found = None
    if not found or found.steps != tuple(id for id in _ids(notebook) if id in found.steps):
        problem = "task must give its title, and as steps some exercises of the notebook in their order"
        raise BrokenSheet(listed.path, listed.lines["task"], problem)
    return found


def every(notebook: str | None = None, student: str = "", course: str = "") -> Iterator[Exercise]:
    """All exercises, of one notebook or of the course, in their order."""
    for number in notebooks() if notebook is None else (notebook,):
        for id in _ids(number) if number in notebooks() else ():
            yield find(id, student, course)


def varying() -> list[str]:
    """Ids of the exercises that differ from student to student."""
    return [one.id for one in every() if one.parameters]


@cache
def retired() -> dict[str, str]:
    """Exercises that the course no longer has: id → a sentence why. Stored answers to them are kept."""
    notes = {number: _notebook(number).front.get("retired", {}) for number in notebooks()}
    return {f"{number}.{name}": str(why) for number, whys in notes.items() for name, why in whys.items()}


def title_of(notebook: str) -> str:
    """A notebook's title, as its exercises' folder names it."""
    return str(_notebook(notebook).front.get("title", notebook))


def is_extra(notebook: str) -> bool:
    """Whether a notebook stands beside the course, so that none of its exercises is ever open."""
    return bool(_notebook(notebook).front.get("extra"))


@cache
def notebooks() -> tuple[str, ...]:
    """Numbers of the notebooks that have exercises, in order."""
    return tuple(sorted(path.parent.name for path in _folder().glob(f"*/{NOTEBOOK}")))


def fits_classmate(
    id: str, value: Plain, student: str, classmates: Iterable[str], course: str = ""
) -> list[str]:
    """The classmates for whose variant a student's *wrong* answer would have been right; empty if it is right."""
    if find(id, student, course).check(value).is_right:
        return []
    return [one for one in classmates if one != student and find(id, one, course).check(value).is_right]


def _folder() -> Path:
    return notebooks_folder() / "exercises"


@cache
def _notebook(number: str) -> Sheet:
    return read_sheet(_folder() / number / NOTEBOOK)


@cache
def _ids(notebook: str) -> tuple[str, ...]:
    """The ids in the notebook's order; the file that says so must name every sheet once."""
    listed = _notebook(notebook)
    order = listed.front.get("order")
    names = list(map(str, order)) if isinstance(order, list) else []
    files = sorted(path.stem for path in (_folder() / notebook).glob("*.md") if path.name != NOTEBOOK)
    if sorted(names) != files:
        odd = min(set(files) ^ set(names), default="one of them twice")
        problem = f"order must name each exercise of the folder once; see {odd}"
        raise BrokenSheet(listed.path, listed.lines.get("order", 1), problem)
    return tuple(f"{notebook}.{name}" for name in names)


@cache
def _sheet(id: str) -> Sheet:
    return read_sheet(_folder() / id[:2] / f"{id[3:]}.md")


@cache
def _exercise(id: str, student: str, course: str) -> Exercise:
    draw = Draw(student, id, course)
    built = build(_sheet(id), draw)
    return replace(built, kind=built.kind.shuffled(draw))
