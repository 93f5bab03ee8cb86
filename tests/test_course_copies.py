"""A learner's copies of the notebooks: complete, cleared, linked; and never a word of a learner's lost."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from typer.testing import CliRunner

from destructure import files
from destructure.cli import app
from destructure.course import copies
from destructure.course.contents import written_lessons
from destructure.course.copies import bring_copies
from destructure.files import work_folder

ROOT = Path(__file__).parents[1]
UNREADABLE = (b"", b"{", b"[]", b"<<<<<<< HEAD\n{}", b"\xff\xfe", b"\xff\x00")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """The folder of a small course's notebooks."""
    folder = tmp_path / "course" / "notebooks"
    folder.mkdir(parents=True)
    monkeypatch.setattr(copies, "notebooks_folder", lambda: folder)
    return folder


def write(path, *sources, outputs=()):
    cells = [v4.new_markdown_cell("# Title")]
    cells += [v4.new_code_cell(source, outputs=list(outputs)) for source in sources]
    nbformat.write(v4.new_notebook(cells=cells), path)


def change(path, source):
    """What a learner does: a new text in the last cell."""
    notebook = nbformat.read(path, 4)
    notebook.cells[-1].source = source
    nbformat.write(notebook, path)


def run(path):
    """What JupyterLab does when cells are run and saved: outputs, counts, metadata, an empty cell at the end."""
    notebook = nbformat.read(path, 4)
    for cell in notebook.cells[2:]:
        cell.execution_count, cell.metadata["execution"] = 7, {"shell.execute_reply": "now"}
        cell.outputs = [v4.new_output("stream", text="5\n")]
    notebook.cells.append(v4.new_code_cell(""))
    notebook.metadata["widgets"] = {}
    nbformat.write(notebook, path)


def last_source(path):
    return nbformat.read(path, 4).cells[-1].source


def names(work):
    return sorted(path.name for path in work.iterdir() if path.suffix == ".ipynb")


# --- the real course's copies --------------------------------------------------------------------------------------


def test_every_notebook_is_copied_without_results(work):
    assert bring_copies() == []
    for lesson in written_lessons():
        notebook, original = nbformat.read(work / lesson.file.name, 4), nbformat.read(lesson.file, 4)
        nbformat.validate(notebook)
        assert notebook.cells[0].source == original.cells[0].source
        assert "Run → Run All Cells** to begin" in notebook.cells.pop(1).source
        assert [cell.source for cell in notebook.cells] == [cell.source for cell in original.cells]
        assert [cell.metadata for cell in notebook.cells] == [cell.metadata for cell in original.cells]
        assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in notebook.cells)


