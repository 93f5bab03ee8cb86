"""When does one method overtake another as compute grows? Envelopes, crossings and their intervals, from plain rows.

Points are rows with `method`, `size`, `compute`, `seed` and `bits` (lower is better). Nothing here knows which
methods there are, and tests feed it planted curves whose crossing is known.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

RESAMPLES = 2000
LEVEL = 0.95


def envelope(points: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """The best a method has reached with at most so much compute: the best-so-far envelope over its sizes.

    Each (size, compute) is first averaged over seeds and only then compared: the best of noisy single runs would
    look better than any size is.

    Args:
        points: rows of one method.
        at: amounts of compute, rising.

    Returns:
        Bits at each amount; infinite before the first point.
    """
    means = points.groupby(["size", "compute"], as_index=False)["bits"].mean().sort_values("compute")
    best = np.minimum.accumulate(means["bits"].to_numpy())
    place = np.searchsorted(means["compute"].to_numpy(), np.asarray(at) * (1 + 1e-9), side="right") - 1
    return np.where(place >= 0, best[place.clip(min=0)], np.inf)


def envelope_interval(
    points: pd.DataFrame, at: np.ndarray, resamples: int = 500, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end of a method's envelope at each amount of compute, by a bootstrap over seeds."""
    table = points.pivot_table(index=["size", "compute"], columns="seed", values="bits").dropna(axis=1)
    values, allowed = _curves(table, np.asarray(at, dtype=float))
    seeds = values.shape[1]
    draws = np.random.default_rng(0).multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    means = values @ draws.T / seeds  # (points, resamples)
    best = np.stack([np.where(may[:, None], means, np.inf).min(axis=0) for may in allowed])
    tail = (1 - level) / 2
    low, high = np.quantile(best, [tail, 1 - tail], axis=1, method="nearest")
    return low, high


def crossing(compute: np.ndarray, later: np.ndarray, earlier: np.ndarray) -> float | None:
    """Where the curve `later` falls below `earlier` for good, or `None` if that does not happen in range.

    The last change of the lead counts, so a short lead in the noise at the beginning is no crossing; between two
    budgets the difference is taken to be a straight line over the logarithm of compute.

    Args:
        compute: budgets, rising.
        later: bits of the method with less structure, expected to win later.
        earlier: bits of the other.
    """
    ahead = later < earlier
    if not ahead[-1] or ahead.all():
        return None
    after = len(ahead) - int(np.argmin(ahead[::-1]))  # the first budget from which it leads to the end
    before = after - 1
    gap_before, gap_after = later[before] - earlier[before], later[after] - earlier[after]
    share = gap_before / (gap_before - gap_after) if np.isfinite(gap_before) else 1.0
    logs = np.log10(compute)
    return float(10 ** (logs[before] + share * (logs[after] - logs[before])))


@dataclass(frozen=True)
class Overtaking:
    """Whether and where one method overtakes another.

    Attributes:
        later, earlier: the two methods; `later` is the one with less structure.
        verdict: "crossing", "none in range" (the earlier method leads at the largest budget), "ahead from the
            start" (the later method leads at every budget) or "undecided" (the seeds do not agree).
        at, low, high: compute of the crossing with its interval; `None` without one.
        share: the share of bootstrap samples that agree with the verdict on all seeds.
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


def overtaking(
    points: pd.DataFrame,
    later: str,
    earlier: str,
    compute: np.ndarray,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Overtaking:
    """Compute the verdict on a pair of methods, with a bootstrap over seeds.

    Seeds are drawn with replacement, the same draw for both methods, and everything is computed anew from each
    draw: means, envelopes, crossing. The verdict found on all seeds stands if at least `level` of the draws find
    it too; otherwise it is "undecided". The interval is the middle `level` of the draws' crossings.

    Args:
        points: rows of both methods; only seeds that both have in full are used.
        later, earlier: method names.
        compute: the budgets at which the envelopes are compared, rising.

    Raises:
        ValueError: if a method has no rows, or no seed is complete.
    """
    compute = np.sort(np.asarray(compute, dtype=float))
    tables = [_by_seed(points, method) for method in (later, earlier)]
    seeds = np.intersect1d(tables[0].columns, tables[1].columns)
    if not len(seeds):
        raise ValueError(f"No seed has all its runs of {later} and {earlier} yet; run what is missing first.")
    curves = [_curves(table[seeds], compute) for table in tables]
    found, at = _outcome(curves, np.ones(len(seeds)), compute)
    generator = np.random.default_rng(0)
    draws = generator.multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=resamples)
    outcomes = [_outcome(curves, draw, compute) for draw in draws]
    share = float(np.mean([verdict == found for verdict, _ in outcomes]))
    low = high = None
    if found == "crossing":
        tail = (1 - level) / 2
        places = [place for verdict, place in outcomes if verdict == "crossing"]
        low, high = (float(each) for each in np.quantile(places, [tail, 1 - tail]))
    if share < level:
        found, at, low, high = "undecided", None, None, None
    return Overtaking(
        later, earlier, found, at, low, high, share, len(seeds), float(compute[0]), float(compute[-1])
    )


def _by_seed(points: pd.DataFrame, method: str) -> pd.DataFrame:
    """One row a (size, compute), one column a seed; seeds with gaps are dropped."""
    rows = points[points["method"] == method]
    if rows.empty:
        raise ValueError(f"There are no rows of the method {method!r}.")
    return rows.pivot_table(index=["size", "compute"], columns="seed", values="bits").dropna(axis=1)


def _curves(table: pd.DataFrame, compute: np.ndarray):
    """What a weighting of seeds needs to become an envelope: values (points, seeds) and who counts at each budget."""
    spent = table.index.get_level_values("compute").to_numpy()
    return table.to_numpy(), spent[None, :] <= compute[:, None] * (1 + 1e-9)


def _outcome(curves, weights: np.ndarray, compute: np.ndarray) -> tuple[str, float | None]:
    later, earlier = (
        np.where(allowed, (values @ weights / weights.sum())[None, :], np.inf).min(axis=1)
        for values, allowed in curves
    )
    if (later < earlier).all():
        return "ahead from the start", None
    at = crossing(compute, later, earlier)
    return ("none in range", None) if at is None else ("crossing", at)
