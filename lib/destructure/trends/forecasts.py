"""What a fitted trend says about later years, and whether such forecasts came true."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm

from destructure.statistics.intervals import require_level
from destructure.trends.dots import MINIMUM_DOTS, years_and_logs


class Forecast(NamedTuple):
    """Where one new dot should lie in each year asked, and the last year that the forecast knows."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    last_year: float


def forecast(dots: pd.DataFrame, year: float | np.ndarray, *, level: float = 0.95) -> Forecast:
    """Predict new dots by carrying the line on (statsmodels' prediction interval).

    The interval covers the scatter of dots and the doubt about the line. It does not cover the doubt that
    matters most, whether growth goes on along a line at all: `backtest` shows how much that was.

    Args:
        dots: of one series, as for `fit_exponential`.
        year: one year, or an array of years; the result has its shape.
        level: how often an interval should hold the new dot, if growth goes on along the same line.
    """
    years, logs = years_and_logs(dots)
    require_level(level)
    ends = _predict(years, logs, np.ravel(year).astype(float), level)
    return Forecast(*((10.0**each).reshape(np.shape(year))[()] for each in ends), float(years[-1]))


def backtest(
    dots: pd.DataFrame,
    horizon: int = 10,
    origins: Iterable[int] | None = None,
    *,
    memory: int | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Put yourself in every year Y, fit what was known, and predict the dots of the next `horizon` years.

    Args:
        dots: of one series, at least 8 confirmed ones.
        horizon: the dots after Y and until the end of Y + horizon are checked, as far as there are any.
        origins: the years Y; by default every year from the 8th dot on until nothing would be left to check.
        memory: let the forecaster look back only this many years; `None` for everything known.
        level: as in `forecast`.

    Returns:
        One row per origin: `origin`, `known` (dots fitted), `checked` (dots predicted; may be 0), of these `inside`,
        `above` and `below` their intervals, `coverage` (the share inside) and `mean_error`, the mean of
        log10(real / predicted) in powers of ten; the last two are NaN where nothing was checked.

    Raises:
        ValueError: if no origin has 8 dots (in 3 different years) before it, or as `forecast`.
    """
    years, logs = years_and_logs(dots)
    require_level(level)
    if horizon < 1 or (memory is not None and memory < 1):
        raise ValueError(f"horizon is {horizon} and memory is {memory}; both must be 1 year or more.")
    if origins is None:
        origins = range(int(np.floor(years[MINIMUM_DOTS - 1])), int(np.floor(years[-1])))
    rows = []
    for origin in origins:
        # The forecaster of year Y has seen all of Y.
        known = (years < origin + 1) & (years >= (origin + 1 - memory if memory else -np.inf))
        later = (years >= origin + 1) & (years < origin + horizon + 1)
        if known.sum() < MINIMUM_DOTS or np.unique(years[known]).size < 3:
            continue
        real, mean_error, above, below = logs[later], np.nan, 0, 0
        if real.size:
            value, low, high = _predict(years[known], logs[known], years[later], level)
            above, below = int((real > high).sum()), int((real < low).sum())
            mean_error = float((real - value).mean())
        rows.append((origin, known.sum(), real.size, real.size - above - below, above, below, mean_error))
    if not rows:
        raise ValueError(
            f"No origin has {MINIMUM_DOTS} dots in 3 different years to fit; choose later origins or a longer memory."
        )
    names = ["origin", "known", "checked", "inside", "above", "below", "mean_error"]
    table = pd.DataFrame(rows, columns=names)
    return table.assign(coverage=table["inside"] / table["checked"])


def _predict(years: np.ndarray, logs: np.ndarray, asked: np.ndarray, level: float) -> tuple[np.ndarray, ...]:
    """Predicted log10 value and the ends of its prediction interval, each of shape (asked,)."""
    centre = years.mean()
    line = sm.OLS(logs, sm.add_constant(years - centre)).fit()
    found = line.get_prediction(np.column_stack([np.ones(len(asked)), asked - centre]))
    table = found.summary_frame(alpha=1 - level)[["mean", "obs_ci_lower", "obs_ci_upper"]]
    return tuple(table.to_numpy().T)
