"""Choose a series and a window of years, and see what growth one would have measured there."""

import html
from base64 import b64encode

import ipywidgets

from destructure.show.alt_text import image_element
from destructure.show.trend_plots import trend_plot
from destructure.show.trend_series import PlottedSeries, hardware_series, slide_series
from destructure.trends import fit_exponential

WIDE = {"description_width": "initial"}


def compute_price_series() -> tuple[PlottedSeries, ...]:
    """The series of operations per dollar that the course has."""
    return (
        slide_series(),
        hardware_series("Moravec"),
        hardware_series("Nordhaus"),
        hardware_series("GPU FP32", "consumer"),
        hardware_series("GPU FP32", "professional"),
        hardware_series("GPU 16-bit matrix"),
    )


class TrendExplorer(ipywidgets.VBox):
    """A list of series and a slider for the years, each year also as a number field, over a figure and one sentence.

    Nothing is printed: figure and sentence are HTML fields. Without a running notebook the default view is shown as
    a picture.

    Args:
        series: what can be chosen; the course's series of operations per dollar by default.
        start: label of the series shown first; the first one by default.
        window: years shown first; all by default.

    Attributes:
        choice: the list of series.
        slider: the two-ended slider.
        first, last: number fields for the ends; they and the slider follow each other.
        picture, sentence: the HTML fields with the result.

    Raises:
        ValueError: if there is no series or none called `start`.
    """

    def __init__(
        self,
        series: tuple[PlottedSeries, ...] | None = None,
        start: str | None = None,
        window: tuple[int, int] | None = None,
    ):
        series = compute_price_series() if series is None else tuple(series)
        self._series = {one.label: one for one in series if one.sure is not None}
        labels = list(self._series)
        if not labels or (start is not None and start not in labels):
            raise ValueError(
                f"There is no series {start!r}; choose of {', '.join(labels) or '(none given)'}."
            )
        self._busy = False
        self.choice = ipywidgets.Dropdown(
            options=labels, value=start or labels[0], description="Series", style=WIDE
        )
        bounds = {"min": 1850, "max": 2030}
        self.slider = ipywidgets.IntRangeSlider(
            description="Years", continuous_update=False, style=WIDE, layout={"width": "32em"}, **bounds
        )
        self.first = ipywidgets.BoundedIntText(
            description="From year", style=WIDE, layout={"width": "12em"}, **bounds
        )
        self.last = ipywidgets.BoundedIntText(
            description="Until year", style=WIDE, layout={"width": "12em"}, **bounds
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

    def _all_years(self) -> tuple[int, int]:
        years = self._series[self.choice.value].sure.years
        return int(years[0]), int(years[-1])

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
            self.sentence.value, drawn = html.escape(self._measure()), self._picture()
        except ValueError as error:
            self.sentence.value, self.picture.value = html.escape(str(error)), ""
            return
        self.picture.value = image_element(b64encode(drawn.png()).decode("ascii"), drawn.alt)

    def _measure(self) -> str:
        if self.first.value > self.last.value:
            raise ValueError(
                f"The years run from {self.first.value} to {self.last.value}; the first must not be after the last."
            )
        trend = fit_exponential(self._series[self.choice.value].sure.between(*self.window), resamples=1_999)
        together = (
            "; neighbouring dots stray together, so the interval is too narrow"
            if trend.durbin_watson < 1.5
            else ""
        )
        return f"{trend}. Durbin-Watson {trend.durbin_watson:.1f}{together}."

    def _picture(self):
        return trend_plot([self._series[self.choice.value]], fit="line", window=self.window)

    def __repr__(self) -> str:
        return "<TrendExplorer: choose a series and years, see how fast compute became cheaper>"

    def _repr_mimebundle_(self, **keywords):
        bundle = super()._repr_mimebundle_(**keywords)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data["text/plain"] = repr(self)
        try:
            drawn = self._picture()
        except ValueError:  # a window with too few dots has no picture
            return data, metadata
        data["image/png"] = b64encode(drawn.png()).decode("ascii")
        return data, {**metadata, "image/png": {"alt": drawn.alt}}
