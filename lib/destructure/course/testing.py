"""What `make test` runs: style, rules for notebooks, unit tests, and the strict comparison of notebook outputs.

The last two take minutes each and one processor each, so they run side by side.
"""

import os
import subprocess
import sys
import tempfile

from destructure.course.notebooks import nobodys_work_folder, use_one_thread

SECONDS_A_CELL = 300
PYTEST = [sys.executable, "-m", "pytest", "-q"]
QUICK = {
    "style": [sys.executable, "-m", "ruff", "check", "--quiet", "."],
    "format": [sys.executable, "-m", "ruff", "format", "--check", "--quiet", "lib", "tests"],
    "rules for notebooks": [sys.executable, "-m", "destructure", "check-notebooks"],
}
GATE = [*PYTEST, "-p", "no:cacheprovider", "notebooks", "--nbval", "--nbval-current-env"]
GATE += ["--nbval-sanitize-with", "tests/nbval_sanitize.cfg", f"--nbval-cell-timeout={SECONDS_A_CELL}"]


def run_all(pytest_arguments: list[str]) -> int:
    """Run every check, also after one has failed; return 0 if all passed.

    Args:
        pytest_arguments: passed on to the unit tests, for example ["-k", "attention"].
    """
    use_one_thread()
    with nobodys_work_folder():
        failed = [name for name, command in QUICK.items() if _run(name, command) != 0]
        with tempfile.TemporaryFile() as output:
            gate = subprocess.Popen(GATE, stdout=output, stderr=subprocess.STDOUT)
            try:
                if _run("unit tests", [*PYTEST, *pytest_arguments]) != 0:
                    failed.append("unit tests")
                print("\n== notebook outputs", flush=True)
                if gate.wait() != 0:
                    failed.append("notebook outputs")
            finally:
                gate.terminate()
            output.seek(0)
            os.write(sys.stdout.fileno(), output.read())
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'All checks passed.'}", flush=True)
    return 1 if failed else 0


def _run(name: str, command: list[str]) -> int:
    print(f"\n== {name}", flush=True)
    return subprocess.call(command)
