"""What the course promises about speed, measured beside others: `make bench`, `make bench WORK="training sweeps"`.

Absolute times depend on the machine and on what else runs there. What is promised is a ratio: all sides do the same
work in one process, or in processes of the same kind, taking turns, and their medians are compared.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":  # `python tests/benchmarks`: find the packages beside this one
    sys.path[0] = str(Path(__file__).parents[1])

from benchmarks import store
from benchmarks.turns import Figure
from destructure.study.one_run import use_threads

WORKS = ("training", "curves", "real_tasks", "generation", "waiting", "sweeps", "growth", "peak")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every line; return 1 if a promise is broken or a ratio fell, 2 if that cannot be said."""
    asked = _parser().parse_args(arguments)
    if asked.smallest and (asked.store or asked.check):
        print("The smallest sizes measure nothing, so they are neither stored nor checked.", file=sys.stderr)
        return 2
    try:
        before = store.stored(asked.file) if asked.check else {}
        with use_threads(asked.threads):
            figures = [figure for _ in range(asked.rounds) for figure in _measure(asked)]
    except ValueError as problem:
        print(problem, file=sys.stderr)
        return 2
    if asked.check:
        down, new = store.fallen(figures, before)
        print(*new, *down, f"{len(down)} of {len(figures) - len(new)} ratios fell.", sep="\n")
        return int(bool(down))
    broken = [figure for figure in figures if figure.broken]
    print(f"{len(figures)} ratios, {len(broken)} promises broken.", *broken, sep="\n")
    return int(bool(broken))


def _measure(asked: argparse.Namespace) -> list[Figure]:
    """Print the lines of each work, and store them as soon as it ends."""
    found = []
    for name in asked.work or WORKS:
        work, lines = importlib.import_module(f"benchmarks.{name}"), []
        for line in work.figures(**(work.SMALLEST if asked.smallest else {})):
            print(line, flush=True)
            lines.append(line)
        ratios = [line for line in lines if isinstance(line, Figure)]
        if asked.store:
            store.store(ratios, asked.file)
        found += ratios
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("work", nargs="*", metavar="WORK", help=f"{', '.join(WORKS)}; all of them by default")
    parser.add_argument(
        "--rounds", type=int, default=1, help="do everything so many times; each must keep its promise"
    )
    parser.add_argument("--threads", type=int, default=2, help="processor threads of each side, 2 by default")
    parser.add_argument("--store", action="store_true", help="append the rows to data/results/benchmarks.csv")
    parser.add_argument(
        "--check", action="store_true", help="compare with the stored rows; fail if a ratio fell"
    )
    parser.add_argument("--smallest", action="store_true", help="tiny sizes, to see that everything runs")
    parser.add_argument("--file", type=Path, default=store.FILE, help="another table")
    return parser


if __name__ == "__main__":
    sys.exit(main())
