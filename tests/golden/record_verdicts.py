"""The text of `python -m destructure verdicts`."""

import subprocess
import sys

import stored


def record(old):
    """Its lines."""
    command = [sys.executable, "-m", "destructure", "verdicts"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def compare():
    """Verdicts may be worded and ordered anew, so lines that are gone and lines that are new are listed."""
    old, new = stored.read("verdicts.json"), record(None)
    gone, more = ([line for line in one if line not in other] for one, other in ((old, new), (new, old)))
    print(*(f"- {line}" for line in gone), *(f"+ {line}" for line in more), sep="\n")
    print(f"verdicts: {len(gone)} of {len(old)} recorded lines are gone, {len(more)} are new")
    return bool(gone)


if __name__ == "__main__":
    if "--write" in sys.argv:
        stored.write("verdicts.json", record(None))
    else:
        sys.exit(compare())
