"""Trends: fits find what was planted, intervals keep their promise, and nothing is spliced in silence."""

import dataclasses
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from destructure.statistics.interval import expanded_level
from destructure.trends import (
    Interval,
    MultiplyingTime,
    Observations,
    backtest,
    compare_growth,
    fit_exponential,
    fit_piecewise,
    forecast,
    hardware_observations,
    rate_to_ten_fold_years,
    slide_observations,
    training_cost,
    training_observations,
)
from destructure.trends.lines import slopes
from destructure.trends.piecewise import break_candidates, search_breaks

SLIDE = slide_observations()


def planted(generator, count=44, slope=0.145, scatter=0.6, kink=None, change=0.0, growing_scatter=False):
    """Dots of 1900 to 2008 with a known slope (and a change of it at `kink`), scatter in powers of ten."""
    years = np.sort(generator.uniform(1900, 2008, count))
    spread = scatter * (1 + (years - 1900) / 60) if growing_scatter else scatter
    logs = slope * (years - 1950) + generator.normal(0, 1, count) * spread
    if kink is not None:
        logs += change * np.maximum(years - kink, 0)
    return Observations(years, 10.0**logs, "planted", unit="things")


# ------------------------------------------------------------------ one line


def test_a_noiseless_slope_is_found_exactly():
    years = np.arange(1990, 2010)
    trend = fit_exponential(Observations(years, 3 * 10 ** (0.2 * (years - 2000)), "planted"))
    assert trend.slope.estimate == pytest.approx(0.2)
    assert trend.ten_fold_time.years == pytest.approx(5)
    assert trend.doubling_time.years == pytest.approx(5 * math.log10(2))
    assert trend.value_at(2000) == pytest.approx(3)
    assert trend.scatter == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("count", "growing_scatter"), [(44, False), (12, True)])
def test_intervals_hold_the_true_slope_95_times_in_100(count, growing_scatter):
    generator = np.random.default_rng(1)
    held = sum(
        0.145
        in fit_exponential(planted(generator, count, growing_scatter=growing_scatter), resamples=999).slope
        for _ in range(1_000)
    )
    assert 930 <= held <= 970


def test_the_same_seed_gives_the_same_interval():
    first, again, other = (fit_exponential(SLIDE, seed=seed, resamples=499) for seed in (3, 3, 4))
    assert first == again
    assert first.slope.estimate == other.slope.estimate
    assert first.slope != other.slope


def test_a_higher_level_widens_the_interval():
    narrow, wide = (fit_exponential(SLIDE, level=level).slope for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high
    assert narrow.level == 0.5


def test_many_slopes_at_once_are_scipys():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 7, 30))
    np.testing.assert_allclose(
        slopes(x, y), [stats.linregress(a, b).slope for a, b in zip(x, y, strict=True)]
    )


def test_expanded_level_undoes_what_few_dots_do():
    # Standard deviation divided by n instead of n - 2, read by the normal instead of Student's t.
    for count in (8, 44):
        level = expanded_level(0.95, count, parameters=2)
        assert stats.norm.ppf((1 + level) / 2) * np.sqrt((count - 2) / count) == pytest.approx(
            stats.t.ppf(0.975, count - 2)
        )
    assert expanded_level(0.95, 16, parameters=4) > expanded_level(0.95, 16, parameters=2) > 0.95


def test_dots_that_stray_together_are_noticed():
    generator = np.random.default_rng(0)
    years = np.arange(1900, 2000)
    alone = Observations(years, 10 ** (0.1 * (years - 1950) + generator.normal(0, 0.3, 100)), "alone")
    wander = np.cumsum(generator.normal(0, 0.1, 100))
    together = Observations(years, 10 ** (0.1 * (years - 1950) + wander), "together")
    assert fit_exponential(alone, resamples=99).durbin_watson > 1.6
    assert fit_exponential(together, resamples=99).durbin_watson < 0.6


