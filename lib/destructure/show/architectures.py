"""Drawings of any `Structure`: stacks of blocks, who sees whom inside them, and how the target reads the input."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from destructure.show.arrays import token_labels
from destructure.show.diagram_geometry import Geometry, Tokens
from destructure.show.diagram_parts import draw_glyphs, draw_legend, draw_panel
from destructure.show.diagram_plans import ArchitecturePlan, architecture_plan
from destructure.show.picture import Picture
from destructure.show.style import WIDTH, use_style
from destructure.show.token_grids import inch_figure, write_title
from destructure.structure import Structure

_SOURCE = ("That", "is", "good")
_TARGET = ("[BOS]", "Das", "ist", "gut")
_MARGIN, _TITLE, _LEGEND_LINE = 0.1, 0.4, 0.31  # inches


def architecture(
    structure: Structure,
    layers: int = 3,
    *,
    source: Sequence[str] = _SOURCE,
    target: Sequence[str] = _TARGET,
    title: str | None = None,
    legend: bool = True,
    alt: str | None = None,
) -> Picture:
    """Draw a structure: tokens at the bottom, predictions on top, blocks between, and how the target reads the input.

    Thin lines inside a block say who sees whom. Blue blocks hold the input's parameters, orange ones the target's,
    green ones serve both; cross-attention is wine red.

    Args:
        structure: any `Structure`, the tied third level of S1 included.
        layers: layers in each stack.
        source: input tokens.
        target: target tokens, beginning with [BOS]; above each stands the token that should follow.
        legend: whether to say below what each of the four switches is set to.
        title, alt: as for every picture; the title is the structure's name by default.

    Raises:
        ValueError: if `structure` is not a `Structure`, `layers` is not a whole number of 1 or more, or a side has
            no tokens.
    """
    tokens = _tokens(source, target)
    plan = architecture_plan(structure, layers, len(tokens.source), len(tokens.target))
    geometry = Geometry(plan, tokens, labelled=True)
    with use_style():
        below = 2 * _LEGEND_LINE + 0.2 if legend else 0.0
        height = _TITLE + geometry.height + below + 2 * _MARGIN
        figure = inch_figure(geometry.width + 2 * _MARGIN, height)
        axes = _inch_axes(figure)
        left = (figure.get_figwidth() - geometry.width) / 2
        draw_panel(axes, geometry, left, below + _MARGIN)
        write_title(figure, _MARGIN, title or structure.name)
        if legend:
            draw_legend(axes, plan.sentences, _MARGIN, 2 * _LEGEND_LINE - 0.05, columns=2)
    return Picture(figure, alt or _describe(plan, tokens))


def architecture_pair(
    first: Structure,
    second: Structure,
    layers: int = 2,
    *,
    source: Sequence[str] = _SOURCE,
    target: Sequence[str] = _TARGET,
    alt: str | None = None,
) -> Picture:
    """Draw two structures side by side; what differs between them is set in bold below.

    Args and errors are those of `architecture`.
    """
    tokens = _tokens(source, target)
    plans = [
        architecture_plan(one, layers, len(tokens.source), len(tokens.target)) for one in (first, second)
    ]
    panels = [Geometry(plan, tokens, labelled=False) for plan in plans]
    with use_style():
        below = 4 * _LEGEND_LINE + 0.75
        tall = max(panel.height for panel in panels)
        half = max(WIDTH / 2, *(panel.width + 2 * _MARGIN for panel in panels))
        figure = inch_figure(2 * half, _TITLE + tall + below + 2 * _MARGIN)
        axes = _inch_axes(figure)
        changes = [
            both for both in zip(*(plan.sentences for plan in plans), strict=True) if both[0] != both[1]
        ]
        changed = {mine.switch for mine, _ in changes}
        for number, (plan, panel) in enumerate(zip(plans, panels, strict=True)):
            left = number * half
            draw_panel(axes, panel, left + (half - panel.width) / 2, below + _MARGIN)
            write_title(figure, left + 2 * _MARGIN, plan.structure.name)
            draw_legend(axes, plan.sentences, left + 2 * _MARGIN, below - 0.25, columns=1, bold=changed)
        draw_glyphs(axes, figure.get_figwidth() / 2, 0.15)
    difference = "; ".join(f"{mine.text} against {its.text}" for mine, its in changes) or "no difference"
    names = " and ".join(plan.structure.name for plan in plans)
    return Picture(figure, alt or f"Drawings of {names} side by side: {difference}.")


def _describe(plan: ArchitecturePlan, tokens: Tokens) -> str:
    layers = f"{plan.layers} layer{'s' if plan.layers > 1 else ''}"
    stacks = f"Two stacks of {layers}, input left and target right"
    if plan.structure.is_single_stack:
        stacks = f"One stack of {layers} over input and target in a row"
    sentences = "; ".join(sentence.text for sentence in plan.sentences)
    read, written = " ".join(tokens.source), " ".join(tokens.following)
    return f"Drawing of the structure {plan.structure.name}. {stacks}: {sentences}. '{read}' becomes '{written}'."


def _tokens(*sides: Sequence[str]) -> Tokens:
    return Tokens(*(tuple(token_labels(side, len(side), "tokens")) for side in sides))


def _inch_axes(figure: Figure) -> Axes:
    """Axes over the whole figure in which one unit is one inch."""
    axes = figure.add_axes((0, 0, 1, 1))
    width, height = figure.get_size_inches()
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return axes
