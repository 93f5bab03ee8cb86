"""The strokes of an architecture drawing: blocks, lines, arrows, tokens, legend. Units are inches."""

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from destructure.show import diagram_plans as plans
from destructure.show.diagram_geometry import TOKEN_HEIGHT, Geometry, Rectangle
from destructure.show.diagram_plans import Block, Sentence
from destructure.show.style import CROSS_ATTENTION, INK, QUIET, SHARED, SOURCE, TARGET, text_width
from destructure.structure import Structure

_BAND = "#D5EDE3"  # a breath of the shared green behind layers that both stacks use
_DARK = (SOURCE, CROSS_ATTENTION)  # colours that need white on them
_ASIDE = {"style": "italic", "color": QUIET}


def draw_panel(axes: Axes, geometry: Geometry, x: float, y: float) -> None:
    """Draw one architecture with its lower left corner at (x, y)."""
    pen = _Pen(axes, x, y)
    _draw_bands(pen, geometry)
    _draw_streams(pen, geometry)
    for block in geometry.plan.blocks:
        _draw_block(pen, geometry, block)
    _draw_memory(pen, geometry)
    _draw_ties(pen, geometry)
    _draw_tokens(pen, geometry)
    if geometry.labelled:
        _name_rows(pen, geometry)
    for layer in range(1, geometry.plan.layers + 1):
        pen.text(0.1, geometry.layer_band(layer).middle[1], f"layer {layer}", rotation=90, color=QUIET)


def block_colour(block: Block, structure: Structure) -> str:
    """The colour that says whose parameters a block has."""
    if block.kind == plans.CROSS_ATTENTION and not structure.tied_cross_attention:
        return CROSS_ATTENTION
    if not structure.separate_parameters:
        return SHARED
    return SOURCE if block.stack == plans.INPUT else TARGET


class _Pen:
    def __init__(self, axes: Axes, x: float, y: float):
        self.axes, self.x, self.y = axes, x, y

    def line(self, points: Sequence[tuple[float, float]], **style) -> None:
        xs, ys = zip(*((self.x + x, self.y + y) for x, y in points), strict=True)
        self.axes.plot(xs, ys, linestyle=style.pop("linestyle", "-"), **style)

    def box(self, area: Rectangle, rounding: float = 0.06, **style) -> None:
        shape = f"round,pad=0,rounding_size={rounding}"
        corner = self.x + area.x, self.y + area.y
        self.axes.add_patch(FancyBboxPatch(corner, area.width, area.height, boxstyle=shape, **style))

    def text(self, x: float, y: float, text: str, **style) -> None:
        style = {"ha": "center", "va": "center", "parse_math": False} | style
        self.axes.text(self.x + x, self.y + y, text, **style)

    def arrow(self, start: tuple[float, float], end: tuple[float, float], **style) -> None:
        points = [(self.x + x, self.y + y) for x, y in (start, end)]
        head = {"arrowstyle": "-|>,head_length=0.5,head_width=0.28", "mutation_scale": 14}
        self.axes.add_patch(FancyArrowPatch(*points, shrinkA=0, shrinkB=0, **head, **style))


def _draw_bands(pen: _Pen, geometry: Geometry) -> None:
    """Behind a layer that both stacks use lies one band, so that it reads as one layer in grey too."""
    if geometry.plan.structure.separate_parameters or len(geometry.plan.stacks) == 1:
        return
    look = {"facecolor": _BAND, "edgecolor": SHARED, "linewidth": 1.2, "zorder": 0}
    for layer in range(1, geometry.plan.layers + 1):
        pen.box(geometry.layer_band(layer), rounding=0.1, **look)


