"""What people read: each student's feedback, and the class report. HTML from templates that escape everything."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from destructure.classroom.grading import Graded
from destructure.classroom.homework import TEMPLATES, HomeworkSet
from destructure.exercises.catalogue import find, fits_classmate, sheet_of
from destructure.files import write_atomically


def write_feedback(lines: Sequence[Graded], homework: HomeworkSet, folder: Path) -> None:
    """One page per student, named after the student; hostile names cannot leave the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    template = TEMPLATES.get_template("feedback.html")
    for row in lines:
        safe = "".join(one if one.isascii() and one.isalnum() else "_" for one in row.student)[:60]
        name = f"{safe}-{hashlib.sha256(row.student.encode('utf-8', 'replace')).hexdigest()[:8]}.html"
        items = [(find(id, row.student, homework.course), row.marks.get(id)) for id in homework.points]
        page = template.render(row=row, homework=homework, items=items)
        write_atomically(folder / name, page.encode("utf-8", "replace"))


def class_report(
    lines: Sequence[Graded], homework: HomeworkSet, anonymous: bool = False, how: str = ""
) -> str:
    """Success per question, the most common mistakes, equal answers, answers of a classmate's variant; as HTML."""
    names = {row.student: f"student {n}" if anonymous else row.student for n, row in enumerate(lines, 1)}
    refused = [row for row in lines if row.refused]
    sound = {row.student: row for row in lines if not row.refused}
    questions = []
    for id in homework.points:
        marks = {student: row.marks[id] for student, row in sound.items() if row.marks[id].counted}
        shown = {
            "equal": _equal(id, marks, names),
            "copied": _copied(id, marks, names, sound, homework.course),
        }
        mistakes = Counter(mark.misconception for mark in marks.values() if mark.misconception)
        scores = [mark.score for mark in marks.values()]
        success = sum(scores) / len(scores) if scores else None
        shown |= {"answered": len(marks), "success": success, "mistakes": mistakes.most_common(5)}
        questions.append({"id": id, "title": find(id).title, **shown})
    given = {"homework": homework, "lines": lines, "names": names, "questions": questions, "refused": refused}
    return TEMPLATES.get_template("report.html").render(**given, anonymous=anonymous, how=how)


def _equal(id: str, marks: dict, names: dict[str, str]) -> list[list[str]]:
    """Groups who gave the same wrong answer, or the same code."""
    groups = defaultdict(list)
    for student, mark in marks.items():
        if mark.score < 1 or find(id).kind.runs_code:
            groups["".join(mark.answer.split())].append(names[student])
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _copied(
    id: str, marks: dict, names: dict[str, str], classmates: dict, course: str
) -> dict[str, list[str]]:
    """Who gave a wrong answer that is right for the variants of others, and of whom."""
    found = {}
    for student, mark in marks.items():
        if "vary" in sheet_of(id).front and mark.score < 1:
            try:
                value = json.loads(mark.answer)
            except ValueError:
                value = mark.answer
            whose = fits_classmate(id, value, student, classmates, course)
            found |= {names[student]: [names[one] for one in whose]} if whose else {}
    return found
