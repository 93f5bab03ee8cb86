"""`destructure grade FOLDER`: from a folder of zips to a folder with everything that staff need."""

import sys
import time
from pathlib import Path

import pandas as pd
from tqdm.auto import tqdm

from destructure.classroom import gradebook, interchange
from destructure.classroom.homework import read_set
from destructure.classroom.reports import class_report, write_feedback
from destructure.classroom.sandbox import isolation
from destructure.files import write_alone

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
"""The columns that Canvas asks for, whether or not there is something in them."""


def grade_class(
    folder: Path,
    homework: str,
    out: Path,
    key: Path,
    roster: Path | None = None,
    collected: Path | None = None,
    without_isolation: bool = False,
    anonymous: bool = False,
    workers: int = 2,
    nbgrader: Path | None = None,
) -> list[str]:
    """Grade, and write the gradebook, its forms for Canvas and Moodle, what changed, feedback and a class report.

    Args:
        folder: one zip per student, or one folder per student.
        nbgrader: folder of an nbgrader course, into which homework and submissions are put as well.

    Returns:
        Sentences about what was done.

    Raises:
        ValueError: one sentence, if the set, a table or the sandbox is not as it must be.
    """
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}; give the one that holds the submissions.")
    chosen = read_set(homework)
    how = isolation(chosen.points, without_isolation)
    listed = gradebook.read_roster(roster) if roster else None
    secret = gradebook.staff_key(key)
    out.mkdir(parents=True, exist_ok=True)
    by_hand = gradebook.read_by_hand(out / "by_hand.csv", chosen)
    began = time.monotonic()
    graded = list(tqdm(gradebook.grade_folder(folder, chosen, out, secret, how, workers), disable=None))
    seconds = time.monotonic() - began
    times = gradebook.collection_times(folder, collected)
    lines = gradebook.rows(graded, chosen, times, by_hand, listed)
    if not lines:
        raise ValueError(f"There is no zip in {folder}, nor in its folders.")
    book, kept = gradebook.gradebook(lines, chosen, secret), out / "gradebook.csv"
    changed = gradebook.changes(gradebook.table(kept, "student_id") if kept.exists() else book, book)
    new = gradebook.extend_by_hand(out / "by_hand.csv", lines, chosen)
    write_feedback(lines, chosen, out / "feedback")
    scores = book[["student_id", "score"]].set_axis(["SIS Login ID", chosen.title], axis=1)
    possible = pd.DataFrame({"Student": ["    Points Possible"], chosen.title: [f"{chosen.most:g}"]})
    tables = {
        "gradebook": book,
        "changes": changed,
        "canvas": pd.concat([possible, scores]).reindex(columns=[*CANVAS, chosen.title]).fillna(""),
        "moodle": scores.rename(columns={"SIS Login ID": "username"}),
    }
    for name, found in tables.items():
        write_alone(out / f"{name}.csv", gradebook.as_csv(found))
    report = class_report(lines, chosen, anonymous, how)
    write_alone(out / "class.html", report.encode("utf-8", "replace"))
    waiting = sum(len(row.waiting) for row in lines)
    told = interchange.write_course(nbgrader, homework, chosen, lines, folder, key, how) if nbgrader else []
    return [
        f"{len(graded)} submissions of {len(lines)} students are graded; isolation of their code: {how}.",
        f"It took {seconds:.0f} seconds with {workers} processes{largest()}.",
        *(f"{row.student}: {row.refused}" for row in lines if row.refused),
        f"{waiting} texts wait for a person's marks in by_hand.csv ({new} of them new); then grade again.",
        f"{len(changed)} entries differ from the gradebook before; changes.csv lists them.",
        f"Everything is in {out}.",
        *told,
    ]


def largest() -> str:
    """How much memory the largest process took that this one has started and seen ending; "" on Windows."""
    try:
        from resource import RUSAGE_CHILDREN, getrusage
    except ImportError:
        return ""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes, Linux kilobytes
    return f"; the largest process took {getrusage(RUSAGE_CHILDREN).ru_maxrss / unit:.0f} MB of memory"