def _draw_streams(pen: _Pen, geometry: Geometry) -> None:
    """Each token's vector rises from its box: to the prediction, or to the top of the input stack."""
    last = geometry.plan.layers
    top = geometry.level(last) if geometry.plan.structure.final_layer_memory else geometry.top
    style = {"color": QUIET, "linewidth": 1.2, "zorder": 1}
    for x in geometry.source_columns:
        pen.line([(x, geometry.token_bottom(x) + TOKEN_HEIGHT), (x, top)], **style)
    for x in geometry.target_columns:
        end = geometry.token_bottom(x, above=True)
        pen.line([(x, geometry.token_bottom(x) + TOKEN_HEIGHT), (x, end - 0.05)], **style)
        pen.arrow((x, end - 0.1), (x, end), **style)


def _draw_block(pen: _Pen, geometry: Geometry, block: Block) -> None:
    structure, area = geometry.plan.structure, geometry.block(block)
    colour = block_colour(block, structure)
    on_it = "white" if colour in _DARK else INK
    borrowed = block.kind == plans.CROSS_ATTENTION and structure.tied_cross_attention
    edge, width = (CROSS_ATTENTION, 4) if borrowed else (INK, 1)
    pen.box(area, facecolor=colour, zorder=2, edgecolor=edge, linewidth=width)
    columns = geometry.columns(block.stack)
    low, high = area.y + 0.05, area.y + area.height - 0.05
    for query, key in block.lines:
        pen.line([(columns[key], low), (columns[query], high)], color=on_it, linewidth=1.2, zorder=3)
    if block.stack == plans.BOTH:  # where the input ends and the target begins
        edge = [(geometry.source_end, y) for y in (area.y, area.y + area.height)]
        pen.line(edge, color=on_it, linewidth=1.5, linestyle=(0, (1.5, 2)), zorder=3)
    if block.kind in (plans.CROSS_ATTENTION, plans.JOINT_ATTENTION):
        port = geometry.port(block)
        pen.line([port], color=on_it, marker="s", markersize=6, zorder=3)
        for x in columns:  # every target token sees all of the memory
            pen.line([port, (x, high)], color=on_it, linewidth=1.2, zorder=3)
    if geometry.labelled:
        pen.text(*geometry.name_place(block), block.kind, color=on_it, zorder=4)


def _draw_memory(pen: _Pen, geometry: Geometry) -> None:
    """From the input's states to the target's blocks: one bus from the top, or one step in every layer."""
    stroke = {"color": INK, "linewidth": 2.2, "zorder": 5}
    first, middle = geometry.source_columns[0], geometry.gap_middle
    for arrow in geometry.plan.arrows:
        reader = geometry.plan.block(plans.TARGET, arrow.to_layer, arrow.to_kind)
        port, level = geometry.port(reader)[1], geometry.level(arrow.from_level)
        pen.line([(first, level), (middle, level), (middle, port)], solid_joinstyle="round", **stroke)
        pen.arrow((middle, port), (geometry.target_start, port), **stroke)
        for x in geometry.source_columns:
            pen.line([(x, level)], marker="o", markersize=7, **stroke)
    if geometry.labelled and geometry.plan.structure.final_layer_memory:
        x = geometry.block(geometry.plan.blocks[0]).x + geometry.name_room - 0.05
        pen.text(x, geometry.level(geometry.plan.layers), "final states", ha="right", **_ASIDE)


def _draw_ties(pen: _Pen, geometry: Geometry) -> None:
    """A bracket with an equals sign: cross-attention borrows self-attention's parameters."""
    if not geometry.plan.structure.tied_cross_attention:
        return
    for layer in range(1, geometry.plan.layers + 1):
        own = geometry.block(geometry.plan.block(plans.TARGET, layer, plans.SELF_ATTENTION))
        borrowed = geometry.block(geometry.plan.block(plans.TARGET, layer, plans.CROSS_ATTENTION))
        x, low, high = own.x + own.width, own.middle[1], borrowed.middle[1]
        bracket = [(x, low), (x + 0.14, low), (x + 0.14, high), (x, high)]
        pen.line(bracket, color=CROSS_ATTENTION, linewidth=2, zorder=5)
        pen.text(x + 0.28, (low + high) / 2, "=", color=CROSS_ATTENTION, weight="bold", size=16)


