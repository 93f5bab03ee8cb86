"""Tests for a handful of seeds: exact sign flips, equivalence, and Holm's correction for many tests."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import DescrStatsW

from destructure.statistics.tables import finite_values
from destructure.trends.intervals import Interval

Alternative = Literal["two-sided", "greater", "less"]

MOST_EXACT = 16
"""Up to so many differences every flip of signs is tried; beyond, a random sample of them."""

SAMPLED_FLIPS = 19_999


@dataclass(frozen=True)
class SignFlipTest:
    """An exact test of "the differences are as likely one way as the other".

    Attributes:
        mean: mean difference.
        p_value: share of the 2^n sign flips whose mean is at least as far from zero.
        smallest_p_value: what n differences could reach at best; above the significance wanted, n is too small.
        count: how many differences.
        exact: whether every flip was tried.
    """

    mean: float
    p_value: float
    smallest_p_value: float
    count: int
    exact: bool


def sign_flip_test(
    differences: Sequence[float], alternative: Alternative = "two-sided", *, seed: int = 0
) -> SignFlipTest:
    """Test whether paired differences are centred on zero (scipy.stats.permutation_test).

    If a structure does nothing, swapping the arms of one seed changes nothing but the sign of its difference. No
    shape of the distribution is assumed. Five seeds cannot give a two-sided p value below 0.0625; eight reach 0.008.

    Args:
        differences: one a seed.
        alternative: "two-sided", "greater" (the mean is above zero) or "less".
        seed: for the random sample of flips beyond 16 differences.

    Raises:
        ValueError: if there are no differences or one is not finite.
    """
    values = finite_values(differences, "differences")
    if alternative not in get_args(Alternative):
        raise ValueError(f"alternative is {alternative!r}; use one of {list(get_args(Alternative))}.")
    sides = 2 if alternative == "two-sided" else 1
    exact = len(values) <= MOST_EXACT
    best = sides * 0.5 ** len(values) if exact else sides / (SAMPLED_FLIPS + 1)
    return SignFlipTest(
        float(values.mean()), _flip(values, alternative, exact, seed), best, len(values), exact
    )


def _flip(values: np.ndarray, alternative: Alternative, exact: bool, seed: int) -> float:
    if len(values) == 1:  # two flips: as it is and turned round (scipy asks for two differences or more)
        one_sided = {"two-sided": 0.0, "greater": values[0], "less": -values[0]}[alternative]
        return 0.5 if one_sided > 0 else 1.0
    found = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=math.inf if exact else SAMPLED_FLIPS,
        alternative=alternative,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


@dataclass(frozen=True)
class EquivalenceTest:
    """Two one-sided tests (TOST): is the mean difference too small to matter?

    Attributes:
        low, high: the margin: differences between these do not matter.
        interval: the mean difference; its interval lies within the margin exactly if `equivalent`.
        p_value: the larger p value of the two tests.
        equivalent: whether it is at most the significance asked for.
        count: how many differences.
    """

    low: float
    high: float
    interval: Interval
    p_value: float
    equivalent: bool
    count: int


def equivalence_test(
    differences: Sequence[float],
    low: float = math.log(0.9),
    high: float = math.log(1.1),
    *,
    significance: float = 0.05,
) -> EquivalenceTest:
    """Test that the mean of paired differences lies between `low` and `high` (TOST, statsmodels).

    "Not significant" does not show that nothing happens; this does. The default margin is for natural logarithms
    of factors: a factor between 0.9 and 1.1.

    Args:
        differences: one a seed. A single one can show nothing: the p value is 1.
        low, high: the margin; it must enclose zero.
        significance: of each of the two tests; the interval has the level 1 - 2 × significance.

    Raises:
        ValueError: if there are no differences, one is not finite, or a number is out of range.
    """
    values = finite_values(differences, "differences")
    if not low < 0 < high:
        raise ValueError(f"The margin is {low:g} to {high:g}; it must enclose zero.")
    if not 0 < significance < 0.5:
        raise ValueError(f"significance is {significance}; it must lie between 0 and 0.5, such as 0.05.")
    level = 1 - 2 * significance
    mean = float(values.mean())
    if len(values) == 1:
        return EquivalenceTest(low, high, Interval(mean, -math.inf, math.inf, level), 1.0, False, 1)
    if np.ptp(values) == 0:  # no scatter: the tests would divide by zero
        inside = low < mean < high
        return EquivalenceTest(
            low, high, Interval(mean, mean, mean, level), 0.0 if inside else 1.0, inside, len(values)
        )
    described = DescrStatsW(values)
    p_value = float(described.ttost_mean(low, high)[0])
    ends = described.tconfint_mean(alpha=2 * significance)
    return EquivalenceTest(
        low=low,
        high=high,
        interval=Interval(mean, float(ends[0]), float(ends[1]), level),
        p_value=p_value,
        equivalent=p_value <= significance,
        count=len(values),
    )


@dataclass(frozen=True)
class CorrectedTest:
    """One of several tests after correction.

    Attributes:
        p_value: as it was.
        corrected: Holm's p value.
        significant: whether it is at most the significance asked for.
    """

    p_value: float
    corrected: float
    significant: bool


def holm(p_values: Mapping[str, float], significance: float = 0.05) -> dict[str, CorrectedTest]:
    """Correct several tests so that the chance of even one false alarm stays below `significance` (statsmodels).

    Args:
        p_values: by the name of the test. NaN (a test that could not be made) counts as 1: it stays in the family.
        significance: between 0 and 1.

    Returns:
        The same names in the same order.

    Raises:
        ValueError: if there are no tests or a p value is not between 0 and 1.
    """
    if not p_values:
        raise ValueError("There are no p values; give at least one test.")
    if not 0 < significance < 1:
        raise ValueError(f"significance is {significance}; it must lie between 0 and 1, such as 0.05.")
    values = [1.0 if math.isnan(value) else float(value) for value in p_values.values()]
    for name, value in zip(p_values, values, strict=True):
        if not 0 <= value <= 1:
            raise ValueError(f"The p value of {name!r} is {value}; it must lie from 0 to 1.")
    rejected, corrected, _, _ = multipletests(values, alpha=significance, method="holm")
    return {
        name: CorrectedTest(value, float(after), bool(yes))
        for name, value, after, yes in zip(p_values, values, corrected, rejected, strict=True)
    }
