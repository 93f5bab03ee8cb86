"""What is a structure worth in compute? The factor κ(C), its slope, and what can be said when a curve ends too early.

κ(C) is the compute that the arm *without* a structure needs to match the arm *with* it at C, divided by C. Above 1
the structure helps. A gap between losses shrinks as both near the same floor; κ does not depend on the floor.

Where the arm with the structure was as good before, at a smaller budget, it is divided by that budget: else a
structure that changes nothing would get κ below 1 wherever the curves are flat.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from destructure.statistics.matching import censored_slopes, envelopes, first_reach
from destructure.statistics.resampling import (
    LEVEL,
    RESAMPLES,
    bootstrap_p_value,
    interval_of_samples,
    seed_weights,
    seeds_needed,
)
from destructure.statistics.tables import complete_seeds, count_failures, seed_table
from destructure.trends.intervals import Interval

SMALLEST_LOSS = 1e-6
"""Nats a token; a smaller loss counts as this much, so that one lucky seed does not rule a mean of logarithms."""

Censored = Literal["no", "above", "below"]
DividedBy = Literal["first reach", "budget"]


@dataclass(frozen=True)
class ComputeFactor:
    """The compute factor at one budget.

    Attributes:
        compute: the budget C, FLOPs.
        interval: κ(C) with its interval. Where it is censored, the estimate is a bound at the first or last budget
            that was run: κ is not this number but beyond it, by the factor `continued` at least.
        narrow_interval: the interval for a test of equivalence: 90% where `interval` is 95%.
        censored: "no"; "above" if the arm without the structure never gets there (κ is above the bound); "below" if
            it is there at its smallest budget already (κ is below the bound).
        p_value: of "κ(C) is 1", two-sided.
    """

    compute: float
    interval: Interval
    narrow_interval: Interval
    censored: Censored
    p_value: float

    def __str__(self) -> str:
        sign = {"no": "", "above": "above ", "below": "below "}[self.censored]
        return f"κ({self.compute:.0e}) = {sign}{self.interval}"


@dataclass(frozen=True)
class ComputeFactors:
    """The compute factor over a range of budgets.

    Attributes:
        factors: one a budget, rising; budgets at the floor left out.
        at_floor: those budgets.
        slope: d log κ / d log C over the budgets left, with its interval. NaN if κ is known at fewer than two.
        slope_p_value: of "the slope is 0", two-sided.
        seeds: the seeds it rests on; `incomplete_seeds` lack a run and are not used.
        failures: failed runs of the arm with and of the arm without the structure.
    """

    factors: tuple[ComputeFactor, ...]
    at_floor: tuple[float, ...]
    slope: Interval
    slope_p_value: float
    seeds: tuple
    incomplete_seeds: tuple
    failures: tuple[int, int]

    def __str__(self) -> str:
        if not self.factors:
            return f"no compute factor: all {len(self.at_floor)} budgets lie at the floor"
        listed = "; ".join(map(str, self.factors))
        return f"{listed}; slope {self.slope} ({len(self.seeds)} seeds)"


def compute_factors(
    with_structure: pd.DataFrame,
    without_structure: pd.DataFrame,
    *,
    size: str = "width",
    compute: str = "budget",
    floor: float = 0.0,
    noise: float = 0.01,
    continued: float = 1.25,
    divided_by: DividedBy = "first reach",
    failed: float | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ComputeFactors:
    """Compute κ(C) at every budget of the arm with the structure, and its slope.

    Each (size, budget) is averaged over seeds (mean of the log loss). An arm's curve at compute C is the lowest of
    these means at C or less, whatever the size; between budgets it is a straight line in log loss over log
    compute. Where a curve does not fall from one budget to the next, the first budget that reached the loss counts,
    in both arms (see `divided_by`).

    A budget is dropped if either arm's curve there is at most `floor + noise`: both are then as good as the task
    allows, and what they needed to get there cannot be told. Intervals come from a bootstrap over seeds, in which
    both arms and all budgets keep the same seeds and curves are made anew.

    The slope is a least-squares line through log κ over log C; a censored κ counts only while the line lies on the
    wrong side of its bound. In simulations with eight seeds, 95% intervals of κ and of the slope held the truth 92%
    to 97% of the time; where a steady κ lay just at the bound, its slope was called falling in about 5% of cases
    instead of 2.5%.

    Args:
        with_structure, without_structure: the rows of each arm, one a run and budget, with `seed`, `loss` (nats a
            token) and the two columns named next.
        size: the column that tells models of an arm apart.
        compute: the column of nominal budgets, FLOPs: the same numbers for every seed.
        floor: the loss of a perfect model: 0 for a task with one right answer, else the entropy of the text.
        noise: how close to the floor losses cannot be told from it, nats a token; `noise_at_floor` measures it.
        continued: by what factor of compute the first and the last line of the arm without the structure may be
            continued beyond its budgets. At 1 no factor close to 1 could be measured at the smallest and the largest
            budget: there κ would be censored as soon as it is below (above) 1, and nothing could be called free.
        divided_by: "first reach", the compute at which the arm with the structure first had the loss that it has at
            C; or "budget", C itself, by which two equal arms get κ below 1 where their curves are flat.
        failed: the loss that a diverged run (no finite loss) counts with.
        level: of the intervals.
        resamples, seed: of the bootstrap.

    Raises:
        ValueError: if rows or columns are missing or doubled, no seed is complete, a run failed and `failed` is not
            given, or a number is out of range.
    """
    _require_numbers(floor, noise, continued)
    if divided_by not in get_args(DividedBy):
        raise ValueError(f"divided_by is {divided_by!r}; it must be one of {', '.join(get_args(DividedBy))}.")
    seeds_needed(level)
    arms = (with_structure, without_structure)
    tables = [seed_table(rows, [size, compute], "loss", failed=failed) for rows in arms]
    seeds, incomplete = complete_seeds(*tables)
    curves, budgets = _curves([table[seeds] for table in tables], len(seeds), resamples, seed)
    (own_curves, other_curves), (own_budgets, other_budgets) = curves, budgets
    log_own, log_other = np.log(own_budgets), np.log(other_budgets)
    needed, censored = first_reach(other_curves, log_other, own_curves, continued)
    spent = log_own[:, None] if divided_by == "budget" else first_reach(own_curves, log_own, own_curves)[0]
    log_factors = needed - spent

    kept = np.exp(_lowest(own_curves, own_budgets, other_curves, other_budgets)) > floor + noise
    # The lines were continued so far without reaching the level; a bound that ignored this would pull the slope down.
    bounds = log_factors + censored * math.log(continued)
    slope, slope_p_value = _slope(log_own[kept], bounds[kept], censored[kept], len(seeds), level)
    return ComputeFactors(
        factors=tuple(
            _factor(own_budgets[place], log_factors[place], censored[place], len(seeds), level)
            for place in np.flatnonzero(kept)
        ),
        at_floor=tuple(own_budgets[~kept].tolist()),
        slope=slope,
        slope_p_value=slope_p_value,
        seeds=tuple(seeds),
        incomplete_seeds=incomplete,
        failures=tuple(count_failures(rows["loss"]) for rows in arms),
    )


def noise_at_floor(losses: np.ndarray) -> float:
    """How much losses of finished models scatter at the floor: twice their standard deviation over seeds.

    Measure it on pilot runs that solve the task, not on the runs whose budgets it will drop.

    Args:
        losses: nats a token, one a seed.

    Raises:
        ValueError: if there are fewer than two finite losses.
    """
    losses = np.asarray(losses, dtype=float)
    if losses.size < 2 or not np.isfinite(losses).all():
        raise ValueError(f"{losses.size} losses were given; scatter needs at least two, all of them finite.")
    return float(2 * losses.std(ddof=1))


def _require_numbers(floor: float, noise: float, continued: float) -> None:
    if not (math.isfinite(continued) and continued >= 1):
        raise ValueError(f"continued is {continued}; give a factor of 1 (not at all) or more.")
    for name, value in (("floor", floor), ("noise", noise)):
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} is {value}; give nats a token, 0 or more.")


def _curves(tables, seeds, resamples, seed):
    """Both arms' envelopes at their own budgets: column 0 on all seeds, the others on the bootstrap's draws."""
    weights = np.vstack([np.full((1, seeds), 1 / seeds), seed_weights(seeds, resamples, seed)])
    curves, budgets = [], []
    for table in tables:
        compute = table.index.get_level_values(1).to_numpy(dtype=float)
        if (compute <= 0).any() or (table.to_numpy() < 0).any():
            raise ValueError("A budget or a loss is negative, or a budget is zero; check the rows.")
        values = np.log(np.maximum(table.to_numpy(), SMALLEST_LOSS))
        budgets.append(np.unique(compute))
        curves.append(envelopes(values, compute, budgets[-1], weights))
    return curves, budgets


def _lowest(own_curves, own_budgets, other_curves, other_budgets) -> np.ndarray:
    """The log loss of whichever arm is better at each of the first arm's budgets, on all seeds."""
    place = np.searchsorted(other_budgets, own_budgets * (1 + 1e-9), side="right") - 1
    other = np.where(place >= 0, other_curves[place.clip(min=0), 0], np.inf)
    return np.minimum(own_curves[:, 0], other)