def test_links_and_pictures_work_in_the_copies(work):
    """Each relative link of a copied page leads to something that was copied, too."""
    bring_copies()
    found = 0
    for page in [*work.rglob("*.ipynb"), *work.rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        if page.suffix == ".ipynb":
            text = "\n".join(
                cell.source for cell in nbformat.reads(text, 4).cells if cell.cell_type == "markdown"
            )
        for link in re.findall(r"\]\(([^)\s]+)[^)]*\)|<img[^>]+src=\"([^\"]+)\"", text):
            name = "".join(link).split("#")[0]
            if name and not re.match(r"\w+:|//", name):
                assert (page.parent / name).exists(), f"{page.name} links to {name}"
                found += 1
    assert found >= 5


def test_pictures_that_no_page_shows_are_not_copied(work):
    """They are other pages' pictures, and show the results that a learner is asked to predict."""
    bring_copies()
    assert not list(work.rglob("crossing.png"))


def test_copies_made_twice_are_the_same(work):
    bring_copies()
    before = {path: path.read_bytes() for path in work.rglob("*") if path.is_file()}
    assert bring_copies() == []
    assert {path: path.read_bytes() for path in work.rglob("*") if path.is_file()} == before


# --- from one version to the next ----------------------------------------------------------------------------------


def test_an_unchanged_copy_is_replaced_and_a_changed_one_kept_beside_the_new_one(work, notebooks):
    for name in ("00_a.ipynb", "01_b.ipynb", "02_c.ipynb", "03_d.ipynb"):
        write(notebooks / name, "first")
    bring_copies()
    run(work / "01_b.ipynb")
    change(work / "02_c.ipynb", "my answer")
    change(work / "03_d.ipynb", "my answer, too")
    for name in ("00_a.ipynb", "01_b.ipynb", "02_c.ipynb"):
        write(notebooks / name, "second")
    told = bring_copies()
    assert [last_source(work / f"0{n}.ipynb") for n in ("0_a", "1_b", "2_c")] == ["second"] * 3
    assert last_source(work / "03_d.ipynb") == "my answer, too", "the course's notebook has not changed"
    (kept,) = set(names(work)) - {path.name for path in notebooks.iterdir()}
    assert kept.startswith("02_yours-until-2")
    assert last_source(work / kept) == "my answer"
    assert [line.split(" ")[0] for line in told] == ["00_a.ipynb", "01_b.ipynb", "02_c.ipynb"]
    assert kept in told[2]
    assert bring_copies() == []


def test_a_second_change_on_the_same_day_is_kept_as_well(work, notebooks):
    for version in range(4):
        write(notebooks / "00_a.ipynb", f"version {version}")
        bring_copies()
        change(work / "00_a.ipynb", f"mine {version}")
    kept = [last_source(path) for path in work.glob("*_yours-until-*")]
    assert sorted(kept) == ["mine 0", "mine 1", "mine 2"]


def test_notes_in_the_line_that_says_how_to_begin_are_kept(work, notebooks):
    write(notebooks / "00_a.ipynb", "first")
    bring_copies()
    notebook = nbformat.read(work / "00_a.ipynb", 4)
    notebook.cells[1].source += " My notes."
    nbformat.write(notebook, work / "00_a.ipynb")
    write(notebooks / "00_a.ipynb", "second")
    bring_copies()
    (kept,) = work.glob("*_yours-until-*")
    assert "My notes." in kept.read_text()


def test_a_deleted_copy_is_made_afresh(work, notebooks):
    write(notebooks / "00_a.ipynb", "first")
    bring_copies()
    (work / "00_a.ipynb").unlink()
    bring_copies()
    assert last_source(work / "00_a.ipynb") == "first"


def test_a_notebook_gone_from_the_course_goes_only_if_it_is_unchanged(work, notebooks):
    for name in ("00_a.ipynb", "01_b.ipynb"):
        write(notebooks / name, "first")
    bring_copies()
    change(work / "01_b.ipynb", "mine")
    for path in list(notebooks.iterdir()):
        path.unlink()
    bring_copies()
    assert names(work) == ["01_b.ipynb"]


def test_a_learners_own_file_of_the_same_name_is_kept(work, notebooks):
    work.mkdir()
    write(work / "10_chat.ipynb", "mine")
    (work / "glossary.md").write_text("my words")
    write(notebooks / "10_chat.ipynb", "the course's")
    (notebooks / "glossary.md").write_text("the course's words")
    bring_copies()
    kept = sorted(work.glob("*_yours-until-*"))
    assert [path.name[:2] for path in kept] == ["10", "gl"]
    assert last_source(kept[0]) == "mine"
    assert kept[1].read_text() == "my words"


@pytest.mark.parametrize("damage", [*UNREADABLE, b'{"schema": 1}', b'{"schema": 1, "copied_from": 3}'])
def test_without_a_readable_record_everything_counts_as_changed(work, notebooks, damage):
    write(notebooks / "00_a.ipynb", "first")
    bring_copies()
    (work / ".copies.json").write_bytes(damage)
    write(notebooks / "00_a.ipynb", "second")
    bring_copies()
    assert sorted(map(last_source, work.glob("00_*"))) == ["first", "second"]


@pytest.mark.parametrize("damage", [*UNREADABLE, b'{"cells": 3}', b'{"cells": [{}]}'])
def test_a_damaged_copy_is_kept_byte_for_byte(work, notebooks, damage):
    write(notebooks / "00_a.ipynb", "first")
    bring_copies()
    (work / "00_a.ipynb").write_bytes(damage)
    write(notebooks / "00_a.ipynb", "second")
    bring_copies()
    (kept,) = work.glob("*_yours-until-*")
    assert kept.read_bytes() == damage


def test_a_damaged_notebook_of_the_course_is_named_with_the_way_out(work, notebooks):
    (notebooks / "notes of mine.ipynb").write_text("no notebook of the course, so it does not matter")
    assert bring_copies() == []
    (notebooks / "00_a.ipynb").write_text("<<<<<<< Updated upstream")
    result = CliRunner().invoke(app, ["lab"])
    assert result.exit_code == 2
    assert "00_a.ipynb is damaged" in result.output
    assert "git checkout HEAD -- notebooks/00_a.ipynb" in result.output


def test_a_record_of_a_newer_version_stops_with_one_sentence(work, notebooks):
    write(notebooks / "00_a.ipynb", "first")
    bring_copies()
    change(work / "00_a.ipynb", "mine")
    (work / ".copies.json").write_text('{"schema": 2, "copied_from": {}, "more": 1}')
    before = {path: path.read_bytes() for path in work.iterdir()}
    write(notebooks / "00_a.ipynb", "second")
    result = CliRunner().invoke(app, ["lab"])
    assert result.exit_code == 2
    assert "newer version of the course (schema 2" in result.output
    assert "DESTRUCTURE_WORK" in result.output
    assert {path: path.read_bytes() for path in work.iterdir()} == before


@pytest.mark.slow
def test_whatever_happens_nothing_a_learner_wrote_is_lost(work, notebooks):
    """Random lives: the course changes, grows and shrinks, the learner edits, runs, saves, loses the record."""
    for seed in range(20):
        chance, written = random.Random(seed), set()
        for path in [*notebooks.iterdir(), *(work.iterdir() if work.exists() else ())]:
            path.unlink()
        for step in range(12):
            name = f"0{chance.randrange(2)}_a.ipynb"
            match chance.randrange(6):
                case 0 | 1:
                    write(notebooks / name, f"course {seed} {step}")
                case 2 if (notebooks / name).exists():
                    (notebooks / name).unlink()
                case 3 if (work / name).exists():
                    written.add(f"mine {seed} {step}")
                    change(work / name, f"mine {seed} {step}\n" + last_source(work / name))
                case 4 if (work / name).exists():
                    run(work / name)
                case 5 if (work / ".copies.json").exists() and chance.random() < 0.3:
                    (work / ".copies.json").unlink()
            bring_copies()
            kept = "\n".join(path.read_text() for path in work.glob("*.ipynb"))
            assert all(text in kept for text in written), (seed, step)
            assert {path.name for path in notebooks.iterdir()} <= {path.name for path in work.iterdir()}


# --- where the work folder is --------------------------------------------------------------------------------------


def test_the_work_folder_belongs_to_this_course_wherever_a_kernel_runs(tmp_path, monkeypatch):
    """A folder called notebooks beside the clone, the home folder, the clone's own folders: always the same."""
    monkeypatch.delenv("DESTRUCTURE_WORK", raising=False)
    monkeypatch.setattr(files, "_belongs_to_user", lambda folder: True)
    (tmp_path / "notebooks").mkdir()
    for folder in (tmp_path, tmp_path / "notebooks", ROOT, ROOT / "notebooks", ROOT / "lib"):
        monkeypatch.chdir(folder)
        assert work_folder() == ROOT / "work"


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.delenv("DESTRUCTURE_WORK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(files, "course_folder", lambda: tmp_path / "course")
    (tmp_path / "course").mkdir()
    return tmp_path / "course"


def test_two_users_of_one_installation_have_two_work_folders(course, tmp_path, monkeypatch):
    assert work_folder() == course / "work"
    (course / "work").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1, raising=False)
    assert work_folder() == tmp_path / "home" / "destructure-work"
    (course / "work").rmdir()
    assert work_folder() == tmp_path / "home" / "destructure-work"


def test_a_folder_that_cannot_be_written_is_not_chosen(course, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert work_folder() == tmp_path / "home" / "destructure-work"


def test_a_work_folder_that_has_become_read_only_stays_and_the_sentence_names_the_way_out(
    work, notebooks, monkeypatch
):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    write(notebooks / "00_a.ipynb", "first")
    monkeypatch.setattr(copies, "write_atomically", refuse)
    result = CliRunner().invoke(app, ["lab"])
    assert result.exit_code == 2
    assert "Permission denied" in result.output
    assert "DESTRUCTURE_WORK" in result.output


# --- installed as a package ----------------------------------------------------------------------------------------

INSTALLED = """
import json, sys
from destructure import load_table
from destructure.exercises.catalogue import every
from destructure.files import course_folder
print(json.dumps([len(list(every())), len(load_table("models")), str(course_folder())]))
"""


@pytest.mark.slow
def test_an_installed_wheel_carries_the_course(tmp_path):
    """Built without network, installed where a hub would have it, used from another folder by a user with a home."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    source = tmp_path / "source"  # so that no build folder is left in the course
    for folder in ("lib", "notebooks", "data"):
        shutil.copytree(
            ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    for name in ("pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    build = [
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        str(tmp_path),
        str(source),
    ]
    subprocess.run([*pip, *build], check=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    target, home = tmp_path / "site", tmp_path / "home"
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", target, wheel], check=True
    )
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if name != "DESTRUCTURE_WORK"}
    environment |= {"PYTHONPATH": str(target), "HOME": str(home)}

    def answer(*words):
        command = [sys.executable, *words]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=home, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    exercises, models, folder = json.loads(answer("-c", INSTALLED))
    assert exercises > 50
    assert models > 10
    assert folder == str(target / "destructure" / "shipped")
    assert (target / "bin" / "destructure").exists(), "the console script"
    told = answer("-m", "destructure", "update")
    assert f"Your notebooks are in {home / 'destructure-work'}." in told
    assert (home / "destructure-work" / "00_study_the_change.ipynb").exists()
