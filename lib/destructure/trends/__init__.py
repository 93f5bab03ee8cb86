"""How fast a quantity grows over the years: fits with intervals, forecasts, backtests.

Talk 7:31–9:06: compute becomes about ten times cheaper every five years. This package asks of each series how
fast it grew, how sure that is, whether it was more than exponential, and whether people could have known.

    dots = slide_dots()
    print(fit_exponential(dots).ten_fold_time)
    print(backtest(dots, horizon=10).coverage.mean())
"""

from destructure.trends.dots import (
    best_so_far,
    between,
    hardware_dots,
    price_dots,
    slide_dots,
    training_dots,
)
from destructure.trends.forecasts import Forecast, backtest, forecast
from destructure.trends.growth import (
    ExponentialTrend,
    GrowthTest,
    PiecewiseTrend,
    TenFoldTime,
    compare_growth,
    fit_exponential,
    fit_piecewise,
)

__all__ = [
    "ExponentialTrend",
    "Forecast",
    "GrowthTest",
    "PiecewiseTrend",
    "TenFoldTime",
    "backtest",
    "best_so_far",
    "between",
    "compare_growth",
    "fit_exponential",
    "fit_piecewise",
    "forecast",
    "hardware_dots",
    "price_dots",
    "slide_dots",
    "training_dots",
]
