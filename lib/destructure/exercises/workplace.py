"""Where a learner's own files are, and who the learner is. The course's updates never touch this folder."""

import json
import os
from dataclasses import dataclass

from destructure.files import decoded, work_folder

STUDENT_VARIABLE = "DESTRUCTURE_STUDENT"
NOBODY_VARIABLE = "DESTRUCTURE_NOBODY"
"""Set where notebooks are executed without a learner: their stored outputs may show every result."""
STUDENT_FILE = "student.json"


@dataclass(frozen=True)
class Student:
    """Who answers: an id ("" for nobody in particular) and the course or class it belongs to."""

    id: str = ""
    course: str = ""


def current_student() -> Student:
    """Read the student from `student.json` in the work folder; DESTRUCTURE_STUDENT names another.

    A file that cannot be read counts as nobody: exercises must open whatever lies in that folder;
    `student_problem` says what is wrong with it.
    """
    named = os.environ.get(STUDENT_VARIABLE)
    on_file = _on_file()[0]
    return on_file if not named or named.strip() == on_file.id else Student(named.strip())


def student_problem() -> str:
    """One sentence if `student.json` is there but cannot be used, else ""."""
    return _on_file()[1]


def _on_file() -> tuple[Student, str]:
    path = work_folder() / STUDENT_FILE
    try:
        return _student(json.loads(decoded(path.read_bytes())[0])), ""
    except (FileNotFoundError, NotADirectoryError):
        return Student(), ""
    except (OSError, ValueError) as problem:
        return Student(), (
            f"{path.name} in the work folder cannot be used ({problem}); exercises show everybody's variant."
            ' It should read {"student": "your id"}; sign_in("your id") writes it.'
        )


def sign_in(student: str, course: str = "") -> Student:
    """Write down who answers, once, so that exercises show this student's own variants.

    Raises:
        ValueError: if the id is empty, long, or not one line of text.
        OSError: if the work folder cannot be written.
    """
    signed = _student({"student": student, "course": course})
    folder = work_folder()
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"student": signed.id, "course": signed.course}, ensure_ascii=False, indent=2)
    (folder / STUDENT_FILE).write_text(text + "\n", encoding="utf-8")
    return signed


def _student(data) -> Student:
    if not isinstance(data, dict):
        raise ValueError("it is not a JSON object")
    id, course = data.get("student"), data.get("course", "")
    for value, what in ((id, "student"), (course, "course")):
        if not isinstance(value, str) or len(value) > 100 or not value.strip().isprintable():
            raise ValueError(f"{what} must be one short line of text")
    if not id.strip():
        raise ValueError("student must not be empty")
    return Student(id.strip(), course.strip())