def _draw_tokens(pen: _Pen, geometry: Geometry) -> None:
    tokens = geometry.tokens
    rows = (
        (tokens.source, geometry.source_columns, False, SOURCE),
        (tokens.target, geometry.target_columns, False, TARGET),
        (tokens.following, geometry.target_columns, True, TARGET),
    )
    for texts, columns, above, colour in rows:
        for text, x in zip(texts, columns, strict=True):
            y, width = geometry.token_bottom(x, above), text_width(text) + 0.12
            area = Rectangle(x - width / 2, y, width, TOKEN_HEIGHT)
            pen.box(area, facecolor="white", edgecolor=colour, linewidth=1.8, zorder=2)
            pen.text(x, y + TOKEN_HEIGHT / 2 - 0.01, text, zorder=4)


def _name_rows(pen: _Pen, geometry: Geometry) -> None:
    """What the rows of tokens are, left of the first or right of the last one."""
    tokens, single = geometry.tokens, len(geometry.plan.stacks) == 1
    top = geometry.token_bottom(geometry.target_columns[0], above=True)
    rows = [
        ("input, target" if single else "input", geometry.source_columns, tokens.source, 0.0, True),
        ("prediction", geometry.target_columns, tokens.following, top, single),
    ]
    if not single:
        rows.append(("target so far", geometry.target_columns, tokens.target, 0.0, False))
    for name, columns, texts, y, is_left in rows:
        place, side = (0, -1) if is_left else (-1, 1)
        x = columns[place] + side * (text_width(texts[place]) / 2 + 0.15)
        pen.text(x, y + TOKEN_HEIGHT / 2, name, ha="right" if is_left else "left", **_ASIDE)


def draw_legend(
    axes: Axes, sentences: Sequence[Sentence], x: float, y: float, columns: int, bold: Collection[str] = ()
) -> None:
    """Write the four sentences in one or two columns, the first at (x, y); ✓ marks what is present."""
    rows = -(-len(sentences) // columns)
    for number, sentence in enumerate(sentences):
        left = x + (number // rows) * (axes.get_xlim()[1] - x) / columns
        line = y - 0.31 * (number % rows)
        colour = INK if sentence.present else QUIET
        weight = "bold" if sentence.switch in bold else "normal"
        mark = "✓" if sentence.present else "✗"
        text = f"S{Structure.SWITCHES.index(sentence.switch) + 1}  {sentence.text}"
        axes.text(left, line, mark, color=colour, weight="bold", va="center")
        axes.text(left + 0.24, line, text, color=colour, weight=weight, va="center")


def draw_glyphs(axes: Axes, middle: float, y: float) -> None:
    """Explain the unlabelled blocks of a pair: small samples of the lines in them."""
    low, high, port = 0.04, 0.26, (0.08, 0.08)
    columns = (0.12, 0.31, 0.5)
    samples = {
        "attention": [((key, low), (query, high)) for query in columns for key in columns if key <= query],
        "attention to the input": [(port, (query, high)) for query in columns],
        "feed-forward": [((column, low), (column, high)) for column in columns],
    }
    side, gap = 0.62, 0.35
    total = sum(side + 0.1 + text_width(name) for name in samples) + gap * (len(samples) - 1)
    x = middle - total / 2
    for name, lines in samples.items():
        pen = _Pen(axes, x, y)
        pen.box(Rectangle(0, 0, side, 0.3), facecolor="white", edgecolor=INK, linewidth=1.0)
        if lines[0][0] == port:
            pen.line([port], color=INK, marker="s", markersize=5)
        for line in lines:
            pen.line(line, color=INK, linewidth=1.2)
        pen.text(side + 0.1, 0.15, name, ha="left")
        x += side + 0.1 + text_width(name) + gap
