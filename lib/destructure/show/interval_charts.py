"""Two of the five charts: dots in groups or on a plane, and estimates with their intervals."""

from dataclasses import replace
from textwrap import fill, wrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.markers import CARETDOWN, CARETLEFT, CARETRIGHT, CARETUP

from destructure.show import frames
from destructure.show.arrays import is_labels, levels
from destructure.show.picture import Picture
from destructure.show.style import HIDDEN, INK, QUIET, use_style

_STEP = 0.045  # sideways distance of dots, so that equal values do not hide each other
_LETTERS = 34  # of a label beside a row, before it is wrapped
_BOUNDS = {"above": "^", "below": "v"}


def dots(
    rows: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    panel: str | None = None,
    centre: str | None = "mean",
    hollow: str | None = None,
    censored: str | None = None,
    name: str | None = None,
    live: pd.DataFrame | None = None,
    **frame,
) -> Picture:
    """Draw every measurement as a dot: in groups, with a bar at their centre, or on a plane of two numbers.

        >>> rows = pd.DataFrame({"arm": ["with", "with", "without"], "exact_match": [0.9, 0.8, 0.4]})
        >>> dots(rows, x="arm", y="exact_match", percent=True, alt="Runs with attention do better.")
        <Figure: Runs with attention do better.>

    Args:
        rows: one row per dot, such as one per seed; within a group dots stand side by side in this order.
        x, y: two columns. If one holds labels, these are the groups (one below the other if it is `y`); if both hold
            numbers, the dots lie on a plane.
        hue: the column that gives dots their colour; groups with several hues show them side by side.
        panel: the column that tells panels apart.
        centre: "mean", "median" or None: where a bar crosses each group.
        hollow: a column of truth values: dots that are drawn hollow, explained by its name, such as `unconfirmed`.
        censored: a column with "above", "below" or "no": a hollow triangle says that the value lies beyond.
        name: a column with names to be written at dots; where it is missing or empty, nothing is written.
        live: the reader's own runs, in the same columns: crosses.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.
    """
    frame = frames.framed(frame)
    if centre not in ("mean", "median", None):
        raise ValueError(f"centre is {centre!r}; use 'mean', 'median' or None.")
    chart = _Places(rows, x, y, hue, panel, frame)
    frames.checked(rows, (), (hollow, censored, name))
    with use_style():
        drawing, shown = chart.open()
        for axes, part in shown:
            across, width = chart.places(axes, part)
            for label, (colour, _, marker), mine in frames.by_label(part, hue, chart.looks):
                _draw_marks(axes, chart, mine, across, colour, marker, hollow, censored)
                axes.plot([], [], linestyle="", marker=marker, color=colour, label=str(label) or "_")
            _explain_hollow(axes, part, hollow)
            if chart.groups and centre:
                _draw_centres(axes, chart, part, width, centre)
            for place, row in part[part[name].fillna("") != ""].iterrows() if name else ():
                at = chart.flip(across[place], row[chart.values])
                look = {"textcoords": "offset points", "ha": "center", "va": "bottom", "parse_math": False}
                axes.annotate(str(row[name]), at, xytext=(0, 7), **look)
            mine = frames.own(live, panel, part)
            if chart.groups and len(mine):
                mine = mine.assign(**{chart.along: mine[chart.along].map(levels(part[chart.along]).index)})
            frames.draw_live(axes, mine, x, y, None if chart.groups else hue, chart.looks)
        return chart.close(drawing, shown)


