"""One way to an interval: every resample of a handful of seeds, each with its chance, and no random numbers.

Drawing n seeds with replacement from n gives one of C(2n - 1, n) multisets: 6,435 for eight seeds. A bootstrap
samples them; here they are listed, so nothing depends on a random number. A seed is drawn with all that was run with
it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import special, stats

LEVEL = 0.95
ENUMERATED = 10
"""Up to so many seeds all resamples are listed (ten seeds: 92,378); beyond, a fixed sample of them."""

RESAMPLES = 100_000
"""How many are sampled beyond that."""


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of an interval that holds the truth as often as `level` says.

    `f"{interval:.2f}"` is "1.25 [1.06, 1.51]".
    """

    estimate: float
    low: float
    high: float
    level: float = LEVEL

    def __str__(self) -> str:
        return f"{self.estimate:.3g} ({self.level:.0%} interval {self.low:.3g} to {self.high:.3g})"

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        unbounded = not (math.isfinite(self.low) or math.isfinite(self.high))
        if unbounded or (self.low == 0 and math.isinf(self.high)):  # 0 to infinity: a factor without ends
            return f"{self.estimate:{spec}} [no interval]"
        return f"{self.estimate:{spec}} [{self.low:{spec.lstrip('+')}}, {self.high:{spec.lstrip('+')}}]"

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def exp(self) -> "Interval":
        """An interval of natural logarithms as one of factors."""
        with np.errstate(over="ignore"):
            return Interval(*np.exp([self.estimate, self.low, self.high]).tolist(), self.level)


class Resamples(NamedTuple):
    """Resamples of seeds: the `shares` of each seed, shape (resamples, seeds), and the `chances`, shape (resamples,).

    Rows of `shares` sum to 1, and so do the `chances`.
    """

    shares: np.ndarray
    chances: np.ndarray


@cache
def resamples(seeds: int, random_seed: int = 0) -> Resamples:
    """All ways to draw so many seeds with replacement, up to their order, each with its multinomial chance.

    Args:
        seeds: how many there are, at least one. More than `ENUMERATED` are sampled.
        random_seed: of that sample; without effect for fewer seeds.
    """
    if seeds < 1:
        raise ValueError(f"There are {seeds} seeds to resample; give at least one.")
    if seeds > ENUMERATED:
        draws = np.random.default_rng(random_seed).multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLES)
        found = Resamples(draws / seeds, np.full(RESAMPLES, 1 / RESAMPLES))
    else:
        # Stars and bars: the counts lie between the bars.
        bars = np.array(list(combinations(range(2 * seeds - 1), seeds - 1)), dtype=int)
        counts = np.diff(bars, axis=1, prepend=-1, append=2 * seeds - 1) - 1
        ways = special.gammaln(seeds + 1) - special.gammaln(counts + 1).sum(axis=1)
        found = Resamples(counts / seeds, np.exp(ways - seeds * math.log(seeds)))
    for array in found:
        array.setflags(write=False)  # kept between calls
    return found


def seeds_needed(level: float = LEVEL) -> int:
    """The smallest number of seeds that can carry an interval of this level: 6 for 95%, 5 for 90%.

    All n seeds lie on the same side of the truth with chance 2 × 0.5^n; if that is more than 1 - level, not even
    the range of all seeds holds the truth often enough.
    """
    require_level(level)
    return math.ceil(math.log2(2 / (1 - level)) - 1e-9)


def expanded_level(level: float, count: int, parameters: int) -> float:
    """Level at which a percentile interval must be read so that it covers `level` of the time.

    Student's t instead of the normal, and a standard deviation divided by count - parameters instead of count.
    """
    require_level(level)
    freedom = count - parameters
    wide = stats.t.ppf((1 + level) / 2, freedom) * np.sqrt(count / freedom)
    return float(2 * stats.norm.cdf(wide) - 1)


def require_level(level: float) -> None:
    """ValueError if a level is not between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, such as 0.95.")


def interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """The mean of one value per seed with its interval: the expanded percentiles of all resamples.

    With eight seeds the plain percentiles are too narrow; `expanded_level` says how they are widened. With fewer
    seeds than `seeds_needed` nothing can be said: the interval has no ends. Nor has it where all values are equal, as
    eight accuracies of 100%: resamples of them show no spread, which is no proof that there is none.

    Raises:
        ValueError: if there are no values or one is not finite.
    """
    values = finite_values(values, "values")
    if np.ptp(values) <= 1e-12 * np.abs(values).max():
        return Interval(float(values.mean()), -math.inf, math.inf, level)
    return interval_of(resamples(len(values)).shares @ values, float(values.mean()), len(values), level)


def interval_of(samples: np.ndarray, estimate: float, seeds: int, level: float = LEVEL) -> Interval:
    """The interval of any statistic, from its value in each of `resamples(seeds)`.

    A sample may be infinite, or NaN where it says nothing: that counts against both ends, so it widens.

    Args:
        samples: the statistic in each resample, shape (resamples,).
        estimate: the statistic on all seeds.
        seeds: how many seeds were resampled.
    """
    if seeds < seeds_needed(level):
        return Interval(estimate, -math.inf, math.inf, level)
    samples, chances = np.asarray(samples, dtype=float), resamples(seeds).chances
    tail = (1 - expanded_level(level, seeds, parameters=1)) / 2
    low = lower_end(np.where(np.isnan(samples), -np.inf, samples), chances, tail)
    high = -lower_end(np.where(np.isnan(samples), -np.inf, -samples), chances, tail)
    return Interval(estimate, low, high, level)


def lower_end(samples: np.ndarray, chances: np.ndarray, tail: float) -> float:
    """The smallest sample with more than the chance `tail` at or below it."""
    order = np.argsort(samples, kind="stable")
    place = np.searchsorted(np.cumsum(chances[order]), tail, side="right")
    return float(samples[order[min(place, len(order) - 1)]])


def p_value_of(samples: np.ndarray, null: float, seeds: int) -> float:
    """Two-sided p value of "the truth is `null`": one minus the highest level whose interval leaves `null` out.

    It is never below 2 × 0.5^n, the chance that all n seeds lie on one side of the truth.
    Samples as in `interval_of`; NaN says nothing and counts for the null.
    """
    if seeds < 2:
        return 1.0
    chances, unknown = resamples(seeds).chances, np.isnan(samples)
    tail = min(chances[(samples <= null) | unknown].sum(), chances[(samples >= null) | unknown].sum())
    if tail >= 0.5:
        return 1.0
    # The way back through `expanded_level`: from the normal to Student's t.
    t = stats.norm.isf(tail) * math.sqrt((seeds - 1) / seeds)
    return max(float(2 * stats.t.sf(t, seeds - 1)), 2 * 0.5**seeds)


def finite_values(values: Sequence[float], name: str) -> np.ndarray:
    """Values as an array of one axis; ValueError if there are none or one is not finite."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} has shape {array.shape}; give one number per seed, for at least one seed.")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{int((~np.isfinite(array)).sum())} of the {array.size} {name} are not finite; count a failed run "
            "with the score of a failure first (failures_counted does that)."
        )
    return array
