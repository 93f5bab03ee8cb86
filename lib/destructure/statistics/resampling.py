"""Bootstrap over seeds: a seed is drawn with everything that was run with it, across all arms and budgets."""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy import stats

from destructure.statistics.tables import finite_values
from destructure.trends.intervals import Interval
from destructure.trends.lines import expanded_level

LEVEL = 0.95
RESAMPLES = 4_999


def seeds_needed(level: float = LEVEL) -> int:
    """The smallest number of seeds that can carry an interval of this level: 6 for 95%, 5 for 90%.

    All n seeds lie on the same side of the truth with chance 2 × 0.5^n; if that is more than 1 - level, not even
    the range of all seeds holds the truth often enough.

    Raises:
        ValueError: if `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, such as 0.95.")
    return math.ceil(math.log2(2 / (1 - level)) - 1e-9)


def bootstrap_interval(
    values: Sequence[float],
    statistic: Callable = np.mean,
    *,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """An interval for a statistic of one value a seed (scipy.stats.bootstrap, expanded percentile).

    With eight seeds the plain percentile interval is too narrow; `trends.lines.expanded_level` says how it is
    widened. With fewer seeds than `seeds_needed` nothing can be said: the interval has no ends.

    Args:
        values: one number a seed, for example differences of paired runs.
        statistic: takes `axis`, as `np.mean` and `np.median` do.
        level: how often such intervals should hold the truth.
        resamples, seed: of the bootstrap.

    Raises:
        ValueError: if there are no values or one is not finite.
    """
    values = finite_values(values, "values")
    estimate = float(statistic(values, axis=-1))
    if len(values) < seeds_needed(level):
        return Interval(estimate, -math.inf, math.inf, level)
    found = stats.bootstrap(
        (values,),
        statistic,
        n_resamples=resamples,
        vectorized=True,
        confidence_level=expanded_level(level, len(values), parameters=1),
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return Interval(estimate, float(found.low), float(found.high), level)


def seed_weights(seeds: int, resamples: int = RESAMPLES, seed: int = 0) -> np.ndarray:
    """How often each seed is drawn in each bootstrap sample, as shares: shape (resamples, seeds), rows sum to 1.

    The same shares for both arms and all budgets keep what belongs to a seed together.
    """
    draws = np.random.default_rng(seed).multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    return draws / seeds


def interval_of_samples(samples: np.ndarray, estimate: float, seeds: int, level: float = LEVEL) -> Interval:
    """The expanded percentile interval of a statistic's bootstrap samples.

    A sample may be infinite, or NaN where it says nothing: that counts against both ends, so it widens.

    Args:
        samples: the statistic in each bootstrap sample, shape (resamples,).
        estimate: the statistic on all seeds.
        seeds: how many seeds were resampled.
    """
    if seeds < seeds_needed(level):
        return Interval(estimate, -math.inf, math.inf, level)
    tail = _tail(level, seeds)
    low = np.quantile(np.where(np.isnan(samples), -np.inf, samples), tail, method="lower")
    high = np.quantile(np.where(np.isnan(samples), np.inf, samples), 1 - tail, method="higher")
    return Interval(estimate, float(low), float(high), level)


@cache
def _tail(level: float, seeds: int) -> float:
    """The share of samples beyond each end of an expanded percentile interval."""
    return (1 - expanded_level(level, seeds, parameters=1)) / 2


def bootstrap_p_value(samples: np.ndarray, null: float, seeds: int) -> float:
    """Two-sided p value of "the truth is `null`": one minus the highest level whose interval leaves `null` out.

    Args:
        samples: as in `interval_of_samples`; NaN says nothing and counts for the null.
        null: the value to test.
        seeds: how many seeds were resampled; one seed gives 1.
    """
    if seeds < 2:
        return 1.0
    unknown = np.isnan(samples)
    below = np.count_nonzero((samples <= null) | unknown)
    above = np.count_nonzero((samples >= null) | unknown)
    tail = (1 + min(below, above)) / (1 + len(samples))
    if tail >= 0.5:
        return 1.0
    # The way back through `expanded_level`: from the bootstrap's normal to Student's t.
    t = stats.norm.isf(tail) * math.sqrt((seeds - 1) / seeds)
    return float(2 * stats.t.sf(t, seeds - 1))
