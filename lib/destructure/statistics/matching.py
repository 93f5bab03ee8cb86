"""How much compute does one curve need to match another? Arrays in, arrays out, many bootstrap samples at once."""

import math

import numpy as np


def envelopes(
    values: np.ndarray, compute: np.ndarray, budgets: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """Best-so-far envelopes: the lowest mean over seeds that any size has reached with at most so much compute.

    Args:
        values: log loss, shape (points, seeds); a point is a size at a budget.
        compute: what each point cost, shape (points,).
        budgets: where to read the envelope, rising, shape (budgets,).
        weights: share of each seed, shape (samples, seeds).

    Returns:
        Log loss, shape (budgets, samples), never rising along the budgets; infinite before the first point.
    """
    means = values @ weights.T
    allowed = compute[None, :] <= budgets[:, None] * (1 + 1e-9)
    return np.where(allowed[:, :, None], means[None], np.inf).min(axis=1)


def first_reach(
    curves: np.ndarray, log_budgets: np.ndarray, wanted: np.ndarray, continued: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """The log compute at which a falling curve first reaches a level, by straight lines between its points.

    Args:
        curves: log loss along the budgets, shape (budgets, samples), never rising.
        log_budgets: shape (budgets,).
        wanted: levels, shape (levels, samples).
        continued: by what factor of compute the first and the last line may be continued beyond the budgets.

    Returns:
        Log compute, shape (levels, samples), and what is known of it, of the same shape: 0 it is this; 1 more
        than this (the level is never reached); -1 less than this (the first point is already below the level).
    """
    slack = 1e-12
    place = (curves[:, None, :] > wanted[None] + slack).sum(axis=0)
    last = len(log_budgets) - 1
    after = np.clip(place, min(1, last), last)
    before = np.maximum(after - 1, 0)
    samples = np.arange(curves.shape[1])[None, :]
    high, low = curves[before, samples], curves[after, samples]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (high - wanted) / (high - low)  # below 0 or above 1 beyond the budgets
        reached = log_budgets[before] + share * (log_budgets[after] - log_budgets[before])
    never, at_once = place > last, place == 0
    room = math.log(continued) + slack
    with np.errstate(invalid="ignore"):
        too_far = never & ~(reached - log_budgets[-1] <= room)
        too_early = at_once & ~(log_budgets[0] - reached <= room)
    exactly = at_once & (np.abs(curves[0] - wanted) <= slack)
    reached = np.where(too_far, log_budgets[-1], np.where(too_early | exactly, log_budgets[0], reached))
    return reached, np.where(too_far, 1, np.where(too_early & ~exactly, -1, 0))


def censored_slopes(
    x: np.ndarray, y: np.ndarray, censored: np.ndarray, rounds: int = 25
) -> tuple[np.ndarray, np.ndarray]:
    """Least-squares lines through points of which some are known on one side only.

    A point known to lie above (or below) a bound counts, with its bound, only while the line is on the wrong side
    of it. The problem is convex; Newton's rounds find its solution.

    Args:
        x: shape (points,).
        y: values or bounds, shape (points, samples).
        censored: 0 known, 1 above the bound, -1 below it, shape (points, samples).

    Returns:
        Slopes and heights at x = 0, shape (samples,); NaN where fewer than two points are known.
    """
    known = censored == 0
    use = known
    for _ in range(rounds):
        slope, height = _lines(x, y, use)
        gap = y - (height + slope * x[:, None])
        again = known | ((censored == 1) & (gap > 0)) | ((censored == -1) & (gap < 0))
        if (again == use).all():
            break
        use = again
    enough = known.sum(axis=0) >= 2
    return np.where(enough, slope, np.nan), np.where(enough, height, np.nan)


def _lines(x, y, use):
    weight = use / np.maximum(use.sum(axis=0), 1)
    x_mean, y_mean = (weight * x[:, None]).sum(axis=0), (weight * y).sum(axis=0)
    dx = x[:, None] - x_mean
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (weight * dx * y).sum(axis=0) / (weight * dx**2).sum(axis=0)
    return slope, y_mean - slope * x_mean
