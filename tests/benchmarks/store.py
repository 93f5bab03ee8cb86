"""The table of stored ratios, and what has fallen below them."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.turns import Figure
from destructure.files import data_folder
from destructure.study.machine import commit, processor

FILE = data_folder() / "results" / "benchmarks.csv"
COLUMNS = ("work", "case", "side", "ratio", "low", "high", "rounds", "threads", "machine", "date", "commit")
_OF_A_FIGURE = COLUMNS[:8]
LEAST_SPREAD = 0.01  # as a share of the ratio: what was measured once has no spread of its own


def store(figures: Iterable[Figure], file: Path = FILE) -> None:
    """Append a row for each figure."""
    where = {"machine": processor(), "date": datetime.now(UTC).date().isoformat(), "commit": commit()}
    new = not file.exists()
    with file.open("a", newline="", encoding="utf-8") as target:
        writer = csv.DictWriter(target, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        for figure in figures:
            cells = {name: getattr(figure, name) for name in _OF_A_FIGURE}
            cells |= {name: f"{cells[name]:.4g}" for name in ("ratio", "low", "high")}
            writer.writerow(cells | where)


def stored(file: Path = FILE) -> dict[tuple[str, str, str], dict[str, str]]:
    """The last row of this machine for each (work, case, side).

    Raises:
        ValueError: if there is none.
    """
    rows = []
    if file.exists():
        with file.open(newline="", encoding="utf-8") as source:
            rows = [row for row in csv.DictReader(source) if row["machine"] == processor()]
    if not rows:
        raise ValueError(
            f"{file.name} holds no ratio of this machine ({processor()}); store some first, with "
            "make bench OPTIONS=--store."
        )
    return {(row["work"], row["case"], row["side"]): row for row in rows}


def fallen(
    figures: Iterable[Figure], before: dict[tuple[str, str, str], dict[str, str]]
) -> tuple[list[str], list[str]]:
    """One sentence for each ratio that fell by more than its stored spread (high less low); and for each new one."""
    down, new = [], []
    for figure in figures:
        what = f"{figure.work}: {figure.case}, beside {figure.side}"
        row = before.get((figure.work, figure.case, figure.side))
        if row is None:
            new.append(f"{what}: nothing is stored, so {figure.ratio:.2f} is compared with nothing.")
            continue
        ratio = float(row["ratio"])
        spread = max(float(row["high"]) - float(row["low"]), LEAST_SPREAD * ratio)
        if ratio - figure.ratio > spread:
            down.append(
                f"{what}: {figure.ratio:.3f} now, {ratio:.3f} on {row['date']}; "
                f"it fell by {ratio - figure.ratio:.3f}, and the stored spread is {spread:.3f}."
            )
    return down, new
