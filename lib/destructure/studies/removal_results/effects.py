"""Main effects and interactions of the four switches, in each width: on the loss, and on the compute at take-off."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from destructure.statistics import factorial_effects, failures_counted
from destructure.structure import Structure
from destructure.studies.removal_results.factors import LABELS
from destructure.studies.removal_results.summaries import corner_rows, run_table

HIGHEST_ORDER = 2


@dataclass(frozen=True, eq=False)
class CornerEffects:
    """The effects of one measure at one width.

    Attributes:
        measure: "loss" or "take-off".
        width: of the models. budget: where the loss was measured; the longest watched for take-off.
        effects: on the natural logarithm of the measure: present minus removed, so above 0 the structure costs.
        censored: runs without take-off; they count with what they were watched for.
        runs: runs in all.
    """

    measure: str
    width: int
    budget: float
    effects: pd.DataFrame
    censored: int = 0
    runs: int = 0

    def main(self, switch: str):
        """The main effect of a switch."""
        from destructure.statistics import Interval

        row = self.effects.set_index("effect").loc[switch]

        class E:
            interval = Interval(row.estimate, row.low, row.high)

        return E

    def table(self) -> pd.DataFrame:
        """One row an effect: effect ("S1", "S1 × S3"), order, estimate, low, high. Not tested, so no p values."""
        t = self.effects.copy()
        t["effect"] = [" × ".join(LABELS[f] for f in e.split(" × ")) for e in t.effect]
        return t


def corner_effects(rows: pd.DataFrame, width: int, budget: float) -> CornerEffects:
    """Effects on the log loss of the sixteen corners at one width and budget.

    Args:
        rows: settled rows.

    Raises:
        ValueError: if a corner is missing.
    """
    cells = corner_rows(rows, width, budget)
    found = factorial_effects(
        failures_counted(cells),
        Structure.SWITCHES,
        value="loss",
        logarithm=True,
        highest_order=HIGHEST_ORDER,
    )
    return CornerEffects("loss", width, budget, found, runs=len(cells))


def take_off_effects(rows: pd.DataFrame, width: int) -> CornerEffects:
    """Effects on the log of the compute at take-off, at one width.

    A run without take-off (it is censored) counts with the compute up to which it was watched: its true value is
    larger. Leaving it out would make the arm that fails look fast.

    Args:
        rows: settled rows.

    Raises:
        ValueError: if a corner is missing.
    """
    runs = run_table(corner_rows(rows, width))
    never = np.isnan(runs["take_off"].to_numpy(dtype=float))
    runs = runs.assign(value=np.where(never, runs["limit"], runs["take_off"]))
    found = factorial_effects(
        runs,
        Structure.SWITCHES,
        value="value",
        logarithm=True,
        highest_order=HIGHEST_ORDER,
    )
    return CornerEffects("take-off", width, float(runs["budget"].max()), found, int(never.sum()), len(runs))


def scarce_effects(rows: pd.DataFrame, budget: float | None = None) -> CornerEffects:
    """Effects on the log loss with scarce data, at the largest budget by default.

    Args:
        rows: settled rows of `scarce_corners`.
    """
    width = int(rows["width"].max())
    return corner_effects(rows, width, float(rows["budget"].max() if budget is None else budget))


def factor_of(effect: float) -> float:
    """An effect on a logarithm, as a factor."""
    return math.exp(effect)
