"""One order for all test files and notebooks, `--quick`, and a work folder of its own for each worker.

What is slow: a test marked `slow` (it takes more than about three seconds: it trains, starts a kernel or a cluster,
or draws a whole notebook's figures), every browser test, and every notebook. `--quick` leaves out exactly those.
Files go to two workers in the order made here: browser tests first, while the machine is quiet, then the notebooks
and the slow files, the longest before the others, so that both workers end at about the same time.

The kernels of compared notebooks also solve each exercise, in passing: see `solve_exercises.py`.
"""

import json
import os
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

from destructure.course.contents import measured_times
from destructure.exercises.editions import exercise_of

settings.register_profile("long", deadline=None)
LONGER = 20  # times as many examples, and new ones in every run

BROWSER_FIRST = 10_000


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave out what is slow: see tests/conftest.py")


def pytest_configure(config):
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if (
        worker and "DESTRUCTURE_WORK" in os.environ
    ):  # notebooks of two workers must not meet in one work folder
        os.environ["DESTRUCTURE_WORK"] = str(Path(os.environ["DESTRUCTURE_WORK"]) / worker)


def seconds(path, slow_tests):
    """About how long a file takes: notebooks as measured, others by the number of their slow tests."""
    if "browser" in path.parts:
        return BROWSER_FIRST
    if path.suffix == ".ipynb":
        return measured_times().get(path.name[:2], (60, 0))[0]
    return 10 * slow_tests


def is_slow(item):
    return item.path.suffix == ".ipynb" or "browser" in item.path.parts or item.get_closest_marker("slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    if config.getoption("--quick"):
        left_out = [item for item in items if is_slow(item)]
        items[:] = [item for item in items if not is_slow(item)]
        config.hook.pytest_deselected(items=left_out)
    if config.getoption("--hypothesis-profile", None) == "long":
        for test in {item.obj for item in items if is_hypothesis_test(getattr(item, "obj", None))}:
            usual = test._hypothesis_internal_use_settings
            more = settings(usual, max_examples=LONGER * usual.max_examples, derandomize=False)
            test._hypothesis_internal_use_settings = more
    slow_tests = {}
    for item in items:
        slow_tests[item.path] = slow_tests.get(item.path, 0) + bool(item.get_closest_marker("slow"))
    weight = {path: seconds(path, count) for path, count in slow_tests.items()}
    items.sort(key=lambda item: -weight[item.path])  # stable: within a file the order stays


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
