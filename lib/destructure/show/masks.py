"""Masks as pictures: which keys each query may see."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture, shorten
from destructure.show.style import HIDDEN, INK, SOURCE, TARGET, WIDTH, text_width, use_style
from destructure.show.token_grids import TokenGrid, draw_lines, inch_figure, name_axes, write_title

_MARGIN, _LINE, _KEY, _SAMPLE = 0.1, 0.28, 0.55, 0.24  # inches


def mask_picture(
    mask,
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw a mask: a coloured cell with a dot where the query (row) sees the key (column), a grey cell elsewhere.

    Args:
        mask: (queries, keys) truth values, or 1 and 0; true means visible. A leading axis of length 1 is dropped.
        queries: token texts of the rows.
        keys: token texts of the columns.
        title: a line above.
        alt: replaces the description made from the mask.

    Raises:
        ValueError: a mask of another shape or with other values; labels that do not fit the shape.
    """
    visible = checked_mask(mask)
    queries = token_labels(queries, visible.shape[0], "queries")
    keys = token_labels(keys, visible.shape[1], "keys")
    with use_style():
        figure = _drawing(visible, queries, keys, title)
    return Picture(figure, alt or describe_mask(visible, queries, keys))


def checked_mask(mask) -> np.ndarray:
    """Turn a mask into a (queries, keys) array of truth values.

    Raises:
        ValueError: if it has another shape or holds anything but true and false (1 and 0).
    """
    visible = as_array(mask, "mask")
    if visible.ndim > 2 and visible.size == visible.shape[-1] * visible.shape[-2]:
        visible = visible.reshape(visible.shape[-2:])
    if visible.ndim != 2 or 0 in visible.shape:
        raise ValueError(
            f"The mask has shape {visible.shape}; give (queries, keys), for one example of a batch."
        )
    if visible.dtype != bool and not np.isin(visible, (0, 1)).all():
        raise ValueError("A mask holds only true and false (or 1 and 0), true where the query sees the key.")
    return visible.astype(bool)


def describe_mask(visible: np.ndarray, queries: Sequence[str], keys: Sequence[str]) -> str:
    """Say in words what each query sees; usual patterns get their one sentence."""
    rows, columns = visible.shape
    start = f"{rows} by {columns} mask: "
    if visible.all():
        return shorten(start + "every query sees every key.")
    if rows == columns and (visible == np.tri(rows, dtype=bool)).all():
        return shorten(
            start + f"causal, each query sees its own key and all earlier ones ({' '.join(keys)})."
        )
    seen = []
    for query, row in zip(queries, visible, strict=True):
        names = [key for key, sees in zip(keys, row, strict=True) if sees]
        seen.append(f"{query} sees {', '.join(names) if names else 'nothing'}")
    return shorten(start + "; ".join(seen) + ".")


def fill_cells(axes: Axes, visible: np.ndarray, colour: str) -> None:
    """Colour the cells of a grid and put a dot into each visible one, so that colour never speaks alone."""
    axes.imshow(visible, cmap=ListedColormap([HIDDEN, colour]), vmin=0, vmax=1, aspect="auto")
    rows, columns = np.nonzero(visible)
    cell = axes.get_window_extent().width / visible.shape[1] / axes.figure.dpi * 72  # points
    dot = INK if colour == TARGET else "white"  # white on orange is hard to see
    axes.scatter(columns, rows, s=(0.28 * cell) ** 2, color=dot, linewidths=0)
    draw_lines(axes, "white", 1.5)


def _drawing(visible, queries, keys, title) -> Figure:
    room = WIDTH - 2 * _MARGIN - _LINE
    grid = TokenGrid.fitting(queries, keys, room)
    grid = TokenGrid.fitting(queries, keys, room - grid.right)
    content = 2 * _MARGIN + _LINE + grid.left + grid.width + grid.right
    above = _MARGIN + (0.42 if title else 0) + _LINE + grid.top
    bottom = max(_KEY, 0.9 - grid.height / 2)  # a mask of one row still has the names of its axes beside it
    figure = inch_figure(content, above + grid.height + bottom)
    width, height = figure.get_size_inches()
    start = (width - content) / 2 + _MARGIN
    left = start + _LINE + grid.left

    axes = grid.axes(figure, left, bottom)
    fill_cells(axes, visible, SOURCE)
    middle = left + grid.width / 2, bottom + grid.height / 2
    name_axes(figure, middle, start, height - above + grid.top)
    draw_key(figure, middle[0], [(SOURCE, "visible"), (HIDDEN, "hidden")])
    if title:
        write_title(figure, start, title)
    return figure


def draw_key(figure: Figure, centre: float, entries: Sequence[tuple[str, str]]) -> None:
    """Draw sample cells with their meaning side by side along the bottom, around `centre` inches."""
    gap = 0.3
    total = sum(key_width(name) for _, name in entries) + gap * (len(entries) - 1)
    x = max(0.1, centre - total / 2)
    for colour, name in entries:
        draw_sample(figure, x, 0.12, colour, name)
        x += key_width(name) + gap


def key_width(name: str) -> float:
    """Inches that a sample cell and its meaning take."""
    return _SAMPLE + 0.1 + text_width(name)


def draw_sample(figure: Figure, x: float, y: float, colour: str, name: str, edge: str | None = None) -> None:
    """Draw one sample cell at (x, y) inches and write its meaning beside it."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((x / width, y / height, _SAMPLE / width, _SAMPLE / height))
    axes.set_xlim(-0.5, 0.5)
    axes.set_ylim(0.5, -0.5)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    fill_cells(axes, np.array([[colour != HIDDEN]]), colour)
    if edge:
        axes.spines[:].set(color=edge, linewidth=2.5)
    figure.text((x + _SAMPLE + 0.1) / width, (y + _SAMPLE / 2) / height, name, va="center", parse_math=False)
