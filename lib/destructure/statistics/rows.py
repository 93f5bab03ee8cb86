"""From tidy rows to complete tables: seeds are paired, failed runs are counted, nothing is averaged in silence."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

FAILED = math.log(65)
"""Nats per token: what a diverged run counts as; 65 equally likely tokens, a model that knows nothing."""

NOISE = 0.02
"""Nats per token: how close to the floor losses cannot be told from it."""

TRAINED = 0.9
"""Mean exact match at the largest width and budget below which an arm counts as not trained within the range."""


def failures_counted(rows: pd.DataFrame, loss: float = FAILED) -> pd.DataFrame:
    """Rows in which a diverged run scores as a model that knows nothing: `loss`, and no exact match.

    It is never dropped: dropping it would reward the arm that diverges.
    """
    filled = rows.copy()
    for name, score in (("loss", loss), ("exact_match", 0.0)):
        if name in rows:
            found = as_floats(rows[name])
            filled[name] = np.where(np.isfinite(found), found, score)
    return filled


def paired(
    rows: pd.DataFrame,
    by: str,
    first: object,
    second: object,
    value: str = "loss",
    *,
    logarithm: bool = False,
) -> pd.Series:
    """Subtract arm from arm, seed by seed: the first minus the second, indexed by the seeds that both have.

    Args:
        rows: one row per run; no seed twice in an arm.
        by: the column that tells the arms apart; `first` and `second` are values of it.
        value: the column that is measured.
        logarithm: subtract natural logarithms: the differences are then log ratios.

    Raises:
        ValueError: if a column or an arm is missing, an arm has a seed twice, the arms share no seed, a run failed,
            or a logarithm does not exist.
    """
    require_columns(rows, (by, value, "seed"))
    for name in (first, second):
        if not (rows[by] == name).any():
            raise ValueError(f"There are no rows of arm {name!r}; the arms are {list(rows[by].unique())}.")
    table = seed_table(rows[rows[by].isin([first, second])], [by], value).T.dropna()
    table.columns = table.columns.get_level_values(0)
    if table.empty:
        raise ValueError(f"The arms {first!r} and {second!r} share no seed; run both with the same seeds.")
    if logarithm:
        table = table.apply(logarithms)
    return (table[first] - table[second]).rename(value)


def seed_table(rows: pd.DataFrame, index: Sequence[str], value: str = "loss") -> pd.DataFrame:
    """Turn tidy rows into one row per combination of `index` and one column per seed; NaN where a run is missing.

    Raises:
        ValueError: if a combination has a seed twice, or a run failed (its value is not finite).
    """
    run = [*index, "seed"]
    require_columns(rows, (*run, value))
    twice = rows.duplicated(run)
    if twice.any():
        place = ", ".join(f"{name} {rows.loc[twice, name].iloc[0]}" for name in run)
        raise ValueError(f"Two rows have {place}; keep one row per run, for example of one learning rate.")
    values = as_floats(rows[value])
    lost = int((~np.isfinite(values)).sum())
    if lost:
        raise ValueError(
            f"{lost} of {len(rows)} runs have no finite {value}; they failed and count as failures, so give the "
            "rows to failures_counted first."
        )
    return rows.assign(**{value: values}).pivot(index=list(index), columns="seed", values=value)


def complete_seeds(*tables: pd.DataFrame) -> list:
    """The seeds that have every run in every table; ValueError if there is none."""
    joined = pd.concat(tables, keys=range(len(tables)))
    complete = joined.columns[joined.notna().all()]
    if complete.empty:
        raise ValueError(f"None of the {joined.shape[1]} seeds has all its runs yet; run what is missing.")
    return sorted(complete)


def as_floats(values: Sequence[float]) -> np.ndarray:
    """Numbers as floats; what is missing (None, `<NA>`) becomes NaN."""
    return pd.Series(values, dtype="Float64").to_numpy(dtype=float, na_value=np.nan)


def require_columns(rows: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ValueError if a table has no rows or lacks a column."""
    missing = [column for column in columns if column not in rows]
    if missing:
        raise ValueError(f"The rows have no column {missing[0]!r}; they have {list(rows.columns)}.")
    if rows.empty:
        raise ValueError("There are no rows; run the experiment first.")


def logarithms(values: np.ndarray) -> np.ndarray:
    """Natural logarithms; ValueError if a value is not positive."""
    if (values <= 0).any():
        raise ValueError(f"The smallest value is {values.min():g}; a ratio needs values above zero.")
    return np.log(values)


def flops_text(budget: float) -> str:
    """An amount of compute as text: "1.6e11"."""
    return f"{budget:.2g}".replace("e+", "e")
