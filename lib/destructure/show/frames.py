"""What the five charts share: checked rows, looks of labels, panels, names with units, a legend that fits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogFormatterMathtext, LogLocator, NullFormatter, PercentFormatter

from destructure.show.arrays import levels
from destructure.show.picture import Picture
from destructure.show.style import CURVES, INK, TALLEST, WIDTH, figure

_NAMES = {
    "step": "training step",
    "tokens": "training tokens",
    "flops": "training compute (FLOPs)",
    "budget": "training compute (FLOPs)",
    "loss": "loss (nats per token)",
    "validation_loss": "validation loss (nats per token)",
    "exact_match": "exact match (share of answers)",
}
_POWERS = 1e6  # a longer axis has powers of ten only, never 1000 beside 10⁶
_BEYOND = 20.0  # an interval stretches a logarithmic axis at most this far beyond the known values
_LIVE = {"linestyle": "", "marker": "X", "markersize": 12, "markeredgecolor": "white", "zorder": 6}


@dataclass(frozen=True)
class Frame:
    """The settings that every chart takes besides its columns.

    Attributes:
        alt: says what is seen to whoever cannot see it; the same in every run, so without measured values. Required.
        title: a line above all.
        x_name, y_name: names of the axes, with units; columns such as `loss` and `flops` have one already.
        log_x, log_y: logarithmic axes.
        percent: the values are shares from 0 to 1 and are written in percent.
        order: labels of `hue` in the order of the legend; others are left out. By default as they come.
        looks: label of `hue` → its place in `style.CURVES`, or (colour, line style, marker); others get free places.
        columns: how many panels stand side by side; by default all, at most three.
        size: width and height in inches; width 8 keeps the text as large as intended.
        legend: whether labels are explained below the chart.
    """

    alt: str | None = None
    title: str | None = None
    x_name: str | None = None
    y_name: str | None = None
    log_x: bool = False
    log_y: bool = False
    percent: bool = False
    order: Sequence | None = None
    looks: Mapping | None = None
    columns: int | None = None
    size: tuple[float, float] | None = None
    legend: bool = True

    def look_of(self, rows: pd.DataFrame, hue: str | None) -> dict:
        """Label → (colour, line style, marker), in the order of the legend; the one label "" without `hue`."""
        labels = [""] if hue is None else list(self.order or levels(rows[hue]))
        unknown = [label for label in labels if hue and not (rows[hue] == label).any()]
        if unknown:
            there = ", ".join(map(str, levels(rows[hue])))
            raise ValueError(f"No row has the {hue} {unknown[0]!r}; the rows have {there}.")
        looks = self.looks or {}
        if len(set(labels) - set(looks)) > len(set(range(len(CURVES))) - set(looks.values())):
            raise ValueError(
                f"The column {hue!r} has {len(labels)} labels, but only {len(CURVES)} can be told apart; choose some "
                "with order=, or give looks=."
            )
        free = (place for place in range(len(CURVES)) if place not in looks.values())
        places = {label: looks[label] if label in looks else next(free) for label in labels}
        return {label: CURVES[each] if isinstance(each, int) else each for label, each in places.items()}

    def panels(
        self, rows: pd.DataFrame, panel: str | None, height: float = 4.8, **layout
    ) -> tuple[Figure, list[tuple[Axes, pd.DataFrame]]]:
        """An empty figure and its axes, each with its rows and, above it, the panel's heading."""
        headings = [None] if panel is None else levels(rows[panel])
        columns = min(self.columns or 3, len(headings))
        lines = -(-len(headings) // columns)
        height = height if lines == 1 else fitted(3.1 * lines + 0.6, 2.2 * lines + 0.6)
        drawing = figure(*(self.size or (WIDTH, height)))
        shared = {"sharex": columns < len(headings), "sharey": True} | layout
        grid = drawing.subplots(lines, columns, squeeze=False, **shared).ravel()
        for axes in grid[len(headings) :]:
            axes.remove()
        parts = [rows if heading is None else rows[rows[panel] == heading] for heading in headings]
        for axes, heading in zip(grid, headings, strict=False):
            if heading is not None:
                axes.set_title(str(heading), fontsize=13, parse_math=False)
        return drawing, list(zip(grid, parts, strict=False))

    def finish(
        self, drawing: Figure, grid: Sequence[Axes], x: str, y: str, values: str, measured=""
    ) -> Picture:
        """Name and scale the axes, add title and legend; `percent` is about the axis `values` ("x" or "y")."""
        for axes, (name, is_log) in product(grid, (("x", self.log_x), ("y", self.log_y))):
            axis = getattr(axes, f"{name}axis")
            if is_log:
                axes.set(**{f"{name}scale": "log"})
                _number_decades(axis)
            if self.percent and name == values:
                axis.set_major_formatter(PercentFormatter(1, decimals=None if is_log else 0))
                if not is_log:
                    axes.set(**{f"{name}lim": (-0.03, 1.03)})
        picture = Picture(drawing, f"{self.alt} {measured}", self.alt)
        if self.legend:
            picture.legend()
        x_name, y_name = self.x_name or name_of(x), self.y_name or name_of(y)
        if len(grid) == 1:
            grid[0].set(xlabel=x_name, ylabel=y_name)
            if self.title:
                grid[0].set_title(self.title, parse_math=False)
            return picture
        if not drawing.legends:
            drawing.supxlabel(x_name, fontsize=14)
        for axes in grid if drawing.legends else ():  # a common name would lie on the legend
            if axes.get_subplotspec().is_last_row():
                axes.set_xlabel(x_name)
        if y_name:
            drawing.supylabel(y_name, fontsize=14)
        if self.title:
            drawing.suptitle(self.title, fontsize=15, fontweight="bold", x=0.01, ha="left")
        return picture


def framed(frame: dict) -> Frame:
    """The frame from a chart's further keywords; ValueError without an alt text, or for one that no chart knows."""
    unknown = [name for name in frame if name not in Frame.__dataclass_fields__]
    if unknown:
        known = ", ".join(Frame.__dataclass_fields__)
        raise ValueError(f"A chart has no setting {unknown[0]!r}; besides its columns it takes {known}.")
    if not isinstance(frame.get("alt"), str) or not frame["alt"].strip():
        raise ValueError("This chart has no alt text; say with alt= in a sentence what it shows.")
    return Frame(**frame)


def checked(rows, numbers: Sequence[str | None], labels: Sequence[str | None] = ()) -> pd.DataFrame:
    """The rows, with the columns `numbers` as floats; ValueError if anything of that is not there."""
    if not isinstance(rows, pd.DataFrame):
        raise ValueError(
            f"The rows are a {type(rows).__name__}; give one pandas table with a row for each measurement "
            "(join several with pandas.concat)."
        )
    for column in filter(None, (*numbers, *labels)):
        if column not in rows.columns:
            raise ValueError(
                f"The rows have no column {column!r}; they have {', '.join(map(str, rows.columns))}."
            )
    if rows.empty:
        raise ValueError(
            "There are no rows, so there is nothing to draw; choose rows of the table that exist."
        )
    table = rows.reset_index(drop=True)
    for column in filter(None, numbers):
        if not pd.api.types.is_numeric_dtype(table[column]):
            raise ValueError(f"The column {column!r} does not hold numbers, so it cannot be drawn.")
        table[column] = table[column].to_numpy(dtype=float, na_value=np.nan)
    return table


def check_values(values: pd.Series, is_log: bool, percent: bool = False) -> None:
    """Refuse values that the axis cannot show: nothing measured, 0 on a logarithmic axis, no share for `percent`."""
    known = values[np.isfinite(values)]
    if known.empty:
        raise ValueError(f"The column {values.name!r} holds no measured value, so there is nothing to draw.")
    if is_log and (known <= 0).any():
        raise ValueError(
            f"A logarithmic axis cannot show {values.name} = {known.min():g}; use a linear axis or leave "
            "those rows out."
        )
    if percent and not known.between(0, 1).all():
        wrong = known[~known.between(0, 1)].iloc[0]
        raise ValueError(f"The {values.name} {wrong:g} lies outside 0 to 1; percent=True is for shares.")


def fitted(height: float, least: float) -> float:
    """A height in inches brought to what a slide has room for, as far as the least that the texts need allows."""
    return min(height, max(TALLEST, least))


def name_of(column: str) -> str:
    """A column's name on an axis."""
    return _NAMES.get(column, column.replace("_", " "))


def name_ticks(axis: Axis, labels: Iterable) -> None:
    """Labels at 0, 1, 2, … of an axis, as they are written."""
    texts = [str(label) for label in labels]
    axis.set_ticks(range(len(texts)), texts, parse_math=False)


def by_label(rows: pd.DataFrame, hue: str | None, looks: Mapping) -> list[tuple]:
    """(label, look, rows) of each label; all rows belong to the one label "" without `hue`."""
    return [(label, look, rows if hue is None else rows[rows[hue] == label]) for label, look in looks.items()]


def draw_live(axes: Axes, live: pd.DataFrame, x: str, y: str, hue: str | None, looks: Mapping) -> None:
    """The reader's own runs as crosses with a white edge, over everything, in the colour of their label."""
    for row in live.to_dict("records"):
        colour = looks[row[hue]][0] if hue and row.get(hue) in looks else INK
        axes.plot(row[x], row[y], color=colour, **_LIVE)
    if len(live):
        axes.plot([], [], color=INK, label="your runs" if len(live) > 1 else "your run", **_LIVE)


def own(live: pd.DataFrame | None, panel: str | None, rows: pd.DataFrame) -> pd.DataFrame:
    """The part of `live` that belongs to the panel of these rows."""
    live = pd.DataFrame() if live is None else live
    return live[live[panel] == rows[panel].iloc[0]] if panel in live else live


def _number_decades(axis: Axis) -> None:
    """Number 1, 10, 100, …, on a short axis also some between: matplotlib's own choice can overlap."""
    low, high = axis.get_view_interval()
    between = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
    if high > 8 * low:
        between = (1.0,) if high > 100 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=between, numticks=9))
    plain = FuncFormatter(lambda value, _: _short_number(value))
    axis.set_major_formatter(plain if high < _POWERS * low else LogFormatterMathtext())
    axis.set_minor_formatter(NullFormatter())


def _short_number(value: float) -> str:
    if 1e-3 <= value < 1e4:
        return f"{value:g}"
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    times = "" if abs(factor - 1) < 1e-6 else rf"{factor:g}\times"
    return rf"$\mathdefault{{{times}10^{{{exponent}}}}}$"


def room_for(known: pd.Series, ends: pd.Series, is_log: bool) -> tuple[float, float]:
    """Ends of an axis: every known value has room, and the ends of intervals within reason."""
    known, ends = (each[np.isfinite(each) & ((each > 0) | (not is_log))] for each in (known, ends))
    if is_log:
        ends = ends.clip(known.min() / _BEYOND, known.max() * _BEYOND)
    every = pd.concat([known, ends])
    every = np.log(every) if is_log else every
    room = 0.06 * (every.max() - every.min())
    room = max(room, np.log(1.1)) if is_log else room or 1.0
    low, high = float(every.min() - room), float(every.max() + room)
    return (float(np.exp(low)), float(np.exp(high))) if is_log else (low, high)
