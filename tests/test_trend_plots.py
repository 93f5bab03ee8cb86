"""The trend figures: every dot has a source, no unsure dot looks sure, lines are the fits; and the explorer."""

import math
import re

import matplotlib.colors
import nbformat
import numpy as np
import pytest

from destructure.course.contents import lesson
from destructure.show import cite, trend_plots
from destructure.show.style import CURVES
from destructure.show.trend_explorer import TrendExplorer, compute_price_series
from destructure.show.trend_plots import look, past_forecasts, ten_fold_plot, trend_plot
from destructure.show.trend_series import (
    PlottedSeries,
    TenFoldTime,
    family_series,
    hardware_series,
    processor_series,
    published_ten_fold_times,
    run_cost_series,
    slide_series,
)
from destructure.tables import citation, load_table, sure_rows
from destructure.trends import Observations, fit_exponential, fit_piecewise, forecast, training_cost

HARDWARE = ("Moravec", "Nordhaus", "GPU FP32", "GPU 16-bit matrix")
FAMILIES = ("RNN", "CNN", "encoder-decoder", "encoder-only", "decoder-only", "prefix LM", "other")
QUANTITIES = ("transistors", "clock frequency in MHz", "single-thread speed (SPECint)")


def growth(ten_fold=5.0, years=range(1950, 2000), label="made up", unsure=None):
    years = np.array(years, dtype=float)
    noise = np.random.default_rng(0).normal(0, 0.2, years.size)
    dots = Observations(years, 10 ** ((years - 1950) / ten_fold + noise), label, unit="things")
    return PlottedSeries(label, dots, unsure, ("Moravec 1998",))


def artists(picture, gid, axes=0):
    return [line for line in picture.figure.axes[axes].lines if line.get_gid() == gid]


def drawn(picture, gid, axes=0):
    """Years and values of all dots of that kind, sorted."""
    dots = [pair for line in artists(picture, gid, axes) for pair in zip(*line.get_data(), strict=True)]
    return sorted((float(year), float(value)) for year, value in dots)


# --- every dot has a source, and only sure ones look sure ------------------------------------------------------


def hardware_rows(series):
    table = load_table("hardware")
    table = table[table["series"] == series]
    return table.assign(x=table["year"], y=table["operations_per_second"] / table["price_usd"])


def family_rows(family):
    table = load_table("models")
    table = table[(table["family"] == family) & table["training_flop"].notna()]
    table = table[table["date"].dt.year >= 2012]
    start = table["date"].dt.year
    days = np.where(table["date"].dt.is_leap_year, 366, 365)
    return table.assign(x=start + (table["date"].dt.day_of_year - 1) / days, y=table["training_flop"])


def slide_rows(_):
    table = load_table("compute_slide")
    return table.assign(x=table["year"], y=10 ** table["log10_calculations_per_second_per_1000_usd"] / 1000)


def processor_rows(quantity):
    table = load_table("processor_trends")
    table = table[table["quantity"] == quantity]
    return table.assign(x=table["year"], y=table["value"])


EVERY = [
    *((hardware_series, name, hardware_rows) for name in HARDWARE),
    *((family_series, name, family_rows) for name in FAMILIES),
    *((processor_series, name, processor_rows) for name in QUANTITIES),
    (lambda name: slide_series(), "Slide 7", slide_rows),
]


def misdrawn(picture, rows):
    """What is wrong with the figure: sure and unsure dots against the rows of the table."""
    faults = []
    for gid, chosen in (("sure", rows[sure_rows(rows)]), ("unsure", rows[~sure_rows(rows)])):
        wanted = sorted(zip(chosen["x"].astype(float), chosen["y"].astype(float), strict=True))
        found = drawn(picture, gid)
        if len(found) != len(wanted) or not np.allclose(np.ravel(found), np.ravel(wanted), rtol=1e-9):
            faults.append(f"{gid}: {len(found)} drawn, {len(wanted)} in the table")
    for line in artists(picture, "unsure"):
        if line.get_markerfacecolor() != "none":
            faults.append("an unsure dot is filled")
    for line in artists(picture, "sure"):
        if line.get_markerfacecolor() == "none":
            faults.append("a sure dot is hollow")
    return faults


