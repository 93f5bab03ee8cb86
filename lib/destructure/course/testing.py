"""What `make check`, `make test` and `make test-all` run.

All three begin with ruff and the rules for notebooks, and then run pytest once, on two workers. `check` leaves out
what is slow (see `tests/conftest.py`) and the notebooks; `test` compares every notebook's stored outputs with fresh
ones, cell by cell, in the same run; `test-all` also searches longer for bad input and tries the tests on mutants.
"""

import os
import subprocess
import sys

from destructure.course.notebooks import nobodys_work_folder, use_one_thread

SECONDS_PER_CELL = 300
STYLE = {
    "style": [sys.executable, "-m", "ruff", "check", "--quiet", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "lib", "tests"],
    "rules for notebooks": [sys.executable, "-m", "destructure", "check-notebooks"],
}
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
TWO_WORKERS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
"""A file's tests, and so a notebook's cells, stay together and in order; `tests/conftest.py` orders the files."""
COMPARE_OUTPUTS = [
    "--nbval",
    "--nbval-current-env",
    "--nbval-sanitize-with",
    "tests/nbval_sanitize.cfg",
    f"--nbval-cell-timeout={SECONDS_PER_CELL}",
]
MUTANTS = ["bash", "tests/mutation/run.sh"]


def run_tests(extent: str, pytest_arguments: list[str]) -> int:
    """Run every check, also after one has failed; return 0 if all passed.

    Args:
        extent: "check" (a few minutes, for every day), "test" (everything a user needs) or "test-all".
        pytest_arguments: passed on to pytest, for example ["-k", "attention"].

    Raises:
        ValueError: if there is no such extent.
    """
    commands = dict(STYLE)
    if extent == "check":
        commands["quick tests"] = [*PYTEST, *TWO_WORKERS, "--quick", "tests", *pytest_arguments]
    elif extent in ("test", "test-all"):
        long = ["--hypothesis-profile", "long"] if extent == "test-all" else []
        everything = ["tests", "notebooks", *COMPARE_OUTPUTS, *long]
        commands["tests and notebooks"] = [*PYTEST, *TWO_WORKERS, *everything, *pytest_arguments]
    else:
        raise ValueError(f"There is no extent {extent!r}; choose check, test or test-all.")
    if extent == "test-all":
        commands["mutants"] = MUTANTS
    use_one_thread()
    with nobodys_work_folder():
        failed = [name for name, command in commands.items() if _run(name, command) != 0]
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'All checks passed.'}", flush=True)
    return int(bool(failed))


def _run(name: str, command: list[str]) -> int:
    print(f"\n== {name}", flush=True)
    return subprocess.call(command, env=os.environ | {"PYTHONHASHSEED": "0"})
