"""Three of the five charts: curves with every seed, bars, heat. `interval_charts` has dots and intervals.

Seaborn's grammar: tidy rows in, columns by name, a `Picture` out. What is special to one figure stands in its cell,
on `picture.axes`. What all charts share (alt, title, names, scales, looks) is explained at `frames.Frame`.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from destructure.show.arrays import is_labels, levels
from destructure.show.frames import Frame, check_values, checked, draw_live, ends_of, framed, name_of, own
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
    at: str | None = None,
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
        hue: the column that tells curves apart.
        panel: the column that tells panels apart.
        seed: the column that tells runs of a curve apart, if the rows have it.
        seeds: "lines" (thin; the mean is taken where all seeds have a value), "dots" (the mean is that of the dots)
            or "none".
        band: a function from values to the ends of an interval, applied at each `x`, such as
            `destructure.statistics.interval`; or the thick lines themselves, as rows with `x`, `y`, `low`, `high`
            (and `hue`, `panel`), such as an envelope. By default the mean, without a band.
        at: the column whose values belong together when the mean is taken; by default `x`. Give "step" where `x`,
            such as FLOPs, differs a little between the seeds.
        smooth: how many neighbouring values the thick line averages; the thin ones stay as measured.
        dodge: how far apart dots and means of the labels stand, so that they do not hide each other: in units of
            `x`, or a factor on a logarithmic axis.
        live: the reader's own runs, in the same columns: crosses.
        frame: `alt` (required), `title` and the further settings of `frames.Frame`.

    Raises:
        ValueError: if a column is missing or not a number, nothing is measured, or an axis cannot show a value.
    """
    frame = framed(frame)
    if not isinstance(smooth, int) or smooth < 1:
        raise ValueError(f"smooth is {smooth!r}; it must be a whole number of 1 (as measured) or more.")
    if seeds not in ("lines", "dots", "none"):
        raise ValueError(f"seeds is {seeds!r}; use 'lines', 'dots' or 'none'.")
    table = checked(rows, (x, y), (hue, panel, at))
    table = table[table[x] != 0] if frame.log_x else table
    check_values(Frame(alt=frame.alt), table[x], frame.log_x)
    check_values(frame, table[y], frame.log_y)
    table["_seed"] = table[seed].fillna(0) if seed in table else 0
    looks = frame.look_of(table, hue)
    table, ends = table.sort_values(x, kind="stable"), []
    if panel:
        table[panel] = pd.Categorical(table[panel], levels(rows[panel]))
    with use_style():
        drawing, shown = frame.panels(table, panel)
        for axes, part in shown:
            for number, (label, look) in enumerate(looks.items()):
                group = part if hue is None else part[part[hue] == label]
                shift = _shift(dodge, number - (len(looks) - 1) / 2, frame.log_x)
                if seeds == "lines":
                    _draw_runs(axes, group, x, y, look)
                elif seeds == "dots":
                    colour, _, marker = look
                    dot = {"linestyle": "", "marker": marker, "markersize": 4, "color": colour, "alpha": 0.45}
                    axes.plot(shift(group[x]), group[y], **dot)
                heading = None if panel is None else part[panel].iloc[0]
                if isinstance(band, pd.DataFrame):
                    line, shift = _given(band, x, {hue: label, panel: heading}), _same
                else:
                    line = _mean(group, x, y, at or x, band, smooth, seeds == "lines")
                _draw_thick(axes, line, x, y, str(label), look, shift)
                place = ", ".join(str(each) for each in (heading, label) if each not in (None, ""))
                ends += [(place, line[y].iloc[0], line[y].iloc[-1])] if len(line) else []
            mine = own(live, panel, part)
            if len(mine):
                draw_live(axes, mine, x, y, hue, looks)
            if y in ("loss", "validation_loss") and not frame.log_y:
                axes.set_ylim(bottom=0)
        return frame.finish(drawing, [axes for axes, _ in shown], x, y, "y", _measured(ends))


def _same(values):
    return values


def _shift(dodge: float | None, steps: float, is_log: bool) -> Callable:
    if dodge is None:
        return _same
    return (lambda values: values * dodge**steps) if is_log else (lambda values: values + dodge * steps)


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


def _given(line: pd.DataFrame, x: str, where: dict) -> pd.DataFrame:
    """The given rows of one label in one panel."""
    for column, label in where.items():
        line = line[line[column] == label] if column in line else line
    return line.sort_values(x, kind="stable")


