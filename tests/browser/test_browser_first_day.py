"""The first day and the update, in JupyterLab as `make lab` starts it, on a fresh copy of the whole course."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from conftest import wait_for

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
TOKEN = "course"
SECONDS_FOR_A_NOTEBOOK = 120
ANSWERED, CHANGED, UNTOUCHED = "00_study_the_change", "01_compute_trends", "02_structure_and_compute"
RUN_ALL = """async () => {
    await jupyterapp.shell.currentWidget.context.sessionContext.ready;
    await jupyterapp.commands.execute('notebook:run-all-cells');
}"""
SAVE = "() => jupyterapp.commands.execute('docmanager:save')"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """What a learner has after the installation."""
    folder = tmp_path_factory.mktemp("fresh") / "destructure"
    for part in ("lib", "notebooks", "data"):
        shutil.copytree(
            ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", ".running")
        )
    return folder


def environment(course):
    own = {name: value for name, value in os.environ.items() if name != "DESTRUCTURE_WORK"}
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(course.parent / "settings")}  # of a user who has none yet
    return own | settings | {"PYTHONPATH": str(course / "lib")}


@contextmanager
def lab(course):
    """Run `python -m destructure lab`; yields the address of the server and what it printed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--no-browser", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    command = [sys.executable, "-m", "destructure", "lab", *options, "--LabApp.expose_app_in_browser=True"]
    log = course.parent / "lab.log"
    with log.open("w") as output:
        there = {"cwd": course.parent, "env": environment(course), "start_new_session": True}
        process = subprocess.Popen(command, stdout=output, stderr=output, **there)
        try:
            wait_for(f"http://127.0.0.1:{port}/api?token={TOKEN}", log)
            yield f"http://127.0.0.1:{port}", log
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # the server that it has started, too
            process.wait(30)


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
    with lab(course) as (address, log):
        assert f"Your notebooks and answers are in {course / 'work'}" in log.read_text()
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
    with lab(course) as (address, _):
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
