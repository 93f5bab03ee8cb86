"""Is growth exponential, more than that, or less? A straight line against a bend and against a break."""

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from scipy import stats

from destructure.trends.lines import require_enough
from destructure.trends.observations import Observations, require_one_series
from destructure.trends.piecewise import DOTS_A_SIDE, break_candidates, search_breaks


@dataclass(frozen=True)
class GrowthTest:
    """Straight line (exponential growth) against a parabola and against two lines, all on log10(value).

    Args:
        series, spliced: as in `ExponentialTrend`.
        count: number of dots.
        aic_line, aic_bend, aic_break: Akaike's criterion of the three; smaller is better.
        bend: powers of ten a year, gained every year; positive is more than exponential.
        f_statistic, bend_p: F test of the parabola against the line: how often straight growth with such scatter
            would look at least as bent.
        break_year: the best break.
        change_at_break: powers of ten a year, gained there.
        break_p: how often straight growth would show at least as clear a break, the search included.
        ten_fold_first, ten_fold_last: ten-fold time of the parabola at the first and the last dot, in years.
        significance: the p value below which the verdict speaks.
    """

    series: tuple[str, ...]
    spliced: bool
    count: int
    aic_line: float
    aic_bend: float
    aic_break: float
    bend: float
    f_statistic: float
    bend_p: float
    break_year: float
    change_at_break: float
    break_p: float
    ten_fold_first: float
    ten_fold_last: float
    significance: float

    @property
    def verdict(self) -> str:
        """ "more than exponential", "less than exponential" or "exponential, as far as the data tell".

        Speaks only if both tests agree in direction and at least one is significant after halving the
        significance, because two tests have two chances to err.
        """
        if min(self.bend_p, self.break_p) >= self.significance / 2 or self.bend * self.change_at_break <= 0:
            return "exponential, as far as the data tell"
        return "more than exponential" if self.bend > 0 else "less than exponential"

    def __str__(self) -> str:
        splice = ", SPLICED" if self.spliced else ""
        return (
            f"{' + '.join(self.series)} ({self.count} dots{splice}): {self.verdict}; AIC line {self.aic_line:.1f}, "
            f"bend {self.aic_bend:.1f}, break {self.aic_break:.1f}; p of the bend {self.bend_p:.2g}, "
            f"of the break in {self.break_year:.0f} {self.break_p:.2g}"
        )


def compare_growth(
    observations: Observations,
    *,
    allow_splice: bool = False,
    significance: float = 0.05,
    resamples: int = 1_999,
    seed: int = 0,
) -> GrowthTest:
    """Test "more than exponential", which the talk says of compute (7:31–9:06).

    The bend is tested by an F test (statsmodels). The break cannot be: the F test does not know that its year
    was searched for. So `scipy.stats.monte_carlo_test` draws straight growth with normal scatter in the same
    years and searches there too. Both take the dots as independent.

    Args:
        observations: at least 12 dots.
        allow_splice: as in `fit_exponential`.
        significance: as in `GrowthTest`.
        resamples: simulated data sets for the break.
        seed: of the simulation.

    Raises:
        ValueError: as `fit_piecewise`.
    """
    spliced = require_one_series(observations, allow_splice)
    require_enough(observations, dots=2 * DOTS_A_SIDE + 2)
    years, logs = observations.years, np.log10(observations.values)
    time = years - years.mean()
    line = sm.OLS(logs, sm.add_constant(time)).fit()
    bent = sm.OLS(logs, np.column_stack([np.ones_like(time), time, time**2])).fit()
    f_statistic, bend_p, _ = bent.compare_f_test(line)

    candidates = break_candidates(observations)
    best = float(search_breaks(years, logs, candidates).break_year)
    broken = sm.OLS(logs, np.column_stack([np.ones_like(time), time, np.maximum(years - best, 0)])).fit()

    def clearest_break(sample: np.ndarray, axis: int = -1) -> np.ndarray:
        return search_breaks(years, np.moveaxis(sample, axis, -1), candidates).explained

    simulated = stats.monte_carlo_test(
        logs,
        _normal_draws(seed),
        clearest_break,
        vectorized=True,
        n_resamples=resamples,
        alternative="greater",
        axis=-1,
    )
    start_slope, end_slope = (bent.params[1] + 2 * bent.params[2] * time[[0, -1]]).tolist()
    return GrowthTest(
        series=observations.series_names,
        spliced=spliced,
        count=len(observations),
        aic_line=float(line.aic),
        aic_bend=float(bent.aic),
        aic_break=float(broken.aic) + 2,
        bend=float(2 * bent.params[2]),
        f_statistic=float(f_statistic),
        bend_p=float(bend_p),
        break_year=best,
        change_at_break=float(broken.params[2]),
        break_p=float(simulated.pvalue),
        ten_fold_first=1 / start_slope,
        ten_fold_last=1 / end_slope,
        significance=significance,
    )


def _normal_draws(seed: int):
    """Straight growth is any line plus normal scatter; the statistic removes the line, so only scatter is drawn."""
    return np.random.default_rng(seed).standard_normal
