"""What a notebook must be before its outputs are worth comparing.

Strict nbval skips a cell that was never run, and so says "passed" of an empty notebook. These rules close such gaps;
`inspect` lists every breach and counts the cells that nbval will really compare.
"""

import ast
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ALLOWED_TAGS = {"nbval-ignore-output", "nbval-raises-exception", "exercise", "solution", "notes"}
ALLOWED_TAGS |= {"remove-input", "hide-input"}
LARGEST_IGNORED_SHARE = 0.1
_NOT_FOLLOWED = "nbval cannot follow it; use a widget that writes into a trait"
FORBIDDEN_CALLS = {
    "Output": "its prints reach nbval as the cell's own; let the widget write into a trait such as HTML.value",
    **dict.fromkeys(("interact", "interactive", "interactive_output"), _NOT_FOLLOWED),
    "clear_output": "nbval keeps what was cleared; update a widget's trait instead",
    "input": "nobody can type while notebooks are tested; use an exercise or a text widget",
}
_LOCAL_PATH = re.compile(r"(/home/|/Users/|/root/|/tmp/|[A-Z]:\\\\)")


@dataclass
class Report:
    """What the gate found in one notebook.

    Attributes:
        faults: one sentence each; empty if the notebook may pass.
        compared: code cells whose stored output nbval will compare with a fresh one.
        ignored: code cells whose output is not compared.
    """

    name: str
    faults: list[str] = field(default_factory=list)
    compared: int = 0
    ignored: int = 0

    def __str__(self) -> str:
        counts = f"{self.compared} cells compared, {self.ignored} ignored, {len(self.faults)} faults"
        return f"{self.name}: {counts}"


def inspect(path: Path) -> Report:
    """Check one notebook against the rules."""
    report = Report(path.name)
    try:
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # whatever makes it unreadable is the fault to report
        report.faults.append(f"it is not a valid notebook ({type(error).__name__})")
        return report
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    _check_metadata(notebook.metadata, report)
    for number, cell in enumerate(code_cells, start=1):
        faults = [*_order_faults(cell, number), *_output_faults(cell), *_source_faults(cell.source)]
        report.faults += [f"code cell {number}: {fault}" for fault in faults]
        if "nbval-ignore-output" in cell.metadata.get("tags", []):
            report.ignored += 1
        elif cell.execution_count is not None:
            report.compared += 1
    for cell in notebook.cells:
        unknown = set(cell.metadata.get("tags", [])) - ALLOWED_TAGS
        report.faults += [f"tag {tag!r} is not on the list of allowed tags" for tag in sorted(unknown)]
    if report.compared == 0:
        report.faults.append("no cell would be compared")
    if report.ignored > LARGEST_IGNORED_SHARE * max(1, len(code_cells)):
        report.faults.append(
            f"{report.ignored} of {len(code_cells)} code cells ignore their output; "
            f"at most {LARGEST_IGNORED_SHARE:.0%} may"
        )
    return report


def _check_metadata(metadata, report: Report) -> None:
    kernel = metadata.get("kernelspec", {}).get("name")
    if kernel != "python3":
        report.faults.append(f"the kernelspec is {kernel!r}; it must be 'python3'")
    widgets = metadata.get("widgets", {})
    if any("state" not in content for content in widgets.values()):
        report.faults.append("metadata.widgets has no state, which GitHub refuses; run make notebooks")


def _order_faults(cell, number: int):
    if cell.execution_count is None:
        yield "it was never run, so nothing would be compared"
    elif cell.execution_count != number:
        yield f"it ran as number {cell.execution_count}; run all cells once, in order"


def _output_faults(cell):
    raises = {"nbval-raises-exception", "raises-exception"} & set(cell.metadata.get("tags", []))
    for output in cell.outputs:
        if output.output_type == "error" and not raises:
            yield f"it stores an error ({output.ename})"
        if output.output_type == "stream" and output.name == "stderr":
            yield "it writes to stderr; filter the warning or mend its cause"
        text = output.get("text", "") + str(output.get("data", {}).get("text/plain", ""))
        if _LOCAL_PATH.search(text):
            yield "its output names a path of one machine"


def _source_faults(source: str):
    if source.rstrip().endswith(";"):
        yield "it ends in ';', which hides nothing under nbval; write `_ = ...`"
    try:
        tree = ast.parse(_without_magics(source))
    except SyntaxError:
        yield "it is not valid Python"
        return
    decorators = [each for node in ast.walk(tree) for each in getattr(node, "decorator_list", ())]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) or node in decorators:
            called = node.func if isinstance(node, ast.Call) else node
            name = getattr(called, "id", getattr(called, "attr", None))
            if name in FORBIDDEN_CALLS:
                yield f"it uses {name}: {FORBIDDEN_CALLS[name]}"


def _without_magics(source: str) -> str:
    return "\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines())
