"""Choose a series and a window of years, and see what growth one would have measured there."""

import html

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from destructure.show.interval_charts import dots
from destructure.show.live import Live, picture_html
from destructure.show.picture import Picture
from destructure.trends import best_so_far, between, fit_exponential, fit_piecewise, forecast, price_dots

WIDE = {"description_width": "initial"}
_POINTS = 25  # of a band
_NAMED = 8  # machines in the sentence


def draw_trend(
    axes: Axes, dots: pd.DataFrame, colour: str, *, until: float | None = None, lines: int = 1
) -> None:
    """Draw a fitted trend into a figure: one line with the band in which 95% of new dots should lie, or two lines.

    Args:
        axes: with years to the right.
        dots: of one series; only confirmed ones are fitted. ValueError as `forecast` and `fit_piecewise`.
        colour: of the line and the band.
        until: carry the line on to this year, dashed.
        lines: 1 for exponential growth, 2 for two stretches that meet.
    """
    sure = dots[~dots["unconfirmed"]]
    first, last = sure["year"].min(), sure["year"].max()
    look = {"color": colour, "linewidth": 2.5, "zorder": 3}
    if lines == 2:
        fitted = fit_piecewise(dots)
        corners = np.array([first, fitted.break_year, last])
        axes.plot(corners, fitted.value_at(corners), linestyle="-", **look)
        return
    years = np.linspace(first, max(until or 0, last), _POINTS)
    carried = forecast(dots, years)
    for stretch, style in ((years <= last, "-"), (years >= last - 1, "--")):
        if style == "-" or until:
            axes.plot(years[stretch], carried.value[stretch], linestyle=style, **look)
    band = {"color": colour, "alpha": 0.15, "linewidth": 0, "zorder": 0, "label": "95% prediction interval"}
    axes.fill_between(years, carried.low, carried.high, **band)


class TrendExplorer(Live):
    """A list of series and a slider for the years, each year also as a number field, over a figure and one sentence.

    Args:
        window: years shown first; all by default. Without a running notebook this view is shown as a picture.

    Attributes:
        choice, slider: the list of series, and the two-ended slider.
        first, last: number fields for the ends; they and the slider follow each other.
        picture, sentence: the HTML fields with the result.
    """

    about = "choose a series and years, see how fast compute became cheaper"

    def __init__(self, window: tuple[int, int] | None = None):
        self._series = price_dots()
        self._busy = False
        self.choice = ipywidgets.Dropdown(options=list(self._series), description="Series", style=WIDE)
        bounds = {"min": 1850, "max": 2030}
        self.slider = ipywidgets.IntRangeSlider(
            description="Years", continuous_update=False, style=WIDE, layout={"width": "32em"}, **bounds
        )
        self.first, self.last = (
            ipywidgets.BoundedIntText(description=name, style=WIDE, layout={"width": "12em"}, **bounds)
            for name in ("From year", "Until year")
        )
        self.sentence, self.picture = ipywidgets.HTML(), ipywidgets.HTML()
        fields = ipywidgets.HBox([self.first, self.last])
        super().__init__([self.choice, self.slider, fields, self.sentence, self.picture])
        self._set_window(*(window or self._all_years()))
        self.choice.observe(lambda change: self._set_window(*self._all_years()), names="value")
        self.slider.observe(lambda change: self._set_window(*self.slider.value), names="value")
        for field in (self.first, self.last):
            field.observe(lambda change: self._set_window(self.first.value, self.last.value), names="value")

    @property
    def window(self) -> tuple[int, int]:
        """First and last year that are fitted."""
        return self.first.value, self.last.value

    def _chosen(self) -> pd.DataFrame:
        return self._series[self.choice.value]

    def _all_years(self) -> tuple[int, int]:
        years = self._chosen().loc[~self._chosen()["unconfirmed"], "year"]
        return int(years.min()), int(years.max())

    def _set_window(self, first: int, last: int) -> None:
        """Bring slider and fields to the same years, then draw once."""
        if self._busy:  # called by our own changes below
            return
        self._busy = True
        try:
            self.first.value, self.last.value = first, last
            # A slider cannot be upside down; the sentence says so instead, and the field keeps what was typed.
            if first <= last:
                self.slider.value = (first, last)
        finally:
            self._busy = False
        self._draw()

    def _draw(self) -> None:
        try:
            self.sentence.value, drawn = html.escape(self._measure()), self._with_names(self._picture())
        except ValueError as error:
            self.sentence.value, drawn = html.escape(str(error)), ""
        self.picture.value = drawn

    def _measure(self) -> str:
        first, last = self.window
        if first > last:
            raise ValueError(f"The years run from {first} to {last}; the first must not be after the last.")
        trend = fit_exponential(between(self._chosen(), first, last), resamples=1_999)
        stray = "; neighbouring dots stray together, so the interval is too narrow"
        front = best_so_far(between(self._chosen(), first, last))
        best = [
            f"{dot.name} ({int(dot.year)})" for dot in front[front["name"] != ""].tail(_NAMED).itertuples()
        ]
        named = f" The last that were the best so far: {', '.join(best)}." if best else ""
        return f"{trend}. Durbin-Watson {trend.durbin_watson:.1f}{stray if trend.durbin_watson < 1.5 else ''}.{named}"

    def _picture(self) -> Picture:
        fitted = between(self._chosen(), *self.window)
        left_out = self._chosen().drop(fitted.index)
        drawn = dots(
            fitted,
            x="year",
            y="value",
            hue="series",
            hollow="unconfirmed",
            log_y=True,
            y_name="operations per second per US dollar",
            alt=f"Operations per second per dollar over the years for {self.choice.value}, with a line and its band.",
        )
        axes = drawn.axes[0]
        axes.plot(left_out["year"], left_out["value"], "o", linestyle="", markersize=6, alpha=0.3, zorder=0)
        draw_trend(axes, fitted, axes.lines[0].get_color())
        return drawn.legend()

    def _with_names(self, picture: Picture) -> str:
        """The picture with a place over each dot that has a name, which tells it on hover."""
        drawn = picture_html(picture)  # now the axes are where they will be
        named = self._chosen()[self._chosen()["name"] != ""]
        spots = picture.axes[0].transData.transform(named[["year", "value"]]) / picture.figure.bbox.size
        look = "position: absolute; width: 12px; height: 12px; margin: -6px"
        words = [f"{html.escape(dot.name)}, {int(dot.year)}" for dot in named.itertuples()]
        names = [
            f'<span title="{told}" style="{look}; left: {x:.2%}; bottom: {y:.2%}"></span>'
            for (x, y), told in zip(spots, words, strict=True)
        ]
        return f'<div style="position: relative; display: inline-block; line-height: 0">{drawn}{"".join(names)}</div>'

    def saved(self) -> Picture | None:
        """The chosen view; a window with too few dots has none."""
        try:
            return self._picture()
        except ValueError:
            return None
