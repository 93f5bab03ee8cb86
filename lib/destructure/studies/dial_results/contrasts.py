"""Two arms, seed by seed: what a structure is worth at one setting of a dial."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from destructure.statistics import (
    MARGIN,
    NOISE,
    TRAINED,
    Interval,
    complete_seeds,
    failures_counted,
    seed_table,
    seeds_needed,
)
from destructure.statistics import interval as interval_over_seeds
from destructure.structure import Structure

Word = Literal["free", "helps", "hurts", "unsettled"]

SMALLEST = NOISE
"""Nats a token: smaller losses count as this much, since so near the floor they cannot be told apart."""


class Arm(NamedTuple):
    """One arm of the table: the cell of its column `arm`, and its structure."""

    name: str
    structure: Structure

    def rows(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The arm's rows.

        Raises:
            ValueError: if there are none.
        """
        found = rows[(rows["arm"] == self.name) & (rows["structure"] == self.structure.code)]
        if found.empty:
            raise ValueError(
                f"There are no rows of the arm {self.name!r} with {self.structure.code}; run the plan first."
            )
        return found


@dataclass(frozen=True, eq=False)
class Contrast:
    """What one arm has over another at equal training FLOPs.

    Attributes:
        label: what is compared, in a few words.
        with_arm, without_arm: the arms.
        seeds, values: the advantage of each seed, see `advantages`.
        interval: its mean with the 95% interval over seeds. narrow_interval: the 90% one, for "free".
        word: "free", "helps", "hurts" or "unsettled", see `contrast_word`.
        exact_match: mean of each arm at the largest budget, from 0 to 1.
        weak: arms that are not trained within the range (below 90%): their `exact_match` by "with" or "without".
    """

    label: str
    with_arm: Arm
    without_arm: Arm
    seeds: tuple[int, ...]
    values: np.ndarray
    interval: Interval
    narrow_interval: Interval
    word: Word
    exact_match: tuple[float, float]
    weak: dict[str, float]


def advantages(rows: pd.DataFrame, with_arm: Arm, without_arm: Arm) -> pd.Series:
    """The advantage of each seed: the mean over budgets of log(loss without / loss with).

    Above 0 the first arm is ahead. Losses below `SMALLEST` count as that much; a run that diverged counts as a model
    that knows nothing, ln 65.

    Args:
        rows: settled rows, both arms at the same budgets.

    Raises:
        ValueError: if an arm has no rows, the budgets differ or no seed is complete.
    """
    tables = [seed_table(failures_counted(arm.rows(rows)), ["budget"]) for arm in (with_arm, without_arm)]
    if list(tables[0].index) != list(tables[1].index):
        raise ValueError(
            f"{with_arm.name!r} and {without_arm.name!r} were measured at other budgets; compare arms of one setting."
        )
    seeds, _ = complete_seeds(*tables)
    losses_with, losses_without = (np.log(np.maximum(each[seeds], SMALLEST)) for each in tables)
    return (losses_without - losses_with).mean(axis=0)


def contrast_word(interval: Interval, narrow: Interval) -> Word:
    """Name an advantage by its intervals; the first rule that applies.

    "free": the 90% interval lies within ± log 1.1. "helps" or "hurts": the 95% interval lies on one side of 0.
    "unsettled" otherwise, and always where there are too few seeds for an interval.
    """
    if math.log(1 / MARGIN[1]) <= narrow.low and narrow.high <= math.log(MARGIN[1]):
        return "free"
    if interval.low > 0:
        return "helps"
    return "hurts" if interval.high < 0 else "unsettled"


def compare(rows: pd.DataFrame, label: str, with_arm: Arm, without_arm: Arm) -> Contrast:
    """Compare two arms of one setting, as registered. Raises as `advantages`."""
    found = advantages(rows, with_arm, without_arm)
    interval, narrow = (interval_over_seeds(found.to_numpy(), level) for level in (0.95, 0.9))
    if (
        len(found) < seeds_needed()
    ):  # five seeds could carry the narrow one; the plan asks for six for any word
        narrow = Interval(narrow.estimate, -math.inf, math.inf, narrow.level)
    scores = tuple(final_exact_match(arm.rows(rows)) for arm in (with_arm, without_arm))
    weak = {side: score for side, score in zip(("with", "without"), scores, strict=True) if score < TRAINED}
    return Contrast(
        label, with_arm, without_arm, tuple(map(int, found.index)), found.to_numpy(), interval, narrow,
        contrast_word(interval, narrow), scores, weak,
    )  # fmt: skip


def final_lead(rows: pd.DataFrame, ahead: Arm, behind: Arm) -> pd.Series:
    """How many points of exact match an arm is ahead at the largest budget, seed by seed; a failed run has 0.

    Args:
        rows: settled rows.

    Raises:
        ValueError: if an arm has no rows.
    """
    points = []
    for arm in (ahead, behind):
        own = arm.rows(rows)
        last = own[own["budget"] == own["budget"].max()]
        points.append(100 * last.set_index("seed")["exact_match"].fillna(0.0))
    return (points[0] - points[1]).sort_index()


def final_exact_match(rows: pd.DataFrame) -> float:
    """Mean exact match of one arm at its largest budget, from 0 to 1."""
    return float(rows[rows["budget"] == rows["budget"].max()]["exact_match"].mean())
