"""When does a run begin to solve its task? Runs that never did while they were watched stay in.

A run that has not taken off when its budget ends is *censored*: its time is known to be above the budget, no more.
Leaving such runs out would make the arm that fails look fast.
"""

import numpy as np
import pandas as pd

from destructure.statistics.rows import as_floats, require_columns


def take_off_runs(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per run, its last budget, with `take_off`, FLOPs, and `limit`, FLOPs for which it was watched.

    `take_off` is NaN for a run that did not take off while it was watched. A diverged run counts as watched as long
    as the run that was watched longest, since it would have failed however long one had watched.

    Args:
        rows: of a sweep: `run`, `budget`, `status`, `take_off_flops`, `watched_flops`.
    """
    require_columns(rows, ("run", "budget", "status", "take_off_flops", "watched_flops"))
    last = rows[rows["budget"] == rows.groupby("run")["budget"].transform("max")].reset_index(drop=True)
    limit = as_floats(last["watched_flops"])
    lost = (last["status"] == "diverged").to_numpy() | np.isnan(limit)
    return last.assign(
        limit=np.where(lost, np.nanmax(limit), limit), take_off=as_floats(last["take_off_flops"])
    )


def median_take_off(times, limits, shares: np.ndarray | None = None) -> np.ndarray | float:
    """The time by which half of the runs have taken off (Kaplan and Meier's median); infinite if fewer ever do.

    Args:
        times: one per run; NaN or infinite for a run that never took off, diverged runs included.
        limits: how long each run was watched, or one number for all, in the unit of the times.
        shares: weights of the runs, shape (samples, runs), as in `resamples(len(times)).shares`.

    Returns:
        One median; with `shares`, one per sample.

    Raises:
        ValueError: if there are no runs, or a limit or a time is not positive.
    """
    times, observed = _observations(times, limits)
    weights = np.ones((1, len(times))) if shares is None else np.asarray(shares, dtype=float)
    # At the same time, those that took off come before those cut there.
    order = np.lexsort((~observed, times))
    times, observed, weights = times[order], observed[order], weights[:, order]
    at_risk = np.cumsum(weights[:, ::-1], axis=1)[:, ::-1]
    left = np.where(observed & (weights > 0), weights / np.maximum(at_risk, 1e-300), 0.0)
    half = np.cumprod(1 - left, axis=1) <= 0.5 + 1e-9
    medians = np.where(half.any(axis=1), times[half.argmax(axis=1)], np.inf)
    return float(medians[0]) if shares is None else medians


def _observations(times, limits) -> tuple[np.ndarray, np.ndarray]:
    """Times cut at their limits, and which of them were observed, one per run."""
    times = as_floats(times)
    if times.ndim != 1 or not times.size:
        raise ValueError(f"The times have shape {times.shape}; give one time per run, for at least one run.")
    try:
        limits = np.broadcast_to(as_floats(limits) if np.ndim(limits) else float(limits), times.shape)
    except ValueError:
        raise ValueError(
            f"There are {times.size} times and {np.size(limits)} limits; give one limit per run, or one for all."
        ) from None
    bad = limits[~(np.isfinite(limits) & (limits > 0))]
    if bad.size:
        raise ValueError(f"A limit is {bad[0]:g}; give positive numbers.")
    never = ~np.isfinite(times)
    if (times[~never] <= 0).any():
        raise ValueError(f"A take-off time is {times[~never].min():g}; times are above zero.")
    observed = ~never & (np.where(never, np.inf, times) <= limits)
    return np.where(observed, times, limits), observed
