"""The pipeline of every sequence model, drawn with its shapes: text, tokens, ids, vectors, vectors."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from destructure.show.arrays import as_array
from destructure.show.picture import Picture, shorten
from destructure.show.style import INK, QUIET, SOURCE, TARGET, WIDTH, text_width, use_style
from destructure.show.token_grids import inch_figure

_PADDING, _LEFT = 0.16, 0.12  # inches
_HEADING, _TEXT, _BOX, _MAP, _GAP = 0.3, 0.3, 0.36, 0.85, 0.12


def pipeline(
    pieces: Sequence[str], ids: Sequence[int], vectors, states, *, alt: str | None = None
) -> Picture:
    """Draw a sentence on its way through a sequence model; every row has one column a token.

    Args:
        pieces: the token texts, spaces included; together they are the sentence.
        ids: one a token.
        vectors: (length, width) embedding.
        states: (length, width) what the sequence model makes of it.
        alt: replaces the description.

    Raises:
        ValueError: if the four do not agree on the length.
    """
    vectors, states = as_array(vectors, "vectors"), as_array(states, "states")
    lengths = [len(pieces), len(ids), len(vectors), len(states)]
    if len(set(lengths)) != 1 or not pieces:
        raise ValueError(
            f"The lengths do not agree: {lengths[0]} pieces, {lengths[1]} ids, {lengths[2]} vectors and {lengths[3]} "
            "states; give one of each for each token."
        )
    with use_style():
        figure = _drawing(list(pieces), list(ids), vectors, states)
    text = "".join(pieces)
    summary = (
        f"Pipeline from top to bottom, {len(ids)} columns each: the text {text!r}, its tokens, their ids, one vector "
        f"of width {vectors.shape[1]} a token, and after the sequence model again one vector a token."
    )
    return Picture(figure, alt or shorten(summary), alt or summary)


def _drawing(pieces, ids, vectors, states):
    labels = [piece.replace(" ", "␣") for piece in pieces]
    widths = [
        max(text_width(label), text_width(str(index))) + _PADDING
        for label, index in zip(labels, ids, strict=True)
    ]
    edges = _LEFT + np.concatenate([[0], np.cumsum(widths)])
    length, width = vectors.shape
    rows = [
        ("text: one string, shape ( )", _TEXT),
        (f"tokens: {length} pieces", _BOX),
        (f"ids: shape (length,) = ({length},)", _TEXT),
        (f"embedding: shape (length, width) = ({length}, {width})", _MAP),
        (f"sequence model: shape (length, width) = ({length}, {states.shape[1]})", _MAP),
    ]
    height = sum(_HEADING + content + _GAP for _, content in rows) + 0.05
    figure = inch_figure(max(WIDTH, edges[-1] + _LEFT), height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, figure.get_figwidth())
    axes.set_ylim(0, height)
    axes.set_axis_off()
    y = height
    middles = (edges[:-1] + edges[1:]) / 2
    for number, (heading, content) in enumerate(rows):
        y -= _HEADING
        axes.text(_LEFT, y + 0.06, heading, color=QUIET, style="italic", parse_math=False)
        y -= content
        if number == 0:
            axes.text(_LEFT, y + content / 2, "".join(pieces), va="center", parse_math=False, weight="bold")
        elif number == 1:
            _boxes(axes, labels, edges, y)
        elif number == 2:
            for x, index in zip(middles, ids, strict=True):
                axes.text(x, y + content / 2, str(index), ha="center", va="center")
        else:
            _columns(axes, (vectors, states)[number - 3], edges, y)
        y -= _GAP
    return figure


def _boxes(axes: Axes, labels, edges, y: float) -> None:
    for number, label in enumerate(labels):
        x, width = edges[number], edges[number + 1] - edges[number]
        shape = FancyBboxPatch(
            (x + 0.02, y + 0.02),
            width - 0.04,
            _BOX - 0.04,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=(SOURCE, TARGET)[number % 2],
            alpha=0.3,
            edgecolor=INK,
        )
        axes.add_patch(shape)
        axes.text(x + width / 2, y + _BOX / 2, label, ha="center", va="center", parse_math=False)


def _columns(axes: Axes, vectors: np.ndarray, edges, y: float) -> None:
    """One column a token, as wide as its box; light is negative, dark is positive."""
    limit = float(np.abs(vectors).max()) or 1.0
    for number, vector in enumerate(vectors):
        extent = (edges[number] + 0.03, edges[number + 1] - 0.03, y, y + _MAP)
        axes.imshow(
            vector[:, None],
            cmap="Greys",
            vmin=-limit,
            vmax=limit,
            extent=extent,
            aspect="auto",
            interpolation="nearest",
            zorder=2,
        )
    axes.set_xlim(0, axes.figure.get_figwidth())
    axes.set_ylim(0, axes.figure.get_figheight())