# ------------------------------------------------------------------ ten-fold and doubling times


def test_ten_fold_time_turns_the_interval_round():
    time = MultiplyingTime.from_slope(Interval(0.2, 0.1, 0.25))
    assert (time.years, time.low, time.high, time.settled) == (5, 4, 10, True)
    assert str(time) == "10x every 5 years (95% interval 4 to 10)"
    doubling = MultiplyingTime.from_slope(Interval(0.2, 0.1, 0.25), factor=2)
    assert doubling.years / time.years == pytest.approx(math.log10(2))


def test_an_interval_over_zero_is_unbounded_and_says_so():
    time = MultiplyingTime.from_slope(Interval(0.02, -0.01, 0.05))
    assert not time.settled
    assert (time.years, time.low, time.high) == (50, 20, math.inf)
    assert "growth is not settled" in str(time)
    assert "10x in 20 years or longer to no growth or decline" in str(time)
    falling = MultiplyingTime.from_slope(Interval(-0.02, -0.05, 0.01))
    assert (falling.years, falling.low, falling.high) == (-50, 100, math.inf)
    assert "downwards" in str(falling)
    assert MultiplyingTime.from_slope(Interval(0.0, -0.1, 0.1)).years == math.inf


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.05), (-0.05, 0.0)])
def test_an_interval_that_touches_zero_is_not_settled(low, high):
    assert not MultiplyingTime.from_slope(Interval(0.01, low, high)).settled


def test_decline_has_negative_years_in_order():
    time = MultiplyingTime.from_slope(Interval(-0.2, -0.25, -0.1))
    assert (time.years, time.low, time.high, time.settled) == (-5, -10, -4, True)
    assert str(time) == "falls 10x every 5 years (95% interval 4 to 10)"
    with pytest.raises(ValueError, match="factor is 1; it must be above 1"):
        MultiplyingTime.from_slope(Interval(0.2, 0.1, 0.3), factor=1)


# ------------------------------------------------------------------ two lines


def test_a_planted_break_is_found():
    dots = planted(np.random.default_rng(0), count=80, slope=0.1, scatter=0.2, kink=1965, change=0.15)
    trend = fit_piecewise(dots)
    assert 1965 in trend.break_year
    assert trend.break_year.estimate == pytest.approx(1965, abs=4)
    assert trend.before.estimate == pytest.approx(0.10, abs=0.01)
    assert trend.after.estimate == pytest.approx(0.25, abs=0.02)
    assert trend.ten_fold_time_before.years == pytest.approx(1 / trend.before.estimate)
    # The two lines meet, and stand where the planted ones do.
    edge = trend.break_year.estimate
    assert trend.value_at(edge - 1e-9) == pytest.approx(float(trend.value_at(edge + 1e-9)))
    assert np.log10(trend.value_at(2000)) == pytest.approx(0.1 * 50 + 0.15 * 35, abs=0.3)


def test_intervals_of_two_lines_hold_the_truth():
    generator = np.random.default_rng(2)
    held = np.zeros(3)
    for _ in range(200):
        dots = planted(generator, count=20, slope=0.1, scatter=0.5, kink=1965, change=0.12)
        trend = fit_piecewise(dots, resamples=399)
        held += [1965 in trend.break_year, 0.1 in trend.before, 0.22 in trend.after]
    # 95% of 200 is 190. So few dots are hard on the break, as the docstring says; the slopes must hold.
    assert held[0] >= 176, held
    assert (held[1:] >= 187).all(), held
    assert (held <= 199).all(), held


