"""Stage mode, inside a lecture's kernel: what takes long has run before, and shows what it gave at once.

The first cell of a lecture's notebook is `stage.prepare("07")`. It runs the notebook once and measures each cell.
From then on a long cell shows its result of that run, and its names get the values that they had after it; all other
cells run as ever, and so does a long one under `%%live`, or when it is changed.
"""

import json
import time
from types import CodeType

from IPython import get_ipython
from IPython.display import Markdown, display
from IPython.utils.capture import capture_output
from tqdm.auto import tqdm

LONG = 8  # seconds, on this machine, in the run before
_stored = {}  # the source of a long cell → what it gave


def prepare(number: str) -> dict[str, float]:
    """Run notebook `number` once and keep what its long cells give; seconds of each cell, by its source."""
    from destructure.course.contents import lesson

    shell, seconds = get_ipython(), {}
    cells = json.loads(lesson(number).file.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    _stored.clear()
    for source in tqdm(sources, desc="preparing", unit="cell"):
        started = time.perf_counter()
        with capture_output() as given:
            done = shell.run_cell(source, store_history=False)
        done.raise_error()
        seconds[source] = time.perf_counter() - started
        if seconds[source] >= LONG:
            names = {name: shell.user_ns[name] for name in _names(source) & shell.user_ns.keys()}
            _stored[source.rstrip()] = (seconds[source], time.strftime("%H:%M"), given, names)
    if _on_stage not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(_on_stage)
    print(
        f"Ready: {len(sources)} cells in {sum(seconds.values()):.0f} s; {len(_stored)} take {LONG} s or more."
    )
    return seconds


def show(source: str) -> None:
    """What a long cell gave, and a line that says so."""
    seconds, clock, given, names = _stored[source]
    get_ipython().user_ns.update(names)
    said = f"**Stored result** of {clock}, made here in {seconds:.0f} s; to run it now, write `%%live` above it."
    display(Markdown(said))
    given.show()


def _names(code: CodeType | str) -> set[str]:
    """All names that a cell speaks of, in its functions, too: what it makes, and what it may have changed."""
    code = compile(code, "<cell>", "exec") if isinstance(code, str) else code
    return set(code.co_names).union(*(_names(one) for one in code.co_consts if isinstance(one, CodeType)))


def _on_stage(lines: list[str]) -> list[str]:
    """What is run in place of a cell, as IPython asks: called with its lines, before anything else reads them."""
    if lines and lines[0].strip() == "%%live":
        return lines[1:]
    source = "".join(lines).rstrip()
    return [f"__import__('stage').show({source!r})\n"] if source in _stored else lines
