"""One zip from a student: packed here, and read again as if an enemy had made it."""

import hashlib
import io
import json
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from destructure.classroom.homework import HomeworkSet, edition, validated
from destructure.exercises.catalogue import find
from destructure.exercises.plain import as_plain
from destructure.exercises.store import AnswerStore, Record
from destructure.exercises.verdict import UnreadableAnswer
from destructure.exercises.workplace import Student, current_student
from destructure.files import free, write_atomically

MOST_BYTES, MOST_UNPACKED, MOST_FILES, MOST_JSON = 5 * 2**20, 20 * 2**20, 60, 2 * 2**20
_FILE = re.compile(r"manifest\.json|answers\.json|code/\d\d\.[a-z0-9_.]{1,60}\.py|outputs/\d\d\.txt")


class Refused(ValueError):
    """A submission that cannot be graded; the text says why."""


@dataclass(frozen=True)
class Submission:
    """What a zip holds, who hands it in, and for which homework of which course, as the student says.

    Attributes:
        digest: SHA-256 of the zip; the student's receipt.
        editions: exercise → fingerprint of the question that was answered.
        answers: exercise → record.
    """

    digest: str
    student: str
    course: str
    homework: str
    editions: dict[str, str]
    answers: dict[str, Record]


# --- the student's side ------------------------------------------------------------------------------------------


def pack(homework: HomeworkSet, folder: Path, notebooks: Path | None = None) -> tuple[Path, str, list[str]]:
    """Make the zip of a homework set from what is kept of the present student's answers.

    Args:
        folder: where the zip goes; an earlier one is kept.
        notebooks: folder of the learner's copies, whose text outputs go along for a reader.

    Returns:
        The zip's path, its receipt, and a sentence for each exercise without an answer.

    Raises:
        ValueError: if nobody is signed in.
    """
    student = current_student()
    if not student.id:
        raise ValueError(
            "Nobody is signed in here; run `from destructure.exercises import sign_in` and"
            ' `sign_in("your id")` in a notebook, then submit.'
        )
    records = AnswerStore().read().records
    content = packed(homework, student, records, notebooks)
    folder.mkdir(parents=True, exist_ok=True)
    path = free(folder / f"{homework.name}__{re.sub('[^A-Za-z0-9._@-]', '_', student.id)}.zip")
    write_atomically(path, content)
    missing = []
    for id in homework.points:
        record = records.get(id, Record())
        if record.checked is None:
            state = "is written but not checked" if record.value else "has no answer"
            missing.append(f"{id} {state}: {find(id).title}.")
    return path, _digest(content), missing


def packed(homework: HomeworkSet, student: Student, records: dict, notebooks: Path | None = None) -> bytes:
    """The zip's content; code and the notebooks' text outputs stand in files of their own, for a reader."""
    own = {id: records.get(id, Record()) for id in homework.points}
    files = {"answers.json": _json({id: record.as_plain() for id, record in own.items()})}
    files |= {f"code/{id}.py": str(one.checked).encode() for id, one in own.items() if one.kind == "code"}
    for number in {id[:2] for id in homework.points} if notebooks else ():
        files |= {f"outputs/{number}.txt": _printed(path) for path in notebooks.glob(f"{number}_*.ipynb")}
    manifest = {
        "schema": 1,
        "homework": homework.name,
        "student": student.id,
        "course": student.course,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "editions": {id: edition(id) for id in homework.points},
        "files": {name: _digest(content) for name, content in files.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": _json(manifest), **files}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _printed(notebook: Path) -> bytes:
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except Exception:  # half written, or of another program
        cells = []
    texts = [output.get("text", "") for cell in cells for output in cell.get("outputs", ())]
    return "\n".join(texts).encode("utf-8", "replace")[:200_000]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- the grader's side -------------------------------------------------------------------------------------------


def read(path: Path) -> Submission:
    """Read a zip whose every byte may be hostile; nothing is written, nothing of it is run.

    Raises:
        Refused: one sentence for whatever is wrong.
    """
    content = bytes_of(path)
    files = _unpacked(content)
    manifest = _object(files, "manifest.json")
    try:
        validated(manifest, "manifest")
    except ValueError as problem:
        raise Refused(f"its manifest is not one: {problem}") from None
    who = {one: manifest[one] for one in ("student", "course", "homework")}
    if not all(map(str.isprintable, who.values())):
        raise Refused("its manifest holds control characters.")
    listed = manifest["files"]
    if listed.keys() != files.keys() - {"manifest.json"}:
        raise Refused("its manifest lists other files than are in it.")
    if changed := [name for name, digest in listed.items() if _digest(files[name]) != digest]:
        raise Refused(
            f"{changed[0]} is not what the manifest says: it was changed after packing, or damaged."
        )
    who["student"] = who["student"].strip()
    records = {id: _record(entry) for id, entry in _object(files, "answers.json").items()}
    return Submission(_digest(content), **who, editions=manifest["editions"], answers=records)


def bytes_of(path: Path) -> bytes:
    """What a plain file of a submission's size holds (raises `Refused` for any other)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Refused("it is a link or no plain file.")
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Refused(f"it cannot be read ({problem.strerror}).") from None
    if len(content) > MOST_BYTES:
        raise Refused(f"it is larger than {MOST_BYTES // 2**20} MB.")
    return content


def _unpacked(content: bytes) -> dict[str, bytes]:
    files, left = {}, MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_FILES:
                raise Refused(f"it holds {len(entries)} files; a submission has at most {MOST_FILES}.")
            for entry in entries:
                name = entry.filename
                if name in files:
                    raise Refused(f"it holds {name[:60]!r} twice.")
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise Refused(f"it holds a link, {name[:60]!r}.")
                usual = entry.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                if not _FILE.fullmatch(name) or entry.flag_bits & 1 or not usual:
                    raise Refused(f"it holds {name[:60]!r}, which does not belong in a submission.")
                with archive.open(entry) as file:
                    files[name] = file.read(left + 1)
                left -= len(files[name])
                if left < 0:
                    raise Refused(f"unpacked it is larger than {MOST_UNPACKED // 2**20} MB.")
    except Refused:
        raise
    except Exception as problem:  # zipfile, zlib and the codecs raise many kinds for damaged content
        raise Refused(f"it is no sound zip file ({type(problem).__name__}).") from None
    return files


def _object(files: dict[str, bytes], name: str) -> dict:
    if name not in files:
        raise Refused(f"it lacks {name}.")
    if len(files[name]) > MOST_JSON:
        raise Refused(f"{name} is larger than {MOST_JSON // 2**20} MB.")
    try:
        data = json.loads(files[name])
    except (ValueError, RecursionError):
        raise Refused(f"{name} is not JSON.") from None
    if not isinstance(data, dict):
        raise Refused(f"{name} holds no JSON object.")
    return data


def _record(entry: Any) -> Record:
    """What can be read of a record; an empty one if nothing can. Its own marks are never looked at."""
    record = Record.from_plain(entry)[0] or Record()
    try:
        as_plain(record.checked)
    except UnreadableAnswer:
        return Record()
    return record
