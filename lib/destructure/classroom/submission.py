"""One zip from a student: packed here, and read again as if an enemy had made it."""

import hashlib
import io
import json
import os
import re
import stat
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat

from destructure.classroom.homework import HomeworkSet, Refused, edition, require, validated
from destructure.exercises.catalogue import find
from destructure.exercises.store import AnswerStore, Record
from destructure.exercises.workplace import Student, current_student
from destructure.files import free, write_atomically

MOST_BYTES, MOST_UNPACKED, MOST_FILES, MOST_JSON = 5 * 2**20, 20 * 2**20, 60, 2 * 2**20
_METHODS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED
_FILE = re.compile(r"manifest\.json|answers\.json|code/\d\d\.[a-z0-9_.]{1,60}\.py|outputs/\d\d\.txt")


def pack(homework: HomeworkSet, folder: Path, notebooks: Path | None = None) -> tuple[Path, str, list[str]]:
    """Make the zip of a homework set from what is kept of the present student's answers.

    Args:
        folder: where the zip goes; an earlier one is kept.
        notebooks: folder of the learner's copies, whose text outputs go along for a reader.

    Returns:
        The zip's path, its receipt, and a sentence for each exercise without an answer (raises `Refused` for nobody).
    """
    student = current_student()
    signing_in = 'run `from destructure.exercises import sign_in` and `sign_in("your id")` in a notebook'
    require(student.id, f"Nobody is signed in here; {signing_in}, then submit.")
    records = AnswerStore().read().records
    own = {id: records.get(id, Record()) for id in homework.points}
    content = packed(homework, student, own, notebooks)
    folder.mkdir(parents=True, exist_ok=True)
    path = free(folder / f"{homework.name}__{re.sub('[^A-Za-z0-9._@-]', '_', student.id)}.zip")
    write_atomically(path, content)
    states = {id: "is written but not checked" if one.value else "has no answer" for id, one in own.items()}
    missing = [f"{id} {states[id]}: {find(id).title}." for id, one in own.items() if one.checked is None]
    return path, _digest(content), missing


def packed(homework: HomeworkSet, student: Student, records: dict, notebooks: Path | None = None) -> bytes:
    """The zip's content; code and the notebooks' text outputs stand in files of their own, for a reader."""
    files = {"answers.json": _json({id: record.as_plain() for id, record in records.items()})}
    files |= {f"code/{id}.py": str(one.checked).encode() for id, one in records.items() if one.kind == "code"}
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


def read(path: Path) -> tuple[str, dict, dict[str, Record]]:
    """Read a zip whose every byte may be hostile; nothing is written, nothing of it is run.

    Returns:
        SHA-256 of the zip, which is the receipt; the manifest, as `schemas.json` describes it; exercise → answer.

    Raises:
        Refused: one sentence for whatever is wrong.
    """
    content = bytes_of(path)
    try:
        files = _unpacked(content)
    except Refused:
        raise
    except Exception as problem:  # zipfile, zlib and the codecs raise many kinds for damaged content
        raise Refused(f"it is no sound zip file ({type(problem).__name__}).") from None
    manifest, answers = _parsed(files, "manifest"), _parsed(files, "answers")
    who, listed = [manifest[one] for one in ("student", "course", "homework")], manifest["files"]
    require(all(map(str.isprintable, who)), "its manifest holds control characters.")
    require(
        listed.keys() == files.keys() - {"manifest.json"}, "its manifest lists other files than are in it."
    )
    for name, digest in listed.items():
        changed = f"{name} is not what the manifest says: it was changed after packing, or damaged."
        require(_digest(files[name]) == digest, changed)
    records = {id: Record.from_plain(one)[0] or Record() for id, one in answers.items()}
    return _digest(content), manifest | {"student": manifest["student"].strip()}, records


def bytes_of(path: Path) -> bytes:
    """What a plain file of a submission's size holds (raises `Refused` for any other)."""
    try:
        require(stat.S_ISREG(path.lstat().st_mode), "it is a link or no plain file.")
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)), "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as problem:
        raise Refused(f"it cannot be read ({problem.strerror}).") from None
    require(len(content) <= MOST_BYTES, f"it is larger than {MOST_BYTES // 2**20} MB.")
    return content


def _unpacked(content: bytes) -> dict[str, bytes]:
    """Name → content; with a bound, zipfile unpacks no more of a file than the size which is checked here."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries, names = archive.infolist(), archive.namelist()
        require(
            len(names) <= MOST_FILES, f"it holds {len(names)} files; a submission has at most {MOST_FILES}."
        )
        for entry in entries:
            shown, is_packed_as_usual = repr(entry.filename[:60]), entry.compress_type in _METHODS
            belongs = _FILE.fullmatch(entry.filename) and is_packed_as_usual and not entry.flag_bits & 1
            require(names.count(entry.filename) == 1, f"it holds {shown} twice.")
            require(not stat.S_ISLNK(entry.external_attr >> 16), f"it holds a link, {shown}.")
            require(belongs, f"it holds {shown}, which does not belong in a submission.")
            most = MOST_JSON if entry.filename.endswith(".json") else MOST_UNPACKED
            require(entry.file_size <= most, f"{entry.filename} is larger than {most // 2**20} MB.")
        unpacked = sum(entry.file_size for entry in entries)
        require(unpacked <= MOST_UNPACKED, f"unpacked it is larger than {MOST_UNPACKED // 2**20} MB.")
        return {entry.filename: archive.open(entry).read(entry.file_size + 1) for entry in entries}


def _parsed(files: dict[str, bytes], name: str) -> dict:
    require(f"{name}.json" in files, f"it lacks {name}.json.")
    try:
        return validated(json.loads(files[f"{name}.json"]), name)
    except (ValueError, RecursionError) as problem:
        raise Refused(f"{name}.json is not what it must be: {str(problem)[:150].rstrip('.')}.") from None
