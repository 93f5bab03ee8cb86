"""Times of which some are only known to be longer than one watched: ranks, medians and the log-rank test."""

import math

import numpy as np
from scipy import stats

from destructure.statistics.tables import as_floats


def observations(times, limits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times cut at their limits, which of them were observed, and the limits, one a run."""
    times = as_floats(times)
    if times.ndim != 1 or not times.size:
        raise ValueError(
            f"The times have the shape {times.shape}; give one time a run, for at least one run."
        )
    try:
        limits = np.broadcast_to(as_floats(limits) if np.ndim(limits) else float(limits), times.shape)
    except ValueError:
        raise ValueError(
            f"There are {times.size} times and {np.size(limits)} limits; give one limit a run, or one for all."
        ) from None
    bad = limits[~(np.isfinite(limits) & (limits > 0))]
    if bad.size:
        raise ValueError(f"A limit is {bad[0]:g}; give positive numbers.")
    never = ~np.isfinite(times)
    if (times[~never] <= 0).any():
        raise ValueError(f"A take-off time is {times[~never].min():g}; times are above zero.")
    observed = ~never & (np.where(never, np.inf, times) <= limits)
    return np.where(observed, times, limits), observed, limits


def gehan_scores(times: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """For each run: how many runs are known to be earlier, less how many are known to be later."""
    known_earlier = observed[:, None] & (
        (times[:, None] < times) | ((times[:, None] == times) & ~observed[None, :])
    )
    return (known_earlier.sum(axis=0) - known_earlier.sum(axis=1)).astype(float)


def medians(times: np.ndarray, observed: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Kaplan and Meier's median for many weightings of the runs at once, shape (samples,)."""
    # At the same time, those that took off come before those cut there.
    order = np.lexsort((~observed, times))
    times, observed, weights = times[order], observed[order], weights[:, order]
    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    left = np.where(observed & (weights > 0), weights / np.maximum(at_risk, 1e-300), 0.0)
    waiting = np.cumprod(1 - left, axis=1)
    half = waiting <= 0.5 + 1e-9
    return np.where(half.any(axis=1), times[half.argmax(axis=1)], np.inf)


def log_rank(first, first_there, second, second_there) -> float:
    """The p value of the log-rank test of two arms (scipy.stats.logrank); 1 where nothing was observed."""
    if not (first_there.any() or second_there.any()):
        return 1.0
    arms = (
        stats.CensoredData.right_censored(times, ~there)
        for times, there in ((first, first_there), (second, second_there))
    )
    p_value = float(stats.logrank(*arms).pvalue)
    return 1.0 if math.isnan(p_value) else p_value
