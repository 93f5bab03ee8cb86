"""A number for each of the sixteen corners, written into the cube of notebook 07 and shaded."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch

from destructure.show.picture import Picture, shorten
from destructure.show.structure_cube import DIRECTIONS, corner_place
from destructure.show.style import CURVES, INK, figure, use_style
from destructure.structure import Structure

_MAP = colormaps["cividis"]  # its lightness rises evenly, so it reads the same in grey
_WIDE, _HIGH = 0.82, 0.27  # half sizes of a node


def corner_cube(
    values: Mapping[Structure | str, float],
    *,
    name: str,
    text: Callable[[float], str] = "{:.0%}".format,
    logarithmic: bool = False,
    dark_is_low: bool = True,
    path: Sequence[Structure] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the sixteen corners, from all four structures (top) to none (bottom), one switch removed along each edge.

    Args:
        values: corner, or its code, → a number. A corner without one, or with one that is not finite, stays white.
        name: what the numbers are, with the unit; it stands beside the scale.
        text: how a number is written in its node.
        logarithmic: colour by the logarithm.
        dark_is_low: whether low numbers are dark; else high ones are.
        path: corners joined by a thick line; the ladder by default.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if a code is unknown, or no corner has a finite number (above zero on a logarithmic scale).
    """
    numbers = {_corner(key): float(value) for key, value in values.items()}
    shown = [value for value in numbers.values() if math.isfinite(value)]
    if not shown or (logarithmic and min(shown) <= 0):
        raise ValueError("Give at least one corner a finite number; on a logarithmic scale all above zero.")
    scale = _scale(min(shown), max(shown), logarithmic)
    colours = _MAP if dark_is_low else _MAP.reversed()
    with use_style():
        drawing = figure(9.2, 7.4)
        axes = drawing.subplots()
        _draw_edges(axes, Structure.ladder() if path is None else tuple(path))
        for corner in Structure.all():
            _draw_node(axes, corner, numbers.get(corner, math.nan), scale, colours, text)
        axes.set(xlim=(-5.1, 5.1), ylim=(-5.65, 0.45))
        axes.set_axis_off()
        bar = drawing.colorbar(
            ScalarMappable(scale, colours), ax=axes, orientation="horizontal", shrink=0.6, aspect=40, pad=0.01
        )
        bar.set_label(name)
        if logarithmic:
            ticks = _ticks(min(shown), max(shown))
            bar.set_ticks(ticks, labels=[text(tick) for tick in ticks])
            bar.minorticks_off()
        bar.outline.set_visible(False)
        labels = [f"removes S{number}" for number in range(1, 5)]
        lines = [Line2D([], [], color=colour, linestyle=line) for colour, line, _ in CURVES[:4]]
        drawing.legend(lines, labels, loc="outside lower center", ncols=4, handlelength=3)
        if title:
            axes.set_title(title)
    summary = (
        f"The sixteen corners, from all four structures at the top to none at the bottom, each with its {name} as a "
        "number and a shade; lines join corners that differ in one structure, the thick one is the lecture's ladder."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _corner(key: Structure | str) -> Structure:
    return key if isinstance(key, Structure) else Structure.named(key)


def _scale(low: float, high: float, logarithmic: bool):
    if low == high:  # one number only: any scale around it will do
        low, high = (low / 1.1, high * 1.1) if logarithmic else (low - 0.05, high + 0.05)
    return LogNorm(low, high) if logarithmic else Normalize(low, high)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade inside the scale; the ends themselves where there would be fewer than two."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found = [
        step * 10.0**power for power in decades for step in (1, 2, 5) if low <= step * 10.0**power <= high
    ]
    found = found[:: -(-len(found) // 6)] if len(found) > 6 else found
    return found if len(found) > 1 else [low, high]


def _draw_edges(axes, path) -> None:
    steps = set(pairwise(path))
    for corner in Structure.all():
        x, y = corner_place(corner)
        for switch, (colour, line, _), (dx, dy) in zip(Structure.SWITCHES, CURVES, DIRECTIONS, strict=False):
            if not getattr(corner, switch):
                continue
            if (corner, corner.without(switch)) in steps:
                axes.plot([x, x + dx], [y, y + dy], color=INK, linestyle="-", linewidth=6, zorder=1)
            axes.plot([x, x + dx], [y, y + dy], color=colour, linestyle=line, linewidth=1.8, zorder=2)


def _draw_node(axes, corner, value, scale, colours, text) -> None:
    finite = math.isfinite(value)
    fill = colours(scale(value)) if finite else (1, 1, 1, 1)
    lightness = 0.2126 * fill[0] + 0.7152 * fill[1] + 0.0722 * fill[2]
    ink = INK if lightness > 0.45 else "white"
    x, y = corner_place(corner)
    axes.add_patch(
        FancyBboxPatch(
            (x - _WIDE, y - _HIGH),
            2 * _WIDE,
            2 * _HIGH,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor=fill,
            edgecolor=INK,
            linewidth=1,
            zorder=3,
        )
    )
    axes.text(x, y + 0.14, corner.code, ha="center", va="center", fontsize=11.5, color=ink, zorder=4)
    number = text(value) if finite else "–"
    axes.text(x, y - 0.10, number, ha="center", va="center", fontsize=14, weight="bold", color=ink, zorder=4)
