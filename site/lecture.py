"""A notebook as a live lecture (`make lecture 07`): in JupyterLab, as slides, with widgets that work.

The lecture's notebook is made anew each time, in work/lecture: the course's cells, cut so that a slide fits a screen.
Answers given there stay apart from one's own. How JupyterLab looks stands in room/.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat.v4 import new_code_cell, new_markdown_cell

from destructure.course.contents import Lesson, lesson
from destructure.course.copies import bring_copies
from destructure.course.notebooks import use_one_thread
from destructure.files import FOLDER_VARIABLE, work_folder

HERE = Path(__file__).parent
FOLDED = 8  # lines of code above a picture
SCREEN = 16  # lines of text on a slide; 75 characters each
BEFORE = "## Before the room comes in\n\nRun this cell; it says when all is ready. Then go on to the right."


def blocks(source: str) -> list[str]:
    """A text in its paragraphs, tables, formulas and points of lists; joined they are the text again."""
    lines, cuts = source.splitlines(keepends=True), {0}
    for token in MarkdownIt().enable("table").use(dollarmath_plugin).parse(source):
        if token.map and (token.level == 0 or token.type == "list_item_open"):
            cuts.add(token.map[0])
    cuts = sorted({*cuts, len(lines)})
    return ["".join(lines[start:end]) for start, end in pairwise(cuts)]


def height(text: str) -> float:
    """About how many lines a text takes."""
    return sum(1.5 + len(line) / 75 for line in text.split("\n") if line.strip())


def program(cell: dict) -> tuple[nbformat.NotebookNode, float]:
    """A cell of code, not run, and its height with what it will show; long code above a picture is folded."""
    source, shown = "".join(cell["source"]), [output.get("data", {}) for output in cell["outputs"]]
    made, lines = new_code_cell(source, metadata=cell["metadata"]), source.count("\n") + 1
    if lines > FOLDED and any("image/png" in kinds for kinds in shown):
        made.metadata["jupyter"] = {"source_hidden": True}
    lines += sum("".join(output.get("text", "")).count("\n") for output in cell["outputs"])
    return made, 0.75 * lines + SCREEN * any({"image/png", "text/html"} & kinds.keys() for kinds in shown)


def lecture(number: str, cells: list[dict]) -> nbformat.NotebookNode:
    """The notebook of a lecture: the same cells, long texts in pieces, nothing run yet."""
    made = [new_markdown_cell(BEFORE, metadata={"slideshow": {"slide_type": "slide"}})]
    made.append(new_code_cell(f'import stage\n\nmeasured = stage.prepare("{number}")'))
    used = SCREEN

    def add(cell, lines, kind):
        nonlocal used
        kind = kind if kind in ("slide", "subslide") else "subslide" if used + lines > SCREEN else "-"
        used = lines + (used if kind == "-" else 0)
        if kind != "-":  # which jupyterlab-slideshow does not know: such a cell has no type
            cell.metadata["slideshow"] = {"slide_type": kind}
        made.append(cell)

    for cell in cells:
        kind = cell["metadata"].get("slideshow", {}).get("slide_type", "-")
        if cell["cell_type"] == "code":
            add(*program(cell), kind)
            continue
        piece, source = "", "".join(cell["source"])
        for block in blocks(re.sub(r"\n*^\*\*Course\*\*: .*$", "", source, flags=re.MULTILINE)):
            if piece and height(piece + block) > SCREEN:
                add(new_markdown_cell(piece), height(piece), kind)
                kind, piece = "subslide", ""
            piece += block
        add(new_markdown_cell(piece), height(piece), kind)
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    return nbformat.v4.new_notebook(cells=made, metadata=kernel)


def prepare(one: Lesson) -> Path:
    """Write the lecture's notebook beside what it shows; its file."""
    os.environ[FOLDER_VARIABLE] = str(work_folder().absolute() / "lecture")
    bring_copies()
    cells = json.loads(one.file.read_text(encoding="utf-8"))["cells"]
    path = work_folder() / f"lecture_{one.file.name}"
    nbformat.write(lecture(one.number, cells), path)
    return path


def command(path: Path, options: list[str]) -> list[str]:
    """JupyterLab at that notebook, in presentation; its settings are the lecture's own."""
    own = path.parent / ".jupyter"
    shutil.rmtree(own, ignore_errors=True)  # which notebooks were open last time
    os.environ["JUPYTER_CONFIG_DIR"] = str(shutil.copytree(HERE / "room", own))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    settings = [f"--LabApp.app_settings_dir={HERE / 'room'}", "--LabApp.custom_css=True", "--allow-root"]
    where = [f"--LabApp.default_url=/lab/tree/{path.name}", f"--ServerApp.root_dir={path.parent}"]
    return [sys.executable, "-m", "jupyterlab", *settings, *where, *options]


if __name__ == "__main__":
    try:
        path = prepare(lesson(sys.argv[1]))
    except ValueError as problem:
        sys.exit(str(problem))
    use_one_thread()
    sys.exit(subprocess.call(command(path, sys.argv[2:]), cwd=path.parent))