@pytest.mark.parametrize(("make", "name", "rows"), EVERY, ids=[name for _, name, _ in EVERY])
def test_every_dot_is_a_row_and_only_confirmed_rows_are_filled(make, name, rows):
    series = make(name)
    assert misdrawn(trend_plot([series]), rows(name)) == []
    assert set(series.sources) == set(rows(name)["source"])
    assert all(citation(key) for key in series.sources)


def test_the_test_above_notices_an_unsure_row_shown_as_sure():
    series = family_series("decoder-only")
    flattering = PlottedSeries(
        series.label, Observations.together([series.sure, series.unsure]), None, series.sources
    )
    rows = family_rows("decoder-only")
    assert series.unsure is not None
    assert misdrawn(trend_plot([series]), rows) == []
    assert len(misdrawn(trend_plot([flattering]), rows)) == 2


def test_unsure_dots_are_never_fitted():
    wild = Observations(np.array([1999.0, 1999.5]), np.array([1e-20, 1e-20]), "made up", unit="things")
    with_wild, without = (trend_plot([growth(unsure=unsure)], fit="line") for unsure in (wild, None))
    lines = [
        [line.get_ydata() for line in picture.figure.axes[0].lines if line.get_gid() is None]
        for picture in (with_wild, without)
    ]
    assert np.array_equal(lines[0][0], lines[1][0])


def test_each_published_rate_is_a_row_with_a_source_and_hollow_if_unconfirmed():
    table = load_table("published_rates")
    for topic in table["topic"].unique():
        rows = table[(table["topic"] == topic) & (table["measure"] != "total gain")]
        times = published_ten_fold_times(topic)
        assert [row.is_sure for row in times] == list(rows["verified"])
        assert [row.sources for row in times] == [(key,) for key in rows["source"]]
    assert published_ten_fold_times("operations per dollar")[2].years == pytest.approx(1 / math.log10(1.55))


def test_a_growth_factor_turns_its_interval_around():
    frontier = next(row for row in published_ten_fold_times("training compute") if row.years is None)
    assert (frontier.low, frontier.high) == pytest.approx((1 / math.log10(5), 1 / math.log10(4)))


def test_an_unconfirmed_rate_is_drawn_hollow():
    row = TenFoldTime("guess", 5.0, 4.0, 6.0, False, ("Moravec 1998",), False)
    faces = {
        matplotlib.colors.to_hex(line.get_markerfacecolor())
        for line in ten_fold_plot([row]).figure.axes[0].lines
        if line.get_marker() == "s"
    }
    assert faces == {"#ffffff"}


def test_cite_prints_each_source_once(capsys):
    cite(slide_series(), hardware_series("Moravec"), "Moravec 1998")
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all(line.startswith("Source: ") and "https://" in line for line in printed)
    with pytest.raises(ValueError, match="no source 'nobody'"):
        cite("nobody")


# --- what is drawn is what was computed ------------------------------------------------------------------------


def test_the_line_and_its_band_are_those_of_the_fit():
    series = growth()
    axes = trend_plot([series], fit="line").figure.axes[0]
    (line,) = (line for line in axes.lines if line.get_gid() is None)
    years, values = line.get_data()
    assert np.allclose(values, fit_exponential(series.sure, resamples=99).value_at(years))
    edges = axes.collections[0].get_paths()[0].vertices
    last = forecast(series.sure, years[-1])
    assert {round(math.log10(y), 6) for x, y in edges if x == years[-1]} == {
        round(math.log10(last.low), 6),
        round(math.log10(last.high), 6),
    }


def test_two_lines_meet_at_the_break():
    series = slide_series()
    axes = trend_plot([series], fit="two lines").figure.axes[0]
    corner = [line for line in axes.lines if line.get_gid() is None][-1]
    assert corner.get_xdata()[1] == fit_piecewise(series.sure, resamples=99).break_year.estimate


def test_a_window_fits_its_dots_and_fades_the_others():
    series = growth(years=np.arange(1950, 2000, 0.5))
    picture = trend_plot([series], fit="line", window=(1960, 1970))
    bold = [line for line in artists(picture, "sure") if line.get_alpha() > 0.5]
    assert sum(len(line.get_xdata()) for line in bold) == 22  # 1970.5 belongs to "until 1970"
    assert len(drawn(picture, "sure")) == 100
    (line,) = (line for line in picture.figure.axes[0].lines if line.get_gid() is None)
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (1960, 1970.5)


