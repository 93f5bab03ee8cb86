"""When does a model begin to solve its task? Take-off times, with the runs that never did kept in.

A run that has not taken off when its budget ends is *censored*: its time is known to be above the budget, no more.
Leaving such runs out would make the arm that fails look fast.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from destructure.statistics.resampling import (
    LEVEL,
    RESAMPLES,
    interval_of_samples,
    seed_weights,
)
from destructure.statistics.significance import sign_flip_test
from destructure.statistics.survival import gehan_scores, log_rank, medians, observations
from destructure.statistics.tables import as_floats, paired_values, require_columns
from destructure.trends.intervals import Interval

NEVER = -1.0  # in tables that may not hold NaN


def time_to_threshold(
    amounts: Sequence[float], scores: Sequence[float], threshold: float, *, falling: bool = False
) -> float:
    """The first amount at which a score has reached a threshold; NaN if it never does.

    Args:
        amounts: steps, tokens or FLOPs of the measurements, rising.
        scores: for example exact match. A score that is NaN has not reached anything.
        threshold: for example 0.5.
        falling: the score falls, as a loss does.

    Raises:
        ValueError: if there are not as many scores as amounts, or the amounts do not rise.
    """
    amounts, scores = np.asarray(amounts, dtype=float), np.asarray(scores, dtype=float)
    if amounts.shape != scores.shape or amounts.ndim != 1:
        raise ValueError(
            f"There are {amounts.size} amounts and {scores.size} scores; give one score an amount, in a list each."
        )
    if (np.diff(amounts) <= 0).any():
        raise ValueError("The amounts do not rise; sort the measurements by them.")
    reached = scores <= threshold if falling else scores >= threshold
    return float(amounts[reached.argmax()]) if reached.any() else math.nan


def taken_off(times: Sequence[float], limits: Sequence[float] | float) -> pd.DataFrame:
    """The share of runs that have taken off by each time: Kaplan and Meier's estimate (scipy.stats.ecdf).

    Args:
        times: one a run; NaN or infinite for a run that never took off, diverged runs included.
        limits: how long each run was watched, or one number for all.

    Returns:
        Columns `time` and `share`, one row a step of the curve; starts at time 0 with share 0.

    Raises:
        ValueError: if there are no runs or a limit is not a positive number.
    """
    times, observed, _ = observations(times, limits)
    if not observed.any():
        return pd.DataFrame({"time": [0.0], "share": [0.0]})
    curve = stats.ecdf(stats.CensoredData.right_censored(times, ~observed)).cdf
    return pd.DataFrame(
        {"time": [0.0, *curve.quantiles.tolist()], "share": [0.0, *curve.probabilities.tolist()]}
    )


@dataclass(frozen=True)
class TakeOffComparison:
    """Take-off times of two arms with the same seeds.

    Attributes:
        runs: pairs of runs.
        first_took_off, second_took_off: how many did within the limit.
        first_median, second_median: the time by which half the runs have taken off; infinite if fewer ever do.
        ratio: first median over second, with its interval; above 1 the first arm is later. NaN if both are infinite.
        first_earlier, second_earlier: pairs in which it is known who was earlier.
        p_value: of "neither arm is earlier", by flipping signs of paired ranks; see `compare_take_off`.
        log_rank_p_value: the same by the log-rank test, which does not pair the runs.
    """

    runs: int
    first_took_off: int
    second_took_off: int
    first_median: float
    second_median: float
    ratio: Interval
    first_earlier: int
    second_earlier: int
    p_value: float
    log_rank_p_value: float


def compare_take_off(
    first: Sequence[float],
    second: Sequence[float],
    limits: Sequence[float] | float,
    *,
    second_limits: Sequence[float] | float | None = None,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> TakeOffComparison:
    """Compare two arms, the same seeds in the same order.

    `paired_take_off` prepares the rows of a sweep. Where the two runs of a pair were watched for different times,
    both are cut at the shorter one: else the arm that was watched longer would have more chances.

    The test ranks all runs with Gehan's scores (how many runs are known to be earlier, less how many are known to be
    later), subtracts within each pair and flips signs exactly (O'Brien and Fleming 1987 pair such ranks in this way).
    Runs that never took off rank last and tie with each other.

    Args:
        first, second: take-off times, NaN or infinite where a run never took off or diverged.
        limits: how long each pair was watched, or one number for all, in the unit of the times.
        second_limits: if the second arm was watched for other times.
        level: of the interval of the ratio.
        resamples, seed: of the bootstrap over pairs.

    Raises:
        ValueError: if the arms differ in length, are empty, or a limit or a time is not positive.
    """
    if len(first) != len(second):
        raise ValueError(
            f"The arms have {len(first)} and {len(second)} runs; give both arms the same seeds in the same order."
        )
    _, _, own = observations(first, limits)
    _, _, other = observations(second, limits if second_limits is None else second_limits)
    common = np.minimum(own, other)
    (first, first_there, _), (second, second_there, _) = (
        observations(each, common) for each in (first, second)
    )

    scores = gehan_scores(np.concatenate([first, second]), np.concatenate([first_there, second_there]))
    first_scores, second_scores = np.split(scores, 2)
    earlier = first_there & ((first < second) | ~second_there)
    later = second_there & ((second < first) | ~first_there)
    halves = [
        medians(times, there, np.vstack([np.ones(len(times)), seed_weights(len(times), resamples, seed)]))
        for times, there in ((first, first_there), (second, second_there))
    ]
    return TakeOffComparison(
        runs=len(first),
        first_took_off=int(first_there.sum()),
        second_took_off=int(second_there.sum()),
        first_median=float(halves[0][0]),
        second_median=float(halves[1][0]),
        ratio=_ratio(*halves, len(first), level),
        first_earlier=int(earlier.sum()),
        second_earlier=int(later.sum()),
        p_value=sign_flip_test(first_scores - second_scores, seed=seed).p_value,
        log_rank_p_value=log_rank(first, first_there, second, second_there),
    )


def paired_take_off(
    rows: pd.DataFrame,
    first: object,
    second: object,
    *,
    arm: str = "arm",
    time: str = "take_off_flops",
    limit: str = "watched_flops",
    seed: str = "seed",
) -> dict[str, np.ndarray]:
    """What `compare_take_off` needs of two arms, from one row a run: `compare_take_off(**paired_take_off(...))`.

    A run that diverged was watched for a short time only. It would have been a failure however long one had watched,
    so it counts as watched as long as the run watched longest, without a take-off unless it had one.

    Args:
        rows: one row a run (choose one budget first), with the columns named below and `status`.
        first, second: values of the column `arm`.
        arm, time, limit, seed: names of the columns.

    Returns:
        Take-off times `first` and `second`, NaN where a run never took off, and `limits` and `second_limits`, for
        the seeds that both arms have, in order.

    Raises:
        ValueError: if a column or an arm is missing, an arm has a seed twice or the arms share no seed.
    """
    require_columns(rows, (arm, time, limit, seed, "status"))
    limits = as_floats(rows[limit])
    limits = np.where(rows["status"] == "diverged", np.nanmax(limits), limits)
    times = as_floats(rows[time])
    watched = rows.assign(**{limit: limits, time: np.where(np.isfinite(times), times, NEVER)})
    found = [paired_values(watched, first, second, value=each, arm=arm, seed=seed) for each in (time, limit)]
    (_, (times, second_times)), (_, (limits, second_limits)) = found
    times, second_times = (np.where(each == NEVER, np.nan, each) for each in (times, second_times))
    return {"first": times, "second": second_times, "limits": limits, "second_limits": second_limits}


def _ratio(first: np.ndarray, second: np.ndarray, pairs: int, level: float) -> Interval:
    with np.errstate(invalid="ignore"):
        ratios = first / second  # infinite over infinite says nothing: NaN
    found = interval_of_samples(ratios[1:], float(ratios[0]), pairs, level)
    return Interval(found.estimate, max(0.0, found.low), found.high, level)