def test_the_fast_search_is_statsmodels_in_every_respect():
    generator = np.random.default_rng(3)
    samples = [planted(generator, count=25, kink=1950, change=0.1) for _ in range(4)]
    candidates = np.arange(1920.0, 1990.0)
    years, logs = (np.stack([getattr(sample, name) for sample in samples]) for name in ("years", "values"))
    found = search_breaks(years, np.log10(logs), candidates)
    for index, sample in enumerate(samples):
        y, line = np.log10(sample.values), sm.add_constant(sample.years)
        fits = [
            sm.OLS(y, np.column_stack([line, np.maximum(sample.years - candidate, 0)])).fit()
            for candidate in candidates
        ]
        best = int(np.argmin([fit.ssr for fit in fits]))
        assert found.break_year[index] == candidates[best]
        assert found.before[index] == pytest.approx(fits[best].params[1], rel=1e-6)
        assert found.after[index] == pytest.approx(fits[best].params[1:].sum(), rel=1e-6)
        assert found.explained[index] == pytest.approx(
            1 - fits[best].ssr / sm.OLS(y, line).fit().ssr, rel=1e-6
        )


def test_break_candidates_leave_five_dots_on_each_side():
    candidates = break_candidates(SLIDE)
    assert (SLIDE.years < candidates[0]).sum() >= 5
    assert (SLIDE.years >= candidates[-1]).sum() >= 5
    with pytest.raises(ValueError, match="at least 12 dots"):
        fit_piecewise(SLIDE.between(1980, 2000))


# ------------------------------------------------------------------ more than exponential?


def test_growth_verdicts_on_planted_data():
    generator = np.random.default_rng(0)
    bent_up = planted(generator, slope=0.1, scatter=0.3, kink=1960, change=0.1)
    bent_down = planted(generator, slope=0.2, scatter=0.3, kink=1960, change=-0.1)
    assert compare_growth(bent_up).verdict == "more than exponential"
    assert compare_growth(bent_down).verdict == "less than exponential"
    up = compare_growth(bent_up)
    assert up.bend > 0
    assert up.break_p < 0.01
    assert up.aic_break < up.aic_line
    assert up.ten_fold_last < up.ten_fold_first


def test_straight_growth_is_rarely_called_anything_else():
    generator = np.random.default_rng(4)
    results = [compare_growth(planted(generator), resamples=199) for _ in range(300)]
    wrong = sum("far as the data tell" not in result.verdict for result in results)
    assert wrong <= 22  # at most 5% should be; 22 of 300 is two standard deviations above
    # p values of a true null are spread evenly, the break's too although its year is searched for.
    for p_values in ([result.bend_p for result in results], [result.break_p for result in results]):
        assert stats.kstest(p_values, "uniform").pvalue > 0.005


def test_the_bend_is_statsmodels_f_test():
    years, logs = SLIDE.years - SLIDE.years.mean(), np.log10(SLIDE.values)
    line = sm.OLS(logs, sm.add_constant(years)).fit()
    bent = sm.OLS(logs, np.column_stack([np.ones_like(years), years, years**2])).fit()
    f_statistic = (line.ssr - bent.ssr) / (bent.ssr / (len(SLIDE) - 3))
    result = compare_growth(SLIDE, resamples=99)
    assert result.f_statistic == pytest.approx(f_statistic)
    assert result.bend_p == pytest.approx(stats.f.sf(f_statistic, 1, len(SLIDE) - 3))
    assert result.aic_line == pytest.approx(line.aic)
    # The year of the break was searched for, so it counts as a parameter, here and in the fit.
    broken = sm.OLS(
        logs, np.column_stack([np.ones_like(years), years, np.maximum(SLIDE.years - result.break_year, 0)])
    )
    assert result.aic_break == pytest.approx(broken.fit().aic + 2)
    assert fit_piecewise(SLIDE, resamples=99).aic == pytest.approx(result.aic_break)


# ------------------------------------------------------------------ series are never spliced silently


@pytest.mark.parametrize("ask", [fit_exponential, fit_piecewise, compare_growth, backtest])
def test_splicing_needs_permission_and_is_said(ask):
    both = Observations.together([SLIDE, hardware_observations("GPU FP32")])
    with pytest.raises(ValueError, match=r"2 series \(Slide 7, GPU FP32\).*allow_splice=True"):
        ask(both)
    result = ask(both, allow_splice=True)
    assert result.spliced
    assert "SPLICED" in str(result)
    assert result.series == ("Slide 7", "GPU FP32")


