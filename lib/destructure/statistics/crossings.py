"""When does one method overtake another as compute grows? Crossings of envelopes, from plain rows.

Points are rows with `method`, `size`, `compute`, `seed` and `bits` (lower is better). Nothing here knows which
methods there are, and tests feed it planted curves whose crossing is known.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from destructure.statistics.envelopes import envelopes, spent_on, with_all
from destructure.statistics.intervals import LEVEL, lower_end, resamples
from destructure.statistics.rows import complete_seeds, seed_table


def crossing(compute: np.ndarray, later: np.ndarray, earlier: np.ndarray) -> float | None:
    """Where the curve `later` falls below `earlier` for good, or `None` if that does not happen in range.

    The last change of the lead counts, so a short lead in the noise at the beginning is no crossing; between two
    budgets the difference is taken to be a straight line over the logarithm of compute.

    Args:
        compute: budgets, rising.
        later: bits of the method with less structure, expected to win later.
        earlier: bits of the other.
    """
    curves = (np.asarray(each, dtype=float)[:, None] for each in (later, earlier))
    verdicts, places = _outcomes(np.asarray(compute, dtype=float), *curves)
    return float(places[0]) if verdicts[0] == "crossing" else None


@dataclass(frozen=True)
class Overtaking:
    """Whether and where one method overtakes another.

    Attributes:
        later, earlier: the two methods; `later` is the one with less structure.
        verdict: "crossing", "none in range" (the earlier method leads at the largest budget), "ahead from the
            start" (the later method leads at every budget) or "undecided" (the seeds do not agree).
        at, low, high: compute of the crossing with its interval; `None` without one.
        share: the chance of the resamples that agree with the verdict on all seeds.
        seeds: how many seeds it rests on.
        lowest, highest: the range of compute that was looked at.
    """

    later: str
    earlier: str
    verdict: Literal["crossing", "none in range", "ahead from the start", "undecided"]
    at: float | None
    low: float | None
    high: float | None
    share: float
    seeds: int
    lowest: float
    highest: float

    def __str__(self) -> str:
        if self.verdict == "crossing":
            found = f"crossing at {self.at:.1e} [{self.low:.1e}, {self.high:.1e}] FLOPs"
        else:
            found = f"{self.verdict} ({self.lowest:.0e} to {self.highest:.0e} FLOPs)"
        return f"{self.later} over {self.earlier}: {found}, {self.seeds} seeds"


def overtaking(points: pd.DataFrame, later: str, earlier: str, compute: np.ndarray) -> Overtaking:
    """Decide whether `later` overtakes `earlier`.

    In each of the `resamples` both methods have the same seeds, and everything is computed anew. The verdict found on
    all seeds stands if resamples with a chance of at least `LEVEL` find it too; otherwise it is "undecided". The
    interval is the middle `LEVEL` of their crossings: plain percentiles, as registered.

    Args:
        points: rows of both methods; only seeds that both have in full are used.
        later, earlier: method names.
        compute: the budgets at which the envelopes are compared, rising.

    Raises:
        ValueError: if a method has no rows, or no seed is complete.
    """
    compute = np.sort(np.asarray(compute, dtype=float))
    tables = []
    for method in (later, earlier):
        rows = points[points["method"] == method]
        if rows.empty:
            raise ValueError(f"There are no rows of the method {method!r}.")
        tables.append(seed_table(rows, ["size", "compute"], "bits"))
    seeds = complete_seeds(*tables)
    shares, chances = with_all(len(seeds)), resamples(len(seeds)).chances
    curves = (envelopes(table[seeds].to_numpy(), spent_on(table), compute, shares) for table in tables)
    verdicts, places = _outcomes(compute, *curves)
    found, drawn = verdicts[0], verdicts[1:]
    share = float(chances[drawn == found].sum())
    at = low = high = None
    if share < LEVEL:
        found = "undecided"
    elif found == "crossing":
        crossed = drawn == found
        at, places, chances = float(places[0]), places[1:][crossed], chances[crossed] / share
        low = lower_end(places, chances, (1 - LEVEL) / 2)
        high = -lower_end(-places, chances, (1 - LEVEL) / 2)
    ends = float(compute[0]), float(compute[-1])
    return Overtaking(later, earlier, str(found), at, low, high, share, len(seeds), *ends)


def _outcomes(compute: np.ndarray, later: np.ndarray, earlier: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Verdicts and crossings of many pairs of curves, each of shape (budgets, samples)."""
    ahead = later < earlier
    after = len(ahead) - np.argmin(ahead[::-1], axis=0)  # the first budget from which it leads to the end
    crossed = ahead[-1] & ~ahead.all(axis=0)
    after = np.where(crossed, after, 1).clip(max=len(ahead) - 1)
    before, samples = np.maximum(after - 1, 0), np.arange(ahead.shape[1])
    with np.errstate(all="ignore"):
        gap_before, gap_after = ((later - earlier)[place, samples] for place in (before, after))
        share = np.where(np.isfinite(gap_before), gap_before / (gap_before - gap_after), 1.0)
        logs = np.log10(compute)
        places = np.where(crossed, 10 ** (logs[before] + share * (logs[after] - logs[before])), np.nan)
    verdicts = np.where(
        ahead.all(axis=0), "ahead from the start", np.where(crossed, "crossing", "none in range")
    )
    return verdicts, places
