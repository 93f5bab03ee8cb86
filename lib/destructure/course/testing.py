"""What `make test` runs, in order of cost: style, unit tests, rules for notebooks, strict comparison of outputs."""

import os
import subprocess
import sys

from destructure.course.notebooks import nobodys_work_folder, use_one_thread

SECONDS_A_CELL = 300


def run_all(pytest_arguments: list[str]) -> int:
    """Run every check, also after one has failed; return 0 if all passed.

    Args:
        pytest_arguments: passed on to the unit tests, for example ["-k", "attention"].
    """
    python = sys.executable
    gate = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "notebooks"]
    gate += ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg"]
    gate += [f"--nbval-cell-timeout={SECONDS_A_CELL}"]
    checks = {
        "style": [python, "-m", "ruff", "check", "--quiet", "."],
        "format": [python, "-m", "ruff", "format", "--check", "--quiet", "lib", "tests"],
        "unit tests": [python, "-m", "pytest", "-q", *pytest_arguments],
        "rules for notebooks": [python, "-m", "destructure", "check-notebooks"],
        "notebook outputs": gate,
    }
    failed = []
    use_one_thread()
    with nobodys_work_folder():
        for name, command in checks.items():
            print(f"\n== {name}", flush=True)
            if subprocess.call(command, env=os.environ) != 0:
                failed.append(name)
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'All checks passed.'}", flush=True)
    return 1 if failed else 0
