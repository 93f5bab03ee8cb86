"""A newer course by git, folder and zip: what arrives, what is kept, and one sentence where it cannot be done."""

import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path

import pytest

from test_course_copies import change, last_source, run, write

ROOT = Path(__file__).parents[1]
NAMES = ("00_a.ipynb", "01_b.ipynb", "02_c.ipynb", "03_d.ipynb")
IDENTITY = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]


def git(folder, *words):
    command = ["git", *IDENTITY, "-C", folder, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def make_course(folder, version):
    """A small course with the real library."""
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    shutil.copytree(ROOT / "lib", folder / "lib", ignore=ignored)
    (folder / "notebooks" / "exercises").mkdir(parents=True)
    (folder / "notebooks" / "exercises" / "README").write_text(version)
    (folder / "data").mkdir()
    (folder / "data" / "table.csv").write_text(version)
    (folder / ".gitignore").write_text("work/\n.venv/\n__pycache__/\n")
    for name in NAMES:
        write(folder / "notebooks" / name, version)
    return folder


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("courses") / "first", "first")


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    folder = make_course(tmp_path_factory.mktemp("courses") / "second", "second")
    (folder / "notebooks" / "04_e.ipynb").write_bytes((folder / "notebooks" / "00_a.ipynb").read_bytes())
    return folder


