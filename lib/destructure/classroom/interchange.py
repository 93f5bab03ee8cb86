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
from nbformat.v4 import new_code_cell as code
from nbformat.v4 import new_markdown_cell as text

from destructure.classroom.gradebook import Row, staff_key, utc
from destructure.classroom.grading import Graded, grade
from destructure.classroom.homework import HomeworkSet, read_set
from destructure.classroom.submission import pack
from destructure.exercises.catalogue import find
from destructure.exercises.lesson import exercise

SETTINGS = "destructure.json"
_CONFIG = """# Written once by `destructure grade --nbgrader`; yours from now on.
from pathlib import Path
from destructure.classroom.interchange import penalty
from nbgrader.plugins import LateSubmissionPlugin

class LatePolicy(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        course = Path(__file__).parent
        return penalty(course, self.parent.assignment_id, student_id, score, total_seconds_late)

c = get_config()
c.AssignLatePenalties.plugin_class = LatePolicy
"""
_FIRST = """# {0.title}

Answer here or in the course's notebooks, it is the same; then run the last cell, and submit."""
_IMPORTS = "from destructure.classroom.interchange import hand_in, question"
_POINTS = """# What it earned stands here after grading.
### BEGIN HIDDEN TESTS
from destructure.classroom.interchange import points

points("{}")
### END HIDDEN TESTS"""
_UNWRITTEN = "YOUR ANSWER HERE"
"""What nbgrader writes there, too, and by which it knows that there is nothing to mark."""


def write_course(
    course: Path, given: str, homework: HomeworkSet, lines: Sequence[Row], folder: Path, key: Path, how: str
) -> list[str]:
    """Put an assignment and the submissions that count into an nbgrader course; other assignments stay as they are.

    Args:
        given: the set's name or file, as the staff named it.
        folder: where the submissions are.

    Returns:
        What to do next, as sentences.
    """
    name, settings, config = homework.name, course / SETTINGS, course / "nbgrader_config.py"
    _write(homework, course / "source" / name)
    public = {"title": homework.title, "course": homework.course, "points": homework.points}
    (course / "source" / name / f"{name}.yaml").write_text(yaml.safe_dump(public))
    known = json.loads(settings.read_text()) if settings.exists() else {}
    given = str(Path(given).resolve()) if Path(given).is_file() else given
    settings.write_text(json.dumps(known | {name: [given, str(key.resolve()), how]}, indent=1))
    if not config.exists():
        config.write_text(_CONFIG)
    fitting = [row for row in lines if re.fullmatch(r"[\w@+-][\w@+.-]*", row.student)]
    for row in (one for one in fitting if one.graded.file):
        place = course / "submitted" / row.student / name
        shutil.rmtree(place, ignore_errors=True)
        _write(homework, place, row.graded)
        shutil.copy(folder / row.graded.file, place / f"{name}.zip")
        (place / "timestamp.txt").write_text(f"{row.collected} UTC\n")
    (course / "students.csv").write_text("\n".join(["id", *(row.student for row in fitting), ""]))
    due = f' --duedate "{utc(homework.due)} UTC"' if homework.due else ""
    steps = f"""db assignment add {name}{due}; db student import students.csv; generate_assignment {name};
        autograde {name}; generate_feedback {name}; export""".split(";")
    left_out = ", ".join(row.student for row in lines if row not in fitting)
    said = [f"Not in nbgrader, whose students are names of folders: {left_out}."] if left_out else []
    return [*said, f"In {course}, in this order: {'; '.join(f'nbgrader {step.strip()}' for step in steps)}."]


def _write(homework: HomeworkSet, place: Path, graded: Graded | None = None) -> None:
    place.mkdir(parents=True, exist_ok=True)
    nbformat.write(assignment(homework, graded), place / f"{homework.name}.ipynb")


def assignment(homework: HomeworkSet, graded: Graded | None = None) -> nbformat.NotebookNode:
    """The notebook; with a submission's marks, what nbgrader takes for the notebook that was handed in."""
    cells = [text(_FIRST.format(homework), id="first"), code(_IMPORTS, id="imports")]
    for id, most in homework.points.items():
        kind, name = find(id).kind, id.replace(".", "-")
        shown = f'question("{id}")'
        if kind.runs_code:
            shown = f'{kind.starter}\n\nquestion("{id}", {kind.function})'
        cell, is_written = code(_POINTS.format(id), id=name), kind.name == "written"
        if is_written:
            mark, cell = graded.marks.get(id) if graded else None, text(_UNWRITTEN, id=name)
            if mark and mark.by_hand:  # indented, so that none of it is HTML
                cell.source = "    " + "\n    ".join(mark.answer.splitlines())
        roles = {"grade": True, "solution": is_written, "locked": not is_written, "task": False}
        cell.metadata["nbgrader"] = roles | {"grade_id": name, "points": most, "schema_version": 3}
        title = text(f"## {find(id).title} ({most:g} points)", id=f"{name}-title")
        cells += [title, code(shown, id=f"{name}-question"), cell]
    cells.append(code(f'hand_in("{homework.name}.yaml")', id="hand-in"))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


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
    given, key, how = json.loads((here.parents[2] / SETTINGS).read_text())[here.name]
    homework, found = read_set(given), Graded("", refused="Not graded: the notebook's last cell was not run.")
    for path in sorted(here.glob("*.zip"), key=lambda path: (len(path.name), path.name))[-1:]:
        found = grade(path, homework, staff_key(Path(key)), how)
    if found.student not in ("", here.parent.name):
        found = Graded("", refused=f"Not graded: it names {found.student!r}, who did not submit it.")
    return homework, found


def penalty(course: Path, assignment: str, student: str, score: float, seconds_late: float) -> float:
    """What being late costs by the homework's own policy, extensions included."""
    homework = read_set(json.loads((course / SETTINGS).read_text())[assignment][0])
    share = homework.share(student, homework.due + timedelta(seconds=seconds_late))
    return round(score - round(share * score, 4), 4)
