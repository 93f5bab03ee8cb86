"""Best-so-far envelopes, and how much compute one of them needs to match another. Many resamples at once."""

import math

import numpy as np
import pandas as pd

from destructure.statistics.intervals import interval_of, resamples
from destructure.statistics.rows import complete_seeds, seed_table

SMALLEST_LOSS = 1e-6
"""Nats per token; a smaller loss counts as this much, so that one lucky seed does not rule a mean of logarithms."""


def envelope(
    rows: pd.DataFrame,
    at: np.ndarray | None = None,
    *,
    value: str = "loss",
    size: str = "width",
    compute: str = "budget",
    logarithm: bool = True,
) -> pd.DataFrame:
    """The best that one method has reached with at most so much compute, whatever its size.

    Each (size, compute) is first averaged over seeds and only then compared: the best of noisy single runs would look
    better than any size is.

    Args:
        rows: of one method, one row per run and budget, with `seed` and the columns named next.
        at: amounts of compute, rising; by default those of the rows.
        value: what is measured, lower is better. size: what tells models apart. compute: in FLOPs.
        logarithm: means are taken of the natural logarithm (and the result is turned back).

    Returns:
        A row per amount: `compute` and `value` under the names given, and `low` and `high`, the ends of the interval.
        Infinite before the first point.

    Raises:
        ValueError: if there are no rows, a column is missing, a run failed, or no seed has all its runs.
    """
    table = seed_table(rows, [size, compute], value)
    seeds = complete_seeds(table)
    values, spent = log_means(table[seeds]) if logarithm else table[seeds].to_numpy(), spent_on(table)
    at = np.unique(spent) if at is None else np.asarray(at, dtype=float)
    curves = envelopes(values, spent, at, with_all(len(seeds)))
    found = [interval_of(curve[1:], float(curve[0]), len(seeds)) for curve in curves]
    found = [each.exp() if logarithm else each for each in found]
    ends = {value: [each.estimate for each in found]}
    ends |= {end: [getattr(each, end) for each in found] for end in ("low", "high")}
    return pd.DataFrame({compute: at, **ends})


def with_all(seeds: int) -> np.ndarray:
    """Shares of seeds: all of them alike first, then every resample."""
    return np.vstack([np.full((1, seeds), 1 / seeds), resamples(seeds).shares])


def log_means(table: pd.DataFrame) -> np.ndarray:
    """Log losses, shape (points, seeds); ValueError if a loss is negative or an amount of compute not positive."""
    if (spent_on(table) <= 0).any() or (table.to_numpy() < 0).any():
        raise ValueError("A budget or a loss is negative, or a budget is zero; check the rows.")
    return np.log(np.maximum(table.to_numpy(), SMALLEST_LOSS))


def spent_on(table: pd.DataFrame) -> np.ndarray:
    """The compute of each row of a table that is indexed by (size, compute)."""
    return table.index.get_level_values(1).to_numpy(dtype=float)


def envelopes(values: np.ndarray, compute: np.ndarray, at: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The lowest mean over seeds that any size has reached with at most so much compute, shape (budgets, samples).

    A point is a size at a budget: `values` (points, seeds) at `compute` (points,), read `at` rising budgets, for
    `shares` of the seeds, (samples, seeds). Infinite before the first point.
    """
    means = values @ shares.T
    allowed = compute[None, :] <= at[:, None] * (1 + 1e-9)
    return np.stack([means[may].min(axis=0, initial=np.inf) for may in allowed])


def first_reach(
    curves: np.ndarray, log_budgets: np.ndarray, wanted: np.ndarray, continued: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The log compute at which a falling curve first reaches a level, by straight lines between its points.

    `curves` (budgets, samples) never rise along `log_budgets`; `wanted` are levels, (levels, samples). The first and
    the last line may be continued beyond the budgets by the factor `continued`. Returned are the log compute,
    (levels, samples), and what is known of it: 0 it is this; 1 more than this (the level is never reached); -1 less
    than this (the first point is already below the level).
    """
    slack = 1e-12
    place = (curves[:, None, :] > wanted[None] + slack).sum(axis=0)
    last = len(log_budgets) - 1
    after = np.clip(place, min(1, last), last)
    before = np.maximum(after - 1, 0)
    samples = np.arange(curves.shape[1])[None, :]
    high, low = curves[before, samples], curves[after, samples]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (high - wanted) / (high - low)  # below 0 or above 1 beyond the budgets
        reached = log_budgets[before] + share * (log_budgets[after] - log_budgets[before])
    never, at_once = place > last, place == 0
    room = math.log(continued) + slack
    with np.errstate(invalid="ignore"):
        too_far = never & ~(reached - log_budgets[-1] <= room)
        too_early = at_once & ~(log_budgets[0] - reached <= room)
    exactly = at_once & (np.abs(curves[0] - wanted) <= slack)
    reached = np.where(too_far, log_budgets[-1], np.where(too_early | exactly, log_budgets[0], reached))
    return reached, np.where(too_far, 1, np.where(too_early & ~exactly, -1, 0))
