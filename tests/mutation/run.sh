#!/usr/bin/env bash
# Try the stored sample of mutants on this checkout (an hour of one core), and compare with before.json.
# cosmic-ray is no dependency of the course: it gets a virtual environment of its own, outside the repository, which
# sees what the tests' own environment has.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tests_python=${PYTHON:-$here/../../.venv/bin/python}
tools=${MUTATION_VENV:-${TMPDIR:-/tmp}/destructure-mutation}
[ -x "$tools/bin/python" ] || "$tests_python" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check cosmic-ray==8.7.0
where='import sysconfig; print(sysconfig.get_path("purelib"))'
"$tests_python" -c "$where" > "$("$tools/bin/python" -c "$where")/tests_environment.pth"
results=${1:-$(mktemp -d)/after.json}  # name a file to go on where it stopped
"$tools/bin/python" "$here/mutants.py" run "$results"
"$tools/bin/python" "$here/mutants.py" compare "$here/before.json" "$results"
