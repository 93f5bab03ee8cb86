"""Tables of numbers between words, side by side: dot products, weights of several ways to attend."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture, shorten
from destructure.show.style import WIDTH
from destructure.show.token_grids import TokenGrid, draw_lines, inch_figure, write_title

_COLOURS = "Blues"  # one hue from white to dark: the same order in grey and for every eye
_MARGIN, _BETWEEN, _NAME, _BAR = 0.1, 0.25, 0.38, 0.95  # inches


def relation_maps(
    maps: Mapping[str, Sequence],
    words: Sequence[str],
    *,
    what: str = "attention weight",
    largest: float | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw one or several (words, words) tables as maps: a row the word that looks, a column the word looked at.

    Args:
        maps: name → table; the names stand below the maps. At most four maps, two side by side.
        words: texts of rows and columns alike.
        what: what a cell shows, for the colour bar.
        largest: the value of the darkest colour; by default the largest in the maps. Values below 0 are white.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no maps or more than four, or one does not fit the words.
    """
    tables = {name: _checked(name, table, len(words)) for name, table in maps.items()}
    if not 1 <= len(tables) <= 4:
        raise ValueError(f"{len(tables)} maps were given; give one to four.")
    words = token_labels(words, len(words), "words")
    top = largest if largest is not None else max(float(table.max()) for table in tables.values())
    figure = _drawing(tables, words, top, what, title)
    names = "; ".join(tables)
    summary = f"{what.capitalize()} between the words {' '.join(words)}, rows look at columns: {names}."
    return Picture(figure, alt or shorten(summary), alt or summary)


def _checked(name: str, table, length: int) -> np.ndarray:
    array = as_array(table, f"map {name!r}").astype(float)
    if array.shape != (length, length):
        raise ValueError(
            f"The map {name!r} has shape {array.shape}; for {length} words give {length} by {length}."
        )
    return array


def _drawing(tables, words, top, what, title):
    columns = min(2, len(tables))
    rows = -(-len(tables) // columns)
    grid = _fitting(words, columns)
    above = _MARGIN + (0.42 if title else 0) + grid.top
    step = grid.width + _BETWEEN, grid.height + _NAME
    content = _MARGIN + grid.left + columns * step[0] - _BETWEEN + max(grid.right, 0.15) + _BAR
    figure = inch_figure(content, above + rows * step[1] + _MARGIN)
    width, height = figure.get_size_inches()
    left = (width - content) / 2 + _MARGIN + grid.left
    for number, (name, table) in enumerate(tables.items()):
        row, column = divmod(number, columns)
        x, y = left + column * step[0], height - above - row * step[1] - grid.height
        axes = grid.axes(figure, x, y, rows=column == 0, columns=row == 0)
        axes.imshow(table, cmap=_COLOURS, vmin=0, vmax=top, aspect="auto", interpolation="nearest")
        draw_lines(axes, "#C9C9C9", 0.5)
        middle = (x + grid.width / 2) / width, (y - 0.06) / height
        figure.text(*middle, name, ha="center", va="top", weight="bold", size=12, parse_math=False)
    if title:
        write_title(figure, left - grid.left, title)
    _colour_bar(
        figure, left + columns * step[0] - _BETWEEN + max(grid.right, 0.15), height - above, top, what
    )
    return figure


def _fitting(words, columns: int) -> TokenGrid:
    """The largest cells with which `columns` maps stand side by side; slanted labels reach to the right."""
    grid = TokenGrid.fitting(words, words, WIDTH - 2 * _MARGIN - _BAR)
    for _ in range(3):
        room = WIDTH - 2 * _MARGIN - _BAR - grid.left - max(grid.right, 0.15) - (columns - 1) * _BETWEEN
        grid = TokenGrid.fitting(words, words, room / columns + grid.left, largest=0.42)
    return grid


def _colour_bar(figure, x: float, upper: float, top: float, what: str) -> None:
    width, height = figure.get_size_inches()
    length = max(1.9, min(2.6, upper - 0.6))
    axes = figure.add_axes((x / width, (upper - length) / height, 0.18 / width, length / height))
    bar = figure.colorbar(ScalarMappable(Normalize(0, top), _COLOURS), cax=axes)
    bar.ax.locator_params(nbins=4)
    bar.set_label(what)
