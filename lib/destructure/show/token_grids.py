"""What attention maps and masks share: queries as rows, keys as columns, texts that do not collide."""

from collections.abc import Sequence
from math import cos, radians, sin

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from destructure.show.style import FONT_SIZE, QUIET, TALLEST, WIDTH, figure, text_width

_SMALLEST = 1.35 * FONT_SIZE / 72  # inches: a cell is at least as high as a line of text
_SLANT = 50  # degrees
KEYS, AXIS_NAME = "keys: looked at", {"size": FONT_SIZE, "style": "italic", "color": QUIET}


def grid_figure(
    queries: Sequence[str], keys: Sequence[str], title: str | None, *, beside=0.0, below=0.0
) -> tuple[Figure, float, float]:
    """An empty figure with room for a grid, its rows named, with a title; and a cell's width and height in inches.

    Cells are square, unless their rows would then stand too high for a slide.

    `beside` and `below` are inches to the right and below for whatever explains the colours.
    """
    widest = max(map(text_width, keys))
    left = max(map(text_width, queries)) + 0.7
    for slant in (0.0, widest * cos(radians(_SLANT))):  # slanted labels reach beyond the last column
        cell = min(0.75, max(_SMALLEST, (WIDTH - left - beside - slant) / len(keys)))
        if widest <= cell - 0.08:
            slant = 0.0
            break
    width = left + beside + slant + len(keys) * cell
    above = 0.4 + (widest * sin(radians(_SLANT)) if slant else 0.1) + (0.4 if title else 0)
    around = above + 0.7 + below
    high = min(cell, max(_SMALLEST, (TALLEST - around) / len(queries)))
    drawing = figure(max(WIDTH, width), max(3.0, around + len(queries) * high))
    if title:
        size = min(15, 15 * (drawing.get_figwidth() - 0.3) / (1.15 * text_width(title, 15)))  # bold is wider
        drawing.suptitle(title, x=0.01, ha="left", weight="bold", size=size, parse_math=False)
    drawing.supylabel("queries: who looks", **AXIS_NAME)
    return drawing, cell, high


def label_cells(axes: Axes, queries: Sequence[str], keys: Sequence[str], cell: float, line: str) -> None:
    """Write the tokens beside the rows and above the columns of a drawn grid, and lines between its cells."""
    slanted = max(map(text_width, keys), default=0) > cell - 0.08
    slant = {"rotation": _SLANT, "ha": "left", "rotation_mode": "anchor"} if slanted else {}
    axes.xaxis.tick_top()
    axes.set_anchor("N")  # below the labels, whose room is then known
    axes.set_xticks(range(len(keys)), keys, parse_math=False, **slant)
    axes.set_yticks(range(len(queries)), queries, parse_math=False)
    axes.set_xticks(np.arange(1, len(keys)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(queries)) - 0.5, minor=True)
    axes.tick_params(which="both", length=0, pad=4)
    axes.grid(False)
    axes.grid(which="minor", color=line, linestyle="-")
    axes.spines[:].set(visible=True, color=QUIET)
