"""A class's submissions, graded: gradebook, marks by hand, and what changed since the last grading."""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from destructure.classroom.grading import Graded, grade
from destructure.classroom.homework import HomeworkSet, editions, moment
from destructure.classroom.submission import Refused, bytes_of
from destructure.files import write_atomically

EDITION = 2
"""Of the grader; another number grades everything anew."""


@dataclass(frozen=True)
class Row:
    """A student's line of the gradebook.

    Attributes:
        collected: when, in UTC.
        points: exercise → points earned, before what being late costs; `None` while a person has to mark it.
        share: what is left after that.
    """

    student: str
    graded: Graded
    collected: str
    share: float
    points: dict[str, float | None]
    comments: dict[str, str]

    @property
    def earned(self) -> float:
        """The sum of what is known."""
        return round(sum(one or 0.0 for one in self.points.values()), 4)

    @property
    def total(self) -> float:
        """What is left of it, late policy included."""
        return round(self.share * self.earned, 4)

    @property
    def waiting(self) -> list[str]:
        """Exercises that a person has still to mark."""
        return [id for id, one in self.points.items() if one is None]


def staff_key(path: Path) -> bytes:
    """The staff's secret; made, readable by its owner alone, where there is none."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    return path.read_text(encoding="utf-8").strip().encode()


def grade_folder(
    folder: Path, homework: HomeworkSet, out: Path, secret: bytes, how: str, workers: int = 2
) -> Iterator[Graded]:
    """Grade every zip in a folder and its folders; what an interrupted grading has done is not done again."""
    (out / "marks").mkdir(parents=True, exist_ok=True)
    questions = editions(homework.points)  # in the order of the set, whose points are no part of a mark
    asked = [EDITION, homework.name, homework.course, list(homework.points), questions, how]
    todo = {}
    for path in zips(folder):
        name = path.relative_to(folder).as_posix()
        try:
            content = bytes_of(path)
        except Refused:
            content = b""
        identity = json.dumps([*asked, name, hashlib.sha256(content).hexdigest()]).encode()
        kept = out / "marks" / f"{hmac.digest(secret, identity, 'sha256').hex()[:32]}.json"
        if kept.exists():
            yield Graded.from_plain(json.loads(kept.read_text(encoding="utf-8")))
        else:
            todo[name] = path, kept
    with ProcessPoolExecutor(workers) as pool:
        jobs = {name: pool.submit(grade, path, homework, secret, how) for name, (path, _) in todo.items()}
        for name, job in jobs.items():
            try:
                graded = replace(job.result(), file=name)
            except BrokenProcessPool:
                yield Graded(name, refused="Not graded: the grader itself was ended here; grade again.")
                continue
            write_atomically(todo[name][1], json.dumps(asdict(graded), ensure_ascii=False, indent=1).encode())
            yield graded


def zips(folder: Path) -> list[Path]:
    """The submissions of a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".zip")


# --- one line for each student -----------------------------------------------------------------------------------


def rows(
    graded: Iterable[Graded],
    homework: HomeworkSet,
    collected: Mapping[str, datetime],
    by_hand: Mapping[tuple[str, str], tuple[float, str]],
    roster: Mapping[str, str] | None = None,
) -> list[Row]:
    """The submission that counts of each student, with late policy and marks by hand.

    Args:
        collected: file → when it was collected (never when the student says it was made).
        by_hand: (student, exercise) → points and a comment.
        roster: student → a text that the path of that student's files must contain ("" if any will do).
    """
    options = defaultdict(list)
    for one in graded:
        row = _row(_known(one, homework, roster), homework, collected, by_hand)
        options[row.student].append(row)
    for student in (roster or {}).keys() - options.keys():
        nothing = Graded("", student=student, refused="Nothing was handed in.")
        options[student].append(_row(nothing, homework, {}, {}))
    found = []
    for _, several in sorted(options.items()):
        sound = [row for row in several if not row.graded.refused] or several
        best = homework.counts == "best"
        found.append(max(sound, key=lambda row: (row.total if best else 0, row.collected, row.graded.file)))
    return found


def _known(one: Graded, homework: HomeworkSet, roster: Mapping[str, str] | None) -> Graded:
    """A submission whose sender cannot be who it names counts for nobody."""
    if roster is None or not one.student:
        return one
    if one.student not in roster:
        refused = f"Not graded: {one.student!r} is not on the roster."
    elif roster[one.student] not in one.file:
        refused = f"Not graded: it names {one.student!r}, but was not sent by {roster[one.student]!r}."
    else:
        return one
    return replace(one, student="", refused=refused, marks={})


