"""Bring a newer course: by git in a clone, or from a folder or zip; nothing of a learner's is overwritten.

Whoever ran the course's own notebooks, in `notebooks/`, instead of their copies finds what they changed there in the
work folder; in the clone, git's versions are put back, so that git does not refuse the newer ones.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from datetime import date
from pathlib import Path

from destructure.course.copies import bring_copies, copied_from, fingerprint, keep_aside
from destructure.files import SHIPPED, course_folder, free, work_folder

PACKAGES = ("pyproject.toml", "constraints.txt")
_NOT_THE_COURSE = {".git", ".venv", "work", "build"}


def update(source: str | None) -> list[str]:
    """Bring the newer course and then the learner's copies; return what was done, a sentence each.

    Args:
        source: path of a folder or zip with the newer course; by default the clone's own origin.

    Raises:
        ValueError: if that is not possible; the message says why and what to do. The course is then as it was.
    """
    course = course_folder()
    if course.name == SHIPPED:
        done = ["The course is installed as a package: whoever installed it brings a newer one, with pip."]
    else:
        before = _contents(course, PACKAGES)
        done = _from_git(course) if source is None else _from_path(course, Path(source).expanduser())
        if _contents(course, PACKAGES) != before:
            install = f'{Path(sys.executable).name} -m pip install -c constraints.txt -e ".[all]"'
            done.append(f"It wants other packages: run make lab, or {install}.")
    return [*done, *bring_copies(), f"Your notebooks are in {work_folder()}."]


def _from_git(course: Path) -> list[str]:
    if not (course / ".git").exists() or shutil.which("git") is None:
        lack = (
            "Git is not installed" if (course / ".git").exists() else "This course is not a clone made by git"
        )
        raise ValueError(
            f"{lack}, so it cannot fetch a newer one; download that as a zip, then run: python -m destructure update "
            "PATH-OF-THE-ZIP"
        )
    _git(course, "fetch", why="A newer course could not be fetched; is there a network? Nothing was changed.")
    newer = _git(course, "rev-parse", "@{upstream}", why="This clone's branch follows none of another place.")
    if newer == _git(course, "merge-base", "HEAD", newer, why="This clone has another history."):
        return ["The course is up to date."]
    done = []
    for name in _git(course, "diff", "--name-only", "HEAD", "--", "notebooks").splitlines():
        if name.endswith(".ipynb") and name.count("/") == 1:
            original = _git(course, "show", f"HEAD:{name}", why="The clone is damaged.", text=False)
            done += _rescue(course / name, fingerprint(original))
            _git(course, "checkout", "--quiet", "HEAD", "--", name)
    why = "Git could not bring the newer course; files of the course itself were changed here: git status "
    why += "lists them, git stash puts them aside. Then update again."
    _git(course, "merge", "--ff-only", newer, why=why)
    return ["The newer course is here.", *done]


def _git(course: Path, *words: str, why: str = "Git failed.", text: bool = True):
    """What git answers, as text or bytes."""
    command = ["git", "-C", str(course), "-c", "core.quotePath=off", *words]
    answer = subprocess.run(command, capture_output=True, env=os.environ | {"LC_ALL": "C"}, check=False)
    if answer.returncode:
        said = answer.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise ValueError(f"{why} (git {words[0]}: {said[-1]})")
    return answer.stdout.decode().strip() if text else answer.stdout


def _rescue(notebook: Path, original: str | None) -> list[str]:
    """Keep what a learner changed in a notebook of the course itself."""
    if not notebook.is_file() or fingerprint(notebook.read_bytes()) == original:
        return []
    kept = keep_aside(notebook, notebook.name)
    return [f"You had changed {notebook.name} in the folder notebooks; your version is now {kept}."]


def _from_path(course: Path, source: Path) -> list[str]:
    """Put the newer course in the place of this one, which is kept whole in the work folder."""
    if not source.exists():
        raise ValueError(f"There is nothing at {source}; give the path of the newer course, a folder or zip.")
    aside = free(work_folder() / f"course-before-{date.today()}")
    with tempfile.TemporaryDirectory(dir=course, prefix=".newer-course-") as stage:
        try:
            newer = _copy_of(source, course, Path(stage))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as problem:
            raise ValueError(
                f"{source.name} is no zip that can be read ({problem}); download it again. Nothing was changed."
            ) from None
        except (OSError, shutil.Error) as error:
            raise ValueError(
                f"The newer course could not be copied ({error}); nothing was changed."
            ) from None
        done = []
        for notebook in sorted((course / "notebooks").glob("*.ipynb")):
            if original := copied_from(notebook.name):
                done += _rescue(notebook, original)
        aside.mkdir(parents=True)
        try:
            for new in newer.iterdir():
                if new.name not in _NOT_THE_COURSE:
                    if (course / new.name).exists():
                        shutil.move(course / new.name, aside / new.name)
                    new.rename(course / new.name)
        except OSError as problem:  # on Windows, a file that a program has open
            for old in aside.iterdir():
                if (course / old.name).exists():
                    (course / old.name).rename(newer / old.name)
                shutil.move(old, course / old.name)
            raise ValueError(f"The course could not be exchanged ({problem}); it is as it was.") from None
    return [
        f"The newer course is here. The earlier one is kept whole in {aside}; delete it when you like.",
        *done,
    ]


def _copy_of(source: Path, course: Path, stage: Path) -> Path:
    """A copy of the newer course inside `stage`."""
    if source.is_dir():
        if source.resolve() == course:
            raise ValueError(f"{source} is this course itself; give the path of a newer one.")
        shutil.copytree(source, stage / "course", ignore=shutil.ignore_patterns(*_NOT_THE_COURSE))
    else:
        with zipfile.ZipFile(source) as archive:
            archive.extractall(stage)
    for folder in (stage, *stage.iterdir()):
        if all((folder / part).is_dir() for part in ("lib/destructure", "notebooks/exercises", "data")):
            return folder
    raise ValueError(f"{source} holds no course (folders lib, notebooks and data); nothing was changed.")


def _contents(course: Path, names: tuple[str, ...]) -> list[bytes]:
    return [(course / name).read_bytes() for name in names if (course / name).exists()]
