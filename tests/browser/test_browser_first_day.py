"""The first day and the update, in JupyterLab as `make lab` starts it, on a fresh copy of the whole course."""

import json
import shutil
import subprocess
import sys

import nbformat
import pytest

from running_lab import RUN_ALL, TOKEN, environment, fresh_course, lab_of

pytestmark = pytest.mark.browser

SECONDS_FOR_A_NOTEBOOK = 120
ANSWERED, CHANGED, UNTOUCHED = "00_study_the_change", "01_compute_trends", "02_structure_and_compute"
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return fresh_course(tmp_path_factory.mktemp("fresh"))


def open_notebook(page, address, name):
    page.goto(f"{address}/lab/tree/work/{name}.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")


def read(page, text):
    """See that a text stands on the page as a reader sees it."""
    page.locator(".jp-RenderedMarkdown").get_by_text(text).locator("visible=true").first.wait_for()


SCROLL = """id => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const shows = cell => cell.model.sharedModel.source.includes(`exercise("${id}"`);
    notebook.activeCellIndex = notebook.widgets.findIndex(shows);
    return notebook.scrollToItem(notebook.activeCellIndex, 'center');
}"""


def exercise(page, id):
    """The exercise, live and on the screen: JupyterLab draws only what is near it, and outputs above still grow."""
    found = page.locator(f'section[data-exercise="{id}"]')
    for _ in range(SECONDS_FOR_A_NOTEBOOK):
        page.evaluate(SCROLL, id)
        if found.get_by_role("textbox").count():
            break
        page.wait_for_timeout(1000)
    found.get_by_role("textbox").first.wait_for(timeout=10_000)
    return found


def test_first_day_and_update(course, page, pictures):
    page.set_default_timeout(SECONDS_FOR_A_NOTEBOOK * 1000)
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    with lab_of(course) as lab:
        address = lab.address
        assert f"Your notebooks and answers are in {course / 'work'}" in lab.log.read_text()
        page.goto(f"{address}/?token={TOKEN}")  # where the browser opens
        page.wait_for_selector(".jp-Notebook .jp-MarkdownCell")
        page.wait_for_url(f"**/lab/tree/work/{ANSWERED}.ipynb*")
        read(page, "to begin, and again whenever you come back")
        assert page.locator(".jp-OutputArea-output").count() == 0, (
            "a result stands there before anything was run"
        )
        page.screenshot(path=pictures / "first_page.png")
        page.evaluate(RUN_ALL)
        box = exercise(page, "00.number.hit")
        assert page.get_by_text("official Jupyter news").count() == 0
        box.get_by_role("textbox").fill("12.5")
        box.locator(".exercise-primary").click()
        box.locator(".exercise-feedback[data-state]").wait_for()
        page.screenshot(path=pictures / "first_answer.png")
        page.evaluate(SAVE)
        follow_links(page, address)
        change_last_cell(page, address, CHANGED)
    answers = json.loads((course / "work" / "answers.json").read_text())["answers"]
    assert answers["00.number.hit"]["score"] is not None
    assert all("127.0.0.1" in url or not url.startswith(("http", "ws")) for url in requests)

    told = update(course, newer_course(course))
    assert f"{CHANGED}.ipynb is new; your changed version is kept beside it" in told
    assert f"{UNTOUCHED}.ipynb is new; you had not changed yours." in told
    assert json.loads((course / "work" / "answers.json").read_text())["answers"] == answers
    (kept,) = (course / "work").glob("*_yours-until-*.ipynb")
    assert kept.name.startswith("01_yours-until-")
    with lab_of(course) as lab:
        address = lab.address
        for name, text in (
            (UNTOUCHED, "The newer course."),
            (CHANGED, "The newer course."),
            (kept.stem, "# mine"),
        ):
            open_notebook(page, address, name)
            page.locator(".jp-Notebook").get_by_text(text).first.wait_for(state="attached")
        open_notebook(page, address, ANSWERED)
        read(page, "The newer course.")
        page.evaluate(RUN_ALL)
        box = exercise(page, "00.number.hit")
        box.locator(".exercise-feedback[data-state]").wait_for()
        assert box.get_by_role("textbox").input_value() == "12.5", "the answer of the first day"
        page.screenshot(path=pictures / "after_the_update.png")


def follow_links(page, address):
    """The glossary opens from the copy, and the progress panel leads to the next notebook's copy."""
    open_notebook(page, address, ANSWERED)
    page.get_by_role("link", name="glossary").first.click()
    read(page, "teacher forcing")
    assert page.locator(".jp-MarkdownViewer").count() == 1


def change_last_cell(page, address, name):
    open_notebook(page, address, name)
    page.evaluate(
        """async () => {
            const notebook = jupyterapp.shell.currentWidget.content;
            const cells = notebook.widgets;
            cells[cells.length - 1].model.sharedModel.setSource('# mine');
            await jupyterapp.commands.execute('docmanager:save');
        }"""
    )


def newer_course(course):
    """The same course with a sentence more in three notebooks, as a zip's folder would have it."""
    folder = course.parent / "newer"
    for part in ("lib", "notebooks", "data"):
        shutil.copytree(course / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (ANSWERED, CHANGED, UNTOUCHED):
        path = folder / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(path, 4)
        notebook.cells[0].source += "\n\nThe newer course."
        nbformat.write(notebook, path)
    return folder


def update(course, source):
    command = [sys.executable, "-m", "destructure", "update", source]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=course, env=environment(course), check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
