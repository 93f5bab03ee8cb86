"""The frame of attention maps and masks: queries as rows, keys as columns, token texts that do not collide.

All measures are inches, so that cells are square and no label is cut, whatever the tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from destructure.show.style import DOTS_PER_INCH, FONT_SIZE, INK, QUIET, SOURCE, WIDTH, text_width

_LINE = 1.35 * FONT_SIZE / 72  # height of a line of text
_SLANT = 50  # degrees
_DARK_ORANGE = "#8F5F00"  # the target's colour, dark enough for text


@dataclass(frozen=True)
class TokenGrid:
    """Sizes in inches of one grid of square cells and of the labels around it."""

    queries: Sequence[str]
    keys: Sequence[str]
    cell: float

    @classmethod
    def fitting(cls, queries, keys, room: float, largest: float = 0.75) -> "TokenGrid":
        """Choose the cell size so that the whole grid fits into `room` inches of width, if the text allows."""
        cell = (room - _widest(queries) - 0.15) / len(keys)
        return cls(tuple(queries), tuple(keys), min(largest, max(_LINE, cell)))

    @property
    def left(self) -> float:
        """Room for the query labels."""
        return _widest(self.queries) + 0.15

    @property
    def slanted(self) -> bool:
        """Whether the key labels are too wide to stand side by side."""
        return _widest(self.keys) > self.cell - 0.08

    @property
    def top(self) -> float:
        """Room for the key labels."""
        return _LINE + (_widest(self.keys) * sin(radians(_SLANT)) if self.slanted else 0.08)

    @property
    def right(self) -> float:
        """How far slanted key labels reach beyond the last column."""
        if not self.slanted:
            return 0.0
        reach = max(
            (column + 0.5) * self.cell + text_width(label) * cos(radians(_SLANT)) + 0.12
            for column, label in enumerate(self.keys)
        )
        return max(0.0, reach - self.width)

    @property
    def width(self) -> float:
        """Width of the cells alone."""
        return self.cell * len(self.keys)

    @property
    def height(self) -> float:
        """Height of the cells alone."""
        return self.cell * len(self.queries)

    def axes(self, figure: Figure, x: float, y: float, rows: bool = True, columns: bool = True) -> Axes:
        """Put the grid's axes into a figure, its lower left cell corner at (x, y) inches, with token labels."""
        width, height = figure.get_size_inches()
        axes = figure.add_axes((x / width, y / height, self.width / width, self.height / height))
        axes.set(xlim=(-0.5, len(self.keys) - 0.5), ylim=(len(self.queries) - 0.5, -0.5))
        axes.grid(False)
        axes.xaxis.tick_top()
        axes.tick_params(length=0, pad=4)
        axes.spines[:].set_visible(False)
        axes.set(xticks=[], yticks=[])
        if columns:
            slant = {"rotation": _SLANT, "ha": "left", "rotation_mode": "anchor"} if self.slanted else {}
            axes.set_xticks(range(len(self.keys)), self.keys, parse_math=False, **slant)
        if rows:
            axes.set_yticks(range(len(self.queries)), self.queries, parse_math=False)
        return axes


def _widest(labels: Sequence[str]) -> float:
    return max(text_width(label) for label in labels)


def mark_boundary(axes: Axes, source_length: int, keys: int, cell: float, names: bool) -> None:
    """Draw a line between the source's and the target's columns and, on wish, name both parts below them."""
    edge = source_length - 0.5
    axes.axvline(edge, color=INK, linewidth=2.5)
    parts = (
        (source_length, "input", SOURCE, "right", -1),
        (keys - source_length, "target", _DARK_ORANGE, "left", 1),
    )
    look = {
        "xycoords": ("data", "axes fraction"),
        "textcoords": "offset points",
        "va": "top",
        "weight": "bold",
    }
    for columns, name, colour, side, sign in parts if names else ():
        fits = 1.15 * text_width(name) < columns * cell  # bold letters are wider
        place = edge + sign * (columns / 2 if fits else 0.08 / cell)
        align = "center" if fits else side
        axes.annotate(name, (place, 0), xytext=(0, -4), ha=align, color=colour, **look)


def inch_figure(width: float, height: float) -> Figure:
    """Make a figure whose parts are placed by hand, in inches; never narrower than the standard width."""
    return Figure(figsize=(max(WIDTH, width), height), dpi=DOTS_PER_INCH)


def draw_lines(axes: Axes, colour: str, width: float) -> None:
    """Draw the thin lines between the cells of a grid, and its frame."""
    columns, rows = round(axes.get_xlim()[1] + 0.5), round(axes.get_ylim()[0] + 0.5)
    look = {"color": colour, "linewidth": width}
    axes.vlines([column - 0.5 for column in range(1, columns)], -0.5, rows - 0.5, **look)
    axes.hlines([row - 0.5 for row in range(1, rows)], -0.5, columns - 0.5, **look)
    axes.spines[:].set(visible=True, color=QUIET)


def name_axes(figure: Figure, middle: tuple[float, float], x: float, y: float) -> None:
    """Write what columns and rows are, above (at height `y`) and beside (at `x`) the middle of the cells."""
    width, height = figure.get_size_inches()
    place = {"style": "italic", "color": QUIET}
    figure.text(middle[0] / width, y / height, "keys: looked at", ha="center", va="bottom", **place)
    figure.text(x / width, middle[1] / height, "queries: who looks", rotation=90, va="center", **place)


def write_title(figure: Figure, x: float, title: str) -> None:
    """Write a bold title at the top, beginning `x` inches from the left."""
    width, height = figure.get_size_inches()
    needed = 1.15 * text_width(title, 15)  # bold letters are wider
    size = min(15, 15 * (width - 0.2) / needed)
    x = max(0.1, min(x, width - 0.1 - needed))
    figure.text(x / width, 1 - 0.1 / height, title, va="top", weight="bold", size=size, parse_math=False)