def test_forecasters_of_the_past_see_only_the_past():
    series = growth()
    picture = past_forecasts(series, growth(label="GPU FP32"), (1980, 1990), until=2005, memory=20)
    for axes, origin in zip(picture.figure.axes, (1980, 1990), strict=True):
        solid = next(line for line in axes.lines if line.get_gid() is None)
        known = series.sure.between(origin - 19, origin)
        assert np.allclose(
            solid.get_ydata(), fit_exponential(known, resamples=99).value_at(solid.get_xdata())
        )
        assert solid.get_xdata().max() <= origin


@pytest.mark.parametrize("high", [math.inf, 500.0])
def test_an_interval_without_upper_end_gets_an_arrow(high):
    rows = [TenFoldTime("open", 12.0, 8.0, high, True, ("Moravec 1998",), True)]
    rows += [TenFoldTime("closed", 6.0, 5.5, 7.0, True, ("Moravec 1998",), True)]
    axes = ten_fold_plot(rows).figure.axes[0]
    arrows = [line for line in axes.lines if line.get_marker() == ">"]
    assert [line.get_ydata()[0] for line in arrows] == [1]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["closed", "open"]


def test_the_cost_of_a_run_falls_from_machine_to_machine():
    hardware = hardware_series("GPU FP32", "consumer")
    run = run_cost_series("GPT-3 175B (davinci)", [hardware])
    front = hardware.sure.best_so_far()
    assert run.sure.values[-1] == pytest.approx(training_cost(3.14e23, front.values[-1]))
    assert np.all(np.diff(run.sure.values) < 0)
    assert {"Epoch models 2026", *hardware.sources} == set(run.sources)
    for unsure in ("BERT-Base", "Nobody's model"):
        with pytest.raises(ValueError, match="no confirmed training cost"):
            run_cost_series(unsure, [hardware])


