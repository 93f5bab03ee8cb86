"""A straight line through the logarithms: exponential growth, with an interval that keeps its promise."""

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.stattools import durbin_watson

from destructure.statistics.interval import expanded_level
from destructure.trends.intervals import Interval, MultiplyingTime
from destructure.trends.observations import Observations, require_one_series

MINIMUM_DOTS = 8


@dataclass(frozen=True)
class ExponentialTrend:
    """Least-squares line through log10(value) against year.

    Args:
        series: the series fitted, in order of first dot.
        spliced: whether there was more than one, which makes the slope worth little.
        unit: unit of the values.
        first_year, last_year: where the dots begin and end.
        count: number of dots.
        slope: powers of ten a year, with its bootstrap interval.
        centre_year: mean year of the dots.
        centre_log10: height of the line there, in powers of ten.
        scatter: standard deviation of the dots around the line, in powers of ten.
        durbin_watson: 2 if neighbouring dots stray independently of each other; well below 2 if they stray
            together, and then every interval that takes dots as independent is too narrow.
    """

    series: tuple[str, ...]
    spliced: bool
    unit: str
    first_year: float
    last_year: float
    count: int
    slope: Interval
    centre_year: float
    centre_log10: float
    scatter: float
    durbin_watson: float

    @property
    def ten_fold_time(self) -> MultiplyingTime:
        """Years for a factor of ten."""
        return MultiplyingTime.from_slope(self.slope, 10)

    @property
    def doubling_time(self) -> MultiplyingTime:
        """Years for a factor of two."""
        return MultiplyingTime.from_slope(self.slope, 2)

    def value_at(self, years: np.ndarray | float) -> np.ndarray:
        """Height of the line at `years`, in `unit`."""
        return 10.0 ** (
            self.centre_log10 + self.slope.estimate * (np.asarray(years, dtype=float) - self.centre_year)
        )

    def __str__(self) -> str:
        splice = ", SPLICED from series that count different things" if self.spliced else ""
        return (
            f"{' + '.join(self.series)}, {np.floor(self.first_year):.0f} to {np.floor(self.last_year):.0f} "
            f"({self.count} dots{splice}): {self.ten_fold_time}"
        )


def fit_exponential(
    observations: Observations,
    *,
    allow_splice: bool = False,
    level: float = 0.95,
    resamples: int = 9_999,
    seed: int = 0,
) -> ExponentialTrend:
    """Fit exponential growth: least squares (statsmodels) with a bootstrap interval for the slope (scipy).

    The bootstrap resamples whole dots, year and value together ("pairs"), so it needs neither equal scatter
    nor a normal shape. Its plain percentile interval is too narrow for few dots; the expanded percentile
    interval used here (Hesterberg 2015, arXiv 1411.5279) widens it as Student's t widens the
    normal. In 1,000 simulated data sets each, 95% intervals held the true slope 94% to 96% of the time with 10
    to 100 dots (plain percentile: 89% to 94%), and 98% to 99% with 8.

    No bootstrap of single dots can repair dots that stray together: look at `durbin_watson`, and at `backtest`.

    Args:
        observations: at least 8 dots in at least 3 different years.
        allow_splice: fit across several series all the same.
        level: between 0 and 1.
        resamples: bootstrap samples.
        seed: of the resampling; the same seed gives the same interval.

    Raises:
        ValueError: if there are too few dots, several series without `allow_splice`, or an odd level.
    """
    spliced = require_one_series(observations, allow_splice)
    require_enough(observations)
    years, logs = observations.years, np.log10(observations.values)
    line = sm.OLS(logs, sm.add_constant(years - years.mean())).fit()
    bootstrap = stats.bootstrap(
        (years, logs),
        slopes,
        n_resamples=resamples,
        vectorized=True,
        paired=True,
        confidence_level=expanded_level(level, len(observations), parameters=2),
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    low, high = bootstrap.confidence_interval
    return ExponentialTrend(
        series=observations.series_names,
        spliced=spliced,
        unit=observations.unit,
        first_year=float(years[0]),
        last_year=float(years[-1]),
        count=len(observations),
        slope=Interval(float(line.params[1]), float(low), float(high), level),
        centre_year=float(years.mean()),
        centre_log10=float(line.params[0]),
        scatter=float(np.sqrt(line.scale)),
        durbin_watson=float(durbin_watson(line.resid)),
    )


def slopes(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    """Least-squares slopes of many samples at once: correlation times the ratio of standard deviations.

    Args:
        x, y: samples along `axis`.
    """
    return stats.pearsonr(x, y, axis=axis).statistic * np.std(y, axis=axis) / np.std(x, axis=axis)


def require_enough(observations: Observations, dots: int = MINIMUM_DOTS) -> None:
    """Raise ValueError if there are fewer than `dots` dots or than 3 different years."""
    different = np.unique(observations.years).size
    if len(observations) < dots or different < 3:
        raise ValueError(
            f"{observations} in {different} different years; a trend with an interval needs at least {dots} dots "
            "in 3 different years, so widen the window."
        )
