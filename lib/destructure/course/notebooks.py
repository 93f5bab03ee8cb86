"""Make the notebooks: execute each in a clean kernel and save it with its outputs. Nobody saves them by hand."""

import base64
import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from destructure.course.contents import Lesson, record_time
from destructure.course.speed import gflop_per_second
from destructure.exercises.workplace import FOLDER_VARIABLE, STUDENT_VARIABLE

SECONDS_A_CELL = 600


def use_one_thread() -> None:
    """Give matrix products one thread in every process started from here; a setting of your own is left alone.

    The course's models are small: at width 64 a second thread gained nothing on an idle machine with two cores (104
    to 129 ms a training step with two threads, 113 to 129 with one, measured in turn), and on a busy one the two
    waited for each other (588 to 2,009 ms against 225 to 258).
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@contextlib.contextmanager
def nobodys_work_folder() -> Iterator[Path]:
    """An empty work folder and no student for the time of the block: no learner's answers get into stored outputs."""
    before = {name: os.environ.pop(name, None) for name in (FOLDER_VARIABLE, STUDENT_VARIABLE)}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[FOLDER_VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[FOLDER_VARIABLE]
            os.environ.update({name: value for name, value in before.items() if value is not None})


def make(lesson: Lesson) -> float:
    """Execute a lesson's notebook and save it, outputs and all; return the seconds it took.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails; the file is then left as it was.
    """
    notebook = nbformat.read(lesson.file, as_version=4)
    speed = gflop_per_second()
    started = time.perf_counter()
    execute(notebook, lesson.file.parent)
    seconds = time.perf_counter() - started
    nbformat.write(notebook, lesson.file)
    export_pictures(notebook, lesson.file.parent / "pictures")
    record_time(lesson.number, seconds, speed)
    return seconds


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run all cells in a fresh kernel, in that folder and with an empty work folder, and tidy up what changes."""
    clear(notebook)
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
    )
    use_one_thread()
    with nobodys_work_folder():
        client.execute()
    normalise(notebook)


def export_pictures(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Save the pictures that other pages show: of each cell whose metadata say `destructure: {picture: NAME}`."""
    for cell in notebook.cells:
        name = cell.metadata.get("destructure", {}).get("picture")
        if name is None:
            continue
        pictures = [
            output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})
        ]
        if not pictures:  # a figure whose table is still to come
            continue
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.png").write_bytes(base64.b64decode(pictures[-1]))


def clear(notebook: nbformat.NotebookNode) -> None:
    """Remove all outputs and execution counts."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Keep only the metadata that is the same on every machine, so that a diff shows real changes."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
        }
    )
    for cell in notebook.cells:
        for automatic in ("execution", "collapsed", "scrolled"):
            cell.metadata.pop(automatic, None)
        if cell.cell_type == "code":
            cell.outputs = [_joined(output) for output in cell.outputs]
    _merge_streams(notebook)


def _joined(output):
    """Drop what the front end alone needs: display ids of finished displays."""
    output.pop("transient", None)
    return output


def _merge_streams(notebook):
    """Store text printed in several pieces as one piece: how it was cut up depends on timing."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        merged = []
        for output in cell.outputs:
            before = merged[-1] if merged else None
            if output.output_type == "stream" and before is not None and before.get("name") == output.name:
                before.text += output.text
            else:
                merged.append(output)
        cell.outputs = merged
