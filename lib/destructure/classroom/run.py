"""`destructure grade FOLDER`: from a folder of zips to a folder with everything that staff need."""

from collections.abc import Callable
from pathlib import Path

from destructure.classroom import gradebook
from destructure.classroom.homework import read_set
from destructure.classroom.reports import class_report, write_feedback
from destructure.classroom.sandbox import isolation
from destructure.files import write_alone


def grade_class(
    folder: Path,
    homework: str,
    out: Path,
    key: Path,
    roster: Path | None = None,
    collected: Path | None = None,
    allow_none: bool = False,
    anonymous: bool = False,
    workers: int = 2,
    show: Callable = iter,
) -> list[str]:
    """Grade, and write the gradebook, its forms for Canvas and Moodle, what changed, feedback and a class report.

    Args:
        folder: one zip per student, or one folder per student.
        show: what shows progress over the submissions, such as tqdm.

    Returns:
        Sentences about what was done.

    Raises:
        ValueError: one sentence, if the set, a table or the sandbox is not as it must be.
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}; give the one that holds the submissions.")
    chosen = read_set(homework)
    runs_code = any(".code." in id for id in chosen.points)
    how = isolation(allow_none) if runs_code else "none needed: no code is run"
    listed = gradebook.read_roster(roster) if roster else None
    secret = gradebook.staff_key(key)
    out.mkdir(parents=True, exist_ok=True)
    by_hand = gradebook.read_by_hand(out / "by_hand.csv", chosen)
    graded = list(show(gradebook.grade_folder(folder, chosen, out, secret, how, workers)))
    times = gradebook.collection_times(folder, collected)
    lines = gradebook.rows(graded, chosen, times, by_hand, listed)
    book = gradebook.gradebook(lines, chosen, secret)
    changed = gradebook.changes(gradebook.table(out / "gradebook.csv") or book, book)
    new = gradebook.extend_by_hand(out / "by_hand.csv", lines, chosen)
    write_feedback(lines, chosen, out / "feedback")
    possible = {
        "Student": "    Points Possible",
        "SIS Login ID": "",
        "Section": "",
        chosen.title: chosen.most,
    }
    logins = [
        {"Student": "", "SIS Login ID": one["student"], "Section": "", chosen.title: one["total"]}
        for one in book
    ]
    tables = {
        "gradebook": book,
        "changes": changed,
        "canvas": [possible, *logins],
        "moodle": [{"username": one["student"], chosen.title: one["total"]} for one in book],
    }
    for name, found in tables.items():
        write_alone(out / f"{name}.csv", gradebook.as_csv(found).encode("utf-8", "replace"))
    report = class_report(lines, chosen, anonymous)
    write_alone(out / "class.html", report.encode("utf-8", "replace"))
    waiting = sum(len(row.waiting) for row in lines)
    refused = [f"{row.student}: {row.graded.refused}" for row in lines if row.graded.refused]
    return [
        f"{len(graded)} submissions of {len(lines)} students are graded; isolation of their code: {how}.",
        *refused,
        f"{waiting} texts wait for a person's marks in by_hand.csv ({new} of them new); then grade again.",
        f"{len(changed)} entries differ from the gradebook before; changes.csv lists them.",
        f"Everything is in {out}.",
    ]
