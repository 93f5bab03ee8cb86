"""What a seed alone changes: the same model, trained many times."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from destructure.structure import Structure
from destructure.studies.removal_results.summaries import corner_rows, flops_text

ENDS = (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)
WIDTH = 32


@dataclass(frozen=True)
class NoiseFloor:
    """One arm at one budget, over seeds.

    Attributes:
        structure: of the arm. budget: training FLOPs. seeds: how many runs.
        lowest, highest: exact match of the worst and the best run.
        deviation: standard deviation of the exact match.
    """

    structure: Structure
    budget: float
    seeds: int
    lowest: float
    highest: float
    deviation: float

    def __str__(self) -> str:
        where = f"{self.structure.name}, {flops_text(self.budget)} FLOPs"
        if self.seeds == 1:
            return f"{where}, one run: exact match {self.lowest:.0%}"
        return (
            f"{where}, {self.seeds} runs: exact match {self.lowest:.0%} to {self.highest:.0%}, "
            f"standard deviation {100 * self.deviation:.1f} points"
        )


def end_rows(corners: pd.DataFrame | None, noise: pd.DataFrame | None) -> pd.DataFrame | None:
    """The rows of the two ends of the ladder at width 32, from both tables, all seeds that are there.

    Args:
        corners, noise: tables as read; `None` where one is missing.
    """
    tables = [corner_rows(each, WIDTH) for each in (corners, noise) if each is not None]
    tables = [each[each["structure"].isin([end.code for end in ENDS])] for each in tables]
    tables = [each for each in tables if len(each)]
    if not tables:
        return None
    rows = pd.concat(tables, ignore_index=True)
    return rows.assign(exact_match=rows["exact_match"].fillna(0.0))


def noise_floor(ends: pd.DataFrame) -> list[NoiseFloor]:
    """The spread over seeds of both ends at every budget.

    Args:
        ends: from `end_rows`.
    """
    found = []
    for structure in ENDS:
        arm = ends[ends["structure"] == structure.code]
        for budget, group in arm.groupby("budget"):
            scores = group["exact_match"].to_numpy(dtype=float)
            found.append(
                NoiseFloor(
                    structure,
                    float(budget),
                    len(scores),
                    float(scores.min()),
                    float(scores.max()),
                    float(scores.std(ddof=1)) if len(scores) > 1 else float("nan"),
                )
            )
    return found


def wrong_way_round(ends: pd.DataFrame, budget: float) -> float:
    """How often one run of each end would not rank the two as their means do: share of all pairs of runs.

    What a comparison with one seed an arm risks. Two equal runs rank nothing, so they count, unless the means are
    equal.

    Args:
        ends: from `end_rows`.
        budget: which.
    """
    first, second = (
        ends[(ends["structure"] == each.code) & (ends["budget"] == budget)]["exact_match"].to_numpy(
            dtype=float
        )
        for each in ENDS
    )
    sign = np.sign(second.mean() - first.mean())
    return float((np.sign(second[:, None] - first[None, :]) != sign).mean())
