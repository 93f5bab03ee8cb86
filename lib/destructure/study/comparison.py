"""Are two tables the same, and does a stored row come out again?"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from destructure.study.columns import (
    COLUMNS,
    CONFIGURATION,
    MACHINE_COLUMNS,
    RESULTS,
    read_results,
)
from destructure.study.configuration import RunConfiguration
from destructure.study.one_run import run_configuration

_SAME_MACHINE = ("device", "machine", "threads", "torch")
_SCORES = ("loss", "exact_match")
_COUNTS = ("parameters", "non_embedding_parameters", "examples", "status")
_SPENT = ("step", "tokens", "flops")
_SURE = (
    0.999  # of an interval for one new run; three cells with two scores each then fail by chance once in 170
)


def same_results(first: str | Path | pd.DataFrame, second: str | Path | pd.DataFrame) -> bool:
    """Whether two tables hold the same rows in the same order, to the last bit.

    The columns that say where and how fast a row was made (`columns.MACHINE`) may differ.
    """
    return not differences(first, second)


def differences(first: str | Path | pd.DataFrame, second: str | Path | pd.DataFrame) -> list[str]:
    """What distinguishes two tables, a sentence a row or column; an empty list if they are the same."""
    tables = [each if isinstance(each, pd.DataFrame) else read_results(each) for each in (first, second)]
    lengths = [len(table) for table in tables]
    if lengths[0] != lengths[1]:
        return [f"The first table has {lengths[0]} rows, the second {lengths[1]}."]
    columns = [column for column in COLUMNS if column not in MACHINE_COLUMNS]
    found = []
    rows = zip(*(table[columns].to_dict("records") for table in tables), strict=True)
    for number, (one, other) in enumerate(rows, start=1):
        unlike = [column for column in columns if not _equal(one[column], other[column])]
        if unlike:
            what = ", ".join(f"{column} ({one[column]} and {other[column]})" for column in unlike)
            found.append(f"Row {number} differs in {what}.")
    return found


def rerun(row: Mapping[str, Any] | RunConfiguration, device: str | None = None) -> list[dict[str, Any]]:
    """Run again what a row of a table says, or a configuration.

    A row's run is cut off after the row's own budget: the rows up to there are the same as those of the whole run,
    and a cell with a small budget takes no longer than that budget.

    Args:
        row: a row of a table, by column, or a configuration.
        device: where to run; by default where the row was made, if that can be had here.

    Returns:
        Fresh rows, budgets rising, under the original run's name; for a row, the last one is its own.

    Raises:
        ValueError: if the row's configuration is damaged; see `RunConfiguration.from_cells`.
    """
    if isinstance(row, RunConfiguration):
        return run_configuration(row, device or "auto")
    whole = RunConfiguration.from_cells(row)
    budgets = tuple(budget for budget in whole.budgets if budget <= float(row["budget"]))
    named = {name: whole.cells()[name] for name in ("run", "budgets")}
    device = device or ("cpu" if row["device"] == "cpu" else "auto")
    return [fresh | named for fresh in run_configuration(replace(whole, budgets=budgets), device)]


def rerun_differences(stored: Mapping[str, Any], fresh: Mapping[str, Any], table: pd.DataFrame) -> list[str]:
    """How a fresh row departs from the stored one; an empty list if it is as it must be.

    On the same kind of machine (device, processor, threads, version of torch) every result must be equal to the last
    bit. Elsewhere rounding differs, so the counts must be equal and the scores inside `stored_interval`.

    Args:
        stored: a row of `table`.
        fresh: what `rerun(stored)` returned last.
        table: the table, for the interval over its seeds.
    """
    if all(stored[name] == fresh[name] for name in _SAME_MACHINE):
        compared = [*CONFIGURATION, *RESULTS]
        return [
            f"{name} is {fresh[name]} and was {stored[name]}"
            for name in compared
            if not _equal(stored[name], fresh[name])
        ]
    diverged = stored["status"] == fresh["status"] == "diverged"  # then it may have diverged at another step
    found = [
        f"{name} is {fresh[name]} and was {stored[name]}"
        for name in (*_COUNTS, *(() if diverged else _SPENT))
        if not _equal(stored[name], fresh[name])
    ]
    for name in () if diverged else _SCORES:
        low, high = stored_interval(table, stored, name)
        if _missing(fresh[name]) or not low <= fresh[name] <= high:
            found.append(f"{name} is {fresh[name]}, outside {low:.4g} to {high:.4g}, where other seeds lie")
    return found


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


def draw_rows(
    table: pd.DataFrame, count: int = 3, *, seed: int, largest: float = np.inf
) -> list[dict[str, Any]]:
    """Draw rows at random, to be run again.

    Args:
        table: from `read_results`.
        count: how many; fewer if there are fewer.
        seed: decides which.
        largest: only rows whose budget (training FLOPs) is at most this.
    """
    possible = table[table["budget"] <= largest]
    chosen = np.random.default_rng(seed).permutation(len(possible))[:count]
    return [possible.iloc[place].to_dict() for place in chosen]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def _equal(one: Any, other: Any) -> bool:
    if _missing(one) or _missing(other):
        return _missing(one) and _missing(other)
    return bool(one == other)
