"""The trend figures: lines are the fits, every figure has its sources; and the explorer."""

import re
from base64 import b64decode
from io import BytesIO

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from destructure.course.contents import lesson
from destructure.show import TrendExplorer, cite, draw_trend
from destructure.trends import between, fit_piecewise, forecast, hardware_dots, slide_dots

SLIDE = slide_dots()


def test_the_line_and_its_band_are_those_of_the_forecast():
    axes = Figure().subplots()
    known = between(SLIDE, 1970, 1990)
    draw_trend(axes, known, "black", until=2024)
    solid, dashed = axes.lines
    assert solid.get_xdata().max() <= known.year.max() < 2024 == dashed.get_xdata().max()
    for line in (solid, dashed):
        assert np.allclose(line.get_ydata(), forecast(known, line.get_xdata()).value)
    edges = {round(np.log10(y), 6) for x, y in axes.collections[0].get_paths()[0].vertices if x == 2024}
    last = forecast(known, 2024)
    assert edges == {round(np.log10(last.low), 6), round(np.log10(last.high), 6)}


def test_two_lines_meet_at_the_break():
    axes = Figure().subplots()
    draw_trend(axes, SLIDE, "black", lines=2)
    assert axes.lines[0].get_xdata()[1] == fit_piecewise(SLIDE).break_year


def test_cite_prints_each_source_once(capsys):
    cite(SLIDE, hardware_dots("Moravec"), "Moravec 1998")
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert all(line.startswith("Source: ") and "https://" in line for line in printed)
    with pytest.raises(ValueError, match="no source 'nobody'"):
        cite("nobody")


# --- the explorer ----------------------------------------------------------------------------------------------


@pytest.fixture
def explorer():
    return TrendExplorer(window=(1970, 2008))


def test_it_starts_with_its_default_view(explorer):
    assert explorer.choice.value == "Slide 7"
    assert explorer.slider.value == explorer.window == (1970, 2008)
    assert "10x every 4.76 years" in explorer.sentence.value
    assert "<img " in explorer.picture.value
    assert "<span" not in explorer.picture.value, "the slide's dots have no names"
    assert "alt=" in explorer.picture.value


def test_dots_outside_the_window_are_pale_and_not_fitted(explorer):
    explorer.slider.value = (1960, 1970)
    full, *_, pale, line = explorer._picture().axes[0].lines
    inside = between(SLIDE, 1960, 1970)
    assert list(full.get_xdata()) == list(inside.year)
    assert len(pale.get_xdata()) == len(SLIDE) - len(inside)
    assert pale.get_alpha() < full.get_alpha()
    assert (line.get_xdata()[0], line.get_xdata()[-1]) == (inside.year.min(), inside.year.max())


def test_the_best_machines_of_the_window_are_named(explorer):
    assert "best so far" not in explorer.sentence.value, "the slide's dots have no names"
    explorer.choice.value = "Nordhaus"
    explorer.slider.value = (1940, 1950)
    assert "(19" in explorer.sentence.value.split("best so far: ")[1]
    assert explorer.sentence.value.count("(19") <= 8


def test_each_dot_tells_its_name_where_it_is_drawn(explorer):
    explorer.choice.value = "Moravec"
    places = re.findall(
        r'title="([^"]+)" style="[^"]*left: ([\d.]+)%; bottom: ([\d.]+)%', explorer.picture.value
    )
    assert len(places) == 134
    assert any(name.startswith("ENIAC, 194") for name, _, _ in places)
    drawn = b64decode(re.search(r"base64,([^\"]+)", explorer.picture.value)[1])
    pixels = Image.open(BytesIO(drawn)).convert("RGB")
    for name, left, bottom in places:
        x, y = pixels.width * float(left) / 100, pixels.height * (1 - float(bottom) / 100)
        assert min(pixels.getpixel((int(x), int(y)))) < 200, f"nothing is drawn under {name}"


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
    assert "image/png" not in str(explorer._repr_mimebundle_())
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


def test_each_figure_has_its_sources_above_or_right_below_it():
    """Each source is printed once, where it is first drawn; `test_citations` asks for the sources of every table."""
    cells = [cell for cell in nbformat.read(lesson("01").file, 4).cells if cell.cell_type == "code"]
    drawn = [place for place, cell in enumerate(cells) if cell.outputs and "image/png" in str(cell.outputs)]
    drawn = [place for place in drawn if "reveal(" not in cells[place].source]
    cited = [place for place, cell in enumerate(cells) if re.search(r"^cite\(", cell.source, re.MULTILINE)]
    assert len(drawn) >= 8
    assert len(cited) >= 6
    assert all("Source: " in str(cells[place].outputs) for place in cited)
    assert min(cited) == min(drawn) + 1
    assert all(any(place <= figure + 1 for place in cited) for figure in drawn)
