"""From tidy rows to complete tables: seeds are paired, failed runs are counted, nothing is averaged in silence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, eq=False)
class PairedDifferences:
    """What two arms scored with the same seeds.

    Attributes:
        seeds: those that both arms have, in order.
        differences: first arm minus second, shape (seeds,); of the logarithms if that was asked for.
        unpaired: seeds that only one arm has; they are not used.
        failures: how many failed runs (of the first arm, of the second) count with the score of a failure.
    """

    seeds: tuple
    differences: np.ndarray
    unpaired: tuple
    failures: tuple[int, int]


def paired_differences(
    rows: pd.DataFrame,
    first: object,
    second: object,
    *,
    value: str = "loss",
    arm: str = "arm",
    seed: str = "seed",
    failed: float | None = None,
    logarithm: bool = False,
) -> PairedDifferences:
    """Subtract arm from arm, seed by seed.

    Args:
        rows: one row a run; no seed twice in an arm.
        first, second: values of the column `arm`.
        value, arm, seed: names of the columns.
        failed: the score that a diverged run (no finite number in its row) counts with.
        logarithm: subtract logarithms: the differences are then log ratios.

    Raises:
        ValueError: if a column or an arm is missing, an arm has a seed twice, the arms share no seed, a run failed
            and `failed` is not given, or a logarithm does not exist.
    """
    seeds, values = paired_values(rows, first, second, value=value, arm=arm, seed=seed, failed=failed)
    values = logarithms(values) if logarithm else values
    everyone = rows.loc[rows[arm].isin([first, second]), seed].unique()
    return PairedDifferences(
        seeds=seeds,
        differences=values[0] - values[1],
        unpaired=tuple(sorted(set(everyone) - set(seeds))),
        failures=tuple(count_failures(rows.loc[rows[arm] == name, value]) for name in (first, second)),
    )


def paired_values(
    rows: pd.DataFrame,
    first: object,
    second: object,
    *,
    value: str,
    arm: str = "arm",
    seed: str = "seed",
    failed: float | None = None,
) -> tuple[tuple, np.ndarray]:
    """The seeds that both arms have, in order, and their values, shape (2, seeds). Raises as `paired_differences`."""
    require_columns(rows, (arm, value, seed))
    for name in (first, second):
        if not (rows[arm] == name).any():
            raise ValueError(
                f"There are no rows of the arm {name!r}; the arms are {list(rows[arm].unique())}."
            )
    table = seed_table(rows[rows[arm].isin([first, second])], [arm], value, seed, failed)
    paired = table.dropna(axis=1)
    if paired.empty:
        raise ValueError(
            f"The arms {first!r} and {second!r} have no seed in common; run both with the same seeds."
        )
    order = paired.index.get_level_values(0)
    values = paired.to_numpy()[[order.get_loc(name) for name in (first, second)]]
    return tuple(paired.columns), values


def seed_table(
    rows: pd.DataFrame, index: Sequence[str], value: str, seed: str = "seed", failed: float | None = None
) -> pd.DataFrame:
    """Turn tidy rows into one row a combination of `index` and one column a seed; NaN where a run is missing.

    A run whose value is not finite has failed (it diverged). It is never dropped: dropping it would reward the
    arm that diverges. It counts as `failed`, for example the loss of a model that knows nothing.

    Raises:
        ValueError: if a combination has a seed twice, or a run failed and `failed` is not given.
    """
    require_columns(rows, (*index, value, seed))
    twice = rows.duplicated([*index, seed])
    if twice.any():
        place = {name: rows.loc[twice, name].iloc[0] for name in (*index, seed)}
        raise ValueError(
            f"Two rows have {_describe(place)}; keep one row a run, for example by choosing one learning rate."
        )
    values = pd.Series(as_floats(rows[value]), rows.index)
    lost = ~np.isfinite(values)
    if lost.any():
        if failed is None:
            raise ValueError(
                f"{int(lost.sum())} of {len(rows)} runs have no finite {value}; they failed and count as failures, "
                "so say with failed= what a failure scores, such as the loss of a model that knows nothing."
            )
        values = values.where(~lost, float(failed))
    return rows.assign(**{value: values}).pivot(index=list(index), columns=seed, values=value)


def as_floats(values: Sequence[float]) -> np.ndarray:
    """Numbers as floats; what is missing (None, `<NA>`) becomes NaN."""
    return pd.Series(values, dtype="Float64").to_numpy(dtype=float, na_value=np.nan)


def count_failures(values: Sequence[float]) -> int:
    """How many values are missing or not finite."""
    return int((~np.isfinite(as_floats(values))).sum())


def complete_seeds(*tables: pd.DataFrame) -> tuple[list, tuple]:
    """The seeds that have every run in every table, and those that lack some.

    Raises:
        ValueError: if no seed is complete.
    """
    complete = everyone = tables[0].columns
    for table in tables:
        everyone = everyone.union(table.columns)
        complete = complete.intersection(table.columns[table.notna().to_numpy().all(axis=0)])
    if complete.empty:
        raise ValueError(
            f"None of the {len(everyone)} seeds has all its runs yet; run what is missing first."
        )
    return sorted(complete), tuple(everyone.difference(complete))


def require_columns(rows: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise ValueError if a table has no rows or lacks a column."""
    missing = [column for column in columns if column not in rows]
    if missing:
        raise ValueError(f"The rows have no column {missing[0]!r}; they have {list(rows.columns)}.")
    if rows.empty:
        raise ValueError("There are no rows; run the experiment first.")


def finite_values(values: Sequence[float], name: str) -> np.ndarray:
    """Return values as an array of one axis.

    Raises:
        ValueError: if there are none, they have another shape, or one is not finite.
    """
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{name} has the shape {array.shape}; give one number a seed, for at least one seed."
        )
    if not np.isfinite(array).all():
        raise ValueError(
            f"{int((~np.isfinite(array)).sum())} of the {array.size} {name} are not finite; count a failed run "
            "with the score of a failure first (paired_differences does that with failed=)."
        )
    return array


def logarithms(values: np.ndarray) -> np.ndarray:
    """Natural logarithms of positive values.

    Raises:
        ValueError: if one is zero or negative.
    """
    if (values <= 0).any():
        raise ValueError(f"The smallest value is {values.min():g}; a ratio needs values above zero.")
    return np.log(values)


def _describe(place: dict) -> str:
    return ", ".join(f"{name} {value}" for name, value in place.items())