def test_splicing_a_forecast_needs_permission_too():
    both = Observations.together([SLIDE, hardware_observations("Moravec")])
    with pytest.raises(ValueError, match="2 series"):
        forecast(both, 2030)
    assert "SPLICED" in str(forecast(both, 2030, allow_splice=True))
    assert not forecast(SLIDE, 2030).spliced


# ------------------------------------------------------------------ forecasts and backtests


def test_prediction_intervals_hold_a_new_dot_95_times_in_100():
    generator = np.random.default_rng(5)
    held = sum(
        10 ** (0.145 * 70 + generator.normal(0, 0.6)) in forecast(planted(generator, count=15), 2020)
        for _ in range(1_000)
    )
    assert 930 <= held <= 970


def test_a_forecast_is_the_textbook_formula():
    dots = SLIDE.between(1970, 2000)
    years, logs = dots.years, np.log10(dots.values)
    fit = stats.linregress(years, logs)
    residual = np.sqrt(((logs - fit.intercept - fit.slope * years) ** 2).sum() / (len(dots) - 2))
    centred = years - years.mean()
    error = residual * np.sqrt(1 + 1 / len(dots) + (2008 - years.mean()) ** 2 / (centred**2).sum())
    middle, reach = fit.intercept + fit.slope * 2008, stats.t.ppf(0.9, len(dots) - 2) * error
    told = forecast(dots, 2008, level=0.8)
    assert np.log10([told.value, told.low, told.high]) == pytest.approx(
        [middle, middle - reach, middle + reach]
    )


def test_backtest_covers_steady_growth_as_promised():
    generator = np.random.default_rng(6)
    origins = range(1930, 2000, 7)
    coverage = [
        backtest(planted(generator, count=60), horizon=10, origins=origins).coverage for _ in range(40)
    ]
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.02)


def test_backtest_shows_that_faster_growth_surprised_everyone():
    dots = planted(np.random.default_rng(7), count=80, slope=0.05, scatter=0.3, kink=1960, change=0.2)
    rows = backtest(dots, horizon=15, origins=range(1960, 1990)).rows
    assert all(row.mean_error > 0 for row in rows)
    assert np.mean([row.coverage for row in rows]) < 0.7
    assert sum(row.below for row in rows) == 0


def test_backtest_counts_by_hand_and_never_looks_ahead():
    years = np.arange(1990, 2010)
    values = 10.0 ** (0.1 * (years - 1990) + 0.01 * (-1.0) ** years)
    dots = Observations(years, values, "planted")
    (row,) = backtest(dots, horizon=3, origins=[2000]).rows
    assert (row.origin, row.last_checked_year, row.known, row.checked, row.inside) == (2000, 2003, 11, 3, 3)
    leap = values.copy()
    leap[years == 2002] *= 100  # one of the three checked dots jumps
    (row,) = backtest(Observations(years, leap, "planted"), horizon=3, origins=[2000]).rows
    assert (row.checked, row.inside, row.above, row.below) == (3, 2, 1, 0)
    after = values.copy()
    after[years > 2003] *= 1e6  # beyond the horizon: nothing may change
    (other,) = backtest(Observations(years, after, "planted"), horizon=3, origins=[2000]).rows
    (same,) = backtest(dots, horizon=3, origins=[2000]).rows
    assert other == same


