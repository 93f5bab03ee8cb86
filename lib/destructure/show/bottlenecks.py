"""The recurrent encoder-decoder as a chain of states: with a fixed vector, and with attention."""

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from destructure.show.picture import Picture
from destructure.show.style import CROSS_ATTENTION, INK, QUIET, SOURCE, TARGET, WIDTH, text_width, use_style
from destructure.show.token_grids import inch_figure

_BOX, _LEFT, _GAP, _HANDING_OVER = 0.5, 0.15, 0.27, 1.62  # inches
_ABOVE, _BELOW = 1.25, (0.25, 1.0)  # below the boxes: without and with arcs


def bottleneck(
    source: Sequence[str] = tuple("4711"), written: Sequence[str] = ("vier", "sieben", "eins", "eins")
) -> Picture:
    """Draw what reaches the writing side: above one state alone, below every state of the input.

    Args:
        source: the input's tokens.
        written: the words of the answer.

    Raises:
        ValueError: if there is no input or no answer.
    """
    if not source or not written:
        raise ValueError("The drawing needs at least one token to read and one word to write.")
    read = ("[BOS]", *written[:-1])
    heights = [_ABOVE + _BOX + below for below in _BELOW]
    needed = _places(source, read)[-1] + _wide(read[-1]) + 0.2
    with use_style():
        figure = inch_figure(max(WIDTH, needed), sum(heights))
        tops = (heights[1] / sum(heights), 0)
        for attention, (bottom, height) in enumerate(zip(tops, heights, strict=True)):
            axes = figure.add_axes((0, bottom, 1, height / sum(heights)))
            axes.set_xlim(0, figure.get_figwidth())
            axes.set_ylim(0, height)
            axes.set_axis_off()
            axes.text(
                _LEFT,
                height - 0.1,
                ("Fixed vector", "Attention")[attention],
                va="top",
                weight="bold",
                size=15,
            )
            _draw(axes, source, read, written, bool(attention))
    return Picture(
        figure,
        "Two chains of states, each box one state. Above, fixed vector: the input's boxes are linked one to the next "
        "and only the last has an arrow to the writing side. Below, attention: from every box of the input an arc "
        "leads to the writing side as well.",
    )


def _places(source, read) -> list[float]:
    """Left edges of all boxes."""
    places, x = [], _LEFT
    for number, token in enumerate((*source, *read)):
        x += _HANDING_OVER - _GAP if number == len(source) else 0
        places.append(x)
        x += _wide(token) + _GAP
    return places


def _wide(token: str) -> float:
    return max(_BOX, text_width(token) + 0.14)


def _draw(axes: Axes, source, read, written, attention: bool) -> None:
    y = _BELOW[attention]
    places = _places(source, read)
    boxes = [(x, _wide(token)) for x, token in zip(places, (*source, *read), strict=True)]
    for number, ((x, wide), token) in enumerate(zip(boxes, (*source, *read), strict=True)):
        _state(axes, x, y, wide, SOURCE if number < len(source) else TARGET, token)
    for (x, wide), word in zip(boxes[len(source) :], written, strict=True):
        _arrow(axes, (x + wide / 2, y + _BOX), (x + wide / 2, y + _BOX + 0.3))
        axes.text(x + wide / 2, y + _BOX + 0.34, word, ha="center", va="bottom", weight="bold")
    for number, ((x, wide), (following, _)) in enumerate(pairwise(boxes), start=1):
        _arrow(axes, (x + wide, y + _BOX / 2), (following, y + _BOX / 2), thick=number == len(source))
    middle = (sum(boxes[len(source) - 1]) + boxes[len(source)][0]) / 2
    note = "this state, and all\nothers to look at" if attention else "one state\ncarries everything"
    axes.text(middle, y + _BOX / 2 + 0.16, note, ha="center", va="bottom", color=QUIET, size=12)
    if attention:
        x, wide = boxes[min(len(boxes) - 1, len(source) + 1)]
        for start, start_wide in boxes[: len(source)]:
            _arc(axes, (start + start_wide / 2, y), (x + wide / 2, y))


def _state(axes: Axes, x: float, y: float, wide: float, colour: str, token: str) -> None:
    shape = "round,pad=0,rounding_size=0.06"
    box = FancyBboxPatch((x, y), wide, _BOX, boxstyle=shape, facecolor=colour, alpha=0.35, edgecolor=INK)
    axes.add_patch(box)
    axes.text(x + wide / 2, y + _BOX / 2, token, ha="center", va="center", parse_math=False)


def _arrow(axes: Axes, start, end, thick: bool = False) -> None:
    look = {"linewidth": 4, "mutation_scale": 22} if thick else {"linewidth": 1.6, "mutation_scale": 12}
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", shrinkA=0, shrinkB=0, color=INK, **look))


def _arc(axes: Axes, start, end) -> None:
    bend = {"connectionstyle": f"arc3,rad={0.85 / (end[0] - start[0]) ** 0.5 / 2:.3f}", "arrowstyle": "-|>"}
    look = {"color": CROSS_ATTENTION, "linewidth": 1.8, "mutation_scale": 12}
    axes.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, **bend, **look))
