"""Attention weights as pictures: which query looks at which key."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from destructure.show.arrays import as_array, token_labels
from destructure.show.picture import Picture, shorten
from destructure.show.style import INK, SOURCE, text_width, use_style
from destructure.show.token_grids import AXIS_NAME, KEYS, grid_figure, label_cells

_DARK_ORANGE = "#8F5F00"  # the target's colour, dark enough for text
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
        weights: (queries, keys) of one head of one example; each row sums to 1.
        queries, keys: token texts of the rows and of the columns.
        source_length: under one joint softmax, how many of the keys belong to the source: a line is drawn there.
        title: a line above.

    Raises:
        ValueError: weights of another shape, outside 0 to 1 or with rows that do not sum to 1; labels that do not
            fit the shape; a `source_length` outside the keys.
    """
    weights = _checked(weights)
    queries = token_labels(queries, len(weights), "queries")
    keys = token_labels(keys, weights.shape[1], "keys")
    if source_length is not None and not 0 < source_length < len(keys):
        raise ValueError(
            f"source_length is {source_length}, but there are {len(keys)} keys; it must leave at least one key on "
            "each side of the line."
        )
    with use_style():
        drawing, cell, high = grid_figure(queries, keys, title, beside=0.9)
        axes = drawing.subplots()
        # One hue from white to dark: the same order in grey and for every eye.
        look = {"interpolation": "nearest", "aspect": high / cell}
        image = axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, **look)
        label_cells(axes, queries, keys, cell, "#C9C9C9")
        if source_length:
            _mark_boundary(axes, source_length, len(keys), cell)
        drawing.supxlabel(KEYS, **AXIS_NAME)
        drawing.colorbar(
            image, ax=axes, ticks=[0, 0.5, 1], label="attention weight", aspect=12, panchor=False
        )
    summary = (
        f"Attention map: {len(queries)} queries ({' '.join(queries)}) by {len(keys)} keys ({' '.join(keys)})."
    )
    if source_length:
        summary += f" A line separates the first {source_length} keys, the input, from the target."
    summary = shorten(summary)
    # Each query's largest weight in words; measured, so never part of the compared text.
    pairs = zip(queries, weights.argmax(axis=1), strict=True)
    strongest = "Most weight: " + ", ".join(f"{query} on {keys[key]}" for query, key in pairs) + "."
    return Picture(drawing, f"{summary} {strongest}", summary)


def _checked(weights) -> np.ndarray:
    weights = as_array(weights, "attention weights").astype(float)
    if weights.ndim != 2 or 0 in weights.shape:
        raise ValueError(
            f"The attention weights have shape {weights.shape}; give (queries, keys), for one head and one example."
        )
    if not np.isfinite(weights).all() or weights.min() < -_ROUNDING or weights.max() > 1 + _ROUNDING:
        raise ValueError(
            "Attention weights must lie between 0 and 1; give the weights after the softmax, not scores."
        )
    sums = weights.sum(axis=1)
    worst = int(np.abs(sums - 1).argmax())
    if abs(sums[worst] - 1) > _ROUNDING:
        raise ValueError(
            f"The weights of query {worst + 1} sum to {sums[worst]:.3f}, but must sum to 1; give whole rows after "
            "the softmax (without cutting keys off)."
        )
    return weights


def _mark_boundary(axes: Axes, source_length: int, keys: int, cell: float) -> None:
    """Draw a line between the source's and the target's columns, and name both parts below them."""
    edge = source_length - 0.5
    axes.axvline(edge, color=INK, linewidth=2.5)
    rest = keys - source_length
    parts = (source_length, "input", SOURCE, "right", -1), (rest, "target", _DARK_ORANGE, "left", 1)
    look = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
    look |= {"va": "top", "weight": "bold"}
    for columns, name, colour, side, sign in parts:
        fits = 1.15 * text_width(name) < columns * cell  # bold letters are wider
        place = edge + sign * (columns / 2 if fits else 0.08 / cell)
        axes.annotate(name, (place, 0), xytext=(0, -4), ha="center" if fits else side, color=colour, **look)
