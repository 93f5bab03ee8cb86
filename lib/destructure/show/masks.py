"""Masks as pictures: which keys each query may see, and what that comes to in any of the sixteen structures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from destructure.show.arrays import as_array, token_labels
from destructure.show.diagram_plans import require_structure
from destructure.show.picture import Picture
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
from destructure.show.token_grids import TokenGrid, draw_lines, inch_figure, name_axes, write_title
from destructure.structure import Structure

_MARGIN, _LINE, _TITLE, _SPLIT, _SAMPLE = 0.1, 0.28, 0.42, 0.2, 0.24  # inches


def mask_picture(
    mask, queries: Sequence[str], keys: Sequence[str], *, title: str | None = None, alt: str | None = None
) -> Picture:
    """Draw a mask: a coloured cell with a dot where the query (row) sees the key (column), a grey cell elsewhere.

    Args:
        mask: (queries, keys) truth values, or 1 and 0; true means visible. A leading axis of length 1 is dropped.
        queries, keys: token texts of the rows and of the columns.
        title, alt: as for every picture.

    Raises:
        ValueError: a mask of another shape or with other values; labels that do not fit the shape.
    """
    visible = _checked_mask(mask)
    queries = token_labels(queries, visible.shape[0], "queries")
    keys = token_labels(keys, visible.shape[1], "keys")
    with use_style():
        grid = _largest_grid(queries, keys, WIDTH - 2 * _MARGIN - _LINE)
        above = _MARGIN + (_TITLE if title else 0) + _LINE + grid.top
        bottom = max(
            0.55, 0.9 - grid.height / 2
        )  # even a mask of one row has the names of its axes beside it
        content = 2 * _MARGIN + _LINE + grid.left + grid.width + grid.right
        figure = inch_figure(content, above + grid.height + bottom)
        start = (figure.get_figwidth() - content) / 2 + _MARGIN
        left = start + _LINE + grid.left
        _fill_cells(grid.axes(figure, left, bottom), visible, SOURCE)
        middle = left + grid.width / 2, bottom + grid.height / 2
        name_axes(figure, middle, start, bottom + grid.height + grid.top)
        _draw_key(figure, middle[0])
        if title:
            write_title(figure, start, title)
    return Picture(figure, alt or _describe(visible, queries, keys))


def _checked_mask(mask) -> np.ndarray:
    """A mask as a (queries, keys) array of truth values."""
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


def _describe(visible: np.ndarray, queries: Sequence[str], keys: Sequence[str]) -> str:
    """What each query sees; usual patterns get their one sentence."""
    if visible.all():
        what = "every query sees every key"
    elif np.array_equal(visible, np.tri(len(queries), dtype=bool)):
        what = f"causal, each query sees its own key and all earlier ones ({' '.join(keys)})"
    else:
        seen = [[key for key, sees in zip(keys, row, strict=True) if sees] for row in visible]
        pairs = zip(queries, seen, strict=True)
        what = "; ".join(f"{query} sees {', '.join(names) or 'nothing'}" for query, names in pairs)
    return f"{len(queries)} by {len(keys)} mask: {what}."


def _fill_cells(axes: Axes, visible: np.ndarray, colour: str) -> None:
    """Colour the cells of a grid and put a dot into each visible one, so that colour never speaks alone."""
    axes.imshow(visible, cmap=ListedColormap([HIDDEN, colour]), vmin=0, vmax=1, aspect="auto")
    rows, columns = np.nonzero(visible)
    cell = axes.get_window_extent().width / visible.shape[1] / axes.figure.dpi * 72  # points
    dot = INK if colour == TARGET else "white"  # white on orange is hard to see
    axes.scatter(columns, rows, s=(0.28 * cell) ** 2, color=dot, linewidths=0)
    draw_lines(axes, "white", 1.5)


def _draw_key(figure: Figure, centre: float) -> None:
    """Sample cells side by side along the bottom, around `centre` inches."""
    samples, gap = ((SOURCE, "visible"), (HIDDEN, "hidden")), 0.3
    widths = [_SAMPLE + 0.1 + text_width(name) for _, name in samples]
    x = max(0.1, centre - (sum(widths) + gap) / 2)
    _draw_sample(figure, x, 0.12, *samples[0])
    _draw_sample(figure, x + widths[0] + gap, 0.12, *samples[1])


def _draw_sample(figure: Figure, x: float, y: float, colour: str, name: str, edge: str | None = None) -> None:
    """One sample cell at (x, y) inches, with its meaning beside it."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((x / width, y / height, _SAMPLE / width, _SAMPLE / height))
    axes.set(xlim=(-0.5, 0.5), ylim=(0.5, -0.5), xticks=[], yticks=[])
    axes.grid(False)
    _fill_cells(axes, np.array([[colour != HIDDEN]]), colour)
    if edge:
        axes.spines[:].set(color=edge, linewidth=2.5)
    figure.text((x + _SAMPLE + 0.1) / width, (y + _SAMPLE / 2) / height, name, va="center", parse_math=False)


