"""Three of the five charts: curves with every seed, bars, heat. `interval_charts` has dots and intervals.

Seaborn's grammar: tidy rows in, columns by name, a `Picture` out. What is special to one figure stands in its cell,
on `picture.axes`. What all charts share (alt, title, names, scales, looks) is explained at `frames.Frame`. All raise
ValueError if a column is missing or not a number, nothing is measured, or an axis cannot show a value.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from destructure.config import require_whole
from destructure.show import frames
from destructure.show.arrays import is_labels, levels
from destructure.show.picture import Picture
from destructure.show.style import INK, use_style

_MANY_POINTS = 25  # more would make the markers touch
_HATCHES = ("", "//", "..", "xx", "\\\\", "oo", "--")


def curves(
    rows: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    panel: str | None = None,
    seed: str = "seed",
    seeds: str = "lines",
    band: "pd.DataFrame | Callable | None" = None,
    smooth: int = 1,
    dodge: float | None = None,
    live: pd.DataFrame | None = None,
    **frame,
) -> Picture:
    """Draw curves: every seed thin or as dots, their mean (or a given line with its band) thick.

        >>> rows = pd.DataFrame({"step": [1, 2, 1, 2], "seed": [0, 0, 1, 1], "loss": [3.0, 2.0, 3.2, 1.9]})
        >>> picture = curves(rows, x="step", y="loss", alt="Loss of two runs falls.")
        >>> _ = picture.axes[0].axhline(1.5)

    Args:
        rows: one row per measurement. Rows without a value of `y` are left out. If the last row of a run has a `loss`
            or `gradient_norm` that is not finite, the run broke off, and a cross marks its end.
        x, y: columns of numbers; points at `x` = 0 are left out on a logarithmic axis.
        hue, panel: columns that tell curves, and panels, apart.
        seed: the column that tells runs of a curve apart, if the rows have it.
        seeds: "lines" (thin; the mean is taken where all seeds have a value), "dots" (the mean is that of the dots)
            or "none".
        band: a function from values to the ends of an interval, applied at each `x`, such as
            `destructure.statistics.interval`; or the thick lines themselves, as rows with `x`, `y`, `low`, `high`
            (and `hue`, `panel`), such as an envelope. By default the mean, without a band.
        smooth: how many neighbouring values the thick line averages; the thin ones stay as measured.
        dodge: how far apart dots and means of the labels stand: in units of `x`, or a factor on a logarithmic axis.
        live: the reader's own runs, in the same columns: crosses.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.
    """
    frame = frames.framed(frame)
    require_whole("smooth", smooth)
    if seeds not in ("lines", "dots", "none"):
        raise ValueError(f"seeds is {seeds!r}; use 'lines', 'dots' or 'none'.")
    table = frames.checked(rows, (x, y), (hue, panel))
    table = table[table[x] != 0] if frame.log_x else table
    frames.check_values(table[x], frame.log_x)
    frames.check_values(table[y], frame.log_y, frame.percent)
    table["_seed"] = table[seed].fillna(0) if seed in table else 0
    looks = frame.look_of(table, hue)
    table, ends = table.sort_values(x, kind="stable"), []
    if panel:
        table[panel] = pd.Categorical(table[panel], levels(rows[panel]))
    with use_style():
        drawing, shown = frame.panels(table, panel)
        for axes, part in shown:
            heading = None if panel is None else part[panel].iloc[0]
            for number, (label, look, group) in enumerate(frames.by_label(part, hue, looks)):
                steps, (colour, style, marker) = number - (len(looks) - 1) / 2, look
                if seeds == "lines":
                    _draw_runs(axes, group, x, y, look)
                elif seeds == "dots":
                    places = _dodged(group[x], dodge, steps, frame.log_x)
                    small = {"markersize": 4, "alpha": 0.45}
                    axes.plot(places, group[y], color=colour, marker=marker, linestyle="", **small)
                if isinstance(band, pd.DataFrame):
                    line = _given(band, {hue: label, panel: heading}).sort_values(x, kind="stable")
                    across = line[x]
                else:
                    line = _mean(group, x, y, band, smooth, seeds == "lines")
                    across = _dodged(line[x], dodge, steps, frame.log_x)
                if {"low", "high"} <= set(line):
                    known = np.isfinite(line[["low", "high"]]).all(axis=1)  # else there is no interval
                    band_look = {"color": colour, "alpha": 0.2, "linewidth": 0}
                    axes.fill_between(across, line["low"], line["high"], where=known, **band_look)
                marker = marker if len(line) <= _MANY_POINTS and "low" not in line else ""
                thick = {"linewidth": 3, "zorder": 4, "label": str(label) or "_"}
                axes.plot(across, line[y], color=colour, linestyle=style, marker=marker, **thick)
                place = ", ".join(str(each) for each in (heading, label) if each not in (None, ""))
                goes = f"{place or 'the mean'} goes from"
                ends += [f"{goes} {line[y].iloc[0]:.3g} to {line[y].iloc[-1]:.3g}"] if len(line) else []
            frames.draw_live(axes, frames.own(live, panel, part), x, y, hue, looks)
            if y in ("loss", "validation_loss") and not frame.log_y:
                axes.set_ylim(bottom=0)
        # Where each thick line begins and ends; measured, so never part of the compared text.
        measured = f"Measured: {'; '.join(ends)}." if ends else ""
        return frame.finish(drawing, [axes for axes, _ in shown], x, y, "y", measured)


def _dodged(values: pd.Series, dodge: float | None, steps: float, is_log: bool) -> pd.Series:
    if dodge is None:
        return values
    return values * dodge**steps if is_log else values + dodge * steps


def _draw_runs(axes: Axes, group: pd.DataFrame, x: str, y: str, look: tuple) -> None:
    colour, _, marker = look
    for _, run in group.groupby("_seed", sort=False):
        finite = run[np.isfinite(run[y])]
        dots = {"marker": marker, "markersize": 4} if len(finite) <= _MANY_POINTS else {}
        axes.plot(finite[x], finite[y], color=colour, alpha=0.5, linewidth=1, linestyle="-", **dots)
        last = run.iloc[-1]
        measures = [each for each in ("loss", "gradient_norm") if each in run]
        if len(finite) and not np.isfinite(last[measures].astype(float)).all():
            end = finite[x].iloc[-1], finite[y].iloc[-1]
            axes.plot(*end, "X", color=INK, markersize=11, zorder=4)
            axes.annotate("stopped", end, xytext=(8, 8), textcoords="offset points", zorder=4)


def _given(line: pd.DataFrame, where: dict) -> pd.DataFrame:
    """The given rows of one label in one panel."""
    for column, label in where.items():
        line = line[line[column] == label] if column in line else line
    return line


def _ends(interval: Callable, values: np.ndarray) -> tuple[float, float]:
    """Low and high end of an interval: from `(low, high)` or from an object that has them by these names."""
    found = interval(values)
    return (found.low, found.high) if hasattr(found, "low") else tuple(found)


def _mean(group: pd.DataFrame, x: str, y: str, band, smooth: int, all_seeds: bool) -> pd.DataFrame:
    """The mean over seeds: `x`, `y` and, with a band, `low` and `high`."""
    places = group[np.isfinite(group[y])].groupby(x)
    line = places[y].mean().reset_index()
    if band is not None:
        ends = [_ends(band, values.to_numpy()) for _, values in places[y]]
        line["low"], line["high"] = zip(*ends, strict=True) if ends else ((), ())
    if all_seeds:  # with fewer seeds the mean would jump
        line = line[(places["_seed"].nunique() == group["_seed"].nunique()).to_numpy()]
    return line.rolling(smooth, center=True, min_periods=1).mean() if smooth > 1 else line


def bars(
    rows: pd.DataFrame,
    *,
    x: str,
    y: str,
    hue: str | None = None,
    panel: str | None = None,
    text: str | None = None,
    **frame,
) -> Picture:
    """Draw bars, those of one group side by side where `hue` tells them apart; each panel has its own groups.

        >>> rows = pd.DataFrame({"model": ["a", "a", "b", "b"], "tuned": ["no", "yes"] * 2, "score": [1, 3, 2, 5]})
        >>> bars(rows, x="model", y="score", hue="tuned", alt="Tuning helps both models.")
        <Figure: Tuning helps both models.>

    Args:
        rows: one row per bar.
        x, y: groups and lengths; the bars lie on their side if `y` holds the groups.
        hue, panel: columns that tell bars of a group, and panels, apart.
        text: a column with what is written at the end of each bar.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.
    """
    frame = frames.framed(frame)
    lies = y in rows and is_labels(rows[y])
    groups, values = (y, x) if lies else (x, y)
    table = frames.checked(rows, (values,), (groups, hue, panel, text))
    frames.check_values(table[values], False, frame.percent)
    looks = frame.look_of(table, hue)
    with use_style():
        drawing, shown = frame.panels(table, panel, sharex=lies, sharey=not lies)
        for axes, part in shown:
            names = levels(part[groups])
            side_by_side = hue is not None and part.duplicated(groups).any()
            width = 0.76 / len(looks) if side_by_side else 0.7
            for number, (label, (colour, _, _), mine) in enumerate(frames.by_label(part, hue, looks)):
                shift = width * (number - (len(looks) - 1) / 2) if side_by_side else 0
                places = np.array([names.index(each) for each in mine[groups]], dtype=float) + shift
                style = {"color": colour, "hatch": _HATCHES[number % len(_HATCHES)], "edgecolor": "white"}
                draw = axes.barh if lies else axes.bar
                name = str(label) if len(mine) else None  # without bars there is no mark for the legend
                drawn = draw(places, mine[values], width * 0.95, label=name or None, **style)
                if text:
                    axes.bar_label(drawn, [str(each) for each in mine[text]], padding=3, color=INK)
            frames.name_ticks(axes.yaxis if lies else axes.xaxis, names)
            axes.grid(axis="y" if lies else "x", visible=False)
            if lies:
                axes.set_ylim(len(names) - 0.5, -0.5)
        x_name, y_name = (x, "") if lies else ("", y)
        return frame.finish(drawing, [axes for axes, _ in shown], x_name, y_name, "x" if lies else "y")


def heat(
    rows: pd.DataFrame,
    *,
    x: str,
    y: str,
    value: str,
    panel: str | None = None,
    text: str | None = None,
    limits: tuple[float, float] | None = None,
    power: float = 1.0,
    colours: str = "Blues",
    value_name: str | None = None,
    **frame,
) -> Picture:
    """Draw a table of values as coloured cells, with a bar that says which colour is which value.

        >>> rows = pd.DataFrame({"answer": list("abab"), "truth": list("aabb"), "share": [0.9, 0.1, 0.2, 0.8]})
        >>> heat(rows, x="answer", y="truth", value="share", limits=(0, 1), alt="Most answers are right.")
        <Figure: Most answers are right.>

    Args:
        rows: one row per cell; a cell without a row stays empty.
        x, y: columns with the labels of columns and rows, in the order in which they come.
        value: the column of numbers.
        panel: the column that tells panels apart.
        text: how values are written into the cells, such as "{:.2f}"; by default they are not.
        limits: values of the lightest and the darkest colour; by default the smallest and the largest value.
        power: below 1, small values become easier to see: the colour goes by this power of the value.
        colours: a matplotlib colour map with one hue from light to dark, so that it works in grey.
        value_name: name of the values, with their unit.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.
    """
    frame = frames.framed(frame)
    table = frames.checked(rows, (value,), (x, y, panel))
    frames.check_values(table[value], False, frame.percent)
    keys = [each for each in (panel, y, x) if each]
    if table.duplicated(keys).any():
        twice = table[table.duplicated(keys)].iloc[0]
        raise ValueError(
            f"Two rows are about the cell {y} {twice[y]}, {x} {twice[x]}; give one row per cell."
        )
    low, high = limits or (table[value].min(), table[value].max())
    with use_style():
        drawing, shown = frame.panels(table, panel, height=6.0, sharex=False, sharey=False)
        for axes, part in shown:
            names, lines = levels(part[x]), levels(part[y])
            wide = part.pivot(index=y, columns=x, values=value).reindex(index=lines, columns=names)
            cells, norm = wide.to_numpy(), PowerNorm(power, low, high)
            image = axes.imshow(cells, cmap=colours, norm=norm, interpolation="nearest")
            axes.grid(False)
            frames.name_ticks(axes.xaxis, names)
            frames.name_ticks(axes.yaxis, lines)
            axes.tick_params(length=0)
            for (line, column), each in np.ndenumerate(cells) if text else ():
                if np.isfinite(each):
                    light = image.norm(each) < 0.55
                    look = {"color": INK if light else "white", "ha": "center", "va": "center"}
                    axes.text(column, line, text.format(each), **look)
        grid = [axes for axes, _ in shown]
        bar = drawing.colorbar(image, ax=grid, shrink=0.7)
        bar.set_label(value_name or frames.name_of(value))
        unscaled = replace(frame, percent=False, legend=False)
        picture = unscaled.finish(drawing, grid, x, y, "y")
        if frame.percent:
            bar.ax.yaxis.set_major_formatter("{x:.0%}")
    return picture
