"""A rehearsal: notebook 07 as a lecture in JupyterLab, cell by cell, within the minutes of the guide's two plans."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import pytest

from destructure.course.contents import lesson
from destructure.exercises.catalogue import every
from destructure.files import course_folder

sys.path.insert(0, str(course_folder() / "site"))
import lecture
import stage

ROOT, NUMBER, TOKEN, WORDS_PER_MINUTE = course_folder(), "07", "lecture", 130
DECK = "window.jupyterapp.shell.currentWidget.content"
CELLS = f"""() => {DECK}.widgets.filter((one) => one.model.type === "code").map((one) => ({{
  source: one.model.sharedModel.getSource(), count: one.model.executionCount,
  outputs: one.model.outputs.toJSON() }}))"""
PLACE = f"() => {DECK}.activeCellIndex"
DONE = f"(place) => {DECK}.widgets[place].model.type !== 'code' || {DECK}.widgets[place].model.executionCount"
IDLE = """() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === "idle" """


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """The address of a running lecture."""
    monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'lib'}")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", "")
    path = lecture.prepare(lesson(NUMBER))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.open_browser=False",
    ]
    command = lecture.command(path, [*options, "--LabApp.expose_app_in_browser=True"])
    with open(tmp_path / "log", "w") as log:
        running = subprocess.Popen(command, cwd=path.parent, stdout=log, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/api?token={TOKEN}", timeout=2)
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.3)
            yield f"http://127.0.0.1:{port}/lab/tree/{path.name}?token={TOKEN}"
        finally:
            running.terminate()
            running.wait(30)


def shown(cell):
    """All that a cell shows as text."""
    parts = [one.get("text") or one.get("data", {}) for one in cell["outputs"]]
    return " ".join(part if isinstance(part, str) else str(list(part.values())) for part in parts)


def test_notebook_07_is_given_within_its_minutes(lab, browser_page):
    page, asked = browser_page, []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto(lab)
    page.wait_for_selector(".jp-Deck .jp-CodeCell", timeout=90_000)  # in presentation by itself
    page.wait_for_function(IDLE, timeout=90_000)

    def run():
        """Shift+Enter in the deck: runs a cell and goes on; here its end is waited for."""
        place = page.evaluate(PLACE)
        page.keyboard.press("Shift+Enter")
        page.wait_for_function(
            f"place => ({PLACE})() !== place && ({DONE})(place)", arg=place, timeout=300_000
        )

    page.evaluate(f"() => {DECK}.activate()")
    run()
    run()
    print(f"\n{(said := shown(page.evaluate(CELLS)[0])).splitlines()[-1]}")
    assert "Ready" in said
    started = time.monotonic()
    while page.evaluate(PLACE) + 1 < page.evaluate(f"() => {DECK}.widgets.length"):
        run()
    seconds = time.monotonic() - started
    cells = page.evaluate(CELLS)
    assert [cell["source"][:60] for cell in cells if not cell["count"]] == []
    assert [
        cell["source"][:60] for cell in cells for one in cell["outputs"] if one["output_type"] == "error"
    ] == []
    stored = [cell for cell in cells[1:] if "Stored result" in shown(cell)]
    assert any("study.pair(" in cell["source"] for cell in stored)  # three trainings
    assert len(stored) < len(cells) / 4  # the rest is run on stage
    assert any("application/vnd.jupyter.widget-view+json" in str(cell["outputs"]) for cell in cells)
    assert page.locator(".jp-deck-mod-onscreen").count() > 0
    assert {url.split("/")[2] for url in asked if url.startswith("http")} == {lab.split("/")[2]}

    notes = [
        cell.metadata.get("destructure", {}).get("notes", "")
        for cell in nbformat.read(lesson(NUMBER).file, 4).cells
    ]
    spoken = sum(len(note.split()) for note in notes) / WORDS_PER_MINUTE
    guide = (ROOT / f"notebooks/guide/{NUMBER}.md").read_text("utf-8")
    for whole, place in ((50, 1), (80, 2)):
        rows = re.findall(r"^\| \[`(.+?)`\].*? \| (\d+|–) \| (\d+|–) \|", guide, re.MULTILINE)
        given = {row[0] for row in rows if row[place] != "–"}
        exercises = sum(one.minutes for one in every(NUMBER) if one.id in given)
        total = spoken + exercises + seconds / 60
        print(
            f"{whole}: {spoken:.1f} notes + {exercises} exercises + {seconds / 60:.1f} cells = {total:.1f} minutes"
        )
        assert len(given) >= 2
        assert total <= whole
    assert seconds < 60 * 3, f"{seconds:.0f} s for cells that take {stage.LONG} s at most"
