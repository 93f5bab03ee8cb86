"""One order for all test files and notebooks, `--quick`, and a work folder of its own for each worker.

What is slow: a test marked `slow` (it takes more than about three seconds: it trains, starts a kernel or a cluster,
or draws a whole notebook's figures), every browser test, and every notebook. `--quick` leaves out exactly those.
Files go to two workers in the order made here: browser tests first, while the machine is quiet, then the notebooks
and the slow files, the longest before the others, so that both workers end at about the same time.

The kernels of compared notebooks also solve each exercise, in passing: see `solving.py`.
"""

import os
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

import solving
from destructure.course.contents import measured

settings.register_profile("long", deadline=None)
LONGER = 20  # times as many examples, and new ones in every run

BROWSER_FIRST = 10_000


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true", help="leave out what is slow: see tests/conftest.py")


def pytest_configure(config):
    config.pluginmanager.register(solving)  # a conftest's own hooks are not called for notebooks
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
        return measured().seconds.get(path.name[:2], 60)
    return 10 * slow_tests


def is_slow(item):
    return item.path.suffix == ".ipynb" or "browser" in item.path.parts or item.get_closest_marker("slow")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    long, quick = config.getoption("--hypothesis-profile", None) == "long", config.getoption("--quick")
    too_long = {item for item in items if item.get_closest_marker("long") and not long}
    left_out = too_long | {item for item in items if quick and is_slow(item)}
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))
    if long:
        for test in {item.obj for item in items if is_hypothesis_test(getattr(item, "obj", None))}:
            usual = test._hypothesis_internal_use_settings
            more = settings(usual, max_examples=LONGER * usual.max_examples, derandomize=False)
            test._hypothesis_internal_use_settings = more
    slow_tests = {}
    for item in items:
        slow_tests[item.path] = slow_tests.get(item.path, 0) + bool(item.get_closest_marker("slow"))
    weight = {path: seconds(path, count) for path, count in slow_tests.items()}
    items.sort(key=lambda item: -weight[item.path])  # stable: within a file the order stays