def _row(one: Graded, homework: HomeworkSet, collected: Mapping, by_hand: Mapping) -> Row:
    student, when = one.student or f"({one.file})", collected.get(one.file)
    points, comments = dict.fromkeys(homework.points, 0.0), {}
    for id, mark in one.marks.items():
        points[id] = round(homework.points[id] * mark.score, 4)
        if mark.by_hand:
            points[id], comments[id] = by_hand.get((student, id), (None, ""))
    return Row(student, one, utc(when), homework.share(student, when), points, comments)


def collection_times(folder: Path, listed: Path | None = None) -> dict[str, datetime]:
    """File → when it was collected: as listed in a CSV with `file` and `collected`, else when it was last changed."""
    changed = {path.relative_to(folder).as_posix(): path.lstat().st_mtime for path in zips(folder)}
    times = {name: datetime.fromtimestamp(int(when), UTC) for name, when in changed.items()}
    given = table(listed, "file", "collected")
    return times | dict(zip(given.file, map(moment, given.collected), strict=True))


def read_roster(path: Path) -> dict[str, str]:
    """Student → what the path of that student's files must contain (column `sender`, may be absent)."""
    given = table(path, "student").assign(sender=lambda rows: rows.get("sender", ""))
    return dict(zip(given.student.str.strip(), given.sender.str.strip(), strict=True))


# --- marks by hand -----------------------------------------------------------------------------------------------


def read_by_hand(path: Path, homework: HomeworkSet) -> dict[tuple[str, str], tuple[float, str]]:
    """Marks that a person wrote into `by_hand.csv`; rows without points are still to be marked.

    Raises:
        ValueError: if points are no number within the exercise's points; the message names the line.
    """
    found = {}
    for number, row in enumerate(table(path, "student", "exercise", "points").to_dict("records"), 2):
        text, most = row["points"].strip().replace(",", "."), homework.points.get(row["exercise"])
        if not text or most is None:
            continue
        points = float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else -1.0
        if not 0 <= points <= most:
            allowed = f"points must be a number from 0 to {most:g}, not {text!r}"
            raise ValueError(f"{path.name}, line {number}: {allowed}.")
        found[row["student"], row["exercise"]] = points, row.get("comment", "")
    return found


def extend_by_hand(path: Path, lines: Iterable[Row], homework: HomeworkSet) -> int:
    """Add a row for each text to be marked that has none yet; rows that are there stay as they are."""
    known = set(
        table(path, "student", "exercise")[["student", "exercise"]].itertuples(index=False, name=None)
    )
    new = [
        (row.student, id, "", homework.points[id], "", mark.answer)
        for row in lines
        for id, mark in row.graded.marks.items()
        if mark.by_hand and (row.student, id) not in known
    ]
    if new:
        before = path.read_bytes() if path.exists() else b""
        added = pd.DataFrame(new, columns=["student", "exercise", "points", "of", "comment", "text"])
        write_atomically(path, before + as_csv(added, head=not before))
    return len(new)


# --- tables ------------------------------------------------------------------------------------------------------


def gradebook(lines: Iterable[Row], homework: HomeworkSet, secret: bytes) -> pd.DataFrame:
    """One line per student, in nbgrader's columns and some more; a signature proves what was received, and when."""
    book = []
    for row in lines:
        received = row.student, row.graded.file, row.collected, row.graded.digest
        signature = hmac.digest(secret, "\x1f".join(received).encode("utf-8", "replace"), "sha256")
        late = round(row.earned - row.total, 4)
        line = {"assignment": homework.name, "duedate": utc(homework.due), "timestamp": row.collected}
        line |= {"student_id": row.student, "raw_score": row.earned, "late_submission_penalty": late}
        line |= {"score": row.total, "max_score": homework.most}
        line |= {id: "" if one is None else one for id, one in row.points.items()}
        line |= {"to_mark": " ".join(row.waiting), "remark": row.graded.refused, "file": row.graded.file}
        book.append(line | {"sha256": row.graded.digest, "signature": signature.hex()})
    return pd.DataFrame(book).map(_text)


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
    if not set(needed) <= set(found):
        raise ValueError(f"{path.name} needs the columns {', '.join(needed)}.")
    return found.replace(r"^'(?=[=+@\t\r-])", "", regex=True)


def as_csv(found: pd.DataFrame, head: bool = True) -> bytes:
    """Rows as CSV, no cell of which a spreadsheet takes for a formula."""
    text = found.map(harmless).to_csv(index=False, header=head, lineterminator="\n")
    return text.encode("utf-8", "replace")


def harmless(cell: object) -> str:
    """A cell's text, with a quotation mark before what would be a formula."""
    return re.sub(r"^(?=[=+@\t\r]|-(?![\d.]+$))", "'", _text(cell))


def _text(cell: object) -> str:
    return f"{cell:.10g}" if isinstance(cell, float) else str(cell)


def utc(when: datetime | None) -> str:
    """A point in time as nbgrader writes it, in UTC; "" for none."""
    return f"{when:%Y-%m-%d %H:%M:%S}" if when else ""
