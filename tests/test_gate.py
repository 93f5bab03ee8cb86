"""The gate catches what it must: deliberately broken notebooks, each by the right means."""

import re
import subprocess
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import nbformat
import pandas as pd
import pytest
from nbformat import v4

from destructure.course.contents import written_lessons
from destructure.course.gate import inspect
from destructure.course.notebooks import execute, nobodys_work_folder
from destructure.course.testing import COMPARE_OUTPUTS, PYTEST, TWO_WORKERS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def healthy():
    """A small executed notebook that passes everything."""
    first = v4.new_code_cell("answer = 6 * 7\nprint('the answer is', answer)")
    notebook = v4.new_notebook(cells=[first, v4.new_code_cell("{'shape': (2, 3), 'same': answer}")])
    execute(notebook, ROOT)
    return notebook


@pytest.fixture
def notebook(healthy):
    return nbformat.from_dict(healthy)


def save(notebook, path):
    nbformat.write(notebook, path)
    return path


def test_the_rules_pass_a_healthy_notebook(notebook, tmp_path):
    report = inspect(save(notebook, tmp_path / "lesson.ipynb"))
    assert report.faults == []
    assert (report.compared, report.ignored) == (2, 0)


def stream(name, text):
    return [v4.new_output("stream", name=name, text=text)]


ERROR = [v4.new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])]
FAULTS = {
    "never run": ({"execution_count": None, "outputs": []}, "never run"),
    "out of order": ({"execution_count": 3}, "ran as number 3"),
    "stored exception": ({"outputs": ERROR}, "stores an error (ZeroDivisionError)"),
    "forbidden tag": ({"metadata": {"tags": ["nbval-skip"]}}, "tag 'nbval-skip'"),
    "unknown tag": ({"metadata": {"tags": ["my-own-tag"]}}, "tag 'my-own-tag'"),
    "too much ignored": ({"metadata": {"tags": ["nbval-ignore-output"]}}, "ignore their output"),
    "trailing semicolon": ({"source": "answer;"}, "ends in ';'"),
    "output widget": ({"source": "import ipywidgets\nbox = ipywidgets.Output()"}, "uses Output"),
    "interact above a function": ({"source": "@interact(x=3)\ndef f(x):\n    pass"}, "uses interact"),
    "interact above, bare": ({"source": "@widgets.interact\ndef f(x):\n    pass"}, "uses interact"),
    "interact called": ({"source": "interact(print, x=3)"}, "uses interact"),
    "clear_output": ({"source": "IPython.display.clear_output()"}, "uses clear_output"),
    "input": ({"source": "name = input('your name')"}, "uses input"),
    "stderr": ({"outputs": stream("stderr", "UserWarning")}, "stderr"),
    "a local path": ({"outputs": stream("stdout", "saved to /home/someone/model")}, "path of one machine"),
    "no Python": ({"source": "for"}, "not valid Python"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_rules_catch(name, notebook, tmp_path):
    changes, fault = FAULTS[name]
    notebook.cells[1].update(nbformat.from_dict(changes))
    report = inspect(save(notebook, tmp_path / "lesson.ipynb"))
    assert any(fault in each for each in report.faults), report.faults


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"kernelspec": {"name": "my-env", "display_name": "mine"}}, "kernelspec is 'my-env'"),
        ({"widgets": {"application/vnd.jupyter.widget-state+json": {"version_major": 2}}}, "no state"),
    ],
    ids=["kernelspec", "widget state"],
)
def test_the_rules_catch_metadata(changes, fault, notebook, tmp_path):
    notebook.metadata.update(nbformat.from_dict(changes))
    report = inspect(save(notebook, tmp_path / "lesson.ipynb"))
    assert any(fault in each for each in report.faults)


def test_a_file_that_is_no_notebook_is_a_fault(tmp_path):
    path = tmp_path / "lesson.ipynb"
    path.write_text("{")
    assert "not a valid notebook" in inspect(path).faults[0]


