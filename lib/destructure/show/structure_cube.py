"""The four-dimensional cube of the sixteen structures, drawn as a projection along its diagonal.

Each switch is one direction of the drawing, the same everywhere, and every direction leads down: the higher a corner
stands, the more structure it has.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, HIDDEN, INK, QUIET, figure, use_style
from destructure.structure import Structure

DIRECTIONS = ((-3.0, -1.45), (-1.0, -1.15), (1.0, -1.15), (3.0, -1.45))
"""Where the removal of S1, S2, S3, S4 leads to."""
_BOX = (1.5, 0.42)
_SHORT = {
    "separate_cross_attention": "cross-attention",
    "separate_parameters": "parameters",
    "final_layer_memory": "final layer",
    "bidirectional_input": "both directions",
}


def corner_place(structure: Structure) -> tuple[float, float]:
    """Where a corner stands; the encoder-decoder at (0, 0)."""
    removed = [
        step
        for switch, step in zip(Structure.SWITCHES, DIRECTIONS, strict=True)
        if not getattr(structure, switch)
    ]
    return sum(x for x, _ in removed), sum(y for _, y in removed)


def structure_cube(
    path: Sequence[Structure] | None = None,
    *,
    names: Mapping[Structure, str] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw all sixteen corners, the 32 edges between them, and one path from corner to corner.

    Args:
        path: corners, each one edit away from the one before; the lecture's ladder by default.
        names: corner → a name to write beside it; the usual names by default.
        title: a line above.
        alt: replaces the description.

    Raises:
        ValueError: if a step of the path is not one edge of the cube.
    """
    path = Structure.ladder() if path is None else tuple(path)
    for first, second in pairwise(path):
        if len(_differing(first, second)) != 1:
            raise ValueError(
                f"{first.code} and {second.code} differ in {len(_differing(first, second))} switches; a step of "
                "the path flips exactly one."
            )
    corners = Structure.all()
    usual = {corner: corner.name for corner in corners if corner.name != corner.code}
    names = usual if names is None else dict(names)
    with use_style():
        drawing = figure(9.2, 7.4)
        axes = drawing.subplots()
        for corner in corners:
            _draw_edges(axes, corner)
        for number, (first, second) in enumerate(pairwise(path), start=1):
            _draw_step(axes, first, second, number)
        for corner in corners:
            _draw_corner(axes, corner, corner in path, names.get(corner))
        axes.set(xlim=(-5.1, 5.1), ylim=(-5.85, 0.65))
        axes.axis("off")
        if title:
            axes.set_title(title)
        drawing.legend(handles=_key(), loc="outside lower center", ncols=2, handlelength=3)
    steps = ", ".join(corner.code for corner in path)
    summary = (
        "A tesseract: sixteen corners from all four structures at the top to none at the bottom, joined where one "
        f"switch differs. Highlighted path: {steps}. Named: {', '.join(names.values())}."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _differing(first: Structure, second: Structure) -> list[str]:
    return [switch for switch in Structure.SWITCHES if getattr(first, switch) != getattr(second, switch)]


def _draw_edges(axes: Axes, corner: Structure) -> None:
    """From a corner down to each corner with one structure less."""
    x, y = corner_place(corner)
    for switch, (colour, line, _), (dx, dy) in zip(Structure.SWITCHES, CURVES, DIRECTIONS, strict=False):
        if getattr(corner, switch):
            axes.plot([x, x + dx], [y, y + dy], color=colour, linestyle=line, linewidth=1.8, zorder=1)


def _draw_step(axes: Axes, first: Structure, second: Structure, number: int) -> None:
    start, end = corner_place(first), corner_place(second)
    axes.plot(*zip(start, end, strict=True), color=INK, linestyle="-", linewidth=6, zorder=2)
    middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    axes.text(
        *middle,
        str(number),
        ha="center",
        va="center",
        color="white",
        weight="bold",
        size=14,
        zorder=5,
        bbox={"boxstyle": "circle,pad=0.25", "facecolor": INK, "edgecolor": "white"},
    )


def _draw_corner(axes: Axes, corner: Structure, on_path: bool, name: str | None) -> None:
    """A box with the four marks: a number where the structure is present, a dash where it is gone."""
    x, y = corner_place(corner)
    width, height = _BOX
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.1",
            facecolor="white",
            edgecolor=INK if on_path else QUIET,
            linewidth=3 if on_path else 1.2,
            zorder=3,
        )
    )
    for number, (switch, (colour, _, _)) in enumerate(zip(Structure.SWITCHES, CURVES, strict=False)):
        present = getattr(corner, switch)
        left = x - width / 2 + 0.07 + number * (width - 0.14) / 4
        cell = (width - 0.14) / 4 - 0.04
        face = colour if present else HIDDEN
        axes.add_patch(
            FancyBboxPatch(
                (left + 0.02, y - 0.14),
                cell,
                0.28,
                boxstyle="square,pad=0",
                facecolor=face,
                linewidth=0,
                zorder=4,
            )
        )
        axes.text(
            left + 0.02 + cell / 2,
            y - 0.01,
            f"S{number + 1}" if present else "–",
            ha="center",
            va="center",
            color=("white" if number in (0, 1, 2) else INK) if present else QUIET,
            weight="bold",
            size=10.5,
            zorder=5,
        )
    if name:
        above, aside = corner == Structure.ENCODER_DECODER, -0.3 if x < -2 else 0.0
        axes.text(
            x + aside,
            y + (0.42 if above else -0.42),
            name,
            ha="center",
            va="center",
            weight="bold",
            size=13,
            zorder=6,
            parse_math=False,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.9},
        )


def _key() -> list:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colour, linestyle=line, label=f"S{number} {_SHORT[switch]} removed")
        for number, (switch, (colour, line, _)) in enumerate(
            zip(Structure.SWITCHES, CURVES, strict=False), start=1
        )
    ]
