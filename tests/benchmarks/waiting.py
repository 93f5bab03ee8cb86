"""The wait: from `make lab` to the first figure of notebook 00, and what a kernel needs.

A fresh copy of the course, a headless Chromium, all cells run as soon as the notebook stands there. Beside it, in
turns, what any JupyterLab takes: a notebook of one cell that draws a line with matplotlib. Promised: the kernel of
notebook 00 stays below 1.2 GB when every cell has run. Seconds are those of a machine whose caches are warm.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import psutil

from benchmarks.turns import Figure, compare, missing, take_turns
from chromium import FLAGS, MISSING, chromium
from running_lab import TOKEN, Lab, fresh_course, lab_of

ROUNDS, KERNEL_BYTES, SECONDS = 5, 1.2e9, 600
SMALLEST = {"rounds": 1, "whole": False}
BARE = "a bare JupyterLab with one figure"
START = """async () => {
    await jupyterapp.shell.currentWidget.context.sessionContext.ready;
    jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.allHaveRun = true; });
}"""
A_FIGURE = """() => {
    for (const cell of jupyterapp.shell.currentWidget.content.model.cells)
        for (let place = 0; place < (cell.outputs?.length ?? 0); place++)
            if ('image/png' in cell.outputs.get(place).data) return true;
    return false;
}"""


def figures(rounds: int = ROUNDS, whole: bool = True) -> Iterator[Figure | str]:
    """The wait beside that for a bare JupyterLab, and the kernel's memory; a sentence where there is no browser.

    Args:
        whole: read the memory when all cells have run, not at the first figure.
    """
    sentence = MISSING if chromium() is None else missing("playwright", "test", "Nothing waits for a figure")
    if sentence:
        yield f"waiting: {sentence}"
        return
    with tempfile.TemporaryDirectory() as folder, new_page() as page:
        course, bare = fresh_course(Path(folder)), _bare(Path(folder) / "bare")
        kernels: list[float] = []

        def ours() -> None:
            with lab_of(course) as lab:
                _until_the_first_figure(page, lab)
                kernels.append(_kernel_bytes(lab))

        def theirs() -> None:
            with bare() as lab:
                _until_the_first_figure(page, lab)

        times = take_turns({"ours": ours, BARE: theirs}, rounds)
        yield from compare("waiting", "make lab to the first figure", times, unit="", threads=1)
        if whole:
            with lab_of(course) as lab:
                _until_the_first_figure(page, lab)
                page.wait_for_function("window.allHaveRun", timeout=SECONDS * 1000)
                kernels = [_kernel_bytes(lab)]
        when = "all cells have run" if whole else "the first figure stands there"
        ratio, behind = KERNEL_BYTES / kernels[-1], f"{kernels[-1] / 1e6:,.0f} MB"
        usual = (ratio, ratio, ratio, 1, behind, 1.0)
        yield Figure("waiting", f"kernel of notebook 00 when {when}", "1.2 GB", *usual, threads=1)


@contextmanager
def new_page():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(SECONDS * 1000)
        yield page
        browser.close()


def _bare(folder: Path) -> Callable[[], Lab]:
    """What starts JupyterLab on a folder with the one notebook."""
    folder.mkdir()
    cell = nbformat.v4.new_code_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2, 4])\nplt.show()")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "bare.ipynb")
    options = ("-m", "jupyterlab", "--LabApp.default_url=/lab/tree/bare.ipynb", "--allow-root")
    return lambda: Lab(folder, *options)


def _until_the_first_figure(page, lab: Lab) -> None:
    page.goto(f"{lab.address}/?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(START)
    page.wait_for_function(A_FIGURE)


def _kernel_bytes(lab: Lab) -> float:
    """Memory of the largest kernel that this JupyterLab has started."""
    started = psutil.Process(lab.process.pid).children(recursive=True)
    return max(each.memory_info().rss for each in started if "ipykernel" in " ".join(each.cmdline()))
