"""Trends: fits find what was planted, intervals keep their promise, and nothing is spliced or fitted in silence."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from destructure.statistics import Interval
from destructure.tables import citation, load_table, sure_rows
from destructure.trends import (
    TenFoldTime,
    backtest,
    best_so_far,
    between,
    compare_growth,
    fit_exponential,
    fit_piecewise,
    forecast,
    hardware_dots,
    price_dots,
    slide_dots,
    training_dots,
)
from destructure.trends.growth import break_candidates, search_breaks, slopes

SLIDE = slide_dots()


def dots_of(years, values, series="planted", unconfirmed=False):
    """Made-up dots, by year."""
    columns = {"series": series, "year": years, "value": values, "unconfirmed": unconfirmed}
    return pd.DataFrame({"name": "", "source": "", **columns}).astype({"year": float, "value": float})


def planted(generator, count=44, slope=0.145, scatter=0.6, kink=None, change=0.0, growing_scatter=False):
    """Dots of 1900 to 2008 with a known slope (and a change of it at `kink`), scatter in powers of ten."""
    years = np.sort(generator.uniform(1900, 2008, count))
    spread = scatter * (1 + (years - 1900) / 60) if growing_scatter else scatter
    logs = slope * (years - 1950) + generator.normal(0, 1, count) * spread
    if kink is not None:
        logs += change * np.maximum(years - kink, 0)
    return dots_of(years, 10.0**logs)


# ------------------------------------------------------------------ one line


def test_a_noiseless_slope_is_found_exactly():
    years = np.arange(1990, 2010)
    dots = dots_of(years, 3 * 10 ** (0.2 * (years - 2000)))
    trend = fit_exponential(dots)
    assert trend.slope.estimate == pytest.approx(0.2)
    assert trend.ten_fold_time.years == pytest.approx(5)
    assert forecast(dots, 2000).value == pytest.approx(3)


@pytest.mark.slow
@pytest.mark.parametrize(("count", "growing_scatter"), [(44, False), (12, True)])
def test_intervals_hold_the_true_slope_95_times_in_100(count, growing_scatter):
    generator = np.random.default_rng(1)
    held = sum(
        0.145
        in fit_exponential(planted(generator, count, growing_scatter=growing_scatter), resamples=999).slope
        for _ in range(1_000)
    )
    assert 930 <= held <= 970


def test_the_interval_is_the_same_every_time_and_a_higher_level_gives_a_wider_one():
    assert fit_exponential(SLIDE, resamples=499) == fit_exponential(SLIDE, resamples=499)
    narrow, wide = (fit_exponential(SLIDE, level=level).slope for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.estimate < narrow.high < wide.high
    assert narrow.level == 0.5


def test_many_slopes_at_once_are_scipys():
    x, y = np.random.default_rng(0).normal(size=(2, 7, 30))
    expected = [stats.linregress(a, b).slope for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(slopes(x, y), expected)


def test_dots_that_stray_together_are_noticed():
    generator = np.random.default_rng(0)
    years = np.arange(1900, 2000)
    alone = dots_of(years, 10 ** (0.1 * (years - 1950) + generator.normal(0, 0.3, 100)))
    wander = np.cumsum(generator.normal(0, 0.1, 100))
    together = dots_of(years, 10 ** (0.1 * (years - 1950) + wander))
    assert fit_exponential(alone, resamples=99).durbin_watson > 1.6
    assert fit_exponential(together, resamples=99).durbin_watson < 0.6


# ------------------------------------------------------------------ ten-fold times


@pytest.mark.parametrize(
    ("slope", "times", "says"),
    [
        ((0.2, 0.1, 0.25), (5, 4, 10), "10x every 5 years (95% interval 4 to 10)"),
        ((-0.2, -0.25, -0.1), (-5, -10, -4), "falls 10x every 5 years (95% interval 4 to 10)"),
        ((0.02, -0.01, 0.05), (50, 20, math.inf), "10x in 20 years or longer to no growth or decline"),
        ((-0.02, -0.05, 0.01), (-50, 100, math.inf), "downwards, but growth is not settled"),
        ((0.0, -0.1, 0.1), (math.inf, 10, math.inf), "growth is not settled"),
        ((0.01, 0.0, 0.05), (100, 20, math.inf), "growth is not settled"),
        ((0.01, -0.05, 0.0), (100, math.inf, math.inf), "growth is not settled"),
    ],
)
def test_ten_fold_time_turns_the_interval_round_and_says_where_that_is_not_safe(slope, times, says):
    time = TenFoldTime.from_slope(Interval(*slope))
    assert (time.years, time.low, time.high) == pytest.approx(times)
    assert says in str(time)
    assert time.settled == ("not settled" not in str(time)) == math.isfinite(times[2])


# ------------------------------------------------------------------ two lines


def test_a_planted_break_is_found():
    dots = planted(np.random.default_rng(0), count=80, slope=0.1, scatter=0.2, kink=1965, change=0.15)
    trend = fit_piecewise(dots)
    assert trend.break_year == pytest.approx(1965, abs=4)
    assert trend.before == pytest.approx(0.10, abs=0.01)
    assert trend.after == pytest.approx(0.25, abs=0.02)
    # The two lines meet, and stand where the planted ones do.
    near = trend.value_at(np.array([trend.break_year - 1e-9, trend.break_year + 1e-9]))
    assert near[0] == pytest.approx(near[1])
    assert np.log10(trend.value_at(2000)) == pytest.approx(0.1 * 50 + 0.15 * 35, abs=0.3)


def test_the_fast_search_is_statsmodels_in_every_respect():
    generator = np.random.default_rng(3)
    candidates = np.arange(1920.0, 1990.0)
    years = np.sort(generator.uniform(1900, 2008, 25))
    logs = 0.1 * np.maximum(years - 1950, 0) + generator.normal(0, 0.6, (4, 25))
    found = search_breaks(years, logs, candidates)
    line = sm.add_constant(years)
    for y, year, explained in zip(logs, *found, strict=True):
        hinges = [np.column_stack([line, np.maximum(years - each, 0)]) for each in candidates]
        left = [sm.OLS(y, hinge).fit().ssr for hinge in hinges]
        assert year == candidates[int(np.argmin(left))]
        assert explained == pytest.approx(1 - min(left) / sm.OLS(y, line).fit().ssr, rel=1e-6)


def test_break_candidates_leave_five_dots_on_each_side():
    years = SLIDE.year.to_numpy()
    candidates = break_candidates(years)
    assert (years < candidates[0]).sum() >= 5
    assert (years >= candidates[-1]).sum() >= 5
    with pytest.raises(ValueError, match="at least 12 dots"):
        fit_piecewise(between(SLIDE, 1980, 2000))
    with pytest.raises(ValueError, match="No break leaves 5 dots"):
        fit_piecewise(dots_of([2000.0] * 9 + [2001.0, 2002.0, 2002.0], range(1, 13)))


# ------------------------------------------------------------------ more than exponential?


def test_growth_verdicts_on_planted_data():
    generator = np.random.default_rng(0)
    up = compare_growth(planted(generator, slope=0.1, scatter=0.3, kink=1960, change=0.1))
    down = compare_growth(planted(generator, slope=0.2, scatter=0.3, kink=1960, change=-0.1))
    assert (up.verdict, down.verdict) == ("more than exponential", "less than exponential")
    assert up.bend > 0
    assert up.break_p < 0.01


def test_straight_growth_is_rarely_called_anything_else():
    generator = np.random.default_rng(4)
    results = [compare_growth(planted(generator), resamples=199) for _ in range(300)]
    wrong = sum("far as the data tell" not in result.verdict for result in results)
    assert wrong <= 22  # at most 5% should be; 22 of 300 is two standard deviations above
    # p values of a true null are spread evenly, the break's too although its year is searched for.
    for p_values in ([result.bend_p for result in results], [result.break_p for result in results]):
        assert stats.kstest(p_values, "uniform").pvalue > 0.005


# ------------------------------------------------------------------ what is refused and what is never fitted

ASKS = [fit_exponential, fit_piecewise, compare_growth, backtest, lambda dots: forecast(dots, 2030)]


@pytest.mark.parametrize("ask", ASKS)
def test_series_are_never_spliced(ask):
    with pytest.raises(ValueError, match=r"2 series \(Slide 7, GPU FP32\).*fit one at a time"):
        ask(pd.concat([SLIDE, hardware_dots("GPU FP32")]))


@pytest.mark.parametrize(
    "ask",
    [
        lambda dots: fit_exponential(dots, resamples=99),
        fit_piecewise,
        lambda dots: forecast(dots, 2030),
        lambda dots: compare_growth(dots, resamples=99),
    ],
)
def test_unconfirmed_dots_are_never_fitted(ask):
    wild = dots_of([1899.0, 1999.5], [1e-20, 1e-20], "Slide 7", unconfirmed=True)
    assert ask(pd.concat([SLIDE, wild])) == ask(SLIDE)
    front = best_so_far(pd.concat([wild.assign(value=1e30), SLIDE]))
    assert front.year.tolist() == best_so_far(SLIDE).year.tolist()


def test_too_few_dots_odd_values_and_odd_levels_are_refused():
    few = between(SLIDE, 1993, 2000)
    with pytest.raises(
        ValueError, match=r"Slide 7: 6 dots, 1993 to 2000 .* at least 8 dots in 3 different years"
    ):
        fit_exponential(few)
    with pytest.raises(ValueError, match="1 different years"):
        fit_exponential(dots_of([2000] * 10, range(1, 11)))
    with pytest.raises(ValueError, match=r"value 0\.0; a growth trend needs a year and a value above zero"):
        fit_exponential(dots_of(range(2000, 2010), range(10)))
    with pytest.raises(ValueError, match="no dots from 1500 to 1600"):
        between(SLIDE, 1500, 1600)
    for ask in (lambda: fit_exponential(SLIDE, level=95), lambda: forecast(SLIDE, 2030, level=0)):
        with pytest.raises(ValueError, match="must lie between 0 and 1"):
            ask()
    with pytest.raises(ValueError, match="both must be 1 year or more"):
        backtest(SLIDE, horizon=0)
    with pytest.raises(ValueError, match="No origin has 8 dots"):
        backtest(SLIDE, origins=[1905])


# ------------------------------------------------------------------ forecasts and backtests


def test_prediction_intervals_hold_a_new_dot_95_times_in_100():
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(1_000):
        real = 10 ** (0.145 * 70 + generator.normal(0, 0.6))
        told = forecast(planted(generator, count=15), 2020)
        held += told.low <= real <= told.high
    assert 930 <= held <= 970


def test_a_forecast_is_the_textbook_formula():
    dots = between(SLIDE, 1970, 2000)
    years, logs = dots.year, np.log10(dots.value)
    fit = stats.linregress(years, logs)
    residual = np.sqrt(((logs - fit.intercept - fit.slope * years) ** 2).sum() / (len(dots) - 2))
    centred = years - years.mean()
    error = residual * np.sqrt(1 + 1 / len(dots) + (2008 - years.mean()) ** 2 / (centred**2).sum())
    middle, reach = fit.intercept + fit.slope * 2008, stats.t.ppf(0.9, len(dots) - 2) * error
    told = forecast(dots, 2008, level=0.8)
    ends = np.log10([told.value, told.low, told.high])
    assert ends == pytest.approx([middle, middle - reach, middle + reach])
    assert forecast(dots, np.array([1990, 2008]), level=0.8).high[1] == pytest.approx(told.high)


def test_backtest_covers_steady_growth_as_promised():
    generator = np.random.default_rng(6)
    origins = range(1930, 2000, 7)
    coverage = [
        backtest(planted(generator, count=60), horizon=10, origins=origins).coverage.mean() for _ in range(40)
    ]
    assert np.mean(coverage) == pytest.approx(0.95, abs=0.02)


def test_backtest_shows_that_faster_growth_surprised_everyone():
    dots = planted(np.random.default_rng(7), count=80, slope=0.05, scatter=0.3, kink=1960, change=0.2)
    rows = backtest(dots, horizon=15, origins=range(1960, 1990))
    assert (rows.mean_error > 0).all()
    assert rows.coverage.mean() < 0.7
    assert rows.below.sum() == 0


def test_backtest_counts_by_hand_and_never_looks_ahead():
    years = np.arange(1990, 2010)
    values = 10.0 ** (0.1 * (years - 1990) + 0.01 * (-1.0) ** years)
    names = ["origin", "known", "checked", "inside", "above", "below"]
    row = backtest(dots_of(years, values), horizon=3, origins=[2000])
    assert row[names].values.tolist() == [[2000, 11, 3, 3, 0, 0]]
    leap = np.where(years == 2002, 100 * values, values)  # one of the three checked dots jumps
    leapt = backtest(dots_of(years, leap), horizon=3, origins=[2000])
    assert leapt[names].values.tolist() == [[2000, 11, 3, 2, 1, 0]]
    after = np.where(years > 2003, 1e6 * values, values)  # beyond the horizon: nothing may change
    assert backtest(dots_of(years, after), horizon=3, origins=[2000]).equals(row)


def test_backtest_reports_every_origin_and_short_memory_forgets():
    assert backtest(SLIDE, horizon=10).origin.tolist() == list(range(1941, 2008))
    recent = backtest(SLIDE, horizon=10, memory=20, origins=[1990])
    assert recent.known[0] == ((SLIDE.year >= 1971) & (SLIDE.year < 1991)).sum()
    nothing = backtest(SLIDE, horizon=2, origins=[1988])
    assert nothing.checked[0] == 0
    assert math.isnan(nothing.coverage[0])


# ------------------------------------------------------------------ the course's own series


@pytest.mark.parametrize(
    ("dots", "doubling"),
    [
        (SLIDE, 6.9 * math.log10(2)),
        (between(SLIDE, 1900, 1945), 10.1 * math.log10(2)),
        (between(SLIDE, 1970, 2008), 4.8 * math.log10(2)),
        (between(hardware_dots("Moravec"), 1941, 1997), 1.9),
        (between(hardware_dots("Nordhaus"), 1998, 2006), 1.3),
        (between(hardware_dots("GPU FP32", "consumer").assign(unconfirmed=False), 2006, 2022), 2.7),
    ],
)
def test_doubling_times_agree_with_an_independent_fit(dots, doubling):
    # Fitted once before, from the uncut tables and by other code.
    found = math.log10(2) / fit_exponential(dots, resamples=99).slope.estimate
    assert found == pytest.approx(doubling, abs=0.1)


def test_caption_holds_for_the_last_decades_and_not_for_the_century():
    century, late = (fit_exponential(between(SLIDE, first, 2008)).ten_fold_time for first in (1900, 1970))
    assert century.low > 5
    assert late.low < 5 < late.high
    assert compare_growth(SLIDE).verdict == "more than exponential"


def hardware_rows(series):
    table = load_table("hardware").query("series == @series")
    return table.assign(x=table["year"], y=table["operations_per_second"] / table["price_usd"])


def family_rows(family):
    table = load_table("models").query("family == @family")
    table = table[table["training_flop"].notna()]
    days = np.where(table["date"].dt.is_leap_year, 366, 365)
    year = table["date"].dt.year + (table["date"].dt.day_of_year - 1) / days
    return table.assign(x=year, y=table["training_flop"])


def slide_rows(_):
    table = load_table("compute_slide")
    return table.assign(x=table["year"], y=10 ** table["log10_calculations_per_second_per_1000_usd"] / 1000)


HARDWARE = ("Moravec", "Nordhaus", "GPU FP32", "GPU 16-bit matrix")
FAMILIES = ("RNN", "CNN", "encoder-decoder", "encoder-only", "decoder-only", "prefix LM", "other")
EVERY = [
    *((hardware_dots, name, hardware_rows) for name in HARDWARE),
    *((training_dots, name, family_rows) for name in FAMILIES),
    (lambda name: slide_dots(), "Slide 7", slide_rows),
]


@pytest.mark.parametrize(("make", "name", "rows"), EVERY, ids=[name for _, name, _ in EVERY])
def test_every_dot_is_a_row_with_a_source_and_only_sure_rows_are_confirmed(make, name, rows):
    dots, wanted = make(name), rows(name)
    for found, expected in (
        (dots[~dots.unconfirmed], wanted[sure_rows(wanted)]),
        (dots[dots.unconfirmed], wanted[~sure_rows(wanted)]),
    ):
        pairs = sorted(zip(expected.x.astype(float), expected.y.astype(float), strict=True))
        drawn = sorted(zip(found.year, found.value, strict=True))
        assert len(drawn) == len(pairs)
        assert np.allclose(np.ravel(drawn), np.ravel(pairs), rtol=1e-9)
    assert dots.year.is_monotonic_increasing
    assert set(dots.source) == set(wanted.source)
    assert all(citation(key) for key in dots.source.unique())


def test_without_a_family_only_the_numbers_need_to_be_confirmed():
    every, ours = (
        set(dots.query("not unconfirmed").name) for dots in (training_dots(), training_dots("decoder-only"))
    )
    assert "GPT-4 (Mar 2023)" in every - ours
    assert "BERT-Base" not in every
    dated = training_dots().set_index("name").year
    assert dated["GPT-3 175B (davinci)"] == pytest.approx(2020 + 148 / 366)


def test_price_measures_differ_and_what_is_not_there_is_refused():
    real, nominal, total = (
        hardware_dots("Nordhaus", measure=each) for each in ("constant price", "price", "total cost")
    )
    assert len(real) == len(nominal) == len(total)
    assert (real.value[:50] < nominal.value[:50]).all()  # a dollar of 1900 bought more than one of 2006
    assert list(price_dots())[3:5] == ["GPU FP32, consumer", "GPU FP32, professional"]
    for ask, says in (
        (
            lambda: hardware_dots("GPU FP32", measure="constant price"),
            "no column for measure 'constant price'",
        ),
        (lambda: hardware_dots("Intel"), "series is 'Intel'; it must be one of 'Moravec'"),
        (lambda: hardware_dots("GPU FP32", "gamer"), "market is 'gamer'; it must be one of"),
        (lambda: training_dots("GAN"), "family is 'GAN'"),
    ):
        with pytest.raises(ValueError, match=says):
            ask()


def test_a_window_holds_its_last_year_and_a_front_only_what_beats_the_best():
    dots = dots_of([2001, 2002, 2003.5], [2, 1, 8])
    assert len(between(dots, 2002, 2003)) == 2  # 2003 includes the middle of 2003
    assert len(between(dots, 2002, 2003.4)) == 1
    climb = dots_of(range(2000, 2005), [5, 1, 3, 8, 8])
    assert best_so_far(climb).value.tolist() == [5, 8]  # 3 beats the dot before it and not the best
