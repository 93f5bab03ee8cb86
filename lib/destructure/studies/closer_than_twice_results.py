"""What the rows of `closer_than_twice` say: ratios of distances with intervals over seeds, and verdicts.

A distance belongs to two runs, and a run to many distances. So seeds are resampled, each with all its runs: two draws
of the same seed make no pair (it would have distance 0).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from destructure.statistics import LEVEL, Interval, interval_of, resamples
from destructure.studies.closer_than_twice import DECODER_ONLY, STEPS, TWICE

Metric = Literal["total_variation", "symmetric_kl", "different_answers"]
MARGIN = (0.8, 1.25)
"""Distances whose ratio lies within this range count as equal."""
NARROW = 0.9
"""Level of the interval for equality: two one-sided tests."""


@dataclass(frozen=True)
class Ratio:
    """A mean distance over that of the same model trained twice.

    Attributes:
        comparison: of the distance above the line.
        interval: the ratio, 95%.
        narrow: the ratio, 90%.
        seeds: how many seeds it rests on.
    """

    comparison: str
    interval: Interval
    narrow: Interval
    seeds: int

    @property
    def closer(self) -> Literal["closer", "further", "undecided"]:
        """Question 1 of the plan."""
        if self.interval.high < 1:
            return "closer"
        return "further" if self.interval.low > 1 else "undecided"

    @property
    def within_noise(self) -> Literal["within noise", "further", "undecided"]:
        """Question 2 of the plan."""
        if self.narrow.low >= MARGIN[0] and self.narrow.high <= MARGIN[1]:
            return "within noise"
        return "further" if self.interval.low > 1 else "undecided"


def ratio(
    rows: pd.DataFrame, comparison: str, metric: Metric = "total_variation", steps: int = STEPS[-1]
) -> Ratio:
    """The mean distance of a comparison over the mean distance of the same model with two seeds.

    Args:
        rows: from `closer_than_twice.results()`; seeds with a diverged run are left out.
        comparison: one of the study's.
        metric: which distance.
        steps: of training.

    Raises:
        ValueError: if there is no row of the comparison, or none of the same model with two seeds.
    """
    rows = rows[rows.steps == steps]
    # A run that did not get so far has no exact match; its partner in the row may have.
    lost = {
        seed
        for side in ("first", "second")
        for seed in rows.loc[rows[f"{side}_exact_match"].isna(), f"{side}_seed"]
    }
    present = rows.loc[rows.comparison.isin((comparison, TWICE)), ["first_seed", "second_seed"]].to_numpy()
    seeds = sorted(set(present.ravel()) - lost)
    above, below = (_table(rows, which, metric, seeds) for which in (comparison, TWICE))
    if np.isnan(above).all() or np.isnan(below).all():
        raise ValueError(f"There is no finished row of {comparison!r} and {TWICE!r} after {steps} steps.")
    estimate = float(_mean(above, np.ones((1, len(seeds))))[0] / _mean(below, np.ones((1, len(seeds))))[0])
    weights = resamples(len(seeds)).shares * len(seeds)
    samples = _mean(above, weights) / _mean(below, weights)
    intervals = (interval_of(samples, estimate, len(seeds), level) for level in (LEVEL, NARROW))
    return Ratio(comparison, *intervals, len(seeds))


def like_for_like(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without "twice" of two softmaxes, which are noisier: for comparisons of one softmax with itself.

    Not registered: the plan divided every comparison by "twice" of both models.

    Args:
        rows: from `closer_than_twice.results()`.
    """
    return rows[(rows.comparison != TWICE) | (rows.first_model == DECODER_ONLY)]


def seed_distances(
    rows: pd.DataFrame, comparison: str, metric: Metric = "total_variation", steps: int = STEPS[-1]
):
    """All distances of a comparison after so many steps, in the order of the rows; diverged ones left out."""
    chosen = rows[(rows.comparison == comparison) & (rows.steps == steps)]
    return chosen[metric].dropna().to_numpy()


def _table(rows: pd.DataFrame, comparison: str, metric: str, seeds: list[int]) -> np.ndarray:
    """Mean distance for each two seeds, (seeds, seeds), NaN where there is none; on the diagonal one seed's own."""
    place = {seed: number for number, seed in enumerate(seeds)}
    found: dict[tuple[int, int], list[float]] = {}
    for row in rows[rows.comparison == comparison].itertuples():
        if row.first_seed in place and row.second_seed in place:
            pair = place[row.first_seed], place[row.second_seed]
            found.setdefault(pair, []).append(getattr(row, metric))
    table = np.full((len(seeds), len(seeds)), np.nan)
    for (first, second), values in found.items():
        table[first, second] = table[second, first] = np.mean(values)
    return table


def _mean(table: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Mean of a table over seeds drawn so often each, (samples, seeds); NaN if a sample holds no pair."""
    known, filled = ~np.isnan(table), np.nan_to_num(table)
    if known.diagonal().any():  # one distance a seed
        total, count = draws @ filled.diagonal(), draws @ known.diagonal().astype(float)
    else:
        total = np.einsum("si,ij,sj->s", draws, filled, draws)
        count = np.einsum("si,ij,sj->s", draws, known.astype(float), draws)
    return np.divide(total, count, out=np.full(len(draws), np.nan), where=count > 0)