def intervals(
    rows: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    panel: str | None = None,
    seeds: pd.DataFrame | None = None,
    reference: float | None = None,
    free: tuple[float, float] | None = None,
    censored: str | None = None,
    hollow: str | None = None,
    note: str | None = None,
    join: bool = False,
    limits: tuple[float, float] | None = None,
    **frame,
) -> Picture:
    """Draw estimates with their intervals: a row per label, or upwards over a number such as the compute.

        >>> rows = pd.DataFrame({"effect": ["A", "B"], "ratio": [0.9, 1.4], "low": [0.8, 1.1], "high": [1.0, 1.9]})
        >>> intervals(rows, x="ratio", y="effect", reference=1, log_x=True, alt="B is above one, A is not.")
        <Figure: B is above one, A is not.>

    Args:
        rows: one row per estimate, with the ends of its interval in `low` and `high`. Without finite ends there is no
            interval; where one goes on beyond the axis, an arrowhead stands instead of its end.
        x, y: the estimates and their labels (in `y`: a row per label), or numbers and the estimates over them.
        hue, panel: columns that tell estimates, and panels, apart; panels with other labels stand below each other.
        seeds: one row per seed in the same columns: small grey dots beside the estimate.
        reference: a value at which a line is drawn, such as 1 for a ratio.
        free: ends of a grey band, such as the margin within which a difference counts as none.
        censored: a column with "above", "below" or "no": a hollow triangle says that the value lies beyond.
        hollow: a column of truth values: estimates that are drawn hollow; its name is the explanation.
        note: a column with what is written to the right of each row, such as a verdict.
        join: whether a line joins estimates that are not censored.
        limits: ends of the axis of values; by default every estimate has room, and intervals within reason.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.
    """
    frame = frames.framed(frame)
    chart = _Places(rows, x, y, hue, panel, frame)
    frames.checked(rows, ("low", "high"), (hollow, censored, note))
    chart.table = chart.table.astype({"low": float, "high": float})
    if seeds is not None:
        seeds = frames.checked(seeds, (chart.values,), (chart.along, panel))
    known = [chart.table[chart.values], pd.Series([np.nan if reference is None else reference])]
    known += [] if seeds is None else [seeds[chart.values]]
    limits = limits or frames.room_for(pd.concat(known), chart.table[["low", "high"]].stack(), chart.is_log)
    line_at, band_at = ("axvline", "axvspan") if chart.lies else ("axhline", "axhspan")
    with use_style():
        drawing, shown = chart.open()
        for axes, part in shown:
            across, _ = chart.places(axes, part)
            if free is not None:
                getattr(axes, band_at)(*free, color=HIDDEN, zorder=0)
            if reference is not None:
                getattr(axes, line_at)(reference, color=INK, linewidth=1.2, zorder=1)
            if seeds is not None:
                _draw_seeds(axes, chart, frames.own(seeds, panel, part), part, limits)
            for label, (colour, style, marker), mine in frames.by_label(part, hue, chart.looks):
                if join:
                    known = mine[mine[censored] == "no"].reindex(mine.index) if censored else mine
                    line = chart.flip(across[mine.index], known[chart.values])
                    axes.plot(*line, color=colour, linestyle=style, linewidth=2)
                for place, row in mine.iterrows():
                    _draw_bar(axes, chart, across[place], row["low"], row["high"], limits, colour)
                _draw_marks(axes, chart, mine, across, colour, marker, hollow, censored, size=8)
                axes.plot([], [], linestyle="", marker=marker, color=colour, label=str(label) or "_")
            _explain_hollow(axes, part, hollow)
            for place, row in part.iterrows() if note else ():
                where = {"transform": axes.get_yaxis_transform(), "va": "center", "color": INK}
                axes.text(1.01, across[place], str(row[note]), **where)
            axes.set(**{"xlim" if chart.lies else "ylim": limits})
        return chart.close(drawing, shown)


class _Places:
    """Which axis holds values, and where on the other one each row stands."""

    def __init__(self, rows, x: str, y: str, hue: str | None, panel: str | None, frame: frames.Frame):
        self.x, self.y, self.hue, self.panel, self.frame = x, y, hue, panel, frame
        frames.checked(rows, (), (x, y))
        self.lies = is_labels(rows[y])
        self.values, self.along = (x, y) if self.lies else (y, x)
        self.groups = is_labels(rows[self.along])
        numbers = (self.values,) if self.groups else (self.values, self.along)
        self.table = frames.checked(rows, numbers, (self.along, hue, panel))
        self.is_log = frame.log_x if self.lies else frame.log_y
        frames.check_values(self.table[self.values], self.is_log, frame.percent)
        if not self.groups:
            frames.check_values(self.table[x], frame.log_x)
        self.looks = frame.look_of(self.table, hue)
        if hue:
            self.table = self.table[self.table[hue].isin(list(self.looks))]
        parts = [self.table] if panel is None else [part for _, part in self.table.groupby(panel, sort=False)]
        names = [levels(part[self.along]) for part in parts] if self.groups else []
        self.same = all(each == names[0] for each in names)
        # The room that labels need, in rows: one that is wrapped needs more.
        self.counts = [sum(0.4 + 0.6 * len(wrap(str(label), _LETTERS)) for label in each) for each in names]

    def flip(self, along, value) -> tuple:
        """(x, y) from a place among the groups and a value."""
        return (value, along) if self.lies else (along, value)

    def open(self):
        """An empty figure; panels whose groups differ stand below each other."""
        frame = self.frame
        if not self.lies:
            return frame.panels(self.table, self.panel, sharex=self.same)
        if self.same:
            height = frames.fitted(0.36 * self.counts[0] + 1.7, 0.27 * self.counts[0] + 1.5)
            return frame.panels(self.table, self.panel, height=height, sharex=True)
        rows, parts = sum(self.counts), len(self.counts)
        height = frames.fitted(0.48 * rows + 0.55 * parts + 1.3, 0.27 * rows + 0.4 * parts + 1.2)
        stacked = replace(frame, columns=1, size=frame.size or (8, height))
        layout = {"sharex": True, "sharey": False, "height_ratios": self.counts}
        return stacked.panels(self.table, self.panel, **layout)

    def places(self, axes: Axes, part: pd.DataFrame) -> tuple[pd.Series, float]:
        """Where each row stands along the groups, and the width of a group (or of one hue in it)."""
        if not self.groups:
            return part[self.along], 0.0
        names = levels(part[self.along])
        along, ends = ("y", (len(names) - 0.5, -0.5)) if self.lies else ("x", (-0.5, len(names) - 0.5))
        texts = [fill(str(each), _LETTERS) if self.lies else each for each in names]
        frames.name_ticks(getattr(axes, f"{along}axis"), texts)
        axes.set(**{f"{along}lim": ends})
        axes.grid(axis=along, visible=False)
        hues = list(self.looks)
        several = self.hue and (part.groupby(self.along, observed=True)[self.hue].nunique() > 1).any()
        width = 0.76 / len(hues) if several else 0.7
        middle = part[self.along].map({each: place for place, each in enumerate(names)}).astype(float)
        if several:
            shifts = {each: width * (place - (len(hues) - 1) / 2) for place, each in enumerate(hues)}
            middle += part[self.hue].map(shifts)
        keys = [self.along, self.hue] if several else [self.along]
        groups = part.groupby(keys, sort=False, observed=True)[self.values]
        count, number = groups.transform("size"), groups.cumcount()
        step = np.minimum(_STEP if not several else _STEP / 2, width / count)
        return middle + step * (number - (count - 1) / 2), width

    def close(self, drawing, shown) -> Picture:
        names = ("", self.y) if self.groups and not self.lies else (self.x, "" if self.groups else self.y)
        return self.frame.finish(drawing, [axes for axes, _ in shown], *names, "x" if self.lies else "y")


