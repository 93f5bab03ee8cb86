"""What people read: each student's feedback, and the class report. HTML from templates that escape everything."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader

from destructure.classroom.gradebook import Row
from destructure.classroom.homework import HomeworkSet
from destructure.exercises.catalogue import find, fits_classmate, sheet_of
from destructure.files import write_atomically

_TEMPLATES = Environment(
    loader=PackageLoader("destructure.classroom", "."), autoescape=True, trim_blocks=True
)


def write_feedback(lines: Sequence[Row], homework: HomeworkSet, folder: Path) -> None:
    """One page per student, named after the student; hostile names cannot leave the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    template = _TEMPLATES.get_template("feedback.html")
    for row in lines:
        safe = "".join(one if one.isascii() and one.isalnum() else "_" for one in row.student)[:60]
        name = f"{safe}-{hashlib.sha256(row.student.encode('utf-8', 'replace')).hexdigest()[:8]}.html"
        items = [(find(id, row.student, homework.course), row.graded.marks.get(id)) for id in homework.points]
        page = template.render(row=row, homework=homework, items=items)
        write_atomically(folder / name, page.encode("utf-8", "replace"))


def class_report(lines: Sequence[Row], homework: HomeworkSet, anonymous: bool = False, how: str = "") -> str:
    """Success per question, the most common mistakes, equal answers, answers of a classmate's variant; as HTML."""
    names = {row.student: f"student {n}" if anonymous else row.student for n, row in enumerate(lines, 1)}
    sound = [row for row in lines if not row.graded.refused]
    questions = [_question(id, sound, names, homework) for id in homework.points]
    return _TEMPLATES.get_template("report.html").render(
        homework=homework,
        lines=lines,
        names=names,
        questions=questions,
        refused=[row for row in lines if row.graded.refused],
        anonymous=anonymous,
        how=how,
    )


def _question(id: str, lines: Sequence[Row], names: dict[str, str], homework: HomeworkSet) -> dict:
    marks = {row.student: row.graded.marks[id] for row in lines}
    given = {student: mark for student, mark in marks.items() if mark.answered}
    scores = [mark.score for mark in given.values()]
    mistakes = Counter(mark.misconception for mark in given.values() if mark.misconception)
    equal = defaultdict(list)
    for student, mark in given.items():
        if mark.score < 1 or find(id).kind.runs_code:
            equal["".join(mark.answer.split())].append(names[student])
    varies = "vary" in sheet_of(id).front
    copied = {
        names[student]: [
            names[one] for one in fits_classmate(id, _value(mark.answer), student, marks, homework.course)
        ]
        for student, mark in given.items()
        if varies and mark.score < 1
    }
    return {
        "id": id,
        "title": find(id).title,
        "answered": len(given),
        "success": sum(scores) / len(scores) if scores else None,
        "mistakes": mistakes.most_common(5),
        "equal": [sorted(group) for group in equal.values() if len(group) > 1],
        "copied": {student: whose for student, whose in copied.items() if whose},
    }


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text
