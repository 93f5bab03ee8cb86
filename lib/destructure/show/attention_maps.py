"""Attention weights as pictures: which query looks at which key."""

from collections.abc import Sequence

import numpy as np

from destructure.show.alt_text import shorten
from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture
from destructure.show.style import WIDTH, text_width, use_style
from destructure.show.token_grids import AXIS_NAME, KEYS, grid_figure, label_cells, mark_boundary

_ROUNDING = 1e-3  # half-precision weights add up to 1 only roughly


def attention_map(
    weights,
    queries: Sequence[str],
    keys: Sequence[str],
    *,
    source_length: int | None = None,
    title: str | None = None,
) -> Picture:
    """Draw attention weights: one row per query (who looks), one column per key (what is looked at).

    Args:
        weights: (queries, keys), or (heads, queries, keys): then one map per head; each row sums to 1.
        queries, keys: token texts of the rows and of the columns.
        source_length: under one joint softmax, how many of the keys belong to the source: a line is drawn there.
        title: a line above.

    Raises:
        ValueError: weights of another shape, outside 0 to 1 or with rows that do not sum to 1; labels that do not
            fit the shape; a `source_length` outside the keys.
    """
    maps = _checked_weights(weights)
    queries = token_labels(queries, maps.shape[1], "queries")
    keys = token_labels(keys, maps.shape[2], "keys")
    if source_length is not None and not 0 < source_length < len(keys):
        raise ValueError(
            f"source_length is {source_length}, but there are {len(keys)} keys; it must leave at least one key on "
            "each side of the line."
        )
    columns = _columns(len(maps), queries, keys)
    rows = -(-len(maps) // columns)
    with use_style():
        drawing, cell = grid_figure(queries, keys, title, beside=0.9, grids=(rows, columns))
        grid = drawing.subplots(rows, columns, squeeze=False)
        for number, axes in enumerate(grid.ravel()):
            row, column = divmod(number, columns)
            if number >= len(maps):
                axes.remove()
                continue
            # One hue from white to dark: the same order in grey and for every eye.
            image = axes.imshow(maps[number], cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
            label_cells(axes, queries, keys, cell, "#C9C9C9")
            axes.tick_params(labelleft=column == 0, labeltop=row == 0)
            if len(maps) > 1:
                axes.set_xlabel(f"head {number + 1}")
            if source_length:
                mark_boundary(axes, source_length, len(keys), cell, names=len(maps) == 1)
        drawing.supxlabel(KEYS, **AXIS_NAME)
        bar = {"ticks": [0, 0.5, 1], "label": "attention weight", "aspect": 12, "panchor": False}
        drawing.colorbar(image, ax=drawing.axes, **bar)
    count = f"{len(maps)} attention maps, one a head" if len(maps) > 1 else "Attention map"
    summary = f"{count}: {len(queries)} queries ({' '.join(queries)}) by {len(keys)} keys ({' '.join(keys)})."
    if source_length:
        summary += f" A line separates the first {source_length} keys, the input, from the target."
    summary = shorten(summary)
    # Each query's largest weight in words; measured, so never part of the compared text.
    pairs = zip(queries, maps.mean(axis=0).argmax(axis=1), strict=True)
    strongest = "Most weight: " + ", ".join(f"{query} on {keys[key]}" for query, key in pairs) + "."
    return Picture(drawing, f"{summary} {strongest}", summary)


def _checked_weights(weights) -> np.ndarray:
    """(heads, queries, keys), each row a distribution."""
    maps = as_array(weights, "attention weights")
    maps = (maps[None] if maps.ndim == 2 else maps).astype(float)
    if maps.ndim != 3 or 0 in maps.shape:
        raise ValueError(
            f"The attention weights have shape {maps.shape}; give (queries, keys) or (heads, queries, keys), "
            "for one example of a batch."
        )
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
    return maps


def _columns(maps: int, queries: Sequence[str], keys: Sequence[str]) -> int:
    """How many maps stand side by side: as many as fit, at most four, in equal rows where possible."""
    room = WIDTH - max(map(text_width, queries)) - 1.5
    most = max(1, min(4, maps, int(room // (len(keys) * 0.27 + 0.15))))
    return next((each for each in range(most, most // 2, -1) if maps % each == 0), most)
