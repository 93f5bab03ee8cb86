"""Masks as pictures: which keys each query may see, and what that comes to in any of the sixteen structures."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from destructure.show.arrays import as_array, token_labels
from destructure.show.diagram_plans import SOURCE_TOKENS, TARGET_TOKENS, require_structure
from destructure.show.picture import Picture
from destructure.show.style import CROSS_ATTENTION, HIDDEN, INK, SHARED, SOURCE, TARGET, use_style
from destructure.show.token_grids import AXIS_NAME, KEYS, grid_figure, label_cells
from destructure.structure import Structure


def mask_picture(mask, queries: Sequence[str], keys: Sequence[str], *, title: str | None = None) -> Picture:
    """Draw a mask: a coloured cell with a dot where the query (row) sees the key (column), a grey cell elsewhere.

    Args:
        mask: (queries, keys) truth values, or 1 and 0; true means visible. A leading axis of length 1 is dropped.
        queries, keys: token texts of the rows and of the columns.
        title: a line above.

    Raises:
        ValueError: a mask of another shape or with other values; labels that do not fit the shape.
    """
    visible = as_array(mask, "mask")
    if visible.ndim > 2 and visible.size == visible.shape[-1] * visible.shape[-2]:
        visible = visible.reshape(visible.shape[-2:])
    if visible.ndim != 2 or 0 in visible.shape:
        raise ValueError(
            f"The mask has shape {visible.shape}; give (queries, keys), for one example of a batch."
        )
    if visible.dtype != bool and not np.isin(visible, (0, 1)).all():
        raise ValueError("A mask holds only true and false (or 1 and 0), true where the query sees the key.")
    visible = visible.astype(bool)
    queries = token_labels(queries, len(visible), "queries")
    keys = token_labels(keys, visible.shape[1], "keys")
    with use_style():
        drawing, cell, high = grid_figure(queries, keys, title, below=0.4)
        axes = drawing.subplots()
        _fill_cells(axes, visible, SOURCE, cell, high)
        label_cells(axes, queries, keys, cell, "white")
        axes.set_xlabel(KEYS, **AXIS_NAME)
        _explain(drawing, [(SOURCE, "visible", INK), (HIDDEN, "hidden", INK)], columns=2)
    return Picture(drawing, _describe(visible, queries, keys))


def _describe(visible: np.ndarray, queries: Sequence[str], keys: Sequence[str]) -> str:
    """What each query sees; usual patterns get their one sentence."""
    if visible.all():
        what = "every query sees every key"
    elif np.array_equal(visible, np.tri(len(queries), dtype=bool)):
        what = f"causal, each query sees its own key and all earlier ones ({' '.join(keys)})"
    else:
        seen = [", ".join(np.array(keys)[row]) or "nothing" for row in visible]
        what = "; ".join(f"{query} sees {names}" for query, names in zip(queries, seen, strict=True))
    return f"{len(queries)} by {len(keys)} mask: {what}."


def _fill_cells(axes: Axes, visible: np.ndarray, colour: str, wide: float, high: float) -> None:
    """Colour the cells of a grid and put a dot into each visible one, so that colour never speaks alone."""
    axes.imshow(visible, cmap=ListedColormap([HIDDEN, colour]), vmin=0, vmax=1, aspect=high / wide)
    rows, columns = np.nonzero(visible)
    dot = INK if colour == TARGET else "white"  # white on orange is hard to see
    axes.scatter(columns, rows, s=(0.28 * 72 * min(wide, high)) ** 2, color=dot, linewidths=0)


def _explain(drawing: Figure, meanings: Sequence[tuple[str, str, str]], columns: int) -> None:
    """What each (colour, meaning, edge) stands for, below the figure."""
    samples = [
        Patch(facecolor=colour, label=text, edgecolor=edge, linewidth=1 if edge == INK else 3)
        for colour, text, edge in meanings
    ]
    drawing.legend(handles=samples, loc="outside lower center", ncols=columns, handlelength=1, handleheight=1)


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


def structure_mask(structure: Structure) -> Picture:
    """Draw everything that input and target tokens see, in one picture: each dark frame is one softmax a row.

    Raises:
        ValueError: if `structure` is not a `Structure`.
    """
    tokens, source = [*SOURCE_TOKENS, *TARGET_TOKENS], len(SOURCE_TOKENS)
    whole = visibility(structure, source, len(TARGET_TOKENS))
    parts = mask_parts(structure, source, len(TARGET_TOKENS))
    title = f"Who sees whom: {structure.name}"
    with use_style():
        drawing, cell, high = grid_figure(tokens, tokens, title, below=0.3 * len(parts) + 0.5)
        grid = drawing.add_gridspec(len(tokens), len(tokens), wspace=0, hspace=0)
        for rows, columns, colour, edge, _ in parts:
            axes = drawing.add_subplot(grid[rows, columns])
            _fill_cells(axes, whole[rows, columns], colour, cell, high)
            # Columns of the target have no rows of the input above them (unless there is one stack).
            first = source if rows.start and not columns.start else 0
            keys = [""] * first + tokens[columns][first:]
            label_cells(axes, tokens[rows], keys, cell, "white")
            axes.tick_params(
                labelleft=columns.start == 0, labeltop=not rows.start or columns.stop == len(tokens)
            )
            axes.spines[:].set(color=edge, linewidth=2.5 if edge == INK else 4)
            axes.set_aspect("auto")
            if rows.stop == len(tokens) and not columns.start:
                axes.set_xlabel(KEYS, **AXIS_NAME)
        meanings = [(part.colour, part.meaning, part.edge) for part in parts]
        _explain(drawing, [*meanings, (HIDDEN, "hidden", INK)], columns=1)
    sees = "every input token" if structure.bidirectional_input else "itself and earlier input tokens only"
    description = (
        f"Mask of the structure {structure.name}: each input token sees {sees}; each target token sees the whole "
        f"input, itself and earlier target tokens. Colours: {'; '.join(part.meaning for part in parts)}."
    )
    return Picture(drawing, description)


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
