"""A class's submissions, graded: gradebook, marks by hand, and what changed since the last grading."""

import csv
import hashlib
import hmac
import io
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

from destructure.classroom.grading import Graded, grade
from destructure.classroom.homework import HomeworkSet, editions, moment
from destructure.classroom.submission import Refused, bytes_of
from destructure.files import write_atomically

EDITION = 1
"""Of the grader; another number grades everything anew."""


@dataclass(frozen=True)
class Row:
    """A student's line of the gradebook.

    Attributes:
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
    def total(self) -> float:
        """The sum of what is known, late policy included."""
        return round(self.share * sum(one or 0.0 for one in self.points.values()), 4)

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
        parts = [content, name.encode("utf-8", "replace"), json.dumps(asked).encode(), secret]
        identity = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()[:32]
        kept = out / "marks" / f"{identity}.json"
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
    time = when.isoformat(timespec="seconds") if when else ""
    return Row(student, one, time, homework.share(student, when), points, comments)


def collection_times(folder: Path, listed: Path | None = None) -> dict[str, datetime]:
    """File → when it was collected: as listed in a CSV with `file` and `collected`, else when it was last changed."""
    changed = {path.relative_to(folder).as_posix(): path.lstat().st_mtime for path in zips(folder)}
    times = {name: datetime.fromtimestamp(int(when), UTC) for name, when in changed.items()}
    return times | {row["file"]: moment(row["collected"]) for row in table(listed, "file", "collected")}


def read_roster(path: Path) -> dict[str, str]:
    """Student → what the path of that student's files must contain (column `sender`, may be absent)."""
    return {row["student"].strip(): (row.get("sender") or "").strip() for row in table(path, "student")}


# --- marks by hand -----------------------------------------------------------------------------------------------


def read_by_hand(path: Path, homework: HomeworkSet) -> dict[tuple[str, str], tuple[float, str]]:
    """Marks that a person wrote into `by_hand.csv`; rows without points are still to be marked.

    Raises:
        ValueError: if points are no number within the exercise's points; the message names the line.
    """
    found = {}
    for number, row in enumerate(table(path, "student", "exercise", "points"), 2):
        text, most = (row["points"] or "").strip().replace(",", "."), homework.points.get(row["exercise"])
        if not text or most is None:
            continue
        points = float(text) if re.fullmatch(r"\d+(\.\d*)?", text) else -1.0
        if not 0 <= points <= most:
            allowed = f"points must be a number from 0 to {most:g}, not {text!r}"
            raise ValueError(f"{path.name}, line {number}: {allowed}.")
        found[row["student"], row["exercise"]] = points, row.get("comment") or ""
    return found


def extend_by_hand(path: Path, lines: Iterable[Row], homework: HomeworkSet) -> int:
    """Add a row for each text to be marked that has none yet; rows that are there stay as they are."""
    known = {(row["student"], row["exercise"]) for row in table(path, "student", "exercise")}
    new = [
        {
            "student": row.student,
            "exercise": id,
            "points": "",
            "of": homework.points[id],
            "comment": "",
            "text": mark.answer,
        }
        for row in lines
        for id, mark in row.graded.marks.items()
        if mark.by_hand and (row.student, id) not in known
    ]
    before = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    if new:
        write_atomically(path, (before + as_csv(new, head=not before)).encode("utf-8", "replace"))
    return len(new)


# --- tables ------------------------------------------------------------------------------------------------------


def gradebook(lines: Iterable[Row], homework: HomeworkSet, secret: bytes) -> list[dict]:
    """One line per student; its signature proves later what staff have received, and when."""
    book = []
    for row in lines:
        received = {"student": row.student, "file": row.graded.file, "collected": row.collected}
        received["sha256"] = row.graded.digest
        points = {id: "" if one is None else f"{one:g}" for id, one in row.points.items()}
        ends = {"late_share": f"{row.share:g}", "total": f"{row.total:g}", "of": f"{homework.most:g}"}
        ends |= {"to_mark": " ".join(row.waiting), "remark": row.graded.refused}
        signature = hmac.new(
            secret, "\x1f".join(received.values()).encode("utf-8", "replace"), hashlib.sha256
        )
        book.append({**received, **points, **ends, "signature": signature.hexdigest()})
    return book


def changes(before: Iterable[Mapping], after: Iterable[Mapping]) -> list[dict]:
    """What differs between two gradebooks."""
    old, new = ({row["student"]: row for row in book} for book in (before, after))
    found = []
    for student in sorted(old.keys() | new.keys()):
        mine, theirs = old.get(student, {}), new.get(student, {})
        for name in dict.fromkeys([*mine, *theirs]):
            was, is_now = mine.get(name) or "", theirs.get(name) or ""
            if was != is_now:
                found.append({"student": student, "what": name, "before": was, "after": is_now})
    return found


def table(path: Path | None, *needed: str) -> list[dict[str, str]]:
    """The rows of a CSV file, none if there is no file (raises ValueError if it lacks a column)."""
    if path is None or not path.exists():
        return []
    with open(path, encoding="utf-8-sig", newline="") as file:
        found = csv.DictReader(file)
        if not set(needed) <= set(found.fieldnames or ()):
            raise ValueError(f"{path.name} needs the columns {', '.join(needed)}.")
        return [
            {name: re.sub(r"^'(?=[=+@\t\r-])", "", cell or "") for name, cell in row.items() if name}
            for row in found
        ]


def as_csv(found: list[dict], head: bool = True) -> str:
    """Rows as CSV, no cell of which a spreadsheet takes for a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if head and found:
        writer.writerow(found[0])
    writer.writerows([harmless(cell) for cell in row.values()] for row in found)
    return text.getvalue()


def harmless(cell: object) -> str:
    """A cell's text, with a quotation mark before what would be a formula."""
    text = f"{cell:g}" if isinstance(cell, float) else str(cell)
    return f"'{text}" if re.match(r"[=+@\t\r]|-(?![\d.]+$)", text) else text
