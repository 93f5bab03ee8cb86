"""Trends over the years: dots, fitted lines with their bands, ten-fold times, forecasts of the past."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, QUIET, WIDTH, figure, text_width, use_style
from destructure.show.trend_series import PlottedSeries, TenFoldTime
from destructure.trends import (
    ExponentialTrend,
    Observations,
    PiecewiseTrend,
    fit_exponential,
    fit_piecewise,
    forecast,
)

FITS = ("none", "line", "two lines")
_LOOKS = {
    "Slide 7": CURVES[4],
    "Moravec": CURVES[0],
    "Nordhaus": CURVES[1],
    "GPU FP32": CURVES[2],
    "GPU 16-bit matrix": CURVES[3],
    "decoder-only": CURVES[0],
    "encoder-decoder": CURVES[1],
    "encoder-only": CURVES[2],
    "RNN": CURVES[4],
    "CNN": CURVES[3],
    "prefix LM": CURVES[5],
    "other": CURVES[6],
}
_POINTS = 25  # of a band
_LABEL = 33  # letters a line beside a ten-fold time
BAND = "95% prediction interval"


def look(label: str, place: int) -> tuple:
    """Colour, line and marker: the same for a series in every figure, else by its place in this one."""
    return _LOOKS.get(label.split(",")[0], CURVES[place % len(CURVES)])


def trend_plot(
    series: Sequence[PlottedSeries],
    *,
    fit: str = "none",
    window: tuple[float, float] | None = None,
    until: float | None = None,
    y_name: str | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw series over the years on a logarithmic axis, where exponential growth is a straight line.

    Sure dots are full, unsure ones hollow. A fit uses the sure dots of each series, one series at a time.

    Args:
        series: each gets a colour and a marker of its own.
        fit: "none", "line" (exponential growth, with the band in which 95% of new dots should lie) or "two lines".
        window: first and last year of the dots that are fitted; the others are drawn pale.
        until: carry the line on to this year.
        y_name: name of the upward axis; the unit of the first series by default.
        title: a line above.
        alt: replaces the description; without measured values.

    Raises:
        ValueError: if there is no series or no such fit, or as `fit_exponential` and `fit_piecewise`.
    """
    if not series or fit not in FITS:
        raise ValueError(
            f"{len(series)} series and fit {fit!r} were given; give one or more and a fit of {FITS}."
        )
    with use_style():
        drawing = figure(8, 5.2)
        axes = drawing.subplots()
        for place, one in enumerate(series):
            appearance = look(one.label, place)
            draw_dots(axes, one, appearance, window)
            if fit != "none" and one.sure is not None:
                _draw_fit(axes, one.sure.between(*window) if window else one.sure, fit, until, appearance)
        dress(axes, y_name or series[0].unit, title)
        _legend(drawing, series, band=fit == "line")
    what = {"none": "", "line": " with fitted lines and bands", "two lines": " with two fitted lines each"}[
        fit
    ]
    labels = ", ".join(one.label for one in series)
    return Picture(drawing, alt or shorten(f"{y_name or series[0].unit} over the years for {labels}{what}."))


def ten_fold_plot(rows: Sequence[TenFoldTime], *, rule: float = 5.0, title: str | None = None) -> Picture:
    """Draw how long a factor of ten takes, a row each with its interval, beside the talk's rule.

    Our own fits have round dots, published rates square ones; an arrow means that the interval has no upper end.

    Args:
        rows: from top to bottom.
        rule: years, drawn as a line.
        title: a line above.

    Raises:
        ValueError: if there are no rows.
    """
    if not rows:
        raise ValueError("There are no ten-fold times to draw; give at least one row.")
    ends = [end for row in rows for end in (row.years, row.low, row.high) if end and np.isfinite(end)]
    longest = min(1.6 * max(ends), 60.0)  # beyond, an interval only says "very long"
    with use_style():
        labels = [textwrap.fill(row.label, _LABEL) for row in rows]
        drawing = figure(8, 1.6 + 0.26 * sum(1.5 + label.count("\n") for label in labels))
        axes = drawing.subplots()
        for place, row in enumerate(rows):
            _draw_ten_fold(axes, row, len(rows) - 1 - place, longest)
        axes.axvline(rule, color=INK, linestyle="--", linewidth=1.5, zorder=1)
        axes.set_xscale("log")
        axes.set_xlim(1, longest)
        axes.set_xticks([tick for tick in (1, 2, 3, 5, 10, 20, 50, 100) if tick < longest])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_yticks(range(len(rows)), labels[::-1])
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"years for ten times (dashed: {rule:g})")
        if title:
            drawing.suptitle(title, x=0.01, ha="left", weight="bold", size=15)
    return Picture(
        drawing,
        shorten(f"Years for a factor of ten, with intervals, in {len(rows)} rows, beside {rule:g} years."),
    )


