"""Decks, handouts and a lecture's stage mode; site/checks/ looks at all of them in a browser."""

import json
import re
from types import SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat import v4

from destructure.course.contents import lesson
from destructure.exercises.catalogue import every
from destructure.files import course_folder


@pytest.fixture
def site(monkeypatch):
    monkeypatch.syspath_prepend(course_folder() / "site")


@pytest.mark.parametrize("kind", ["slides", "handout"])
def test_a_deck_and_a_handout_need_no_network_and_tell_nothing(site, tmp_path, kind):
    import editions

    editions.make(kind, ["12"], tmp_path)
    student, instructor = ((tmp_path / name / "12.html").read_text("utf-8") for name in ("", "instructor"))
    for page in (student, instructor):
        fetched = re.findall(r'<(?!a\b)\w+[^>]*? (?:src|href)="(?!data:)([^"]+)"', page)
        assert fetched
        assert all(not re.match(r"\w+:|//", each) for each in fetched)
        assert all(one.title in page.replace("&#39;", "'") for one in every("12"))
    for name in {each.removeprefix("shared/") for each in re.findall(r"shared/[\w.-]+", student)}:
        assert (tmp_path / "shared" / name).stat().st_size > 100
    shown = {"slides": ('data-open="0"', 'data-open="1"'), "handout": ("<details>", "<details open>")}[kind]
    assert [shown[0] in student, shown[1] in student, shown[1] in instructor] == [True, False, True]
    assert ('class="notes"' in student, 'class="notes"' in instructor) == (False, True)


def test_a_drawing_is_folded_and_nothing_else(site):
    import editions

    kept = "rows = [\n1,\n2,\n3,\n4]\nfor row in rows:\n    print(\n1,\n2,\n3,\n4)"
    source = f"{kept}\npicture = dots(\n    rows,\n    x='a',\n    y='b',\n)\npicture"
    assert editions.folded(source) == f"{kept}\npicture = dots(…)  # whole in the notebook\npicture"


@pytest.mark.parametrize("number", ["03", "07"])
def test_the_lectures_notebook_says_the_same_in_shorter_cells(site, number):
    import lecture

    cells = json.loads(lesson(number).file.read_text("utf-8"))["cells"]
    made = lecture.lecture(number, cells).cells[2:]

    def texts(cells, kind):
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == kind)
        return re.sub(r"\*\*Course\*\*.*|\s", "", text)  # without the line of neighbours

    for kind in ("markdown", "code"):
        assert texts(made, kind) == texts(cells, kind)
    long = [cell for cell in made if cell.cell_type == "markdown" and len(cell.source.split()) > 190]
    assert long == []
    assert not any(cell.get("outputs") for cell in made)


def test_on_stage_a_long_cell_shows_what_it_gave_and_the_others_run(site, monkeypatch, tmp_path, capsys):
    import stage

    long = "import time\ntime.sleep(0.3)\nruns.append(1)\nmodel['trained'] = True\nprint('trained once')"
    cells = ["runs, model = [], {}", long, "model = model if model else {'lost': True}", "print(len(runs))"]
    path = tmp_path / "07.ipynb"
    path.write_text(json.dumps(v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])))
    shell = InteractiveShell()
    monkeypatch.setattr(stage, "get_ipython", lambda: shell)
    monkeypatch.setattr("destructure.course.contents.lesson", lambda number: SimpleNamespace(file=path))
    monkeypatch.setattr(stage, "LONG", 0.25)
    seconds = stage.prepare("07")
    assert [seconds[cell] >= 0.25 for cell in cells] == [False, True, False, False]
    assert "4 cells" in (said := capsys.readouterr().out)
    assert "trained once" not in said

    def run(source):
        assert shell.run_cell(source).success
        return capsys.readouterr().out

    run(cells[0])
    assert shell.user_ns["model"] == {}
    shown = run(long)
    assert "trained once" in shown
    assert "Markdown" in shown
    assert shell.user_ns["model"] == {"trained": True}
    assert run(cells[3]) == "1\n"
    assert run(f"%%live\n{long}") == "trained once\n"
    assert run(cells[3]) == "2\n"
    assert run(f"{long}\nprint('changed')") == "trained once\nchanged\n"
    path.write_text(json.dumps(v4.new_notebook(cells=[v4.new_code_cell("1 / 0")])))
    with pytest.raises(ZeroDivisionError):
        stage.prepare("07")
