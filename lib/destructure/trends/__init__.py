"""How fast a quantity grows over the years: fits with intervals, forecasts, backtests.

Talk 7:31–9:06: compute becomes about ten times cheaper every five years. This package asks of each series how
fast it grew, how sure that is, whether it was more than exponential, and whether people could have known.

    dots = slide_dots()
    print(fit_exponential(dots).ten_fold_time)
    print(backtest(dots, horizon=10).coverage.mean())
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "dots": ["best_so_far", "between", "hardware_dots", "price_dots", "slide_dots", "training_dots"],
        "forecasts": ["Forecast", "backtest", "forecast"],
        "growth": ["TenFoldTime", "compare_growth", "fit_exponential", "fit_piecewise"],
    },
)
