"""The gate catches what it must: deliberately broken notebooks, each by the right means."""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from destructure.course.contents import written_lessons
from destructure.course.gate import inspect
from destructure.course.notebooks import execute, nobodys_work_folder

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def healthy():
    """A small executed notebook that passes everything."""
    notebook = v4.new_notebook(
        cells=[
            v4.new_markdown_cell("# A lesson"),
            v4.new_code_cell("answer = 6 * 7\nprint('the answer is', answer)"),
            v4.new_code_cell("{'shape': (2, 3)}"),
        ]
    )
    execute(notebook, ROOT)
    return notebook


@pytest.fixture
def notebook(healthy):
    return nbformat.from_dict(healthy)


def save(notebook, folder):
    path = folder / "lesson.ipynb"
    nbformat.write(notebook, path)
    return path


def compare(path):
    """Run strict nbval on one notebook, as `make test` does."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    command += [
        "--nbval",
        "--nbval-current-env",
        "--nbval-sanitize-with",
        str(ROOT / "tests/nbval_sanitize.cfg"),
    ]
    with nobodys_work_folder():
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_a_healthy_notebook_passes_both(notebook, tmp_path):
    path = save(notebook, tmp_path)
    report = inspect(path)
    assert report.faults == []
    assert (report.compared, report.ignored) == (2, 0)
    result = compare(path)
    assert result.returncode == 0, result.stdout
    assert "2 passed" in result.stdout


def never_run(cells):
    cells[2].execution_count, cells[2].outputs = None, []


def out_of_order(cells):
    cells[1].execution_count, cells[2].execution_count = 2, 1


def stored_exception(cells):
    cells[2].outputs = [v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])]


def forbidden_tag(cells):
    cells[1].metadata["tags"] = ["nbval-skip"]


def tag_on_text(cells):
    cells[0].metadata["tags"] = ["my-own-tag"]


def everything_ignored(cells):
    for cell in cells[1:]:
        cell.metadata["tags"] = ["nbval-ignore-output"]


def trailing_semicolon(cells):
    cells[2].source += ";"


def output_widget(cells):
    cells[2].source = "import ipywidgets\nbox = ipywidgets.Output()"


def interact_decorator(cells):
    cells[2].source = "from ipywidgets import interact\n@interact(x=3)\ndef f(x):\n    pass"


def interact_call(cells):
    cells[2].source = "interact(print, x=3)"


def clear_output(cells):
    cells[2].source = "IPython.display.clear_output()"


def asks_for_input(cells):
    cells[2].source = "name = input('your name')"


def writes_to_stderr(cells):
    cells[2].outputs = [v4.new_output("stream", name="stderr", text="UserWarning")]


def names_a_local_path(cells):
    cells[2].outputs = [v4.new_output("stream", name="stdout", text="saved to /home/someone/model")]


FAULTS = {
    never_run: "never run",
    out_of_order: "ran as number 2",
    stored_exception: "stores an error (ZeroDivisionError)",
    forbidden_tag: "tag 'nbval-skip'",
    tag_on_text: "tag 'my-own-tag'",
    everything_ignored: "ignore their output",
    trailing_semicolon: "ends in ';'",
    output_widget: "uses Output",
    interact_decorator: "uses interact",
    interact_call: "uses interact",
    clear_output: "uses clear_output",
    asks_for_input: "uses input",
    writes_to_stderr: "stderr",
    names_a_local_path: "path of one machine",
}


@pytest.mark.parametrize("break_it", FAULTS, ids=lambda function: function.__name__)
def test_the_rules_catch(break_it, notebook, tmp_path):
    break_it(notebook.cells)
    report = inspect(save(notebook, tmp_path))
    assert any(FAULTS[break_it] in fault for fault in report.faults), report.faults


@pytest.mark.parametrize(
    ("metadata", "fault"),
    [
        ({"kernelspec": {"name": "my-env", "display_name": "mine"}}, "kernelspec is 'my-env'"),
        (
            {
                "kernelspec": {"name": "python3", "display_name": "Python 3"},
                "widgets": {"application/vnd.jupyter.widget-state+json": {"version_major": 2}},
            },
            "no state",
        ),
    ],
    ids=["kernelspec", "widget state"],
)
def test_the_rules_catch_metadata(metadata, fault, notebook, tmp_path):
    notebook.metadata = nbformat.from_dict(metadata)
    assert any(fault in each for each in inspect(save(notebook, tmp_path)).faults)


def test_a_file_that_is_no_notebook_is_a_fault(tmp_path):
    path = tmp_path / "lesson.ipynb"
    path.write_text("{")
    assert "not a valid notebook" in inspect(path).faults[0]


def changed_text(cells):
    cells[1].outputs[0].text = "the answer is 43\n"


def changed_result(cells):
    cells[2].outputs[0].data["text/plain"] = "{'shape': (3, 2)}"


def raises_now(cells):
    cells[2].source = "1 / 0"


def prints_more_now(cells):
    cells[2].source += "\nprint('surprise')\nNone"


@pytest.mark.parametrize(
    "break_it", [changed_text, changed_result, raises_now, prints_more_now], ids=lambda f: f.__name__
)
def test_the_comparison_catches(break_it, notebook, tmp_path):
    break_it(notebook.cells)
    result = compare(save(notebook, tmp_path))
    assert result.returncode == 1, result.stdout
    assert "1 failed" in result.stdout


def test_nbval_alone_would_not_notice_a_cell_that_was_never_run(notebook, tmp_path):
    """Why the rules exist: if this ever fails, nbval has learned to see it and a rule can go."""
    never_run(notebook.cells)
    assert compare(save(notebook, tmp_path)).returncode == 0


@pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)
def test_the_course_obeys_the_rules(lesson):
    report = inspect(lesson.file)
    print(report)
    assert report.faults == []