def past_forecasts(
    known: PlottedSeries,
    happened: PlottedSeries,
    origins: Sequence[int],
    *,
    until: float,
    memory: int | None = None,
    title: str | None = None,
) -> Picture:
    """Draw what forecasters of several years would have said, a panel each, and what happened.

    Args:
        known: the series that they had; dots until the end of the origin are fitted, later ones are only drawn.
        happened: another series, drawn for comparison. It counts something else, which the figure cannot mend.
        origins: the years in which the forecasters stand.
        until: the year that they predict.
        memory: fit only that many years before the origin; `None` for all.
        title: a line above.

    Raises:
        ValueError: if there is no origin, or an origin has too few dots before it.
    """
    if not origins:
        raise ValueError("There are no forecasters; give at least one year as origin.")
    with use_style():
        drawing = figure(8, 5.2)
        panels = drawing.subplots(1, len(origins), sharey=True, squeeze=False)[0]
        for axes, origin in zip(panels, origins, strict=True):
            for place, one in enumerate((known, happened)):
                draw_dots(axes, one, look(one.label, place), (0, origin) if one is known else None)
            past = known.sure.between(origin + 1 - memory if memory else 0, origin)
            _draw_fit(axes, past, "line", until, look(known.label, 0))
            axes.axvline(origin + 1, color=QUIET, linestyle=":", linewidth=1.5)
            dress(axes, known.unit if axes is panels[0] else "", f"end of {origin}")
            earliest = origins[0] - (memory or 40)
            axes.set_xlim(earliest, until + 2)
            axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        panels[0].set_ylim(bottom=known.sure.between(earliest, until).values.min() / 100)
        _legend(drawing, (known, happened), band=True)
        if title:
            drawing.suptitle(title, x=0.01, ha="left", weight="bold", size=15)
    asked = ", ".join(map(str, origins))
    return Picture(
        drawing, shorten(f"Forecasts for {until:g} made from {known.label} in {asked}, and {happened.label}.")
    )


def draw_dots(
    axes: Axes, series: PlottedSeries, appearance: tuple, window: tuple[float, float] | None
) -> None:
    """Full dots for sure rows, hollow ones for unsure rows; pale outside the window."""
    colour, _, marker = appearance
    style = {"linestyle": "", "marker": marker, "markersize": 6, "markeredgecolor": colour}
    if series.sure is not None:
        years, values = series.sure.years, series.sure.values
        # 2008.5 still belongs to "until 2008", as in Observations.between.
        inside = (
            np.ones(years.size, bool) if window is None else (years >= window[0]) & (years < window[1] + 1)
        )
        for chosen, strength in ((inside, 0.75), (~inside, 0.3)):
            axes.plot(years[chosen], values[chosen], color=colour, alpha=strength, gid="sure", **style)
    if series.unsure is not None:
        axes.plot(series.unsure.years, series.unsure.values, markerfacecolor="none", gid="unsure", **style)


def dress(axes: Axes, y_name: str, title: str | None) -> None:
    """Years to the right, powers of ten upwards."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(numticks=8))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("year")
    axes.set_ylabel(y_name)
    if title:
        axes.set_title(title)


def _draw_fit(axes: Axes, dots: Observations, fit: str, until: float | None, appearance: tuple) -> None:
    line: ExponentialTrend | PiecewiseTrend
    # Lines and prediction bands are drawn, not the bootstrap intervals of slopes: few resamples do.
    line = fit_exponential(dots, resamples=99) if fit == "line" else fit_piecewise(dots, resamples=99)
    end = max(until or 0, dots.years[-1])
    years = np.linspace(dots.years[0], end, _POINTS)
    for stretch, style in ((years[years <= dots.years[-1]], "-"), (years[years >= dots.years[-1] - 1], "--")):
        if until is None and style == "--":
            continue
        axes.plot(stretch, line.value_at(stretch), color=appearance[0], linestyle=style, zorder=3)
    if fit == "two lines":
        corner = np.array([dots.years[0], line.break_year.estimate, end])
        axes.plot(corner, line.value_at(corner), color=appearance[0], linestyle="-", zorder=3)
    else:
        bands = [forecast(dots, year) for year in years]
        low, high = [band.low for band in bands], [band.high for band in bands]
        axes.fill_between(years, low, high, color=appearance[0], alpha=0.15, linewidth=0, zorder=0)


def _legend(drawing, series: Sequence[PlottedSeries], band: bool) -> None:
    entries = []
    for place, one in enumerate(series):
        colour, _, marker = look(one.label, place)
        entries.append(
            Line2D([], [], linestyle="", marker=marker, color=colour, markersize=8, label=one.label)
        )
    if any(one.unsure is not None for one in series):
        style = {"linestyle": "", "marker": "o", "markerfacecolor": "none", "markeredgecolor": QUIET}
        entries.append(Line2D([], [], label="hollow: not confirmed", markersize=8, **style))
    if band:
        entries.append(Line2D([], [], color=QUIET, alpha=0.3, linewidth=10, label=BAND))
    widest = max(text_width(entry.get_label()) for entry in entries) + 0.9  # marker and gaps, in inches
    columns = max(1, min(len(entries), int(WIDTH / widest)))
    for text in drawing.legend(handles=entries, loc="outside lower center", ncols=columns).get_texts():
        text.set_parse_math(False)


def _draw_ten_fold(axes: Axes, row: TenFoldTime, height: int, longest: float) -> None:
    colour, _, _ = CURVES[0 if row.is_ours else 1]
    if row.low is not None:
        high = min(row.high, longest)
        axes.plot([row.low, high], [height, height], color=colour, linestyle="-", linewidth=2.5)
        if row.high > longest:
            axes.plot(high * 0.97, height, marker=">", color=colour, markersize=9)
    if row.years is not None:
        fill = colour if row.is_sure else "white"
        marker = "o" if row.is_ours else "s"
        axes.plot(
            row.years, height, marker=marker, markersize=8, markeredgecolor=colour, markerfacecolor=fill
        )
