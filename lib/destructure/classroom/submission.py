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

from destructure.classroom.homework import HomeworkSet, editions, validated
from destructure.exercises.catalogue import find
from destructure.exercises.plain import as_plain
from destructure.exercises.store import AnswerStore, Record
from destructure.exercises.verdict import UnreadableAnswer
from destructure.exercises.workplace import Student, current_student
from destructure.files import free, write_atomically

SCHEMA = 1
MOST_BYTES, MOST_UNPACKED, MOST_FILES, MOST_JSON = 5 * 2**20, 20 * 2**20, 60, 2 * 2**20
_FILE = re.compile(r"manifest\.json|answers\.json|code/\d\d\.[a-z0-9_.]{1,60}\.py|outputs/\d\d\.txt")


class Refused(ValueError):
    """A submission that cannot be graded; the text says why."""


@dataclass(frozen=True)
class Submission:
    """What a zip holds.

    Attributes:
        digest: SHA-256 of the zip; the student's receipt.
        student, course: who hands in, as the student says.
        homework: name of the set.
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
    numbers = {id[:2] for id in homework.points} if notebooks else ()
    outputs = {number: _outputs(path) for number in numbers for path in notebooks.glob(f"{number}_*.ipynb")}
    content = packed(homework, student, records, outputs)
    folder.mkdir(parents=True, exist_ok=True)
    path = free(folder / f"{homework.name}__{re.sub('[^A-Za-z0-9._@-]', '_', student.id)}.zip")
    write_atomically(path, content)
    missing = []
    for id in homework.points:
        record = records.get(id, Record())
        if record.checked is None:
            state = "is written but not checked" if record.value else "has no answer"
            missing.append(f"{id} {state}: {find(id).title}.")
    return path, hashlib.sha256(content).hexdigest(), missing


def packed(homework: HomeworkSet, student: Student, records: dict, outputs: dict | None = None) -> bytes:
    """The zip's content; code and outputs stand in files of their own for a reader.

    Args:
        records: exercise → what is kept of the answer to it.
        outputs: notebook's number → what its cells have printed.
    """
    own = {id: records.get(id, Record()) for id in homework.points}
    files = {"answers.json": _json({id: record.as_plain() for id, record in own.items()})}
    files |= {f"code/{id}.py": str(one.checked).encode() for id, one in own.items() if one.kind == "code"}
    files |= {f"outputs/{number}.txt": content for number, content in (outputs or {}).items()}
    manifest = {
        "schema": SCHEMA,
        "homework": homework.name,
        "student": student.id,
        "course": student.course,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "editions": editions(homework.points),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"manifest.json": _json(manifest), **files}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _outputs(path: Path) -> bytes:
    """What the notebook's cells printed, for a reader."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception:  # half written, or of another program
        cells = []
    texts = [output.get("text", "") for cell in cells for output in cell.get("outputs", ())]
    return "\n".join(texts).encode("utf-8", "replace")[:200_000]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "replace")


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
        listed = validated(manifest, "manifest")["files"]
    except ValueError as problem:
        raise Refused(f"its manifest is not one: {problem}") from None
    if not all(manifest[one].isprintable() for one in ("student", "course", "homework")):
        raise Refused("its manifest holds control characters.")
    if set(listed) != set(files) - {"manifest.json"}:
        raise Refused("its manifest lists other files than are in it.")
    for name, digest in listed.items():
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise Refused(f"{name} is not what the manifest says: it was changed after packing, or damaged.")
    return Submission(
        digest=hashlib.sha256(content).hexdigest(),
        student=manifest["student"].strip(),
        **{name: manifest[name] for name in ("course", "homework", "editions")},
        answers={id: _record(entry) for id, entry in _object(files, "answers.json").items()},
    )


def bytes_of(path: Path) -> bytes:
    """What a plain file of a submission's size holds (raises `Refused` for any other)."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Refused("it is a link or no plain file.")
        if path.stat().st_size > MOST_BYTES:
            raise Refused(f"it is larger than {MOST_BYTES // 2**20} MB.")
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Refused(f"it cannot be read ({problem.strerror}).") from None


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