def _mean(group: pd.DataFrame, x: str, y: str, at: str, band, smooth: int, all_seeds: bool) -> pd.DataFrame:
    """The mean over seeds: `x`, `y` and, with a band, `low` and `high`."""
    finite = group[np.isfinite(group[y])]
    places = finite.groupby(at)
    line = pd.DataFrame({column: places[column].mean() for column in dict.fromkeys([x, y])})
    if band is not None:
        ends = [ends_of(band, values.to_numpy()) for _, values in places[y]]
        line["low"], line["high"] = zip(*ends, strict=True) if ends else ((), ())
    if all_seeds:  # with fewer seeds the mean would jump
        line = line[places["_seed"].nunique() == group["_seed"].nunique()]
    return line.rolling(smooth, center=True, min_periods=1).mean() if smooth > 1 else line


def _draw_thick(
    axes: Axes, line: pd.DataFrame, x: str, y: str, label: str, look: tuple, shift: Callable
) -> None:
    colour, style, marker = look
    across = shift(line[x])
    if {"low", "high"} <= set(line) and np.isfinite(line[["low", "high"]]).all(axis=None):
        axes.fill_between(across, line["low"], line["high"], color=colour, alpha=0.2, linewidth=0)
    dots = {"marker": marker} if len(line) <= _MANY_POINTS and "low" not in line else {}
    axes.plot(
        across, line[y], color=colour, linestyle=style, linewidth=3, zorder=4, label=label or "_", **dots
    )


def _measured(ends: list) -> str:
    """Where each thick line begins and ends; measured, so never part of the compared text."""
    parts = [f"{label or 'the mean'} goes from {first:.3g} to {last:.3g}" for label, first, last in ends]
    return f"Measured: {'; '.join(parts)}." if parts else ""


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

    Raises:
        ValueError: if a column is missing or not a number, or neither `x` nor `y` names groups.
    """
    frame = framed(frame)
    lies = y in rows and is_labels(rows[y])
    groups, values = (y, x) if lies else (x, y)
    table = checked(rows, (values,), (groups, hue, panel, text))
    check_values(frame, table[values], False)
    looks = frame.look_of(table, hue)
    with use_style():
        drawing, shown = frame.panels(table, panel, sharex=lies, sharey=not lies)
        for axes, part in shown:
            names = levels(part[groups])
            side_by_side = hue is not None and part.duplicated(groups).any()
            width = 0.76 / len(looks) if side_by_side else 0.7
            for number, (label, (colour, _, _)) in enumerate(looks.items()):
                mine = part if hue is None else part[part[hue] == label]
                shift = width * (number - (len(looks) - 1) / 2) if side_by_side else 0
                places = np.array([names.index(each) for each in mine[groups]], dtype=float) + shift
                style = {"color": colour, "hatch": _HATCHES[number % len(_HATCHES)], "edgecolor": "white"}
                draw = axes.barh if lies else axes.bar
                name = str(label) if len(mine) else None  # without bars there is no mark for the legend
                drawn = draw(places, mine[values], width * 0.95, label=name or None, **style)
                if text:
                    axes.bar_label(drawn, [str(each) for each in mine[text]], padding=3, color=INK)
            ticks, axis = (axes.set_yticks, "y") if lies else (axes.set_xticks, "x")
            ticks(range(len(names)), [str(each) for each in names], parse_math=False)
            axes.grid(axis=axis, visible=False)
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

    Raises:
        ValueError: if a column is missing, the values are not numbers, or a cell has two rows.
    """
    frame = framed(frame)
    table = checked(rows, (value,), (x, y, panel))
    check_values(frame, table[value], False)
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
            axes.set_xticks(range(len(names)), [str(each) for each in names], parse_math=False)
            axes.set_yticks(range(len(lines)), [str(each) for each in lines], parse_math=False)
            axes.tick_params(length=0)
            for (line, column), each in np.ndenumerate(cells) if text else ():
                if np.isfinite(each):
                    light = image.norm(each) < 0.55
                    look = {"color": INK if light else "white", "ha": "center", "va": "center"}
                    axes.text(column, line, text.format(each), **look)
        grid = [axes for axes, _ in shown]
        bar = drawing.colorbar(image, ax=grid, shrink=0.7)
        bar.set_label(value_name or name_of(value))
        unscaled = Frame(**{**vars(frame), "percent": False, "legend": False})
        picture = unscaled.finish(drawing, grid, x, y, "y")
        if frame.percent:
            bar.ax.yaxis.set_major_formatter("{x:.0%}")
    return picture
