"""Learning rates: which ones a tuning plan tries, and which one it chose.

The grid grows by itself: while the best rate of an arm is the smallest or the largest tried, the plan has one more
run for each tuning seed beyond that edge. So a plan is complete when each best rate has a worse one on either side.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from destructure.study.columns import read_results
from destructure.study.configuration import RunConfiguration

RATES = (2e-3, 4e-3, 8e-3)
"""Tried for every arm and width; steps of 2."""

SMALLEST, LARGEST = RATES[0] / 8, RATES[-1] * 8
"""The grid ends here, whatever is best."""

TUNING_SEEDS = (100, 101)
"""Never reported."""

TUNED_FOR = ("structure", "width", "layers", "task", "dials", "model", "loss_on_inputs")
"""Each arm that differs in one of these columns gets a rate of its own."""


def with_rates(arms: Sequence[RunConfiguration], file: Path) -> list[RunConfiguration]:
    """A tuning run for each arm, rate and tuning seed, the edges extended as the stored rows ask for.

    Args:
        arms: one configuration an arm; its purpose, rate and seed are replaced.
        file: the tuning plan's own table, which may not exist yet.
    """
    stored = mean_losses(file) if file.is_file() else {}
    return [
        replace(arm, purpose="tuning", learning_rate=rate, seed=seed)
        for seed in TUNING_SEEDS
        for arm in arms
        for rate in _rates(stored.get(arm_key(arm), {}))
    ]


def tuned_rate(arm: RunConfiguration, file: Path) -> float:
    """The rate with the lowest mean loss over the tuning seeds, at the tuning runs' last budget.

    Raises:
        ValueError: if the arm was not tuned, or its best rate still lies at an edge that should be extended.
    """
    losses = mean_losses(file).get(arm_key(arm))
    if not losses:
        raise ValueError(
            f"{arm.structure.code}, width {arm.width}, has not been tuned in {file.name}; run the tuning plan first."
        )
    if set(_rates(losses)) - set(losses):
        raise ValueError(
            f"The best rate of {arm.structure.code}, width {arm.width}, lies at the edge of those tried; run the "
            "tuning plan again, it will try the next one."
        )
    return min(losses, key=losses.get)


def mean_losses(file: Path) -> dict[tuple, dict[float, float]]:
    """For each arm, each rate's mean loss over the tuning seeds at the last budget; infinite if one diverged."""
    return _mean_losses(file, file.stat().st_mtime_ns if file.is_file() else 0)


@lru_cache(maxsize=8)  # a plan asks for the same table once for each arm
def _mean_losses(file: Path, changed: int) -> dict[tuple, dict[float, float]]:
    rows = read_results(file)
    last = rows[rows["budget"] == rows.groupby("run")["budget"].transform("max")]
    found: dict[tuple, dict[float, float]] = {}
    for (*key, rate), group in last.groupby([*TUNED_FOR, "learning_rate"], sort=False):
        if set(group["seed"]) == set(TUNING_SEEDS):
            loss = float("inf") if group["loss"].isna().any() else float(group["loss"].mean())
            found.setdefault(tuple(key), {})[float(rate)] = loss
    return found


def arm_key(arm: RunConfiguration) -> tuple:
    """What tells an arm from others that are tuned: its cells in the columns `TUNED_FOR`."""
    cells = arm.cells()
    return tuple(cells[column] for column in TUNED_FOR)


def _rates(losses: dict[float, float]) -> list[float]:
    """The grid, with one more rate beyond the edge where the best of a complete grid lies."""
    rates = sorted({*RATES, *losses})
    if set(losses) != set(rates):
        return rates
    best = min(losses, key=losses.get)
    if best == rates[0] and best > SMALLEST:
        rates.insert(0, best / 2)
    elif best == rates[-1] and best < LARGEST:
        rates.append(best * 2)
    return rates
