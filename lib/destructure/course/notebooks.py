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

from destructure.course.contents import Lesson, record
from destructure.course.navigation import add_links
from destructure.exercises.workplace import NOBODY_VARIABLE, STUDENT_VARIABLE
from destructure.files import FOLDER_VARIABLE
from destructure.study.estimate import short_training

_LEARNERS = (FOLDER_VARIABLE, STUDENT_VARIABLE, NOBODY_VARIABLE)
SECONDS_A_CELL = 600


def use_one_thread() -> None:
    """Give matrix products one thread in every process started from here; a setting of your own is left alone.

    The course's models are small: at width 64 a second thread gained nothing on an idle machine with two cores (104
    to 129 ms per training step with two threads, 113 to 129 with one, measured in turn), and on a busy one the two
    waited for each other (588 to 2,009 ms against 225 to 258).
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


@contextlib.contextmanager
def nobodys_work_folder() -> Iterator[Path]:
    """An empty work folder and no student for the time of the block: no learner's answers get into stored outputs."""
    before = {name: os.environ.pop(name, None) for name in _LEARNERS}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ |= {FOLDER_VARIABLE: folder, NOBODY_VARIABLE: "1"}
        try:
            yield Path(folder)
        finally:
            del os.environ[FOLDER_VARIABLE], os.environ[NOBODY_VARIABLE]
            os.environ.update({name: value for name, value in before.items() if value is not None})


def make(lesson: Lesson) -> float:
    """Execute a lesson's notebook and save it with its links, outputs and all; return the seconds it took.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails; the file is then left as it was.
    """
    notebook = nbformat.read(lesson.file, as_version=4)
    add_links(notebook, lesson)
    use_one_thread()
    started = _clocks()
    gigabytes = execute(notebook, lesson.file.parent)
    seconds, processor_seconds = (now - then for now, then in zip(_clocks(), started, strict=True))
    nbformat.write(notebook, lesson.file)
    export_pictures(notebook, lesson.file.parent / "pictures")
    times = {
        "seconds": processor_seconds or seconds,
        "training_seconds": short_training(time.process_time)[0],
    }
    record(lesson.number, **times, gigabytes=gigabytes)
    link(lesson)  # with the time that it took
    return seconds


def link(lesson: Lesson) -> bool:
    """Write a notebook's links and times without executing it; return whether that changed it."""
    notebook = nbformat.read(lesson.file, as_version=4)
    before = [cell.source for cell in notebook.cells]
    add_links(notebook, lesson)
    if changed := before != [cell.source for cell in notebook.cells]:
        nbformat.write(notebook, lesson.file)
    return changed


def _clocks() -> tuple[float, float]:
    """Seconds on the wall, and of the processor in kernels that have ended, which a busy machine changes little."""
    times = os.times()
    return time.perf_counter(), times.children_user + times.children_system


def execute(notebook: nbformat.NotebookNode, folder: Path) -> float | None:
    """Run all cells in a fresh kernel, in that folder and with an empty work folder, and tidy up what changes.

    Returns:
        The kernel's peak of resident memory in GB (10⁹ bytes), as far as the last cell; `None` but on Linux.
    """
    clear(notebook)
    peaks = []
    client = NotebookClient(
        notebook,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=False,
        record_timing=False,
        on_cell_executed=lambda **_: peaks.append(_peak(client.km.provisioner.pid)),
    )
    use_one_thread()
    with nobodys_work_folder():
        client.execute()
    normalise(notebook)
    return peaks[-1] if peaks else None


def _peak(process: int) -> float | None:
    """The most that a process has had in memory, in GB; `None` where the system does not tell."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return None
    return next(1024 * int(line.split()[1]) / 1e9 for line in lines if line.startswith("VmHWM"))


def export_pictures(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Save the pictures that other pages show: of each cell whose metadata say `destructure: {picture: NAME}`."""
    for cell in notebook.cells:
        name = cell.metadata.get("destructure", {}).get("picture")
        if name is not None:
            pictures = [
                each.data["image/png"] for each in cell.outputs if "image/png" in each.get("data", {})
            ]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(base64.b64decode(pictures[-1]))


def verdicts(lesson: Lesson, pictures: Path | None = None) -> str | None:
    """Execute a notebook and return what its cells with the metadata `destructure: {verdict: true}` print.

    Args:
        lesson: the notebook; its file is left as it is.
        pictures: a folder for the pictures that have a name; by default none are written.

    Returns:
        The text with the headings under which the cells stand; `None` if no cell is marked.
    """
    notebook = nbformat.read(lesson.file, as_version=4)
    if not any(cell.metadata.get("destructure", {}).get("verdict") for cell in notebook.cells):
        return None
    execute(notebook, lesson.file.parent)
    if pictures is not None:
        export_pictures(notebook, pictures)
    parts, heading = [f"# {lesson.number} {lesson.title}"], None
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            heading = next((line for line in cell.source.splitlines() if line.startswith("#")), heading)
        elif cell.metadata.get("destructure", {}).get("verdict"):
            texts = [each.get("text") or each.get("data", {}).get("text/plain", "") for each in cell.outputs]
            parts.append("\n\n".join(filter(None, [heading, *(text.rstrip() for text in texts)])))
            heading = None
    return "\n\n".join(parts)


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
            cell.outputs = _merged(cell.outputs)


def _merged(outputs: list) -> list:
    """Outputs with text printed in several pieces as one piece: how it was cut up depends on timing."""
    merged = []
    for output in outputs:
        output.pop("transient", None)  # display ids, which the front end alone needs
        before = merged[-1] if merged else None
        if output.output_type == "stream" and before is not None and before.get("name") == output.name:
            before.text += output.text
        else:
            merged.append(output)
    return merged
