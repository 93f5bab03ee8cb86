"""The four-dimensional cube of the sixteen structures, drawn as a projection along its diagonal.

Each switch is one direction of the drawing, the same everywhere, and every direction leads down: the higher a corner
stands, the more structure it has.
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import LogLocator

from destructure.show.picture import Picture
from destructure.show.style import CURVES, HIDDEN, INK, QUIET, TALLEST, figure, use_style
from destructure.structure import Structure

DIRECTIONS = ((-3.0, -1.58), (-1.0, -1.02), (1.0, -1.02), (3.0, -1.58))
"""Where the removal of S1, S2, S3, S4 leads to."""
_REMOVED = ("cross-attention", "parameters", "final layer", "both directions")
_PATH = tuple(pairwise(Structure.ladder()))
_MAP = colormaps["cividis"]  # its lightness rises evenly, so it reads the same in grey
_MARKS = 1.74  # width of a corner's four marks
_CENTRE = {"ha": "center", "va": "center"}


def corner_place(structure: Structure) -> tuple[float, float]:
    """Where a corner stands; the encoder-decoder at (0, 0)."""
    steps = zip(Structure.SWITCHES, DIRECTIONS, strict=True)
    removed = [step for switch, step in steps if not getattr(structure, switch)]
    return sum(x for x, _ in removed), sum(y for _, y in removed)


def structure_cube(*, names: Mapping[Structure, str] | None = None, title: str | None = None) -> Picture:
    """Draw all sixteen corners, the 32 edges between them, and the lecture's ladder from corner to corner.

    Args:
        names: corner → a name to write beside it; the usual names by default.
        title: a line above.
    """
    corners, ladder = Structure.all(), Structure.ladder()
    usual = {corner: corner.name for corner in corners if corner.name != corner.code}
    names = usual if names is None else dict(names)
    with use_style():
        drawing = figure(9.2, TALLEST)
        axes = drawing.subplots()
        _draw_edges(axes, zorder=1)
        for number, (ends, part) in enumerate(zip(_PATH, (0.35, 0.5, 0.5, 0.65), strict=True), start=1):
            (x, y), (across, up) = map(corner_place, ends)
            axes.plot([x, across], [y, up], color=INK, linestyle="-", linewidth=6, zorder=2)
            ball = {"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "white"}
            look = {"color": "white", "weight": "bold", "size": 14, "zorder": 5, "bbox": ball}
            axes.text(x + part * (across - x), y + part * (up - y), str(number), **look, **_CENTRE)
        for corner in corners:
            _draw_corner(axes, corner, corner in ladder, names.get(corner))
        axes.set(xlim=(-5.1, 5.1), ylim=(-5.85, 0.65))
        _finish(axes, "S{} {} removed", columns=2, title=title)
    summary = (
        "A tesseract: sixteen corners from all four structures at the top to none at the bottom, joined where one "
        f"switch differs. Highlighted path: {', '.join(corner.code for corner in ladder)}. "
        f"Named: {', '.join(names.values())}."
    )
    return Picture(drawing, summary)


def corner_cube(
    values: Mapping[str, float],
    *,
    name: str,
    text: Callable[[float], str] = "{:.0%}".format,
    logarithmic: bool = False,
    dark_is_low: bool = True,
    title: str | None = None,
) -> Picture:
    """Draw the sixteen corners, from all four structures (top) to none (bottom), each with a number and its shade.

    Args:
        values: a corner's code → a number. A corner without one, or with one that is not finite, stays white.
        name: what the numbers are, with the unit; it stands beside the scale.
        text: how a number is written in its node.
        logarithmic: colour by the logarithm.
        dark_is_low: whether low numbers are dark; else high ones are.
        title: a line above.

    Raises:
        ValueError: if a code is unknown, or no corner has a finite number (above zero on a logarithmic scale).
    """
    numbers = {Structure.named(code): float(value) for code, value in values.items()}
    shown = [value for value in numbers.values() if math.isfinite(value)]
    if not shown or (logarithmic and min(shown) <= 0):
        raise ValueError("Give at least one corner a finite number; on a logarithmic scale all above zero.")
    low, high = min(shown), max(shown)
    if low == high:  # one number only: any scale around it will do
        low, high = (low / 1.1, high * 1.1) if logarithmic else (low - 0.05, high + 0.05)
    scale = LogNorm(low, high) if logarithmic else Normalize(low, high)
    colours = _MAP if dark_is_low else _MAP.reversed()
    with use_style():
        drawing = figure(9.2, TALLEST)
        axes = drawing.subplots()
        _draw_edges(axes, zorder=2, thick=_PATH)
        for corner in Structure.all():
            value = numbers.get(corner, math.nan)
            known = math.isfinite(value)
            _draw_node(
                axes, corner, text(value) if known else "–", colours(scale(value)) if known else (1,) * 4
            )
        axes.set(xlim=(-5.1, 5.1), ylim=(-5.55, 0.35))
        shades = ScalarMappable(scale, colours)
        bar = drawing.colorbar(shades, ax=axes, orientation="horizontal", shrink=0.6, aspect=40, pad=0.01)
        bar.set_label(name)
        if logarithmic:
            ticks = _ticks(min(shown), max(shown))
            bar.set_ticks(ticks, labels=[text(tick) for tick in ticks])
            bar.minorticks_off()
        bar.outline.set_visible(False)
        _finish(axes, "removes S{}", columns=4, title=title)
    summary = (
        f"The sixteen corners, from all four structures at the top to none at the bottom, each with its {name} as a "
        "number and a shade; lines join corners that differ in one structure, the thick one is the lecture's ladder."
    )
    return Picture(drawing, summary)


def _finish(axes: Axes, label: str, columns: int, title: str | None) -> None:
    axes.set_axis_off()
    lines = [Line2D([], [], color=colour, linestyle=line) for colour, line, _ in CURVES[:4]]
    labels = [label.format(number, name) for number, name in enumerate(_REMOVED, start=1)]
    axes.figure.legend(lines, labels, loc="outside lower center", ncols=columns, handlelength=3)
    if title:
        axes.set_title(title)


def _draw_edges(axes: Axes, zorder: int, thick=()) -> None:
    """From each corner down to those with one structure less; the edges in `thick` with a broad black line below."""
    for corner in Structure.all():
        x, y = corner_place(corner)
        for switch, (colour, line, _), (dx, dy) in zip(Structure.SWITCHES, CURVES, DIRECTIONS, strict=False):
            if getattr(corner, switch):
                ends = [x, x + dx], [y, y + dy]
                if (corner, corner.without(switch)) in thick:
                    axes.plot(*ends, color=INK, linestyle="-", linewidth=6, zorder=zorder - 1)
                axes.plot(*ends, color=colour, linestyle=line, linewidth=1.8, zorder=zorder)


def _draw_box(axes: Axes, x: float, y: float, width: float, height: float, shape: str, **look) -> None:
    """A box around (x, y)."""
    corner = x - width / 2, y - height / 2
    axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=shape, **look))


def _draw_corner(axes: Axes, corner: Structure, on_path: bool, name: str | None) -> None:
    """A box with the four marks: a number where the structure is present, a dash where it is gone."""
    x, y = corner_place(corner)
    edge = {"edgecolor": INK if on_path else QUIET, "linewidth": 3 if on_path else 1.2}
    _draw_box(axes, x, y, _MARKS, 0.42, "round,pad=0,rounding_size=0.1", facecolor="white", zorder=3, **edge)
    for number, (switch, (colour, _, _)) in enumerate(zip(Structure.SWITCHES, CURVES, strict=False), start=1):
        present, step = getattr(corner, switch), (_MARKS - 0.14) / 4
        middle = x - _MARKS / 2 + 0.07 + (number - 0.5) * step
        face, ink = (colour, INK if number == 4 else "white") if present else (HIDDEN, QUIET)
        _draw_box(axes, middle, y, step - 0.04, 0.28, "square,pad=0", facecolor=face, linewidth=0, zorder=4)
        mark = f"S{number}" if present else "–"
        axes.text(middle, y - 0.01, mark, color=ink, weight="bold", size=13, zorder=5, **_CENTRE)
    if name:
        x += -0.3 if x < -2 else 0.0
        y += 0.42 if corner == Structure.ENCODER_DECODER else -0.42
        back = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9}
        axes.text(x, y, name, weight="bold", size=13, zorder=6, parse_math=False, bbox=back, **_CENTRE)


def _draw_node(axes: Axes, corner: Structure, number: str, fill: tuple) -> None:
    """A shaded box with the corner's code and its number."""
    light = 0.2126 * fill[0] + 0.7152 * fill[1] + 0.0722 * fill[2] > 0.45
    x, y = corner_place(corner)
    look = {"facecolor": fill, "edgecolor": INK, "linewidth": 1, "zorder": 3}
    _draw_box(axes, x, y, 1.64, 0.64, "round,pad=0,rounding_size=0.08", **look)
    look = {"color": INK if light else "white", "zorder": 4} | _CENTRE
    axes.text(x, y + 0.14, corner.code, fontsize=13, **look)
    axes.text(x, y - 0.145, number, fontsize=14, weight="bold", **look)


def _ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 of every decade inside the scale; the ends themselves where there would be fewer than two."""
    found = [
        float(tick)
        for tick in LogLocator(subs=(1, 2, 5), numticks=99).tick_values(low, high)
        if low <= tick <= high
    ]
    found = found[:: -(-len(found) // 6)] if len(found) > 6 else found
    return found if len(found) > 1 else [low, high]
