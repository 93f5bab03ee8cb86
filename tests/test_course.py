"""The commands, the README's table, the doctor, and how fast things start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from typer.testing import CliRunner

from destructure.cli import app
from destructure.course import contents, notebooks, testing
from destructure.course.navigation import add_links
from destructure.course.notebooks import nobodys_work_folder
from destructure.exercises.catalogue import every

ROOT = Path(__file__).parents[1]


ADDED_BY_THE_COURSE = """
import time, torch
started = time.perf_counter()
import destructure
destructure.Transformer, destructure.Structure, destructure.TransformerConfig
print(time.perf_counter() - started)
"""


@pytest.mark.slow
def test_importing_the_course_adds_little_to_importing_torch():
    """The fastest of several fresh processes: what the machine can do when nothing else runs."""
    command = [sys.executable, "-c", ADDED_BY_THE_COURSE]
    trials = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(4)]
    assert min(map(float, trials)) < 0.3


@pytest.mark.parametrize("module", ["structure", "config", "cost", "exercises", "tasks", "trends", "show"])
def test_these_import_without_torch(module):
    program = f"import sys, destructure.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_doctor_reports_what_it_should():
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0, result.output
    words = ("Python", "torch", "processors", "ms per step", "[test]", "[chat_model]", "00 Study the change")
    for word in words:
        assert word in result.output


@pytest.mark.slow
def test_the_doctor_is_right_within_a_factor_of_one_and_a_half(tmp_path):
    """For the shortest notebook on this machine, in seconds of the processor, whatever else runs here."""
    before = notebooks._clocks()[1]
    notebooks.execute(nbformat.read(contents.lesson("00").file, 4), tmp_path)
    seconds = notebooks._clocks()[1] - before
    # In a process of its own: another test's thread may still be at work in this one.
    program = "import time, destructure.study.estimate as e; print(e.short_training(time.process_time)[0])"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    made = contents.measured().loc["00"]
    expected = made.seconds * float(said) / made.training_seconds
    assert expected / 1.5 < seconds < expected * 1.5


def test_an_unknown_notebook_gets_one_sentence():
    result = CliRunner().invoke(app, ["lab", "77"])
    assert result.exit_code == 2
    assert "There is no notebook '77'" in result.output


@pytest.mark.parametrize("name", contents.PAGES)
def test_pages_are_up_to_date(name):
    """Tables of notebooks and paths, addresses: where they are not, run python -m destructure readme."""
    page = (ROOT / name).read_text(encoding="utf-8")
    assert contents.filled(page, contents.PAGES[name]) == page
    for part in contents.PARTS:
        old = page.replace(f"<!-- {part}: begin -->", f"<!-- {part}: begin -->\nold")
        assert contents.filled(old, contents.PAGES[name]) == page


def test_a_part_of_a_page_that_does_not_end_is_told():
    with pytest.raises(ValueError, match="and none '<!-- paths: end -->'"):
        contents.filled("<!-- paths: begin -->", "")


def test_the_paths_take_what_they_say():
    """An hour is an hour, a weekend at most twelve of them; parts are real, and smaller than the whole."""
    hour, weekend, everything = re.findall(
        r"^- \*\*[^*]+: (\S+)\s(min|h)\*\*", contents.part("paths"), re.MULTILINE
    )
    assert (hour[1], weekend[1]) == ("min", "h")
    assert int(hour[0]) <= 60
    assert float(weekend[0]) <= 12 < float(everything[0])
    seven = contents.lesson("07")
    reading, exercises, runs = contents.minutes(seven)
    assert exercises == sum(one.minutes for one in every("07"))
    part = contents.minutes(seven, ["The table"], "prediction")
    assert (part[0] < reading / 2, part[1], part[2]) == (True, 0, runs)
    with pytest.raises(ValueError, match="no heading The chair"):
        contents.minutes(seven, ["The chair"])


def test_reading_is_words_lines_and_pictures(tmp_path, monkeypatch):
    picture = v4.new_output("display_data", {"image/png": "", "text/plain": ""})
    cells = [
        v4.new_markdown_cell("## A\n\n" + "word " * 299),
        v4.new_code_cell("x = 1\n\n" * 20, outputs=[picture]),
    ]
    monkeypatch.setattr(contents, "notebooks_folder", lambda: tmp_path)
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "01_planted.ipynb")
    assert contents.minutes(contents.lesson("01"))[:2] == (2 + 1 + 0.5, 0)


def test_every_notebook_was_timed():
    assert list(contents.measured().index) == [each.number for each in contents.written_lessons(extra=True)]


def test_no_notebook_takes_longer_than_three_minutes_or_more_memory_than_it_may():
    assert (contents.measured().seconds < 180).all()
    assert (contents.measured().gigabytes <= 1.2).all()


def test_each_notebook_begins_with_its_title_and_says_what_it_must():
    for lesson in contents.written_lessons():
        first = nbformat.read(lesson.file, 4).cells[0].source
        assert first.startswith(f"# {lesson.number} · {lesson.title}")
        for part in ("**Claim.**", "**You will be able to**", "**Before this**", "**Time**", "**Talk**"):
            assert part in first, f"{lesson.file.name} does not say {part}"
        text = "\n".join(cell.source for cell in nbformat.read(lesson.file, 4).cells)
        for heading in ("## What this does not show", "## Take away", "## References"):
            assert heading in text, f"{lesson.file.name} has no {heading}"


def test_every_notebook_carries_its_links():
    """Previous, contents and next, what it takes; each time stamp of the talk."""
    for lesson in contents.written_lessons(extra=True):
        notebook = nbformat.read(lesson.file, 4)
        before = [cell.source for cell in notebook.cells]
        add_links(notebook, lesson)
        made = [cell.source for cell in notebook.cells] == before
        assert made, f"{lesson.file.name}: run python -m destructure notebooks --links {lesson.number}"


def test_links_are_written_once_and_only_where_they_belong():
    texts = [
        "# 01 · T\n\n**Talk**: 7:31–9:06.",
        "At 6:02, `at 6:03`, [6:04](x), 10:1:30, 59:59.\n\n**Course**: old",
    ]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell(text) for text in texts])
    for _ in range(2):
        add_links(notebook, contents.lesson("01"))
        first, last = (cell.source for cell in notebook.cells)
        assert "**Talk**: [7:31–9:06](https://www.youtube.com/watch?v=orDKvo8h71o&t=451s)." in first
        assert (
            "At [6:02](https://www.youtube.com/watch?v=orDKvo8h71o&t=362s), `at 6:03`, [6:04](x), 10:1:30, 59:59."
            in last
        )
        for text in (first, last):
            assert text.count("**Course**") == 1
            assert (
                text.index("00_study_the_change.ipynb)")
                < text.index("[contents]")
                < text.index("02_structure")
            )


def test_notebooks_never_redefine_what_the_library_has():
    import destructure

    for lesson in contents.written_lessons():
        for cell in nbformat.read(lesson.file, 4).cells:
            for name in destructure.__all__:
                if cell.cell_type == "code":
                    assert f"def {name}(" not in cell.source
                    assert f"class {name}" not in cell.source


def test_slides_and_notes_are_in_the_cells():
    for lesson in contents.written_lessons():
        cells = nbformat.read(lesson.file, 4).cells
        slides = [cell for cell in cells if cell.metadata.get("slideshow", {}).get("slide_type") == "slide"]
        notes = [cell for cell in cells if cell.metadata.get("destructure", {}).get("notes")]
        assert len(slides) >= 5
        assert len(notes) >= 4


def test_the_work_folder_is_empty_while_notebooks_run_and_restored_after(monkeypatch, tmp_path):
    monkeypatch.setenv(notebooks.FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv(notebooks.STUDENT_VARIABLE, "somebody")
    with nobodys_work_folder() as folder:
        assert folder != tmp_path
        assert list(folder.iterdir()) == []
        assert notebooks.STUDENT_VARIABLE not in os.environ
        assert os.environ[notebooks.NOBODY_VARIABLE]
    assert os.environ[notebooks.FOLDER_VARIABLE] == str(tmp_path)
    assert os.environ[notebooks.STUDENT_VARIABLE] == "somebody"


def test_a_failing_notebook_is_left_as_it_was(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    path = folder / "00_broken.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")]), path)
    before = path.read_bytes()
    monkeypatch.setattr(contents, "notebooks_folder", lambda: folder)
    with pytest.raises(Exception, match="ZeroDivisionError"):
        notebooks.make(contents.LESSONS[0])
    assert path.read_bytes() == before


def test_executing_leaves_nothing_of_this_machine(tmp_path):
    notebook = v4.new_notebook(
        cells=[
            v4.new_code_cell("print('a')\nprint('b')", metadata={"collapsed": True, "tags": ["exercise"]})
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "mine"}, "custom": 1},
    )
    gigabytes = notebooks.execute(notebook, tmp_path)
    assert gigabytes is None or 0.01 < gigabytes < 1
    (cell,) = notebook.cells
    assert dict(cell.metadata) == {"tags": ["exercise"]}
    assert [output.text for output in cell.outputs] == ["a\nb\n"]
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert "version" not in notebook.metadata.language_info


def test_the_glossary_is_in_order_and_says_where_each_term_comes_from():
    rows = [
        line
        for line in (ROOT / "notebooks/glossary.md").read_text(encoding="utf-8").splitlines()
        if "|" in line
    ]
    terms = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]
    names = [term for term, _, _ in terms]
    assert names == sorted(names, key=str.lower)
    numbers = {lesson.number for lesson in contents.LESSONS}
    assert all(meaning and notebook in numbers for _, meaning, notebook in terms)


def test_terms_set_in_bold_in_a_lesson_are_in_the_glossary():
    glossary = (ROOT / "notebooks/glossary.md").read_text(encoding="utf-8").lower()
    terms = "teacher forcing/greedy decoding/exact match/cross-attention/terminal speed/drag/loss"
    for term in terms.split("/"):
        assert f"| {term} |" in glossary


@pytest.mark.parametrize(("extent", "count"), [("check", 4), ("test", 4), ("test-all", 5)])
def test_each_extent_runs_pytest_once_and_fails_if_anything_does(extent, count, monkeypatch):
    commands = {}
    monkeypatch.setattr(testing, "_run", lambda name, command: commands.setdefault(name, command) is None)
    assert testing.run_tests(extent, ["-k", "attention"]) == 0
    (tests,) = [command for command in commands.values() if "pytest" in command]
    assert len(commands) == count
    assert tests[-2:] == ["-k", "attention"]
    assert ("--quick" in tests, "--nbval" in tests) == (extent == "check", extent != "check")
    monkeypatch.setattr(testing, "_run", lambda name, command: int(name == "format"))
    assert testing.run_tests(extent, []) == 1


def test_an_unknown_extent_is_refused():
    with pytest.raises(ValueError, match="choose check, test or test-all"):
        testing.run_tests("some", [])


@pytest.mark.slow
def test_quick_leaves_out_what_is_slow_and_the_browser_comes_first():
    command = [*testing.PYTEST, "--collect-only", "tests/test_editions.py", "tests/browser", "notebooks"]

    def collected(*options):
        lines = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT, check=False)
        return [line for line in lines.stdout.splitlines() if "::" in line]

    everything, quick = collected(*testing.COMPARE_OUTPUTS), collected(*testing.COMPARE_OUTPUTS, "--quick")
    assert everything[0].startswith("tests/browser")
    assert {line.split("::")[0] for line in quick} == {"tests/test_editions.py"}
    assert not any("instructors_edition" in line for line in quick)


def test_verdicts_are_what_marked_cells_print(tmp_path, monkeypatch):
    cells = [v4.new_markdown_cell("## Whether it pays"), v4.new_code_cell("print('it does', 1 + 1)")]
    path = tmp_path / "00_verdicts.ipynb"
    monkeypatch.setattr(contents, "notebooks_folder", lambda: tmp_path)
    nbformat.write(v4.new_notebook(cells=[*cells, v4.new_code_cell("print('no verdict')")]), path)
    assert notebooks.verdicts(contents.LESSONS[0]) is None
    cells[1].metadata["destructure"] = {"verdict": True}
    nbformat.write(v4.new_notebook(cells=[*cells, v4.new_code_cell("print('no verdict')")]), path)
    assert notebooks.verdicts(contents.LESSONS[0]) == "\n\n".join(
        ["# 00 Study the change", "## Whether it pays", "it does 2"]
    )