def _factor(compute, samples, censored, seeds, level) -> ComputeFactor:
    """One budget's factor; the first sample is the estimate."""
    # A censored sample is known from one side: its bound serves that end, infinity the other.
    lowest = np.where(censored == -1, -np.inf, samples)
    highest = np.where(censored == 1, np.inf, samples)
    estimate, resampled = samples[0], slice(1, None)

    def interval(level):
        low = interval_of_samples(lowest[resampled], estimate, seeds, level).low
        high = interval_of_samples(highest[resampled], estimate, seeds, level).high
        return Interval(*np.exp([estimate, low, high]).tolist(), level)

    ordered = np.where(censored == 0, samples, np.where(censored == 1, np.inf, -np.inf))
    return ComputeFactor(
        compute=float(compute),
        interval=interval(level),
        narrow_interval=interval(2 * level - 1) if level > 0.5 else interval(level),
        censored={0: "no", 1: "above", -1: "below"}[int(censored[0])],
        p_value=bootstrap_p_value(ordered[resampled], 0.0, seeds),
    )


def _slope(log_budgets, log_factors, censored, seeds, level) -> tuple[Interval, float]:
    if len(log_budgets) < 2:
        return Interval(math.nan, -math.inf, math.inf, level), 1.0
    samples, _ = censored_slopes(log_budgets, log_factors, censored)
    if math.isnan(samples[0]):
        return Interval(math.nan, -math.inf, math.inf, level), 1.0
    interval = interval_of_samples(samples[1:], float(samples[0]), seeds, level)
    return interval, bootstrap_p_value(samples[1:], 0.0, seeds)
