"""How fast a quantity grows over the years: fits with intervals, forecasts, backtests.

Talk 7:31–9:06: compute becomes about ten times cheaper every five years. This package asks of each series how
fast it grew, how sure that is, whether it was more than exponential, and whether people could have known.

    dots = slide_observations()
    print(fit_exponential(dots).ten_fold_time)
    print(backtest(dots, horizon=10))
"""

from destructure.trends.forecasts import Backtest, BacktestRow, Forecast, backtest, forecast
from destructure.trends.growth import GrowthTest, compare_growth
from destructure.trends.intervals import Interval, MultiplyingTime
from destructure.trends.lines import ExponentialTrend, fit_exponential
from destructure.trends.observations import (
    Observations,
    hardware_observations,
    slide_observations,
    training_observations,
)
from destructure.trends.piecewise import PiecewiseTrend, fit_piecewise
from destructure.trends.rates import rate_to_ten_fold_years, training_cost

__all__ = [
    "Backtest",
    "BacktestRow",
    "ExponentialTrend",
    "Forecast",
    "GrowthTest",
    "Interval",
    "MultiplyingTime",
    "Observations",
    "PiecewiseTrend",
    "backtest",
    "compare_growth",
    "fit_exponential",
    "fit_piecewise",
    "forecast",
    "hardware_observations",
    "rate_to_ten_fold_years",
    "slide_observations",
    "training_cost",
    "training_observations",
]
