#!/usr/bin/env bash
# Try the stored sample of mutants on this checkout (an hour of one core), and compare with before.json.
# cosmic-ray is no dependency of the course: it gets a virtual environment of its own, outside the repository.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tests_python=${PYTHON:-$here/../../.venv/bin/python}
tools=${MUTATION_VENV:-${TMPDIR:-/tmp}/destructure-mutation}
[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0 coverage==7.17.3
results=${1:-$tools/after.json}
"$tools/bin/python" "$here/mutants.py" run "$results" --python "$tests_python"
"$tools/bin/python" "$here/mutants.py" compare "$here/before.json" "$results"