def _draw_marks(axes, chart, rows, across, colour, marker, hollow, censored, size=7) -> None:
    """Marks of one colour: full, hollow, or a hollow triangle for a bound."""
    bound = rows[censored].map(_BOUNDS).fillna("") if censored else pd.Series("", index=rows.index)
    open_ = rows[hollow].astype(bool) if hollow else pd.Series(False, index=rows.index)
    look = {"linestyle": "", "markeredgecolor": colour, "color": colour, "zorder": 3}
    look["alpha"] = 0.75 if size < 8 else 1
    background = "white" if chart.groups or size > 7 else "none"
    for (sign, is_open), part in rows.groupby([bound, open_], sort=False):
        fill = {"markerfacecolor": background, "markeredgewidth": 1.8} if sign or is_open else {}
        where = chart.flip(across[part.index], part[chart.values])
        axes.plot(*where, marker=sign or marker, markersize=size + 2 * bool(sign), **{**look, **fill})


def _explain_hollow(axes, part, hollow) -> None:
    if hollow and part[hollow].any():
        fill = {"markerfacecolor": "none", "markeredgecolor": QUIET}
        axes.plot([], [], linestyle="", marker="o", label=f"hollow: {frames.name_of(hollow)}", **fill)


def _draw_centres(axes, chart, part, width, centre) -> None:
    """A bar across each group at its centre."""
    names, hues = levels(part[chart.along]), list(chart.looks)
    several = width < 0.7 and len(hues) > 1
    keys, label = [chart.along, chart.hue] if several else [chart.along], f"{centre} of the dots"
    centres = part.groupby(keys, sort=False, observed=True)[chart.values].agg(centre).dropna()
    for key, value in centres.items():
        name, hue = key if several else (key, None)
        middle = names.index(name) + (width * (hues.index(hue) - (len(hues) - 1) / 2) if several else 0)
        bar = chart.flip([middle - width / 2, middle + width / 2], [value, value])
        axes.plot(*bar, label=label, linewidth=2, color=INK, linestyle="-", zorder=4)
        label = "_"


def _draw_seeds(axes, chart, seeds, part, limits) -> None:
    places = seeds[chart.along]
    if chart.groups:
        names = levels(part[chart.along])
        places = places[places.isin(names)].map(names.index) + 0.2
    values = seeds.loc[places.index, chart.values].clip(*limits)
    axes.plot(*chart.flip(places, values), ".", color=QUIET, markersize=7, linestyle="", zorder=2)


def _draw_bar(axes, chart, place, low: float, high: float, limits, colour: str) -> None:
    """An interval; where it goes on beyond the axis, an arrowhead instead of its end."""
    anything = (low <= 0 if chart.is_log else low == -np.inf) and high == np.inf  # too few seeds
    if np.isnan(low) or np.isnan(high) or anything:
        return
    room = (limits[1] / limits[0]) ** 0.02 if chart.is_log else 0.02 * (limits[1] - limits[0])
    inner = (limits[0] * room, limits[1] / room) if chart.is_log else (limits[0] + room, limits[1] - room)
    shown = inner[0] if low < limits[0] else low, inner[1] if high > limits[1] else high
    axes.plot(*chart.flip([place, place], shown), color=colour, linestyle="-", linewidth=2.5, zorder=2)
    arrows = (CARETLEFT, CARETRIGHT) if chart.lies else (CARETDOWN, CARETUP)
    for end, drawn, arrow in zip((low, high), shown, arrows, strict=True):
        if end != drawn:
            look = {"marker": arrow, "color": colour, "markersize": 8, "linestyle": "", "zorder": 3}
            axes.plot(*chart.flip([place], [drawn]), **look)
