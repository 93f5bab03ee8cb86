"""A plugin of pytest: kernels of compared notebooks solve each exercise (`solve_exercises.py`), and cells say so."""

import json
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest

from destructure.exercises.editions import exercise_of

SOLVED = "DESTRUCTURE_SOLVED"
IPYTHON = tempfile.TemporaryDirectory(prefix="destructure-ipython-")


@cache
def solving():
    """The settings with which a kernel reads `solve_exercises.py`."""
    startup = Path(IPYTHON.name) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    here, load = str(Path(__file__).parent), 'extension_manager.load_extension("solve_exercises")'
    lines = f"__import__('sys').path.append({here!r})\nget_ipython().{load}\n"
    (startup / "solve.py").write_text(lines, encoding="utf-8")
    return {"IPYTHONDIR": IPYTHON.name, SOLVED: str(Path(IPYTHON.name) / "solved.jsonl")}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before a notebook's kernel starts; the kernels of other tests are as always."""
    if hasattr(item, "cell"):
        os.environ.update(solving())
    else:
        os.environ.pop("IPYTHONDIR", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A cell fails if the instructor's cell in its place did, and an exercise's cell if there was none."""
    yield
    if hasattr(item, "cell"):
        written = Path(os.environ[SOLVED])
        lines = written.read_text(encoding="utf-8").splitlines() if written.exists() else []
        written.write_text("")
        found = [json.loads(line) for line in lines]
        problems = [f"{one['id'] or one['cell']}: {one['problem']}" for one in found if one["problem"]]
        assert not problems, f"the instructor's edition: {problems}"
        assert exercise_of(item.cell) in [None, *(one["id"] for one in found)], "the exercise was not solved"