def test_no_two_series_of_a_figure_look_alike():
    together = (("Slide 7", *HARDWARE), FAMILIES, QUANTITIES)
    for labels in together:
        looks = [look(label, place) for place, label in enumerate(labels)]
        assert (
            len({colour for colour, _, _ in looks}) == len({marker for _, _, marker in looks}) == len(labels)
        )
    assert look("GPU FP32, consumer", 0) == look("GPU FP32", 5) == CURVES[2]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: trend_plot([]), "0 series"),
        (lambda: trend_plot([growth()], fit="curve"), "fit 'curve'"),
        (lambda: trend_plot([growth()], fit="line", window=(1990, 1992)), "at least 8 dots"),
        (lambda: ten_fold_plot([]), "at least one row"),
        (lambda: past_forecasts(growth(), growth(), (), until=2000), "at least one year"),
        (lambda: family_series("GAN"), "family is 'GAN'"),
        (lambda: hardware_series("abacus"), "series is 'abacus'"),
        (lambda: processor_series("heat"), "no quantity 'heat'"),
        (lambda: published_ten_fold_times("weather"), "no topic 'weather'"),
        (lambda: TrendExplorer(start="abacus"), "no series 'abacus'"),
    ],
)
def test_bad_requests_get_one_sentence(call, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        call()


# --- the explorer ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def series():
    return compute_price_series()


@pytest.fixture
def explorer(series):
    return TrendExplorer(series, window=(1970, 2008))


def test_it_starts_with_its_default_view(explorer):
    assert explorer.choice.value == "Slide 7"
    assert explorer.slider.value == explorer.window == (1970, 2008)
    assert "10x every 4.76 years" in explorer.sentence.value
    assert explorer.picture.value.startswith("<img ")
    assert "alt=" in explorer.picture.value


def test_slider_and_fields_follow_each_other(explorer):
    before = explorer.picture.value
    explorer.slider.value = (1950, 1980)
    assert (explorer.first.value, explorer.last.value) == (1950, 1980)
    assert explorer.picture.value != before
    explorer.first.value = 1940
    assert explorer.slider.value == (1940, 1980)
    assert "1940 to 1980" in explorer.sentence.value


def test_each_change_draws_once(explorer, monkeypatch):
    drawings = []
    monkeypatch.setattr(explorer, "_draw", lambda: drawings.append(explorer.window))
    explorer.slider.value = (1955, 1985)
    explorer.last.value = 1990
    explorer.choice.value = "Moravec"
    assert drawings == [(1955, 1985), (1955, 1990), (1891, 1997)]


def test_another_series_begins_with_all_its_years(explorer):
    explorer.choice.value = "Nordhaus"
    assert explorer.window == (1857, 2006)
    assert "234 dots" in explorer.sentence.value
    assert "too narrow" in explorer.sentence.value  # its dots stray together


@pytest.mark.parametrize(("first", "last", "says"), [(2000, 1980, "must not be after"), (2001, 2003, "dots")])
def test_a_hopeless_window_gets_a_sentence_and_no_picture(explorer, first, last, says):
    explorer.first.value, explorer.last.value = 1900, last
    explorer.first.value = first
    assert says in explorer.sentence.value
    assert explorer.picture.value == ""
    assert "image/png" not in explorer._repr_mimebundle_()[0]
    explorer.slider.value = (1960, 2007)
    assert explorer.picture.value


def test_every_control_has_a_name(explorer):
    controls = (explorer.choice, explorer.slider, explorer.first, explorer.last)
    assert len({control.description for control in controls} - {""}) == 4
    assert (explorer.first.min, explorer.first.max) == (explorer.slider.min, explorer.slider.max)


def test_without_a_running_notebook_the_default_view_is_a_picture(explorer):
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"] == repr(explorer)
    assert "0x" not in repr(explorer)
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "text/html" not in data  # a picture inside would be compared byte by byte
    assert data["image/png"].startswith("iVBOR")
    assert "Slide 7" in metadata["image/png"]["alt"]


# --- the notebook ----------------------------------------------------------------------------------------------


def code_cells():
    return [cell for cell in nbformat.read(lesson("01").file, 4).cells if cell.cell_type == "code"]


def test_each_figure_is_followed_by_its_sources():
    cells = code_cells()
    draws = [
        place
        for place, cell in enumerate(cells)
        if re.search(r"^(trend_plot|ten_fold_plot|past_forecasts|TrendExplorer)\(", cell.source, re.MULTILINE)
    ]
    assert len(draws) >= 8
    for place in draws:
        assert cells[place + 1].source.startswith("cite("), cells[place].source
        assert "Source: " in cells[place + 1].outputs[0].text


def test_code_cells_are_short_and_pictures_have_alt_text():
    for cell in code_cells()[1:]:  # the first only imports
        assert len(cell.source.splitlines()) <= 14, cell.source
    pictures = [
        output for cell in code_cells() for output in cell.outputs if "image/png" in output.get("data", {})
    ]
    assert len(pictures) >= 10
    drawn_by = [output for output in pictures if output.data["text/plain"].startswith("<Figure")]
    assert all(output.metadata["image/png"]["alt"] for output in drawn_by)


def test_axis_names_fit_into_their_figures():
    pictures = [
        trend_plot([slide_series()], y_name="operations a second per dollar"),
        trend_plot([slide_series()], fit="line"),
        ten_fold_plot(published_ten_fold_times()),
        past_forecasts(slide_series(), hardware_series("GPU FP32", "consumer"), (1990, 2010), until=2024),
    ]
    for picture in pictures:
        picture.figure.draw_without_rendering()
        whole = picture.figure.bbox
        for axes in picture.figure.axes:
            names = axes.get_yticklabels() if axes.get_xscale() == "log" else []  # of the ten-fold times
            for text in (axes.xaxis.label, axes.yaxis.label, axes.title, *names):
                box = text.get_window_extent()
                inside = box.x0 > -1 and box.y0 > -1 and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1
                assert inside or not text.get_text(), text.get_text()
        for legend in picture.figure.legends:
            assert legend.get_window_extent().x1 <= whole.x1 + 1


def test_the_fit_names_are_those_of_the_message():
    with pytest.raises(ValueError, match="two lines"):
        trend_plot([growth()], fit="")
    assert set(trend_plots.FITS) == {"none", "line", "two lines"}
