"""A learner's own copies of the notebooks, in the work folder: made, and brought up to date without losing anything.

What counts as changed are the sources of the cells. A copy in which cells were only run is unchanged: its results
come back with Run → Run All Cells, and its answers are in `answers.json`.
"""

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

from destructure.files import free, notebooks_folder, work_folder, write_atomically

RECORD, SCHEMA = ".copies.json", 1
_BEGIN = (
    "**Run → Run All Cells** to begin, and again whenever you come back. This is your own copy: change what you "
    "like; an update never overwrites it. (For a fresh one, delete this file and start the course again.)"
)
_NOT_TYPED = (
    "",
    _BEGIN,
)  # Shift+Enter adds an empty last cell; an older text above must stay here


def bring_copies() -> list[str]:
    """Put every notebook, and what they link to, into the work folder; return what was done to copies already there.

    A missing copy is made and an unchanged one replaced. A changed one is kept under a name that says so, beside the
    new one, as soon as the course's own notebook is another than the one it was copied from.

    Raises:
        ValueError: if the work folder cannot be written, or a newer version of the course wrote its record.
    """
    work = work_folder()
    try:
        work.mkdir(parents=True, exist_ok=True)
        copied_from = _read_record(work / RECORD)
        originals = _originals()
        done = [_bring(work / name, content, copied_from.get(name)) for name, content in originals.items()]
        for name in copied_from.keys() - originals.keys():  # gone from the course
            if _fingerprint_of(work / name) == copied_from[name]:
                (work / name).unlink()
        prints = {name: fingerprint(content) for name, content in originals.items()}
        record = {"schema": SCHEMA, "copied_from": prints}
        write_atomically(work / RECORD, json.dumps(record, indent=1).encode())
        return [sentence for sentence in done if sentence]
    except OSError as problem:
        raise ValueError(
            f"The notebooks cannot be copied to {work} ({problem.strerror or problem}). Make room there or allow "
            "writing, or set the environment variable DESTRUCTURE_WORK to another folder; nothing was lost."
        ) from None


def keep_aside(file: Path, name: str) -> Path:
    """Copy a learner's version of `name` into the work folder under a free name that says what it is."""
    kept = _free_name(work_folder() / name)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, kept)
    return kept


def fingerprint(content: bytes) -> str:
    """A hash of what a learner changes in a notebook, the sources of its cells; of every byte of another file."""
    try:
        cells = json.loads(content.decode("utf-8-sig"))["cells"]
        typed = [
            (cell["cell_type"], "".join(cell["source"]).rstrip(), cell.get("attachments")) for cell in cells
        ]
        content = json.dumps([each for each in typed if each[1] not in _NOT_TYPED]).encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # no notebook, or a damaged one
    return hashlib.sha256(content).hexdigest()


def copied_from(name: str) -> str | None:
    """The fingerprint of the course's notebook from which the copy of that name was made, if one was."""
    return _read_record(work_folder() / RECORD).get(name)


def _bring(copy: Path, content: bytes, copied_from: str | None) -> str:
    there, new, done = _fingerprint_of(copy), fingerprint(content), ""
    if there == new or (there is not None and copied_from == new):
        return done
    if there is not None:
        done = f"{copy.name} is new; you had not changed yours."
    if there not in (None, copied_from):
        kept = _free_name(copy)
        copy.rename(kept)
        done = f"{copy.name} is new; your changed version is kept beside it as {kept.name}."
    copy.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(copy, content)
    return done


def _originals() -> dict[str, bytes]:
    """Names in the work folder with contents: notebooks without results, the pages, and the pictures these show."""
    folder = notebooks_folder()
    found = {path.name: _without_results(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    for kind in (".md", ".png", ".svg"):
        for path in sorted(folder.rglob(f"*{kind}")):
            name = path.relative_to(folder)
            # Most pictures are for other pages, and show what is to be predicted here.
            shown = kind == ".md" or any(path.name.encode() in content for content in found.values())
            if shown and not name.parts[0].startswith(("exercises", "guide", ".")):
                found[name.as_posix()] = path.read_bytes()
    return found


def _without_results(path: Path) -> bytes:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"The course's own notebook {path} is damaged, so it cannot be copied. In a clone, git checkout HEAD -- "
            f"notebooks/{path.name} brings it back; otherwise update the course."
        ) from None
    begin = {"cell_type": "markdown", "id": "begin", "metadata": {}, "source": _BEGIN}
    notebook["cells"].insert(1, begin)  # below the title
    return (json.dumps(notebook, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _fingerprint_of(file: Path) -> str | None:
    return fingerprint(file.read_bytes()) if file.is_file() else None


def _read_record(path: Path) -> dict[str, str]:
    """The record; empty where there is none or it is damaged: then every copy that differs counts as changed."""
    try:
        record = json.loads(path.read_text(encoding="utf-8-sig"))
        schema, prints = record["schema"], dict(record.get("copied_from", {}))
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    if schema != SCHEMA:
        raise ValueError(
            f"{path} was written by a newer version of the course (schema {schema}, this one knows {SCHEMA}). "
            "Nothing was changed; use the newer course, or set DESTRUCTURE_WORK to another folder."
        )
    return prints


def _free_name(file: Path) -> Path:
    number, _, title = file.stem.partition("_")  # the file browser shows the beginning of a long name
    return free(file.with_name(f"{number}_yours-until-{date.today()}_{title}".strip("_") + file.suffix))
