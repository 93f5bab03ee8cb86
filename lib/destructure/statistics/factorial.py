"""Main effects and interactions of switches that were turned in every combination, seed by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd

from destructure.statistics.resampling import (
    LEVEL,
    RESAMPLES,
    interval_of_samples,
    seed_weights,
)
from destructure.statistics.significance import holm, sign_flip_test
from destructure.statistics.tables import (
    complete_seeds,
    count_failures,
    logarithms,
    require_columns,
    seed_table,
)
from destructure.trends.intervals import Interval


@dataclass(frozen=True)
class Effect:
    """What one switch does, or what several do together beyond what they do alone.

    Attributes:
        factors: the switches: one for a main effect, two for a two-way interaction, and so on.
        interval: the effect with its interval. Main effect: mean where the switch is on, less mean where it is off.
            Interaction of two: half the difference that one makes to the effect of the other.
        p_value: exact sign-flip test over seeds.
        corrected: Holm's p value over all effects of the table.
        by_seed: the effect in each seed.
    """

    factors: tuple[str, ...]
    interval: Interval
    p_value: float
    corrected: float
    by_seed: tuple[float, ...]

    @property
    def name(self) -> str:
        """The switches with × between them."""
        return " × ".join(self.factors)


@dataclass(frozen=True)
class FactorialEffects:
    """All effects of a factorial design.

    Attributes:
        effects: main effects first, then two-way interactions, and so on.
        seeds: the seeds with all cells; `incomplete_seeds` lack some and are not used.
        cells: how many combinations the design has.
        failures: failed runs, counted with the score of a failure.
    """

    effects: tuple[Effect, ...]
    seeds: tuple
    incomplete_seeds: tuple
    cells: int
    failures: int

    def __getitem__(self, factors: str | tuple[str, ...]) -> Effect:
        wanted = {factors} if isinstance(factors, str) else set(factors)
        for effect in self.effects:
            if set(effect.factors) == wanted:
                return effect
        raise KeyError(
            f"There is no effect of {sorted(wanted)}; there are {[each.name for each in self.effects]}."
        )

    def table(self) -> pd.DataFrame:
        """One row an effect: effect, order, estimate, low, high, p_value, corrected."""
        return pd.DataFrame(
            [
                {
                    "effect": each.name,
                    "order": len(each.factors),
                    "estimate": each.interval.estimate,
                    "low": each.interval.low,
                    "high": each.interval.high,
                    "p_value": each.p_value,
                    "corrected": each.corrected,
                }
                for each in self.effects
            ]
        )


def factorial_effects(
    rows: pd.DataFrame,
    factors: Sequence[str],
    *,
    value: str = "loss",
    seed: str = "seed",
    highest_order: int | None = None,
    logarithm: bool = False,
    failed: float | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    resampling_seed: int = 0,
) -> FactorialEffects:
    """Compute all effects of a full factorial in which every combination ran with every seed.

    Each seed is a block: its effects are contrasts of its own cells, so what a seed does to all cells alike drops
    out (the same estimates as statsmodels' least squares with seeds as blocks). Intervals come from a bootstrap over
    seeds.

    Args:
        rows: one row a combination and seed.
        factors: names of the columns that hold the switches, True or False.
        value, seed: names of the columns.
        highest_order: 1 for main effects only, 2 for two-way interactions also; by default all.
        logarithm: effects on the natural logarithm of the value: log ratios.
        failed: the score that a failed run (no finite value) counts with.
        level: of the intervals.
        resamples, resampling_seed: of the bootstrap.

    Raises:
        ValueError: if a column or cell is missing, a cell has a seed twice, a switch is not True or False, no seed is
            complete, or a run failed and `failed` is not given.
    """
    factors = list(factors)
    require_columns(rows, (*factors, value, seed))
    _require_switches(rows, factors, highest_order)
    switches = rows.assign(**{factor: rows[factor].astype(bool) for factor in factors})
    cells = pd.MultiIndex.from_tuples(list(product((True, False), repeat=len(factors))), names=factors)
    table = seed_table(switches, factors, value, seed, failed)
    if len(factors) == 1:
        table.index = pd.MultiIndex.from_arrays([table.index], names=factors)
    absent = cells.difference(table.index)
    if len(absent):
        raise ValueError(
            f"{len(absent)} of the {len(cells)} combinations have no run, such as "
            f"{dict(zip(factors, map(bool, absent[0]), strict=True))}; run all of them."
        )
    seeds, incomplete = complete_seeds(table)
    values = table.loc[cells, seeds].to_numpy()
    values = logarithms(values) if logarithm else values

    signs = np.where(np.array(cells.to_list()), 1, -1)
    groups = [
        group
        for order in range(1, (highest_order or len(factors)) + 1)
        for group in combinations(range(len(factors)), order)
    ]
    contrasts = np.stack([signs[:, group].prod(axis=1) for group in groups]) / (len(cells) / 2)
    by_seed = contrasts @ values  # (effects, seeds)
    samples = by_seed @ seed_weights(len(seeds), resamples, resampling_seed).T
    p_values = [sign_flip_test(effect).p_value for effect in by_seed]
    corrected = holm({str(place): p_value for place, p_value in enumerate(p_values)})
    return FactorialEffects(
        effects=tuple(
            Effect(
                factors=tuple(factors[place] for place in group),
                interval=interval_of_samples(samples[place], float(by_seed[place].mean()), len(seeds), level),
                p_value=p_values[place],
                corrected=corrected[str(place)].corrected,
                by_seed=tuple(by_seed[place].tolist()),
            )
            for place, group in enumerate(groups)
        ),
        seeds=tuple(seeds),
        incomplete_seeds=incomplete,
        cells=len(cells),
        failures=count_failures(rows[value]),
    )


def _require_switches(rows: pd.DataFrame, factors: list[str], highest_order: int | None) -> None:
    if not factors or len(set(factors)) != len(factors):
        raise ValueError(f"factors is {factors}; name each switch once, at least one.")
    for factor in factors:
        strange = [each for each in rows[factor].unique() if each not in (True, False)]
        if strange:
            raise ValueError(
                f"The switch {factor!r} is {strange[0]!r} in some row; it must be True or False."
            )
    if highest_order is not None and not (
        isinstance(highest_order, int) and 1 <= highest_order <= len(factors)
    ):
        raise ValueError(f"highest_order is {highest_order}; use 1 to {len(factors)}.")