def test_backtest_reports_every_origin_and_short_memory_forgets():
    result = backtest(SLIDE, horizon=10)
    assert [row.origin for row in result.rows] == list(range(1941, 2008))
    frame = result.to_frame()
    assert list(frame["coverage"]) == pytest.approx([row.inside / row.checked for row in result.rows])
    recent = backtest(SLIDE, horizon=10, memory=20, origins=[1990])
    assert recent.rows[0].known == ((SLIDE.years >= 1971) & (SLIDE.years < 1991)).sum()
    nothing = backtest(SLIDE, horizon=2, origins=[1988]).rows[0]
    assert nothing.checked == 0
    assert math.isnan(nothing.coverage)


# ------------------------------------------------------------------ the course's own series


@pytest.mark.parametrize(
    ("first", "last", "years"),
    [
        (1900, 2008, 6.9),
        (1900, 1945, 10.1),
        (1940, 1970, 7.5),
        (1961, 1990, 7.9),
        (1970, 2008, 4.8),
        (1980, 2008, 4.3),
    ],
)
def test_the_slides_dots_give_the_known_ten_fold_times(first, last, years):
    trend = fit_exponential(SLIDE.between(first, last), resamples=99)
    assert trend.ten_fold_time.years == pytest.approx(years, abs=0.05)


def test_caption_holds_for_the_last_decades_and_not_for_the_century():
    century, late = (fit_exponential(SLIDE.between(first, 2008)).ten_fold_time for first in (1900, 1970))
    assert century.low > 5
    assert late.low < 5 < late.high
    assert compare_growth(SLIDE).verdict == "more than exponential"


@pytest.mark.parametrize(
    ("dots", "years"),
    [
        (hardware_observations("Moravec").between(1941, 1997), 1.9),
        (hardware_observations("Nordhaus").between(1998, 2006), 1.3),
        (hardware_observations("GPU FP32", market="consumer", include_unsure=True).between(2006, 2022), 2.7),
    ],
    ids=["Moravec", "Nordhaus", "GPU FP32"],
)
def test_doubling_times_agree_with_an_independent_fit(dots, years):
    # Fitted once before, from the uncut tables and by other code.
    assert fit_exponential(dots, resamples=99).doubling_time.years == pytest.approx(years, abs=0.1)


def test_observations_leave_unsure_rows_out_unless_asked():
    assert (
        len(hardware_observations("GPU FP32"))
        == len(hardware_observations("GPU FP32", include_unsure=True)) - 3
    )
    sure, every = (training_observations("decoder-only", include_unsure=flag) for flag in (False, True))
    assert "GPT-4 (Mar 2023)" in every.names
    assert "GPT-4 (Mar 2023)" not in sure.names
    # Without a family, only the numbers need to be confirmed.
    assert "GPT-4 (Mar 2023)" in training_observations().names
    assert "BERT-Base" not in training_observations().names
    dated = dict(zip(every.names, every.years, strict=True))
    assert dated["GPT-3 175B (davinci)"] == pytest.approx(2020 + 148 / 366)


def test_price_measures_differ():
    real, nominal, total = (
        hardware_observations("Nordhaus", measure) for measure in ("constant price", "price", "total cost")
    )
    assert len(real) == len(nominal) == len(total)
    assert len({real.unit, nominal.unit, total.unit}) == 3
    assert (real.values[:50] < nominal.values[:50]).all()  # a dollar of 1900 bought more than one of 2006
    with pytest.raises(ValueError, match="no column for measure 'constant price'"):
        hardware_observations("GPU FP32", "constant price")
    with pytest.raises(ValueError, match="series is 'Intel'; it must be one of 'Moravec'"):
        hardware_observations("Intel")
    with pytest.raises(ValueError, match="market is 'gamer'; it must be one of"):
        hardware_observations("GPU FP32", market="gamer")


# ------------------------------------------------------------------ observations


