"""Effects as factors with their intervals: dots and bars on a logarithmic axis, a line at 1."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, QUIET, figure, use_style

_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1, 1.5, 2, 5, 10, 20, 50, 100)


def effect_bars(
    panels: Mapping[str, pd.DataFrame],
    *,
    name: str,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw effects as factors, a panel a table, the same effects in each.

    Args:
        panels: heading → rows with `effect`, `estimate`, `low`, `high` (natural logarithms) and, where present,
            `order`: effects of order 1 are drawn strong, interactions quieter.
        name: of the axis to the right, such as "loss with the structure over loss without it".
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no panel, or the panels have other effects.
    """
    tables = list(panels.values())
    if not tables or any(list(each["effect"]) != list(tables[0]["effect"]) for each in tables):
        raise ValueError("Give at least one table of effects, the same effects in the same order in each.")
    effects = list(tables[0]["effect"])
    ends = _ends(tables)
    with use_style():
        drawing = figure(8, 0.36 * len(effects) + 1.7)
        grid = drawing.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (heading, table) in zip(grid, panels.items(), strict=True):
            axes.axvline(1, color=INK, linewidth=1.2)
            for place, row in enumerate(table.itertuples()):
                _draw(axes, place, row, ends)
            axes.set_xscale("log")
            axes.set_xlim(*ends)
            ticks = _ticks(ends, 4 if len(panels) > 2 else 7)
            axes.xaxis.set_major_locator(FixedLocator(ticks))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.minorticks_off()
            axes.set_title(heading, fontsize=13)
            axes.grid(axis="y", visible=False)
        grid[0].set_yticks(range(len(effects)), effects)
        grid[0].set_ylim(len(effects) - 0.5, -0.5)
        drawing.supxlabel(name, fontsize=14)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = (
        f"Effects as factors with 95% intervals in {len(panels)} panels ({'; '.join(panels)}): {name}; a line at 1. "
        f"From top to bottom: {', '.join(effects)}."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw(axes, place: int, row, ends) -> None:
    main = getattr(row, "order", 1) == 1
    colour, marker = (CURVES[0][0], "o") if main else (QUIET, "D")
    low, high = (np.exp(np.clip(each, *np.log(ends))) for each in (row.low, row.high))
    if np.isfinite(row.low) and np.isfinite(row.high):
        axes.plot([low, high], [place, place], color=colour, linestyle="-", linewidth=3 if main else 1.8)
    axes.plot(np.exp(row.estimate), place, marker, color=colour, markersize=8 if main else 5)


def _ends(tables) -> tuple[float, float]:
    values = np.concatenate(
        [each[["estimate", "low", "high"]].to_numpy(dtype=float).ravel() for each in tables]
    )
    reach = max(np.log(1.3), float(np.abs(values[np.isfinite(values)]).max()) * 1.1)
    return float(np.exp(-reach)), float(np.exp(reach))


def _ticks(ends: tuple[float, float], most: int) -> list[float]:
    # None near an end: there it would touch the next panel's.
    inside = [tick for tick in _TICKS if ends[0] ** 0.85 < tick < ends[1] ** 0.85]
    while len(inside) > most:
        middle = inside.index(1)
        inside = [tick for place, tick in enumerate(inside) if (place - middle) % 2 == 0]
    return inside
