"""The columns of a plan's table (`columns.csv` beside this file says what each means), and how the table is read."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from destructure.study.storage import ResultsFile

_COLUMNS = pd.read_csv(Path(__file__).with_name("columns.csv"), index_col="column")


def _part(part: str) -> tuple[str, ...]:
    return tuple(_COLUMNS.index[_COLUMNS["part"] == part])


CONFIGURATION, RESULTS, MACHINE = _part("configuration"), _part("results"), _part("machine")
"""What decides a run; what came out; where and how fast, which may differ between two tables of the same runs."""
COLUMNS, GAINED = (*CONFIGURATION, *RESULTS, *MACHINE), _part("gained")
"""The columns of every table, and those at its end that tables from before lack."""
_SURE = 0.999  # of an interval for one new run: three cells with two scores each fail by chance once in 170


def read_results(path: str | Path) -> pd.DataFrame:
    """The table of a sweep, every float to the last bit.

    Whole numbers are `Int64` (empty: <NA>), other numbers floats (empty: NaN), True and False booleans, and
    everything else text (empty: "").

    Raises:
        ValueError: if the file is missing or is not a sweep's table.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"There is no table {path.name}; run the plan first: python -m destructure sweep {path.stem}."
        )
    rows = ResultsFile(path, (*COLUMNS, *GAINED), GAINED).rows()
    try:
        return pd.DataFrame(
            {name: _column(name, [row[name] for row in rows]) for name in (*COLUMNS, *GAINED)}
        )
    except ValueError as error:
        raise ValueError(
            f"{path.name} has a damaged cell ({error}); restore the file from the repository, or delete that row and "
            "run the plan again."
        ) from None


def stored_interval(table: pd.DataFrame, row: Mapping[str, Any], score: str = "loss") -> tuple[float, float]:
    """Where one more run like a stored one should land: a 99.9% prediction interval over the stored seeds.

    From Student's t distribution, and never narrower than from the lowest to the highest seed. A run on another
    machine rounds otherwise, which changes it as much as another seed would.

    Args:
        table: from `read_results`.
        row: a row of it; the rows that differ from it in nothing but the seed are looked up.
        score: "loss" or "exact_match".

    Raises:
        ValueError: if fewer than two such rows have a score.
    """
    alike = [name for name in CONFIGURATION if name not in ("run", "seed")] + ["budget"]
    same = np.logical_and.reduce([(table[name] == row[name]).to_numpy(dtype=bool) for name in alike])
    values = table.loc[same, score].dropna().to_numpy(dtype=float)
    if len(values) < 2:
        raise ValueError(
            f"Only {len(values)} stored runs are like this one, so there is no interval over seeds; choose a cell of "
            "the table with at least two seeds."
        )
    reach = stats.t.ppf((1 + _SURE) / 2, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    low = min(values.min(), values.mean() - reach)
    high = max(values.max(), values.mean() + reach)
    return (max(0.0, float(low)), min(1.0, float(high)) if score == "exact_match" else float(high))


def _column(name: str, cells: list[str]) -> pd.Series:
    kind = _COLUMNS.loc[name, "kind"]
    if kind == "whole":
        return pd.Series([int(cell) if cell else None for cell in cells], dtype="Int64")
    if kind == "number":  # by Python: pandas' own reading of floats may be off in the last bit
        return pd.Series([float(cell) if cell else math.nan for cell in cells], dtype="float64")
    if kind == "truth":
        for cell in cells:
            if cell not in ("True", "False"):
                raise ValueError(f"{cell!r} is neither True nor False")
        return pd.Series([cell == "True" for cell in cells], dtype="bool")
    return pd.Series(cells, dtype="str")
