"""What the input and the target see of each other, in any of the sixteen structures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from destructure.show.arrays import token_labels
from destructure.show.masks import draw_sample, fill_cells
from destructure.show.picture import Picture, shorten
from destructure.show.style import (
    CROSS_ATTENTION,
    HIDDEN,
    INK,
    SHARED,
    SOURCE,
    TARGET,
    WIDTH,
    text_width,
    use_style,
)
from destructure.show.token_grids import TokenGrid, inch_figure, name_axes, write_title
from destructure.structure import Structure

_MARGIN, _LINE, _SPLIT = 0.1, 0.28, 0.2  # inches


@dataclass(frozen=True)
class Visibility:
    """Who sees whom; `True` means visible.

    Attributes:
        input: (input, input): what each input token sees of the input.
        target: (target, input + target): what each target token sees, the input's columns first.
    """

    input: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class Part:
    """A block of the picture that one softmax covers, row by row."""

    rows: slice
    columns: slice
    colour: str
    edge: str
    meaning: str


def visibility(structure: Structure, source_length: int, target_length: int) -> Visibility:
    """Compute what every token of a structure may see (CS25 V4, 23:32).

    Only S4 decides *what* is seen. The other switches decide how: in one softmax or two, with whose parameters,
    and from which layer.

    Raises:
        ValueError: if a length is not a whole number of 1 or more.
    """
    for name, length in (("source_length", source_length), ("target_length", target_length)):
        if not isinstance(length, int) or length < 1:
            raise ValueError(f"{name} is {length!r}; it must be a whole number of 1 or more.")
    if structure.bidirectional_input:
        of_input = np.ones((source_length, source_length), dtype=bool)
    else:
        of_input = np.tri(source_length, dtype=bool)
    memory = np.ones((target_length, source_length), dtype=bool)
    return Visibility(of_input, np.hstack([memory, np.tri(target_length, dtype=bool)]))


def structure_mask(
    structure: Structure,
    source: Sequence[str] = ("That", "is", "good"),
    target: Sequence[str] = ("[BOS]", "Das", "ist", "gut"),
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw everything that input and target tokens see, in one picture: each dark frame is one softmax a row.

    Args:
        structure: any `Structure`.
        source, target: token texts.
        title: a line above; the structure's name by default.
        alt: replaces the description.

    Raises:
        ValueError: if `structure` is not a `Structure`, or a side has no tokens.
    """
    if not isinstance(structure, Structure):
        raise ValueError(f"{structure!r} is not a Structure; use one such as Structure.named('prefix LM').")
    source, target = (token_labels(tokens, len(tokens), "tokens") for tokens in (source, target))
    seen = visibility(structure, len(source), len(target))
    parts = mask_parts(structure, len(source), len(target))
    with use_style():
        figure = _drawing(structure, seen, parts, source, target, title or f"Who sees whom: {structure.name}")
    return Picture(figure, alt or _describe(structure, parts))


def mask_parts(structure: Structure, source_length: int, target_length: int) -> list[Part]:
    """Split the whole pattern into the parts that have a softmax of their own."""
    reads, writes = slice(0, source_length), slice(source_length, source_length + target_length)
    both = slice(0, source_length + target_length)
    first, second = (SOURCE, TARGET) if structure.separate_parameters else (SHARED, SHARED)
    same = "" if structure.separate_parameters else ", same parameters"
    layer = "the final input layer" if structure.final_layer_memory else "the same layer's input"
    if structure.is_single_stack:
        return [Part(both, both, SHARED, INK, "one stack, one softmax over input and target")]
    parts = [Part(reads, reads, first, INK, "the input reads the input")]
    if not structure.separate_cross_attention:
        meaning = f"one softmax: the target reads {layer} and itself{same}"
        return [*parts, Part(writes, both, second, INK, meaning)]
    meaning = f"cross-attention: the target reads {layer}"
    colour, edge = CROSS_ATTENTION, INK
    if structure.tied_cross_attention:
        colour, edge = second, CROSS_ATTENTION
        meaning = f"cross-attention, self-attention's matrices: reads {layer}"
    return [
        *parts,
        Part(writes, reads, colour, edge, meaning),
        Part(writes, writes, second, INK, f"the target reads itself{same}"),
    ]


def _drawing(structure, seen: Visibility, parts: list[Part], source, target, title) -> Figure:
    tokens = [*source, *target]
    split = 0 if structure.is_single_stack else _SPLIT  # between input and target rows
    column_split = split if structure.separate_cross_attention else 0
    room = WIDTH - 2 * _MARGIN - _LINE - column_split
    grid = TokenGrid.fitting(tokens, tokens, room, largest=0.62)
    grid = TokenGrid.fitting(tokens, tokens, room - grid.right, largest=0.62)
    key = (len(parts) + 1) * 0.34 + 0.25
    above = _MARGIN + 0.42 + _LINE + grid.top
    widest = max(text_width(part.meaning) for part in parts) + 0.6
    content = max(2 * _MARGIN + _LINE + grid.left + grid.width + column_split + grid.right, widest)
    figure = inch_figure(content, above + grid.height + split + key)
    start = (figure.get_figwidth() - content) / 2 + _MARGIN
    left, top = start + _LINE + grid.left, figure.get_figheight() - above

    whole = _whole(seen)
    for part in parts:
        inside = TokenGrid(tokens[part.rows], tokens[part.columns], grid.cell)
        x = left + part.columns.start * grid.cell + (column_split if part.columns.start else 0)
        y = top - part.rows.stop * grid.cell - (split if part.rows.start else 0)
        # The target's columns have no input rows above them (unless there is one stack): label them at their own top.
        labelled = part.rows.start == 0 or part.columns.stop == len(tokens)
        axes = inside.axes(figure, x, y, rows=part.columns.start == 0, columns=labelled)
        if labelled and part.rows.start and part.columns.start == 0:
            axes.set_xticks(range(len(source), len(tokens)), target, parse_math=False)
        fill_cells(axes, whole[part.rows, part.columns], part.colour)
        axes.spines[:].set(color=part.edge, linewidth=2.5 if part.edge == INK else 4)
    middle = left + len(source) * grid.cell / 2, top - (grid.height + split) / 2
    if structure.is_single_stack:
        middle = left + grid.width / 2, middle[1]
    name_axes(figure, middle, start, top + grid.top)
    write_title(figure, start, title)
    for number, part in enumerate([*parts, None]):
        y = key - 0.25 - 0.34 * (number + 1) + 0.1
        if part is None:
            draw_sample(figure, start + 0.1, y, HIDDEN, "hidden")
        else:
            edge = part.edge if part.edge != INK else None
            draw_sample(figure, start + 0.1, y, part.colour, part.meaning, edge)
    return figure


def _whole(seen: Visibility) -> np.ndarray:
    """Input rows above target rows, as one square; no input token ever sees the target."""
    missing = np.zeros((len(seen.input), len(seen.target)), dtype=bool)
    return np.vstack([np.hstack([seen.input, missing]), seen.target])


def _describe(structure: Structure, parts: list[Part]) -> str:
    direction = (
        "every input token" if structure.bidirectional_input else "itself and earlier input tokens only"
    )
    return shorten(
        f"Mask of the structure {structure.name}: each input token sees {direction}; each target token sees the "
        f"whole input, itself and earlier target tokens. Colours: {'; '.join(part.meaning for part in parts)}."
    )