@pytest.fixture
def origin(first, tmp_path):
    """A repository at the first version."""
    folder = tmp_path / "origin"
    shutil.copytree(first, folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    return folder


@pytest.fixture
def clone(origin, tmp_path):
    subprocess.run(["git", "clone", "--quiet", origin, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=version")


def publish(origin, second):
    shutil.copytree(second, origin, dirs_exist_ok=True)
    commit(origin)


def call(course, *words, **environment):
    """Run a command of the course that lies in that folder."""
    own = {name: value for name, value in os.environ.items() if name != "DESTRUCTURE_WORK"}
    own |= {"PYTHONPATH": str(course / "lib"), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    command = [sys.executable, "-m", "destructure", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=course, env=own, check=False)


def update(course, *words, **environment):
    done = call(course, "update", *map(str, words), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(course, *words, **environment):
    """The one sentence; and nothing in the course has changed."""
    before = snapshot(course)
    done = call(course, "update", *map(str, words), **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert snapshot(course) == before
    return done.stderr


def snapshot(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path: path.read_bytes() for path in files}


def test_a_clone_is_updated_and_the_copies_follow(origin, clone, second):
    assert "up to date" in update(clone)
    run(clone / "work" / NAMES[1])
    change(clone / "work" / NAMES[2], "my answer")
    (clone / "work" / "answers.json").write_text("my answers")
    publish(origin, second)
    told = update(clone)
    assert git(clone, "rev-parse", "HEAD") == git(origin, "rev-parse", "HEAD")
    assert [last_source(clone / "work" / name) for name in (*NAMES, "04_e.ipynb")] == ["second"] * 5
    (kept,) = (clone / "work").glob("*_yours-until-*")
    assert last_source(kept) == "my answer"
    assert kept.name in told
    assert (clone / "work" / "answers.json").read_text() == "my answers"
    assert git(clone, "status", "--porcelain") == ""
    assert "up to date" in update(clone)


def test_who_ran_the_courses_own_notebooks_is_brought_over(origin, clone, second):
    """The tree is dirty in every way JupyterLab and a stash leave it; git alone would refuse."""
    run(clone / "notebooks" / NAMES[0])
    change(clone / "notebooks" / NAMES[1], "my answer")
    (clone / "notebooks" / NAMES[2]).write_text("<<<<<<< Updated upstream\n{}\n=======\nmine\n")
    (clone / "notebooks" / NAMES[3]).unlink()
    git(clone, "add", f"notebooks/{NAMES[1]}")
    publish(origin, second)
    told = update(clone)
    assert git(clone, "status", "--porcelain") == ""
    assert last_source(clone / "notebooks" / NAMES[1]) == "second"
    kept = sorted((clone / "work").glob("*_yours-until-*"))
    assert [path.name[:2] for path in kept] == ["01", "02"]
    assert last_source(kept[0]) == "my answer"
    assert kept[1].read_text().endswith("mine\n")
    assert all(str(path) in told for path in kept)


def test_a_stash_that_left_conflicts_is_brought_over(origin, clone, second):
    change(clone / "notebooks" / NAMES[0], "my answer")
    git(clone, "stash")
    publish(origin, second)
    git(clone, "pull", "--quiet")
    popped = subprocess.run(["git", *IDENTITY, "-C", clone, "stash", "pop"], capture_output=True, check=False)
    assert popped.returncode == 1
    write(origin / "notebooks" / NAMES[0], "third")
    commit(origin)
    update(clone)
    assert last_source(clone / "notebooks" / NAMES[0]) == "third"
    (kept,) = (clone / "work").glob("*_yours-until-*")
    assert "my answer" in kept.read_text()


def test_the_first_version_without_this_command_is_brought_over(origin, clone, second):
    """What the README says to a clone that is older than `update`: three lines."""
    for course in (origin, clone):
        (course / "lib" / "destructure" / "course" / "update.py").unlink()
    commit(origin)
    subprocess.run(["rm", "-rf", clone], check=True)
    subprocess.run(["git", "clone", "--quiet", origin, clone], check=True)
    change(clone / "notebooks" / NAMES[0], "my answer")
    publish(origin, second)
    blocks = (ROOT / "README.md").read_text(encoding="utf-8").split("```")
    (shown,) = [block.replace('"', "").splitlines() for block in blocks if "@{upstream}" in block]
    for line in shown:
        if line.startswith("git "):
            git(clone, *line.split()[1:])
    told = update(clone)
    assert git(clone, "status", "--porcelain") == ""
    assert "newer course is here" in told
    (kept,) = (clone / "work").glob("*_yours-until-*")
    assert last_source(kept) == "my answer"


@pytest.mark.slow
def test_a_folder_or_a_zip_takes_the_place_of_a_course_that_is_no_clone(first, second, tmp_path):
    archive = tmp_path / "newer.zip"
    with zipfile.ZipFile(archive, "w") as file:  # as forges make them: everything in one folder
        for path in second.rglob("*"):
            file.write(path, Path("course-main") / path.relative_to(second))
    for source in (second, archive):
        course = tmp_path / f"by-{source.name}"
        shutil.copytree(first, course)
        (course / ".venv").mkdir()
        (course / "my notes.txt").write_text("mine")
        (course / "notebooks" / "my own.ipynb").write_text("mine, too")
        (course / "notebooks" / "exercises" / "gone").write_text("not in the newer course")
        done = call(course, "lab", "--version")
        assert done.returncode == 0, done.stderr
        change(course / "work" / NAMES[1], "my answer")
        change(course / "notebooks" / NAMES[2], "mine in the wrong folder")
        told = update(course, source)
        aside = course / "work" / f"course-before-{date.today()}"
        assert str(aside) in told
        assert (aside / "notebooks" / "my own.ipynb").read_text() == "mine, too"
        assert (aside / "data" / "table.csv").read_text() == "first"
        assert (course / "data" / "table.csv").read_text() == "second"
        assert (course / "my notes.txt").read_text() == "mine"
        assert not (course / "notebooks" / "exercises" / "gone").exists()
        assert (course / ".venv").is_dir()
        assert not list(course.glob(".newer-course-*"))
        kept = sorted((course / "work").glob("*_yours-until-*"))
        assert [last_source(path) for path in kept] == ["my answer", "mine in the wrong folder"]
        assert [last_source(course / "work" / name) for name in NAMES] == ["second"] * 4
        assert "course-before" in update(course, source)
        assert aside.with_name(f"{aside.name}-1").is_dir()


def test_other_packages_are_announced(first, second, tmp_path):
    course, newer = tmp_path / "course", tmp_path / "newer"
    shutil.copytree(first, course)
    shutil.copytree(second, newer)
    assert "wants other packages" not in update(course, newer)
    (newer / "constraints.txt").write_text("torch==3.0.0\n")
    assert "wants other packages" in update(course, newer)


def damaged_zips(folder):
    """Name → what the sentence says."""
    whole = folder / "whole.zip"
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        for part in ("lib/destructure/a.py", "notebooks/exercises/a.md", "data/a.csv"):
            file.writestr(f"course/{part}", part * 300)
    content = whole.read_bytes()
    (folder / "text.zip").write_text("a page that says: sign in first")
    (folder / "empty.zip").write_bytes(b"")
    (folder / "half.zip").write_bytes(content[: len(content) // 2])
    (folder / "bits.zip").write_bytes(content[:60] + b"\x00\xff\x55" + content[63:])
    locked = bytearray(content)
    for place in (6, content.find(b"PK\x01\x02") + 8):  # the flag of an encrypted file
        locked[place] |= 1
    (folder / "locked.zip").write_bytes(locked)
    with zipfile.ZipFile(folder / "other.zip", "w") as file:
        file.writestr("holiday.txt", "sun")
    broken = dict.fromkeys(
        ("text.zip", "empty.zip", "half.zip", "bits.zip", "locked.zip"), "no zip that can be read"
    )
    return broken | {"other.zip": "holds no course", "missing.zip": "There is nothing at"}


@pytest.mark.slow
def test_what_is_no_newer_course_is_refused_in_one_sentence(first, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(first, course)
    for name, reason in damaged_zips(tmp_path).items():
        assert reason in refused(course, tmp_path / name)
    assert "this course itself" in refused(course, course)
    (tmp_path / "folder").mkdir()
    assert "holds no course" in refused(course, tmp_path / "folder")


def test_a_course_that_is_no_clone_needs_a_path(first, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(first, course)
    assert "not a clone made by git" in refused(course)


def test_without_git_without_network_and_without_origin(origin, clone, tmp_path):
    change(clone / "notebooks" / NAMES[0], "my answer")
    assert "Git is not installed" in refused(clone, PATH=str(tmp_path))
    origin.rename(tmp_path / "moved")
    assert "is there a network?" in refused(clone)
    git(clone, "remote", "remove", "origin")
    assert "follows none" in refused(clone)


def test_changes_to_the_course_itself_are_left_to_git(origin, clone, second):
    publish(origin, second)
    (clone / "data" / "table.csv").write_text("mine")
    assert "git stash puts them aside" in refused(clone)
    git(clone, "checkout", "data")
    change(clone / "notebooks" / NAMES[0], "mine, as a commit")
    commit(clone)
    assert "Git could not bring the newer course" in refused(clone)
