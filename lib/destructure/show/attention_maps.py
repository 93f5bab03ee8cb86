"""Attention weights as pictures: which query looks at which key."""

from collections.abc import Sequence

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from destructure.show import token_grids as grids
from destructure.show.alt_text import shorten
from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture
from destructure.show.style import WIDTH, use_style
from destructure.show.token_grids import TokenGrid

_COLOURS = "Blues"  # one hue from white to dark: the same order in grey and for every eye
_ROUNDING = 1e-3  # half-precision weights add up to 1 only roughly
_MARGIN, _LINE, _GAP, _BAR = 0.1, 0.28, 0.15, 0.85  # inches


def attention_map(
    weights,
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    heads: str = "each",
    source_length: int | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw attention weights: one row per query (who looks), one column per key (what is looked at).

    Args:
        weights: (queries, keys), or (heads, queries, keys); each row sums to 1.
        queries, keys: token texts of the rows and of the columns.
        heads: with three axes, "each" draws one map per head, "mean" the average over heads.
        source_length: under one joint softmax, how many of the keys belong to the source: a line is drawn there.
        title, alt: as for every picture.

    Raises:
        ValueError: weights of another shape, outside 0 to 1 or with rows that do not sum to 1; labels that do not
            fit the shape; an unknown `heads`; a `source_length` outside the keys.
    """
    maps = _checked_weights(weights, heads)
    queries = token_labels(queries, maps.shape[1], "queries")
    keys = token_labels(keys, maps.shape[2], "keys")
    if source_length is not None and not 0 < source_length < len(keys):
        raise ValueError(
            f"source_length is {source_length}, but there are {len(keys)} keys; it must leave at least one key on "
            "each side of the line."
        )
    with use_style():
        figure = _drawing(maps, queries, keys, source_length, title)
    count = f"{len(maps)} attention maps, one a head" if len(maps) > 1 else "Attention map"
    summary = f"{count}: {len(queries)} queries ({' '.join(queries)}) by {len(keys)} keys ({' '.join(keys)})."
    if source_length:
        summary += f" A line separates the first {source_length} keys, the input, from the target."
    summary = shorten(summary)
    # Each query's largest weight in words; measured, so never part of the compared text.
    pairs = zip(queries, maps.mean(axis=0).argmax(axis=1), strict=True)
    strongest = "Most weight: " + ", ".join(f"{query} on {keys[key]}" for query, key in pairs) + "."
    return Picture(figure, alt or shorten(f"{summary} {strongest}"), alt or summary)


def _checked_weights(weights, heads: str) -> np.ndarray:
    maps = as_array(weights, "attention weights")
    if maps.ndim == 2:
        maps = maps[None]
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            f"The attention weights have shape {maps.shape}; give (queries, keys) or (heads, queries, keys), "
            "for one example of a batch."
        )
    maps = maps.astype(float)
    if not np.isfinite(maps).all() or maps.min() < -_ROUNDING or maps.max() > 1 + _ROUNDING:
        raise ValueError(
            "Attention weights must lie between 0 and 1; give the weights after the softmax, not scores."
        )
    sums = maps.sum(axis=-1)
    if np.abs(sums - 1).max() > _ROUNDING:
        head, query = np.unravel_index(np.abs(sums - 1).argmax(), sums.shape)
        raise ValueError(
            f"The weights of query {query + 1} in head {head + 1} sum to {sums[head, query]:.3f}, but must sum to 1; "
            "give whole rows after the softmax (without cutting keys off)."
        )
    if heads not in ("each", "mean"):
        raise ValueError(f"heads is {heads!r}; use 'each' for one map a head or 'mean' for their average.")
    return maps.mean(axis=0, keepdims=True) if heads == "mean" else maps


def _drawing(maps, queries, keys, source_length, title) -> Figure:
    columns = _columns(len(maps), queries, keys)
    rows, grid = -(-len(maps) // columns), _grid(queries, keys, columns)
    below = _LINE * (len(maps) > 1) + 0.1
    names = _LINE if source_length else 0  # "input" and "target", under the first map of the last row
    above = _MARGIN + (0.42 if title else 0) + _LINE + grid.top
    step = grid.width + _GAP, grid.height + below
    # Even a map of one row has the names of its axes beside it.
    bottom = names + max(_MARGIN, 1 - rows * step[1] / 2)
    content = _MARGIN + _LINE + grid.left + columns * step[0] + grid.right + _BAR
    figure = grids.inch_figure(content, above + rows * step[1] + bottom)
    width, height = figure.get_size_inches()
    start = (width - content) / 2 + _MARGIN
    left = start + _LINE + grid.left

    for number, one in enumerate(maps):
        row, column = divmod(number, columns)
        corner = left + column * step[0], height - above - row * step[1] - grid.height
        axes = grid.axes(figure, *corner, rows=column == 0, columns=row == 0)
        axes.imshow(one, cmap=_COLOURS, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        grids.draw_lines(axes, "#C9C9C9", 0.5)
        if source_length:
            grids.mark_boundary(
                axes, source_length, len(keys), grid.cell, names=(row, column) == (rows - 1, 0)
            )
        if len(maps) > 1:
            middle, y = corner[0] + grid.width / 2, corner[1] - below + 0.1 - names * (row == rows - 1)
            figure.text(middle / width, y / height, f"head {number + 1}", ha="center", va="bottom")

    middle = left + (columns * step[0] - _GAP) / 2, height - above - (rows * step[1] - below) / 2
    grids.name_axes(figure, middle, start, height - above + grid.top)
    if title:
        grids.write_title(figure, start, title)
    _colour_bar(figure, left + columns * step[0] + grid.right, height - above - grid.height, grid.height)
    return figure


def _grid(queries, keys, columns: int) -> TokenGrid:
    """The largest cells with which `columns` maps side by side still fit the standard width."""
    room = WIDTH - 2 * _MARGIN - _LINE - _BAR
    grid = TokenGrid.fitting(queries, keys, room)
    for _ in range(2):  # slanted labels reach further right, and cells decide whether labels are slanted
        share = (room - grid.left - grid.right) / columns - _GAP
        grid = TokenGrid.fitting(queries, keys, share + grid.left)
    return grid


def _columns(maps: int, queries, keys) -> int:
    """How many maps stand side by side: as many as fit, at most four, in equal rows where possible."""
    left = TokenGrid.fitting(queries, keys, WIDTH).left
    fit = int((WIDTH - left - _LINE - _BAR) // (len(keys) * 0.27 + _GAP))
    fit = max(1, min(4, fit, maps))
    return max(
        (columns for columns in range(1, fit + 1) if maps % columns == 0 and 2 * columns > fit), default=fit
    )


def _colour_bar(figure: Figure, x: float, y: float, length: float) -> None:
    width, height = figure.get_size_inches()
    extra = max(0.0, 1.7 - length)  # a small map still needs a bar long enough for its name
    y, length = y - extra / 2, length + extra
    axes = figure.add_axes((x / width, y / height, 0.18 / width, length / height))
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), _COLOURS), cax=axes, ticks=[0, 0.5, 1])
    bar.set_label("attention weight")
