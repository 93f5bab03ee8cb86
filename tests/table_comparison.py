"""What tests ask of sweeps' tables: are two the same, and does a stored row come out again?"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from destructure.study.columns import (
    COLUMNS,
    CONFIGURATION,
    MACHINE_COLUMNS,
    RESULTS,
    read_results,
    stored_interval,
)

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
