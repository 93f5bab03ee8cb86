"""Where the course's folders are, and writing files so that nothing is ever half-written."""

import codecs
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

FOLDER_VARIABLE = "DESTRUCTURE_WORK"
SHIPPED = "shipped"
"""Where a wheel carries the course, inside the package (see setup.py)."""


def course_folder() -> Path:
    """The folder that holds the course: the repository's top, or what an installed wheel carries; or ValueError."""
    package = Path(__file__).resolve().parent
    for folder in (package / SHIPPED, package.parents[1]):
        if (folder / "notebooks" / "exercises").is_dir() and (folder / "data").is_dir():
            return folder
    raise ValueError(
        f"The course's notebooks and tables were not found around {package}; install the course from a copy of its "
        "repository (pip install -e . or pip install .) that has the folders notebooks and data beside lib."
    )


def work_folder() -> Path:
    """The learner's own folder, for copies of the notebooks and for answers; it may not exist yet.

    It is `work` in this course's folder, wherever a kernel runs. Where that belongs to somebody else or cannot be
    written, it is `destructure-work` in the user's home: two users of one installation have two. The environment
    variable DESTRUCTURE_WORK names another; tests, and whoever executes the notebooks without a learner, point it at
    an empty one.
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named).expanduser()
    folder = course_folder() / "work"
    mine = _belongs_to_user(folder) if folder.exists() else _may_be_filled(folder.parent)
    return folder if mine else Path.home() / "destructure-work"


def _belongs_to_user(folder: Path) -> bool:
    user = os.geteuid() if hasattr(os, "geteuid") else 0  # 0: root's containers, and Windows
    return user == 0 or folder.stat().st_uid == user


def _may_be_filled(folder: Path) -> bool:
    return folder.name != SHIPPED and _belongs_to_user(folder) and os.access(folder, os.W_OK)


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


def free(path: Path) -> Path:
    """The path itself, or with the first number that makes it one at which nothing lies."""
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in range(1, 10_000))
    return path if not path.exists() else next(each for each in numbered if not each.exists())


def write_alone(path: Path, content: bytes) -> None:
    """`write_atomically` for whoever holds the file's lock: what a killed process has left unfinished goes, too."""
    for left_over in path.parent.glob(temporary_prefix(path) + "*"):
        left_over.unlink(missing_ok=True)
    write_atomically(path, content)


def decoded(content: bytes) -> tuple[str, bool]:
    """The text of a file that any editor may have saved: UTF-8, with or without a byte order mark, or UTF-16.

    Returns:
        The text, and whether all of it could be read; what could not is replaced.
    """
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = "utf-16" if marked else "utf-8-sig"
    try:
        return content.decode(encoding), True
    except UnicodeDecodeError:
        return content.decode(encoding, errors="replace"), False


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