def test_observations_keep_what_belongs_together():
    dots = Observations([2003.5, 2001, 2002], [8, 2, 1], ["b", "a", "a"], ["x", "y", "z"], "things")
    assert dots.years.tolist() == [2001, 2002, 2003.5]
    assert dots.values.tolist() == [2, 1, 8]
    assert dots.series == ("a", "a", "b")
    assert dots.names == ("y", "z", "x")
    assert dots.best_so_far().names == ("y", "x")
    climb = Observations(range(2000, 2005), [5, 1, 3, 8, 8], "a")
    assert climb.best_so_far().values.tolist() == [5, 8]  # 3 beats the dot before it and not the best
    assert len(dots.between(2002, 2003)) == 2  # 2003 includes the middle of 2003
    assert len(dots.between(2002, 2003.4)) == 1
    assert dots.scaled(1000, "mils").values.tolist() == [2000, 1000, 8000]
    assert str(dots) == "a and b: 3 dots, 2001 to 2003"


@pytest.mark.parametrize(
    ("years", "values", "series", "said"),
    [
        ([2001, 2002], [1], "a", "2 years, 1 values"),
        ([2001], [0], "a", "value 0.0; a growth trend needs a year and a value above zero"),
        ([float("nan")], [1], "a", "year nan"),
        ([], [], "a", "There are no dots"),
        ([2001, 2002], [1, 2], ["a"], "1 series"),
    ],
)
def test_bad_observations_are_refused(years, values, series, said):
    with pytest.raises(ValueError, match=said):
        Observations(years, values, series)


def test_too_few_dots_and_odd_levels_are_refused():
    few = SLIDE.between(1993, 2000)
    with pytest.raises(
        ValueError, match=r"Slide 7: 6 dots, 1993 to 2000 .* at least 8 dots in 3 different years"
    ):
        fit_exponential(few)
    with pytest.raises(ValueError, match="at least 8 dots"):
        backtest(few)
    same_year = Observations([2000] * 10, range(1, 11), "a")
    with pytest.raises(ValueError, match="1 different years"):
        fit_exponential(same_year)
    for ask in (lambda: fit_exponential(SLIDE, level=95), lambda: forecast(SLIDE, 2030, level=0)):
        with pytest.raises(ValueError, match="must lie between 0 and 1"):
            ask()
    with pytest.raises(ValueError, match="both must be 1 year or more"):
        backtest(SLIDE, horizon=0)
    with pytest.raises(ValueError, match="no origin has 8 dots"):
        backtest(SLIDE, origins=[1905])


def test_results_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        fit_exponential(SLIDE, resamples=99).count = 3


# ------------------------------------------------------------------ rates, costs, luck


@pytest.mark.parametrize(
    ("measure", "value", "unit", "years"),
    [
        ("ten-fold time", 5, "years", 5),
        ("doubling time", 18, "months", 1.5 / math.log10(2)),
        ("halving time", 8, "months", 8 / 12 / math.log10(2)),
        ("growth a year", 900, "percent", 1),
        ("growth factor a year", 100, "times", 0.5),
    ],
)
def test_published_rates_in_one_measure(measure, value, unit, years):
    assert rate_to_ten_fold_years(measure, value, unit) == pytest.approx(years)


@pytest.mark.parametrize(
    ("measure", "value", "unit"),
    [
        ("total gain", 7, "times"),
        ("doubling time", 2, "percent"),
        ("growth factor a year", 1, "times"),
        ("doubling time", 0, "years"),
    ],
)
def test_what_is_no_rate_is_refused(measure, value, unit):
    with pytest.raises(ValueError, match="is no rate; give a doubling"):
        rate_to_ten_fold_years(measure, value, unit)


def test_training_cost_is_the_share_of_the_machines_life():
    # A machine of 1e9 operations a second per dollar, used for a year at full rate, does 3.16e16 for a dollar.
    assert training_cost(3.15576e16, 1e9, utilisation=1, years_in_use=1) == pytest.approx(1)
    assert training_cost(1e20, 1e9) == pytest.approx(1e20 / (1e9 * 0.4 * 3 * 31_557_600))
    with pytest.raises(ValueError, match="utilisation at most 1"):
        training_cost(1e20, 1e9, utilisation=40)
