"""`destructure grade FOLDER`: from a folder of zips to a folder with everything that staff need."""

import time
from pathlib import Path
from typing import Annotated

from typer import Argument, Option


def grade_class(
    folder: Annotated[Path, Argument(help="The submissions: zips, or a folder per student.")],
    homework: Annotated[str, Argument(help="Name of the homework set, or its YAML file.")],
    out: Annotated[Path, Option(help="Where gradebook, feedback and reports go.")] = Path("graded"),
    key: Annotated[Path, Option(help="The staff's secret; made if it is not there.")] = Path("staff.key"),
    roster: Annotated[Path | None, Option(help="CSV with student and, if you like, sender.")] = None,
    collected: Annotated[Path | None, Option(help="CSV with file and collected, its time.")] = None,
    without_isolation: Annotated[bool, Option(help="Run code although no sandbox is here.")] = False,
    anonymous: Annotated[bool, Option(help="No names in the class report.")] = False,
    workers: Annotated[int, Option(help="Submissions at a time.")] = 2,
    nbgrader: Annotated[Path | None, Option(help="Also put it all into this nbgrader course.")] = None,
) -> list[str]:
    """Write gradebook, forms for Canvas and Moodle, changes, feedback, class report; say so (raises ValueError)."""
    # The command line knows this function, and most of its commands need nothing of all that.
    import pandas as pd
    from tqdm.auto import tqdm

    from destructure.classroom import gradebook, interchange
    from destructure.classroom.homework import read_set, require
    from destructure.classroom.reports import class_report, write_feedback
    from destructure.classroom.sandbox import isolation
    from destructure.files import write_alone

    require(folder.is_dir(), f"There is no folder {folder}; give the one that holds the submissions.")
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
    require(lines, f"There is no zip in {folder}, nor in its folders.")
    book, kept = gradebook.gradebook(lines, chosen, secret), out / "gradebook.csv"
    changed = gradebook.changes(gradebook.table(kept, "student_id") if kept.exists() else book, book)
    new = gradebook.extend_by_hand(out / "by_hand.csv", lines, chosen)
    write_feedback(lines, chosen, dict(zip(book.student_id, book.signature, strict=True)), out / "feedback")
    scores = book[["student_id", "score"]].to_numpy()
    canvas = [["    Points Possible", "", "", "", "", f"{chosen.most:g}"]]
    canvas += [["", "", "", student, "", score] for student, score in scores]
    # The first five are the columns that Canvas asks for, whether or not there is something in them.
    columns = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", chosen.title]
    tables = {"gradebook": book, "changes": changed, "canvas": pd.DataFrame(canvas, columns=columns)}
    tables["moodle"] = pd.DataFrame(scores, columns=["username", chosen.title])
    for name, found in tables.items():
        write_alone(out / f"{name}.csv", gradebook.as_csv(found))
    report = class_report(lines, chosen, anonymous, how)
    write_alone(out / "class.html", report.encode("utf-8", "replace"))
    waiting = sum(len(row.waiting) for row in lines)
    told = interchange.write_course(nbgrader, homework, chosen, lines, folder, key, how) if nbgrader else []
    return [
        f"{len(graded)} submissions of {len(lines)} students are graded; isolation of their code: {how}.",
        f"It took {seconds:.0f} seconds with {workers} processes.",
        *(f"{row.student}: {row.refused}" for row in lines if row.refused),
        f"{waiting} texts wait for a person's marks in by_hand.csv ({new} of them new); then grade again.",
        f"{len(changed)} entries differ from the gradebook before; changes.csv lists them.",
        f"Everything is in {out}.",
        *told,
    ]
