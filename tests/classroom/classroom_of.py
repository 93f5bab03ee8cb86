import re
from pathlib import Path

import pytest

from destructure.classroom.homework import HomeworkSet
from destructure.classroom.submission import packed
from destructure.exercises.catalogue import find
from destructure.exercises.homework import variant_of
from destructure.exercises.kinds.base import Kind
from destructure.exercises.store import Record
from destructure.exercises.workplace import Student
from destructure.files import free

DATA = HomeworkSet(
    "week4",
    "Week 4",
    {
        "04.mask.decoder": 4,
        "04.shapes.cross": 3,
        "04.switchboard.memory": 2,
        "04.number.cross_share": 2,
        "04.choice.teacher_forcing": 2,
        "04.prediction.unseen": 1,
        "04.written.shift": 6,
    },
)
CODE = HomeworkSet("code4", "Code of week 4", {"04.code.shift": 4, "02.code.envelope": 4})
TEXT = (
    "After 200 steps the right model had a loss of 0.9 and wrote 31 of 60 right, the other had a loss of 0.001 and"
    " wrote none right, because it only copies the token that it sees at the same place; a test in which it writes"
    " alone would have shown this at once, since then nothing is there to be copied from."
)


def right_answer(exercise) -> object:
    kind: Kind = exercise.kind
    return TEXT if kind.name == "written" else exercise.reference


def record_of(id, student, value=None) -> Record:
    """What the store keeps after a check, without running one."""
    exercise = find(id, student)
    kind, value = exercise.kind, right_answer(exercise) if value is None else value
    kept = kind.stored(kind.read(kind.plain(value)))
    return Record(kind=kind.name, value=kept, checked=kept, score=1, best=1, variant=variant_of(exercise))


def zip_of(student: str, homework=DATA, change=None, **answers) -> bytes:
    """A student's zip, right in everything but what is given."""
    records = {id: record_of(id, student, answers.get(id)) for id in homework.points}
    return packed(homework, Student(student), change(records) if change else records)


@pytest.fixture
def hand_in(tmp_path):
    """A function that puts a student's zip where it belongs."""

    def make(student: str, homework=DATA, folder: Path | None = None, change=None, **answers) -> Path:
        folder = folder or tmp_path / "class"
        folder.mkdir(parents=True, exist_ok=True)
        path = free(folder / f"{homework.name}__{re.sub('[^a-z0-9]', '_', student)}.zip")
        path.write_bytes(zip_of(student, homework, change, **answers))
        return path

    return make
