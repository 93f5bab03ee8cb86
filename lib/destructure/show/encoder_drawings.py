"""The drawing of the lecture's encoder-only slide: a sequence in, one vector, a label out (CS25 V4, 20:23)."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from destructure.show.picture import Picture, shorten
from destructure.show.style import INK, QUIET, SOURCE, TARGET, figure, use_style

_TOKENS, _STATES, _LINEAR, _LABELS = 0.0, 1.6, 2.7, 3.5  # heights of the four rows
_ARROW = {"arrowstyle": "->", "color": INK}


def encoder_drawing(
    tokens: Sequence[str], labels: Sequence[str], *, pooling: str = "first", alt: str | None = None
) -> Picture:
    """Draw an encoder-only classifier: every token looks at every other, one vector goes on to a linear layer.

    Args:
        tokens: the input, such as `["[CLS]", "That", "is", "good"]`.
        labels: what may be answered; the first two or three are enough.
        pooling: "first": the first token's state goes on; "mean": the average of all.
        alt: replaces the description.

    Raises:
        ValueError: if there are no tokens or labels, or `pooling` is neither.
    """
    if not tokens or not labels or pooling not in ("first", "mean"):
        raise ValueError("Give at least one token and one label, and 'first' or 'mean' as pooling.")
    with use_style():
        drawing = figure(8, 4.6)
        axes = drawing.subplots()
        axes.set_axis_off()
        for number, token in enumerate(tokens):
            _box(axes, number, _TOKENS, token, SOURCE)
            _box(axes, number, _STATES, "state", SOURCE)
            for other in range(len(tokens)):
                axes.plot(
                    [number, other], [_TOKENS + 0.2, _STATES - 0.2], color=QUIET, linewidth=1, linestyle="-"
                )
        middle = (len(tokens) - 1) / 2
        going_on = [0] if pooling == "first" else list(range(len(tokens)))
        for number in going_on:
            axes.annotate(
                "",
                (middle, _LINEAR - 0.2),
                (number, _STATES + 0.2),
                arrowprops={"arrowstyle": "->", "color": INK},
            )
        _box(axes, middle, _LINEAR, "one vector → linear layer", TARGET, width=2.6)
        for number, label in enumerate(labels):
            x = middle + 1.3 * (number - (len(labels) - 1) / 2)
            axes.annotate(
                "", (x, _LABELS - 0.2), (middle, _LINEAR + 0.2), arrowprops={"arrowstyle": "->", "color": INK}
            )
            axes.text(x, _LABELS, label, ha="center", va="center")
        axes.text(
            len(tokens) - 0.35,
            (_TOKENS + _STATES) / 2,
            "every layer:\nall look\nat all",
            va="center",
            color=QUIET,
        )
        axes.set_xlim(-0.6, len(tokens) + 0.4)
        axes.set_ylim(-0.4, _LABELS + 0.35)
    which = "the first token's state" if pooling == "first" else "the average of all states"
    summary = (
        f"Encoder-only model over {' '.join(tokens)}: every token looks at every token; {which} goes through one "
        f"linear layer to the labels {', '.join(labels)}."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _box(axes: Axes, x: float, y: float, text: str, colour: str, width: float = 0.84) -> None:
    corner, style = (x - width / 2, y - 0.2), "round,pad=0,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch(
            corner, width, 0.4, boxstyle=style, facecolor=f"{colour}22", edgecolor=colour, linewidth=2
        )
    )
    axes.text(x, y, text, ha="center", va="center", parse_math=False)
