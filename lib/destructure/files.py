"""Where the course's folders are, and writing files so that nothing is ever half-written."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


def course_folder() -> Path:
    """The repository's top folder.

    Raises:
        ValueError: if the package was installed or copied without the course around it.
    """
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "notebooks").is_dir() or not (folder / "data").is_dir():
        raise ValueError(
            f"The course's notebooks and tables were not found in {folder}; install the course from a copy of its "
            "repository (pip install -e .) and keep the folders notebooks and data beside the folder lib."
        )
    return folder


def notebooks_folder() -> Path:
    """The folder of the notebooks."""
    return course_folder() / "notebooks"


def data_folder() -> Path:
    """The folder of the tables."""
    return course_folder() / "data"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file at once: at every moment it is the old one or the new one, whole, also after a power cut.

    A process killed on the way leaves a file whose name begins with `temporary_prefix(path)`.

    Raises:
        OSError: if the disk is full or the folder cannot be written; the old file is then intact.
    """
    handle, name = tempfile.mkstemp(prefix=temporary_prefix(path), dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode(path))
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(path.parent)


def temporary_prefix(path: Path) -> str:
    """How the names of unfinished versions of a file begin."""
    return f".{path.name}.new-"


def _mode(path: Path) -> int:
    """Who may read and write: as before, or as any new file (mkstemp's own allow nobody but the owner)."""
    with suppress(FileNotFoundError):
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)  # the only way to read it is to set it
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    # Makes the new name itself survive a power cut; not every system can open a folder.
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
