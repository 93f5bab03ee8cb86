"""The same homework in nbgrader: an assignment, the class's submissions, and what its cells call.

nbgrader runs the notebooks that students hand in, in the account of whoever grades. So the submissions that
`write_course` makes hold nothing that a student wrote but a zip, read as always, and texts for a person to mark.
"""

import functools
import json
import os
import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import nbformat
import yaml

from destructure.classroom.gradebook import staff_key, utc
from destructure.classroom.grading import Graded, grade
from destructure.classroom.homework import TEMPLATES, HomeworkSet, read_set
from destructure.classroom.submission import pack
from destructure.exercises.catalogue import find
from destructure.exercises.lesson import exercise

try:
    from nbgrader.plugins import LateSubmissionPlugin
except ImportError:  # it is an extra
    LateSubmissionPlugin = object

SETTINGS = "nbgrader_config.json"
"""nbgrader reads it beside nbgrader_config.py; the part `Destructure` is ours: set → its file, key, isolation."""


def write_course(
    course: Path,
    given: str,
    homework: HomeworkSet,
    lines: Sequence[Graded],
    folder: Path,
    key: Path,
    how: str,
) -> list[str]:
    """Put an assignment and the submissions that count into an nbgrader course; other assignments stay as they are.

    Args:
        given: the set's name or file, as the staff named it.
        folder: where the submissions are.

    Returns:
        What to do next, as sentences.
    """
    name, settings = homework.name, course / SETTINGS
    _write(homework, course / "source" / name)
    public = {"title": homework.title, "course": homework.course, "points": homework.points}
    (course / "source" / name / f"{name}.yaml").write_text(yaml.safe_dump(public))
    known = json.loads(settings.read_text()) if settings.exists() else {}
    given = str(Path(given).resolve()) if Path(given).is_file() else given
    known.setdefault("Destructure", {})[name] = [given, str(key.resolve()), how]
    known.setdefault("AssignLatePenalties", {"plugin_class": f"{__name__}.{LatePolicy.__name__}"})
    settings.write_text(json.dumps(known, indent=1))
    fitting = [row for row in lines if re.fullmatch(r"[\w@+-][\w@+.-]*", row.student)]
    for row in (one for one in fitting if one.file):
        place = course / "submitted" / row.student / name
        shutil.rmtree(place, ignore_errors=True)
        _write(homework, place, row)
        shutil.copy(folder / row.file, place / f"{name}.zip")
        (place / "timestamp.txt").write_text(f"{row.collected} UTC\n")
    (course / "students.csv").write_text("\n".join(["id", *(row.student for row in fitting), ""]))
    due = f' --duedate "{utc(homework.due)} UTC"' if homework.due else ""
    steps = [
        f"db assignment add {name}{due}",
        "db student import students.csv",
        f"generate_assignment {name}",
    ]
    steps += [f"autograde {name}", f"generate_feedback {name}", "export"]
    left_out = ", ".join(row.student for row in lines if row not in fitting)
    said = [f"Not in nbgrader, whose students are names of folders: {left_out}."] if left_out else []
    return [*said, f"In {course}, in this order: {'; '.join(f'nbgrader {step}' for step in steps)}."]


def _write(homework: HomeworkSet, place: Path, graded: Graded | None = None) -> None:
    """The notebook; with a submission's marks, what nbgrader takes for the notebook that was handed in."""
    place.mkdir(parents=True, exist_ok=True)
    texts = {id: mark.answer for id, mark in graded.marks.items() if mark.by_hand} if graded else {}
    exercises = [(find(id), most, texts.get(id)) for id, most in homework.points.items()]
    notebook = TEMPLATES.get_template("assignment.jinja").render(homework=homework, exercises=exercises)
    nbformat.write(nbformat.reads(notebook, 4), place / f"{homework.name}.ipynb")


def question(id: str, made: Any = None) -> object:
    """The exercise, for a learner; nothing while nbgrader grades."""
    return None if "NBGRADER_EXECUTION" in os.environ else exercise(id, made)


def hand_in(homework: str) -> None:
    """Put the zip of the learner's answers beside the notebook, to be submitted with it."""
    if "NBGRADER_EXECUTION" not in os.environ:
        _, receipt, missing = pack(read_set(homework), Path())
        print(*missing, f"Now submit this assignment. The receipt of your answers: {receipt}", sep="\n")


def points(id: str) -> float:
    """What the zip beside the notebook earns for an exercise; prints why. nbgrader takes the number as the mark."""
    homework, graded = _graded(Path.cwd())
    mark = graded.marks.get(id)
    print(mark.message if mark else graded.refused)
    return round(homework.points[id] * mark.score, 4) if mark else 0.0


@functools.cache
def _graded(here: Path) -> tuple[HomeworkSet, Graded]:
    """By the folder in which nbgrader runs a notebook: COURSE/autograded/STUDENT/ASSIGNMENT."""
    given, key, how = json.loads((here.parents[2] / SETTINGS).read_text())["Destructure"][here.name]
    homework, found = read_set(given), Graded("", refused="Not graded: the notebook's last cell was not run.")
    for path in sorted(here.glob("*.zip"), key=lambda path: (len(path.name), path.name))[-1:]:
        found = grade(path, homework, staff_key(Path(key)), how)
    if found.student not in ("", here.parent.name):
        found = Graded("", refused=f"Not graded: it names {found.student!r}, who did not submit it.")
    return homework, found


class LatePolicy(LateSubmissionPlugin):
    """What being late costs by the homework's own policy, extensions included."""

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float:
        """In points."""
        homework = read_set(self.config.Destructure[self.parent.assignment_id][0])
        share = homework.share(student_id, homework.due + timedelta(seconds=total_seconds_late))
        return round(score - round(share * score, 4), 4)