def changed_result(cell):
    cell.outputs[0].data["text/plain"] = "{'shape': (3, 2), 'same': 42}"


PLANTED = {
    "healthy": lambda cell: None,
    "changed_text": lambda cell: cell.update(outputs=stream("stdout", "the answer is 43\n")),
    "changed_result": changed_result,
    "raises_now": lambda cell: cell.update(source="1 / 0"),
    "prints_more_now": lambda cell: cell.update(source=cell.source + "\nprint('surprise')\nNone"),
    # Why the rules exist: if nbval learns to see a cell that was never run, a rule can go.
    "never_run": lambda cell: cell.update(execution_count=None, outputs=[]),
}


@pytest.fixture(scope="module")
def compared(healthy, tmp_path_factory):
    """File → how many of its cells passed and failed, compared as `make test` does it: strictly, on two workers."""
    folder = tmp_path_factory.mktemp("planted")
    for name, plant in PLANTED.items():
        notebook = nbformat.from_dict(healthy)
        plant(notebook.cells[1])
        save(notebook, folder / f"{name}.ipynb")
    results = folder / "results.xml"
    command = [*PYTEST, *TWO_WORKERS, str(folder), *COMPARE_OUTPUTS, f"--junitxml={results}"]
    with nobodys_work_folder():
        finished = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert finished.returncode == 1, finished.stdout
    counts = {name: Counter() for name in PLANTED}
    for case in ElementTree.parse(results).iter("testcase"):
        where = case.get("classname") + "." + case.get("name")
        (name,) = [name for name in PLANTED if name in where]
        counts[name]["failed" if case.find("failure") is not None else "passed"] += 1
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_the_comparison_fails_where_it_must_and_only_there(name, compared):
    """The second cell of each notebook uses what the first defines, so the order is kept as well."""
    passes = name in ("healthy", "never_run")
    assert compared[name] == ({"passed": 2} if passes else {"passed": 1, "failed": 1})


@pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)
def test_the_course_obeys_the_rules(lesson):
    report = inspect(lesson.file)
    print(report)
    assert report.faults == []


# --- what is claimed is shown ------------------------------------------------------------------------------------


def shown(cells):
    """What cells print and the tables they show, as text."""
    outputs = [each for cell in cells for each in cell.get("outputs", ())]
    return "".join(each.get("text", "") + each.get("data", {}).get("text/html", "") for each in outputs)


@pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)
def test_a_claim_shows_its_number_and_a_reveal_what_is_behind_it(lesson):
    """A tick alone is no result: a cell that states a fact prints a value, too, or shows a table. Nor is one line."""
    cells = [cell for cell in nbformat.read(lesson.file, 4).cells if cell.cell_type == "code"]
    reveals = [cell for cell in cells if "reveal(" in cell.source]
    claims = [cell for cell in cells if "fact(" in cell.source and cell not in reveals]
    assert claims
    bare = [cell.source for cell in claims if not re.search(r"(?<!\w)\d", shown([cell]))]
    assert len(bare) <= {"11": 4}.get(lesson.number, 0), bare  # that figure may only fall
    assert [cell.source for cell in reveals if "data=" not in cell.source] == []


def test_a_band_holds_the_same_run_under_other_kernels_threads_and_seeds():
    """Rows of live_bands.csv: a notebook that narrows a band, so that it is none of these, has to measure anew."""
    rows = pd.read_csv(ROOT / "data/results/live_bands.csv", dtype={"notebook": str})
    assert {*rows.kernels} == {"AVX512", "AVX2"}
    assert {*rows.threads} == {1, 2}
    printed = {each.number: shown(nbformat.read(each.file, 4).cells) for each in written_lessons()}
    for row in rows.itertuples():
        low, high = (float(end.strip("%")) / (100 if "%" in end else 1) for end in row.band.split(" to "))
        assert low <= row.value <= high, row
        assert row.band in printed[row.notebook], row
