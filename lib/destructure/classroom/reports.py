"""What people read: each student's feedback, and the class report. HTML from templates that escape everything."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from destructure.classroom.grading import Graded
from destructure.classroom.homework import TEMPLATES, HomeworkSet
from destructure.exercises.catalogue import find, fits_classmate, sheet_of
from destructure.files import write_atomically


def write_feedback(
    rows: Sequence[Graded], homework: HomeworkSet, receipts: dict[str, str], folder: Path
) -> None:
    """One page per student, named after the student; hostile names cannot leave the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    template = TEMPLATES.get_template("feedback.html")
    for row in rows:
        safe = "".join(one if one.isascii() and one.isalnum() else "_" for one in row.student)[:60]
        name = f"{safe}-{hashlib.sha256(row.student.encode('utf-8', 'replace')).hexdigest()[:8]}.html"
        items = [(find(id, row.student, homework.course), row.marks.get(id)) for id in homework.points]
        page = template.render(row=row, homework=homework, items=items, receipt=receipts[row.student])
        write_atomically(folder / name, page.encode("utf-8", "replace"))


def class_report(
    rows: Sequence[Graded], homework: HomeworkSet, anonymous: bool = False, how: str = ""
) -> str:
    """Success per question, the most common mistakes, equal answers, answers of a classmate's variant; as HTML."""
    names = {row.student: f"student {n}" if anonymous else row.student for n, row in enumerate(rows, 1)}
    sound = {row.student: row.marks for row in rows if not row.refused}
    questions = []
    for exercise in map(find, homework.points):
        marks = {student: each[exercise.id] for student, each in sound.items() if each[exercise.id].counted}
        mistaken = {student: mark for student, mark in marks.items() if mark.score < 1}
        equal, copied = defaultdict(list), {}
        for student, mark in (marks if exercise.kind.runs_code else mistaken).items():
            equal["".join(mark.answer.split())].append(names[student])
        for student, mark in mistaken.items() if "vary" in sheet_of(exercise.id).front else ():
            whose = fits_classmate(exercise.id, _value(mark.answer), student, sound, homework.course)
            copied[names[student]] = [names[one] for one in whose]
        shown = {"id": exercise.id, "title": exercise.title, "answered": len(marks), "copied": copied}
        shown["success"] = fmean(mark.score for mark in marks.values()) if marks else None
        shown["mistakes"] = Counter(
            mark.misconception for mark in mistaken.values() if mark.misconception
        ).most_common(5)
        shown["equal"] = [sorted(group) for group in equal.values() if len(group) > 1]
        questions.append(shown)
    given = {"homework": homework, "rows": rows, "names": names, "questions": questions}
    return TEMPLATES.get_template("report.html").render(**given, anonymous=anonymous, how=how)


def _value(answer: str) -> object:
    try:
        return json.loads(answer)
    except ValueError:
        return answer
