"""Which token reaches which output, several models side by side: masks found from outside."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from destructure.show.masks import checked_mask, draw_key, fill_cells
from destructure.show.picture import Picture, shorten
from destructure.show.style import HIDDEN, INK, SOURCE, use_style
from destructure.show.token_grids import inch_figure

_ROOM, _LEFT, _BELOW, _ABOVE, _BETWEEN = 8.0, 0.75, 0.95, 0.45, 0.3  # inches
_LARGEST = 3.2


def influence_maps(
    maps: Mapping[str, object],
    *,
    boundary: int | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw who reaches whom in several models: a row an output, a column a token, a dot where it reaches the output.

    Args:
        maps: name → (length, length) truth values, from `black_box.influence`.
        boundary: how many tokens are input; a line marks where the input ends.
        title: a line above.
        alt: replaces the description.

    Raises:
        ValueError: if there is no map, or a map is not square.
    """
    reached = {name: checked_mask(one) for name, one in maps.items()}
    if not reached:
        raise ValueError("There is no map to draw; give at least one, (length, length).")
    if any(one.shape[0] != one.shape[1] for one in reached.values()):
        raise ValueError("A map must be square: as many outputs (rows) as tokens (columns).")
    with use_style():
        drawing = _drawing(reached, boundary, title)
    return Picture(drawing, alt or _describe(reached))


def _drawing(reached, boundary: int | None, title: str | None) -> Figure:
    side = (_ROOM - _LEFT - 0.1 - _BETWEEN * (len(reached) - 1)) / len(reached)
    side = min(side, _LARGEST)
    above = _ABOVE + (0.35 if title else 0)
    figure = inch_figure(_ROOM, side + _BELOW + above)
    width, height = figure.get_size_inches()
    content = side * len(reached) + _BETWEEN * (len(reached) - 1)
    left = _LEFT + (width - _LEFT - content) / 2
    for number, (name, one) in enumerate(reached.items()):
        x = left + number * (side + _BETWEEN)
        axes = figure.add_axes((x / width, _BELOW / height, side / width, side / height))
        last = len(one) - 0.5
        axes.set(xlim=(-0.5, last), ylim=(last, -0.5), xticks=[], yticks=[])
        axes.grid(False)
        fill_cells(axes, one, SOURCE)
        if boundary:
            axes.axvline(boundary - 0.5, color=INK, linewidth=2.5)
            axes.axhline(boundary - 0.5, color=INK, linewidth=2.5)
        axes.set_title(name, fontsize=13, loc="center", parse_math=False)
    middle = (left + content / 2) / width
    figure.text(middle, (_BELOW - 0.1) / height, "token that is changed →", ha="center", va="top")
    figure.text(
        (left - 0.15) / width,
        (_BELOW + side / 2) / height,
        "← output watched",
        rotation=90,
        ha="right",
        va="center",
    )
    draw_key(figure, left + content / 2, [(SOURCE, "output changes"), (HIDDEN, "stays the same")])
    if title:
        figure.text(0.1 / width, 1 - 0.1 / height, title, va="top", weight="bold", size=15, parse_math=False)
    return figure


def _describe(reached) -> str:
    parts = []
    for name, one in reached.items():
        if one.all():
            shape = "every token reaches every output"
        elif not one[~_lower(len(one))].any():
            shape = "no token reaches an earlier output"
        else:
            shape = "tokens reach earlier outputs inside the input only"
        parts.append(f"{name}: {shape}")
    return shorten(f"Who reaches whom: {'; '.join(parts)}.")


def _lower(length: int):
    import numpy as np

    return np.tri(length, dtype=bool)