def _largest_grid(queries, keys, room: float, **limit: float) -> TokenGrid:
    """Slanted labels reach beyond the last column, and cells decide whether labels are slanted."""
    grid = TokenGrid.fitting(queries, keys, room, **limit)
    return TokenGrid.fitting(queries, keys, room - grid.right, **limit)


class Part(NamedTuple):
    """A block of the picture that one softmax covers, row by row."""

    rows: slice
    columns: slice
    colour: str
    edge: str
    meaning: str


def visibility(structure: Structure, source_length: int, target_length: int) -> np.ndarray:
    """What every token of a structure may see (CS25 V4, 23:32), as one square over input and target.

    Only S4 decides *what* is seen. The other switches decide how: in one softmax or two, with whose parameters,
    and from which layer. No input token ever sees the target.

    Raises:
        ValueError: if `structure` is not a `Structure`, or a length is not a whole number of 1 or more.
    """
    require_structure(structure, source_length=source_length, target_length=target_length)
    seen = np.tri(source_length + target_length, dtype=bool)
    seen[:source_length, :source_length] |= structure.bidirectional_input
    return seen


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
        title: a line above; the structure's name by default. alt: as for every picture.

    Raises:
        ValueError: if `structure` is not a `Structure`, or a side has no tokens.
    """
    source, target = (token_labels(tokens, len(tokens), "tokens") for tokens in (source, target))
    whole = visibility(structure, len(source), len(target))
    parts = mask_parts(structure, len(source), len(target))
    with use_style():
        figure = _draw_parts(structure, whole, parts, source, target, title)
    whole_input = structure.bidirectional_input
    direction = "every input token" if whole_input else "itself and earlier input tokens only"
    description = (
        f"Mask of the structure {structure.name}: each input token sees {direction}; each target token sees the "
        f"whole input, itself and earlier target tokens. Colours: {'; '.join(part.meaning for part in parts)}."
    )
    return Picture(figure, alt or description)


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
    cross = Part(writes, reads, CROSS_ATTENTION, INK, f"cross-attention: the target reads {layer}")
    if structure.tied_cross_attention:
        meaning = f"cross-attention, self-attention's matrices: reads {layer}"
        cross = Part(writes, reads, second, CROSS_ATTENTION, meaning)
    return [*parts, cross, Part(writes, writes, second, INK, f"the target reads itself{same}")]


def _draw_parts(structure, whole, parts: list[Part], source, target, title) -> Figure:
    tokens = [*source, *target]
    split = 0 if structure.is_single_stack else _SPLIT  # between input and target rows
    column_split = split if structure.separate_cross_attention else 0
    grid = _largest_grid(tokens, tokens, WIDTH - 2 * _MARGIN - _LINE - column_split, largest=0.62)
    key = (len(parts) + 1) * 0.34 + 0.25
    above = _MARGIN + _TITLE + _LINE + grid.top
    widest = max(text_width(part.meaning) for part in parts) + 0.6
    content = max(2 * _MARGIN + _LINE + grid.left + grid.width + column_split + grid.right, widest)
    figure = inch_figure(content, above + grid.height + split + key)
    start = (figure.get_figwidth() - content) / 2 + _MARGIN
    left, top = start + _LINE + grid.left, figure.get_figheight() - above
    for part in parts:
        inside = TokenGrid(tokens[part.rows], tokens[part.columns], grid.cell)
        x = left + part.columns.start * grid.cell + (column_split if part.columns.start else 0)
        y = top - part.rows.stop * grid.cell - (split if part.rows.start else 0)
        # The target's columns have no input rows above them (unless there is one stack): label them at their own top.
        labelled = part.rows.start == 0 or part.columns.stop == len(tokens)
        axes = inside.axes(figure, x, y, rows=part.columns.start == 0, columns=labelled)
        if labelled and part.rows.start and part.columns.start == 0:
            axes.set_xticks(range(len(source), len(tokens)), target, parse_math=False)
        _fill_cells(axes, whole[part.rows, part.columns], part.colour)
        axes.spines[:].set(color=part.edge, linewidth=2.5 if part.edge == INK else 4)
    across = grid.width if structure.is_single_stack else len(source) * grid.cell
    name_axes(figure, (left + across / 2, top - (grid.height + split) / 2), start, top + grid.top)
    write_title(figure, start, title or f"Who sees whom: {structure.name}")
    entries = [(part.colour, part.meaning, None if part.edge == INK else part.edge) for part in parts]
    for number, entry in enumerate([*entries, (HIDDEN, "hidden", None)], start=1):
        _draw_sample(figure, start + 0.1, key - 0.15 - 0.34 * number, *entry)
    return figure
