"""A class's submissions, graded: gradebook, marks by hand, and what changed since the last grading."""

import contextlib
import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from destructure.classroom.grading import Graded, Mark, grade, seal
from destructure.classroom.homework import HomeworkSet, Refused, edition, moment, require
from destructure.classroom.submission import bytes_of
from destructure.files import write_atomically

EDITION = 3
"""Of the grader; another number grades everything anew."""


def staff_key(path: Path) -> bytes:
    """The staff's secret; made, readable by its owner alone, where there is none."""
    if not path.exists():
        path.touch(0o600, exist_ok=False)
        path.write_text(secrets.token_hex(32) + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip().encode()


def grade_folder(
    folder: Path, homework: HomeworkSet, out: Path, secret: bytes, how: str, workers: int = 2
) -> Iterator[Graded]:
    """Grade every zip in a folder and its folders; what an interrupted grading has done is not done again."""
    (out / "marks").mkdir(parents=True, exist_ok=True)
    questions, jobs = [*homework.points, *map(edition, homework.points)], {}  # points are no part of a mark
    with ProcessPoolExecutor(workers) as pool:
        for name, path in zips(folder).items():
            asked = [EDITION, how, name, homework.name, homework.course, *questions]
            with contextlib.suppress(Refused):
                asked.append(hashlib.sha256(bytes_of(path)).hexdigest())
            kept = out / "marks" / f"{seal(secret, json.dumps(asked))[:32]}.json"
            job = None if kept.exists() else pool.submit(grade, path, homework, secret, how)
            jobs[name] = kept, job
        for name, (kept, job) in jobs.items():
            try:
                if job:
                    write_atomically(kept, json.dumps(asdict(replace(job.result(), file=name))).encode())
                found = json.loads(kept.read_bytes())
                yield Graded(**found | {"marks": {id: Mark(**mark) for id, mark in found["marks"].items()}})
            except (
                Exception
            ) as problem:  # of the grader itself, or its process was ended; the others are graded
                yield Graded(
                    name, refused=f"Not graded: the grader failed ({type(problem).__name__}); grade again."
                )


def zips(folder: Path) -> dict[str, Path]:
    """The submissions of a folder and its folders, in order, by their names."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".zip")
    return {path.relative_to(folder).as_posix(): path for path in found}


def rows(
    graded: Iterable[Graded],
    homework: HomeworkSet,
    collected: dict,
    by_hand: dict,
    roster: dict | None = None,
) -> list[Graded]:
    """The submission that counts of each student, with late policy and marks by hand.

    Args:
        collected: file → when it was collected (never when the student says it was made).
        by_hand: (student, exercise) → points and a comment.
        roster: student → a text that the path of that student's files must contain ("" if any will do).
    """
    known = graded if roster is None else [_sent_by_its_student(one, roster) for one in graded]
    nothing = [Graded("", student=student, refused="Nothing was handed in.") for student in roster or ()]
    found = [_with_points(one, homework, collected.get(one.file), by_hand) for one in [*nothing, *known]]
    best = homework.counts == "best"
    found.sort(key=lambda row: (not row.refused, best and row.total, row.collected, row.file))
    counting = {row.student: row for row in found}  # of several, the last
    return [row for _, row in sorted(counting.items())]


def _sent_by_its_student(one: Graded, roster: dict[str, str]) -> Graded:
    """The submission itself, or one that counts for nobody."""
    sender = roster.get(one.student)
    if not one.student or (sender is not None and sender in one.file):
        return one
    why = f"it names {one.student!r}, but was not sent by {sender!r}."
    why = f"{one.student!r} is not on the roster." if sender is None else why
    return replace(one, student="", refused=f"Not graded: {why}", marks={})


def _with_points(one: Graded, homework: HomeworkSet, when: datetime | None, by_hand: dict) -> Graded:
    student = one.student or f"({one.file})"
    points, comments = dict.fromkeys(homework.points, 0.0), {}
    for id, mark in one.marks.items():
        points[id] = round(homework.points[id] * mark.score, 4)
        if mark.by_hand:
            points[id], comments[id] = by_hand.get((student, id), (None, ""))
    share, earned = homework.share(student, when), round(sum(filter(None, points.values())), 4)
    line = {"collected": utc(when), "share": share, "earned": earned, "total": round(share * earned, 4)}
    line["waiting"] = [id for id, known in points.items() if known is None]
    return replace(one, student=student, points=points, comments=comments, **line)


def collection_times(folder: Path, listed: Path | None = None) -> dict[str, datetime]:
    """File → when it was collected: as listed in a CSV with `file` and `collected`, else when it was last changed."""
    changed = {name: int(path.lstat().st_mtime) for name, path in zips(folder).items()}
    times = {name: datetime.fromtimestamp(when, UTC) for name, when in changed.items()}
    given = table(listed, "file", "collected")
    return times | dict(zip(given.file, map(moment, given.collected), strict=True))


def read_roster(path: Path) -> dict[str, str]:
    """Student → what the path of that student's files must contain (column `sender`, may be absent)."""
    given = table(path, "student").assign(sender=lambda rows: rows.get("sender", ""))
    return dict(zip(given.student.str.strip(), given.sender.str.strip(), strict=True))


def read_by_hand(path: Path, homework: HomeworkSet) -> dict[tuple[str, str], tuple[float, str]]:
    """Marks that a person wrote into `by_hand.csv`; rows without points are still to be marked.

    Raises:
        Refused: if points are no number within the exercise's points; the message names the line.
    """
    found = {}
    for number, row in enumerate(table(path, "student", "exercise", "points").to_dict("records"), 2):
        text, most = row["points"].strip().replace(",", "."), homework.points.get(row["exercise"])
        if not text or most is None:
            continue
        points = float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else -1.0
        allowed = f"points must be a number from 0 to {most:g}, not {text!r}"
        require(0 <= points <= most, f"{path.name}, line {number}: {allowed}.")
        found[row["student"], row["exercise"]] = points, row.get("comment", "")
    return found


def extend_by_hand(path: Path, lines: Iterable[Graded], homework: HomeworkSet) -> int:
    """Add a row for each text to be marked that has none yet; rows that are there stay as they are."""
    there = table(path, "student", "exercise")
    known = {*zip(there.student, there.exercise, strict=True)}
    new = [
        (row.student, id, "", homework.points[id], "", mark.answer)
        for row in lines
        for id, mark in row.marks.items()
        if mark.by_hand and (row.student, id) not in known
    ]
    if new:
        before = path.read_bytes() if path.exists() else b""
        added = pd.DataFrame(new, columns=["student", "exercise", "points", "of", "comment", "text"])
        write_atomically(path, before + as_csv(added, head=not before))
    return len(new)


def gradebook(lines: Iterable[Graded], homework: HomeworkSet, secret: bytes) -> pd.DataFrame:
    """One line per student, in nbgrader's columns and some more; a signature proves what was received, and when."""
    book = []
    for row in lines:
        line = {"assignment": homework.name, "duedate": utc(homework.due), "timestamp": row.collected}
        line |= {"student_id": row.student, "raw_score": row.earned}
        line |= {"late_submission_penalty": round(row.earned - row.total, 4), "score": row.total}
        line |= {"max_score": homework.most} | row.points
        line |= {"to_mark": " ".join(row.waiting), "remark": row.refused, "file": row.file}
        received = "\x1f".join([row.student, row.file, row.collected, row.digest])
        book.append(line | {"sha256": row.digest, "signature": seal(secret, received)})
    return pd.DataFrame(book).astype(object).fillna("").map(_text)


def changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What differs between two gradebooks."""
    books = [book.drop_duplicates("student_id").set_index("student_id").stack() for book in (before, after)]
    both = pd.concat(books, axis=1, keys=["before", "after"]).fillna("")
    return both[both.before != both.after].rename_axis(["student_id", "what"]).reset_index()


def table(path: Path | None, *needed: str) -> pd.DataFrame:
    """The rows of a CSV file as text, none if there is no file (raises ValueError if it lacks a column)."""
    if path is None or not path.exists():
        return pd.DataFrame(columns=needed, dtype=str)
    found = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    require(set(needed) <= set(found), f"{path.name} needs the columns {', '.join(needed)}.")
    return found.replace(r"^'(?=[=+@\t\r-])", "", regex=True)


def as_csv(found: pd.DataFrame, head: bool = True) -> bytes:
    """Rows as CSV, no cell of which a spreadsheet takes for a formula."""
    harmless = found.map(_text).replace(r"^(?=[=+@\t\r]|-(?![\d.]+$))", "'", regex=True)
    return harmless.to_csv(index=False, header=head, lineterminator="\n").encode("utf-8", "replace")


def _text(cell: object) -> str:
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def utc(when: datetime | None) -> str:
    """A point in time as nbgrader writes it, in UTC; "" for none."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else ""
