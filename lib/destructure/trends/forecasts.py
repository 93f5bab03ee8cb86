"""What a fitted trend says about later years, and whether such forecasts came true."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm

from destructure.trends.lines import MINIMUM_DOTS, require_enough
from destructure.trends.observations import Observations, require_one_series


@dataclass(frozen=True)
class Forecast:
    """Where one new dot should lie.

    Args:
        series, spliced, unit: as in `ExponentialTrend`.
        year: of the new dot.
        value, low, high: best value and prediction interval, in `unit`.
        level: how often such intervals should hold the new dot, if growth goes on along the same line.
        last_year: last dot that the forecast knows.
        count: number of dots it knows.
    """

    series: tuple[str, ...]
    spliced: bool
    unit: str
    year: float
    value: float
    low: float
    high: float
    level: float
    last_year: float
    count: int

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        splice = ", SPLICED" if self.spliced else ""
        return (
            f"{' + '.join(self.series)} in {self.year:g}, from {self.count} dots until {np.floor(self.last_year):.0f}"
            f"{splice}: {self.value:.2g} {self.unit} ({self.level:.0%} prediction interval {self.low:.2g} to "
            f"{self.high:.2g})"
        )


@dataclass(frozen=True)
class BacktestRow:
    """One forecaster of the past: fits all dots until `origin`, is checked by those of the years after it.

    Args:
        origin: last year known to the forecaster.
        last_checked_year: last year of the check, origin + horizon.
        known: dots fitted.
        checked: dots predicted.
        inside: of these, how many lay in their prediction interval.
        above, below: how many lay above and below theirs.
        mean_error: mean of log10(real / predicted), in powers of ten; NaN if nothing was checked.
    """

    origin: int
    last_checked_year: int
    known: int
    checked: int
    inside: int
    above: int
    below: int
    mean_error: float

    @property
    def coverage(self) -> float:
        """Share of the checked dots inside their intervals; NaN if nothing was checked."""
        return self.inside / self.checked if self.checked else float("nan")


@dataclass(frozen=True)
class Backtest:
    """Forecasters of many years, checked.

    Args:
        series, spliced: as in `ExponentialTrend`.
        horizon: how many years ahead each was asked.
        level: what its intervals promised.
        rows: one for every origin.
    """

    series: tuple[str, ...]
    spliced: bool
    horizon: int
    level: float
    rows: tuple[BacktestRow, ...]

    @property
    def coverage(self) -> float:
        """Mean coverage over the origins that had something to check, every origin counting once."""
        covered = [row.coverage for row in self.rows if row.checked]
        return float(np.mean(covered)) if covered else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row for every origin, with its coverage."""
        return pd.DataFrame([{**asdict(row), "coverage": row.coverage} for row in self.rows])

    def __str__(self) -> str:
        checked = [row for row in self.rows if row.checked]
        too_low = sum(row.mean_error > 0 for row in checked)
        splice = ", SPLICED" if self.spliced else ""
        return (
            f"{' + '.join(self.series)}{splice}, {self.horizon} years ahead from {len(checked)} origins: "
            f"{self.coverage:.0%} of the dots inside intervals that promised {self.level:.0%}; "
            f"{too_low} forecasts too low, {len(checked) - too_low} too high"
        )


def forecast(
    observations: Observations, year: float, *, allow_splice: bool = False, level: float = 0.95
) -> Forecast:
    """Predict one new dot by carrying the line on (statsmodels' prediction interval).

    The interval covers the scatter of dots and the doubt about the line. It does not cover the doubt that
    matters most, whether growth goes on along a line at all: `backtest` shows how much that was.

    Raises:
        ValueError: as `fit_exponential`.
    """
    spliced = require_one_series(observations, allow_splice)
    require_enough(observations)
    _require_level(level)
    value, low, high = (10.0 ** numbers[0] for numbers in _predict(observations, np.array([year]), level))
    return Forecast(
        series=observations.series_names,
        spliced=spliced,
        unit=observations.unit,
        year=float(year),
        value=float(value),
        low=float(low),
        high=float(high),
        level=level,
        last_year=float(observations.years[-1]),
        count=len(observations),
    )


def backtest(
    observations: Observations,
    horizon: int = 10,
    origins: Iterable[int] | None = None,
    *,
    memory: int | None = None,
    allow_splice: bool = False,
    level: float = 0.95,
) -> Backtest:
    """Put yourself in every year Y, fit what was known, and predict the dots of the next `horizon` years.

    Args:
        observations: at least 8 dots.
        horizon: years ahead: the dots after Y and until the end of Y + horizon are checked, as far as there are
            any.
        origins: the years Y; by default every year from the 8th dot on until the last dot leaves something to
            check.
        memory: let the forecaster look back only this many years; `None` for everything known.
        allow_splice, level: as in `forecast`.

    Raises:
        ValueError: if no origin has 8 dots (in 3 different years) before it, or as `forecast`.
    """
    spliced = require_one_series(observations, allow_splice)
    require_enough(observations)
    _require_level(level)
    if horizon < 1 or (memory is not None and memory < 1):
        raise ValueError(f"horizon is {horizon} and memory is {memory}; both must be 1 year or more.")
    if origins is None:
        start = int(np.floor(observations.years[MINIMUM_DOTS - 1]))
        origins = range(start, int(np.floor(observations.years[-1])))
    rows = tuple(
        row
        for origin in origins
        if (row := _check(observations, int(origin), horizon, memory, level)) is not None
    )
    if not rows:
        raise ValueError(
            f"{observations}: no origin has {MINIMUM_DOTS} dots in 3 different years to fit; choose later origins "
            "or a longer memory."
        )
    return Backtest(observations.series_names, spliced, horizon, level, rows)


def _check(
    observations: Observations, origin: int, horizon: int, memory: int | None, level: float
) -> BacktestRow | None:
    years = observations.years
    # The forecaster of year Y has seen all of Y.
    known = (years < origin + 1) & (years >= (origin + 1 - memory if memory else -np.inf))
    later = (years >= origin + 1) & (years < origin + horizon + 1)
    if known.sum() < MINIMUM_DOTS or np.unique(years[known]).size < 3:
        return None
    past = Observations(years[known], observations.values[known], "known")
    real = np.log10(observations.values[later])
    if not real.size:
        return BacktestRow(origin, origin + horizon, int(known.sum()), 0, 0, 0, 0, float("nan"))
    value, low, high = _predict(past, years[later], level)
    above, below = int((real > high).sum()), int((real < low).sum())
    return BacktestRow(
        origin=origin,
        last_checked_year=origin + horizon,
        known=int(known.sum()),
        checked=real.size,
        inside=real.size - above - below,
        above=above,
        below=below,
        mean_error=float((real - value).mean()),
    )


def _predict(observations: Observations, years: np.ndarray, level: float) -> tuple[np.ndarray, ...]:
    """Predicted log10 value and the ends of its prediction interval, each of shape (years,)."""
    centre = observations.years.mean()
    line = sm.OLS(np.log10(observations.values), sm.add_constant(observations.years - centre)).fit()
    asked = np.column_stack([np.ones(len(years)), years - centre])
    table = line.get_prediction(asked).summary_frame(alpha=1 - level)
    return table["mean"].to_numpy(), table["obs_ci_lower"].to_numpy(), table["obs_ci_upper"].to_numpy()


def _require_level(level: float) -> None:
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must lie between 0 and 1, such as 0.95.")
