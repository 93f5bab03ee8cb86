"""What switches do, alone and together; exact tests over seeds; Holm's correction for many tests."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.multitest import multipletests

from destructure.statistics.intervals import finite_values, interval
from destructure.statistics.rows import complete_seeds, logarithms, require_columns, seed_table

MOST_FLIPPED = 16
"""Up to so many differences every flip of signs is tried; beyond, a fixed sample of them."""

SAMPLED_FLIPS = 19_999


def factorial_effects(rows: pd.DataFrame, factors: Sequence[str], *, value: str = "loss") -> pd.DataFrame:
    """Main effects and two-way interactions, on the logarithm, of a full factorial with every seed in every cell.

    Each seed is a block: its effects are contrasts of its own cells, so what a seed does to all cells alike drops
    out (the same estimates as statsmodels' least squares with seeds as blocks). A main effect is the mean where the
    switch is on, less the mean where it is off; an interaction of two is half the difference that one makes to the
    effect of the other.

    Args:
        rows: one row per combination and seed.
        factors: names of the columns that hold the switches, True or False.
        value: the column that is measured.

    Returns:
        One row per effect, main effects first: `effect` ("S1 × S2"), `order`, `estimate`, `low`, `high` (log ratios).

    Raises:
        ValueError: if a column or cell is missing, a cell has a seed twice, a switch is not True or False, no seed is
            complete, or a run failed.
    """
    factors = list(factors)
    require_columns(rows, (*factors, value, "seed"))
    if not factors or len(set(factors)) != len(factors):
        raise ValueError(f"factors is {factors}; name each switch once, at least one.")
    for factor in factors:
        strange = [each for each in rows[factor].unique() if each not in (True, False)]
        if strange:
            raise ValueError(f"Switch {factor!r} is {strange[0]!r} in some row; it must be True or False.")
    cells = pd.MultiIndex.from_tuples(list(product((True, False), repeat=len(factors))), names=factors)
    table = seed_table(rows.astype(dict.fromkeys(factors, bool)), factors, value)
    if len(factors) == 1:
        table.index = pd.MultiIndex.from_arrays([table.index], names=factors)
    absent = cells.difference(table.index)
    if len(absent):
        raise ValueError(
            f"{len(absent)} of the {len(cells)} combinations have no run, such as "
            f"{dict(zip(factors, map(bool, absent[0]), strict=True))}; run all of them."
        )
    values = logarithms(table.loc[cells, complete_seeds(table)].to_numpy())
    signs = np.where(np.array(cells.to_list()), 1, -1)
    found = []
    for order in (1, 2):
        for group in combinations(range(len(factors)), order):
            contrast = signs[:, group].prod(axis=1) / (len(cells) / 2)
            effect = interval(contrast @ values)
            name = " × ".join(factors[place] for place in group)
            found.append((name, order, effect.estimate, effect.low, effect.high))
    return pd.DataFrame(found, columns=["effect", "order", "estimate", "low", "high"])


def sign_flip_p_value(differences: Sequence[float]) -> float:
    """Two-sided p value of "paired differences are as likely one way as the other" (scipy.stats.permutation_test).

    If a structure does nothing, swapping the arms of one seed changes nothing but the sign of its difference. No
    shape of the distribution is assumed. Five seeds cannot give a p value below 2/2^5 = 0.0625; eight reach 0.008.

    Args:
        differences: one per seed.

    Raises:
        ValueError: if there are no differences or one is not finite.
    """
    values = finite_values(differences, "differences")
    if len(values) == 1:
        return 1.0  # two flips, equally far from zero (scipy asks for two differences or more)
    exact = len(values) <= MOST_FLIPPED
    found = stats.permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=math.inf if exact else SAMPLED_FLIPS,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Mapping[str, float]) -> pd.DataFrame:
    """Correct several tests so that the chance of even one false alarm stays below the level asked for (statsmodels).

    Args:
        p_values: by the name of the test. NaN (a test that could not be made) counts as 1: it stays in the family.

    Returns:
        `p_value` and `corrected`, indexed by the names in the same order.

    Raises:
        ValueError: if there are no tests or a p value is not between 0 and 1.
    """
    if not p_values:
        raise ValueError("There are no p values; give at least one test.")
    table = pd.DataFrame({"p_value": pd.Series(p_values, dtype=float).fillna(1.0)})
    for name, value in table["p_value"].items():
        if not 0 <= value <= 1:
            raise ValueError(f"The p value of {name!r} is {value}; it must lie from 0 to 1.")
    return table.assign(corrected=multipletests(table["p_value"], method="holm")[1])
