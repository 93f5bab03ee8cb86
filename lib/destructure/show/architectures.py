"""Drawings of any `Structure`: stacks of blocks, who sees whom inside them, and how the target reads the input.

Blue blocks hold the input's parameters, orange ones the target's, green ones serve both; cross-attention is wine red.
Thin lines inside a block say who sees whom. All measures are inches.
"""

from collections.abc import Collection, Sequence
from itertools import accumulate, pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.transforms import Bbox

from destructure.show import diagram_plans as plans
from destructure.show import style
from destructure.show.diagram_plans import SOURCE_TOKENS, TARGET_TOKENS, ArchitecturePlan, Block
from destructure.show.picture import Picture
from destructure.show.style import CROSS_ATTENTION, INK, QUIET, SHARED, SOURCE, TARGET, text_width
from destructure.structure import Structure

_FOLLOWING = (*TARGET_TOKENS[1:], "[EOS]")  # what should be predicted above each target token
_ROWS = {plans.SELF_ATTENTION: 0.5, plans.CROSS_ATTENTION: 0.44, plans.FEED_FORWARD: 0.34}
_LOWER = 0.1  # by how much rows without a name are lower
_TOKEN, _TOKEN_GAP, _BETWEEN_ROWS, _BETWEEN_LAYERS = 0.33, 0.22, 0.07, 0.22
_LAYER_NAME, _PORTS = 0.26, 0.22  # "layer 1" at the left edge; from a block's left edge to its first token
_MARGIN, _TITLE, _LEGEND_LINE = 0.06, 0.34, 0.26
_BAND = "#D5EDE3"  # a breath of the shared green behind layers that both stacks use
_ASIDE = {"style": "italic", "color": QUIET}


def architecture(structure: Structure, layers: int = 3) -> Picture:
    """Draw a structure: tokens at the bottom, predictions on top, blocks between, and what each switch is set to.

    Args:
        structure: any `Structure`, the tied third level of S1 included.
        layers: layers in each stack.

    Raises:
        ValueError: if `structure` is not a `Structure`, or `layers` is not a whole number of 1 or more.
    """
    plan = plans.architecture_plan(structure, layers)
    stacks = "One stack of {} over input and target in a row"
    if not structure.is_single_stack:
        stacks = "Two stacks of {}, input left and target right"
    stacks = stacks.format(f"{layers} layer{'s' if layers > 1 else ''}")
    sentences = "; ".join(sentence.text for sentence in plan.sentences)
    texts = f"'{' '.join(SOURCE_TOKENS)}' becomes '{' '.join(_FOLLOWING)}'"
    alt = f"Drawing of the structure {structure.name}. {stacks}: {sentences}. {texts}."
    return Picture(_drawing([plan], changed=()), alt)


def architecture_pair(first: Structure, second: Structure, layers: int = 2) -> Picture:
    """Draw two structures side by side; what differs between them is set in bold below.

    Args and errors are those of `architecture`.
    """
    both = [plans.architecture_plan(each, layers) for each in (first, second)]
    lines = zip(*(plan.sentences for plan in both), strict=True)
    changes = [(mine, its) for mine, its in lines if mine != its]
    difference = "; ".join(f"{mine.text} against {its.text}" for mine, its in changes) or "no difference"
    names = " and ".join(plan.title for plan in both)
    drawing = _drawing(both, changed={mine.switch for mine, _ in changes})
    return Picture(drawing, f"Drawings of {names} side by side: {difference}.")


def _drawing(several: Sequence[ArchitecturePlan], changed: Collection[str]) -> Figure:
    """One plan with names in its blocks, or two narrow ones side by side with samples of the blocks below."""
    alone = len(several) == 1
    panels = [Panel(plan, labelled=alone) for plan in several]
    texts = [sentence.text for plan in several for sentence in plan.sentences]
    room = max(panel.width + 2 * _MARGIN for panel in panels)
    lines = [1.1 * text_width(text) + 0.9 for text in texts]  # bold is wider
    room = max(style.WIDTH / len(panels), room, *lines)
    below = 2 * _LEGEND_LINE + 0.16 if alone else 4 * _LEGEND_LINE + 0.4
    height = _TITLE + max(panel.height for panel in panels) + below + 2 * _MARGIN
    with style.use_style():
        figure = Figure(figsize=(len(panels) * room, height), dpi=style.DOTS_PER_INCH)
        for number, panel in enumerate(panels):
            corner = number * room + (room - panel.width) / 2, below + _MARGIN
            panel.draw(_axes(figure, *corner, panel.width, panel.height))
            left = number * room + (1 if alone else 2) * _MARGIN
            line = _axes(figure, left, 0, room * len(panels) - left, height)
            line.text(0, height - 0.1, panel.plan.title, va="top", weight="bold", size=15, parse_math=False)
            _draw_legend(line, panel.plan.sentences, below - 0.18, 2 if alone else 4, changed)
        if not alone:
            _draw_samples(_axes(figure, 0, 0, 2 * room, height), room)
    return figure


class Panel:
    """One drawing of a plan: where its parts stand, in inches from its lower left corner, and the strokes.

    Without labels it is small: blocks have no names, and tokens stand close together.
    """

    def __init__(self, plan: ArchitecturePlan, labelled: bool):
        self.plan, self.labelled, structure = plan, labelled, plan.structure
        self.single = structure.is_single_stack
        self.name_room, self._gap, self._edge = (1.45, 0.45, 0.28) if labelled else (0.0, 0.34, 0.15)
        start = _LAYER_NAME + self.name_room + self._edge
        unnamed = ("",) * len(SOURCE_TOKENS)
        if self.single:
            columns = self._columns(start, SOURCE_TOKENS + TARGET_TOKENS, unnamed + _FOLLOWING)
            self.sources, self.targets = columns[: len(unnamed)], columns[len(unnamed) :]
            self.source_end = self.target_start = (self.sources[-1] + self.targets[0]) / 2
        else:
            self.sources = self._columns(start, SOURCE_TOKENS)
            self.source_end = self.sources[-1] + self._edge
            self.target_start = self.source_end + self._gap
            self.targets = self._columns(self.target_start + _PORTS, TARGET_TOKENS, _FOLLOWING)
        self.target_end = self.targets[-1] + self._edge + (0.0 if self.single else self.name_room)
        # An equals sign beside the target stack says that cross-attention borrows self-attention's parameters.
        self._tie_room = 0.36 if structure.tied_cross_attention else 0.0
        self.width = max(self.target_end + self._tie_room, self.targets[-1] + text_width(_FOLLOWING[-1]) / 2)
        lower = 0.0 if labelled else _LOWER
        self._rows = {kind: height - lower for kind, height in _ROWS.items()}
        if self.single:  # one row over input and target has many lines: they need height to stay apart
            self._rows[plans.SELF_ATTENTION] = 0.8
        if not structure.separate_cross_attention:
            del self._rows[plans.CROSS_ATTENTION]
        self._layer_height = sum(self._rows.values()) + _BETWEEN_ROWS * (len(self._rows) - 1)
        self.top = self.layer(plan.layers + 1) - _BETWEEN_LAYERS
        self.height = self.top + _TOKEN_GAP + _TOKEN

    def _columns(self, start: float, *rows: Sequence[str]) -> list[float]:
        """The middle of each token's column, the first at `start`: no box of a row touches its neighbour."""
        room, widths = 0.28 if self.labelled else 0.16, [[text_width(token) for token in row] for row in rows]
        steps = [max(map(sum, zip(*pair, strict=True))) / 2 for pair in pairwise(zip(*widths, strict=True))]
        return list(accumulate((max(0.36, step + room) for step in steps), initial=start))

    def columns(self, stack: str) -> list[float]:
        """Horizontal middle of each of a stack's tokens."""
        return {plans.INPUT: self.sources, plans.TARGET: self.targets}.get(stack, self.sources + self.targets)

    def level(self, level: int) -> float:
        """Height at which the states after `level` layers are read."""
        if level == self.plan.layers:
            return self.top + _TOKEN_GAP / 2
        return self.layer(level + 1) - _BETWEEN_LAYERS / 2

    def layer(self, layer: int) -> float:
        """Lower edge of a layer."""
        return _TOKEN + _TOKEN_GAP + (layer - 1) * (self._layer_height + _BETWEEN_LAYERS)

    def block(self, block: Block) -> Bbox:
        """The area of one block."""
        kinds = list(self._rows)
        row = kinds.index(plans.SELF_ATTENTION if block.kind == plans.JOINT_ATTENTION else block.kind)
        y = self.layer(block.layer) + sum(self._rows[kind] + _BETWEEN_ROWS for kind in kinds[:row])
        left, right = _LAYER_NAME, self.target_end if self.single else self.source_end
        if block.stack == plans.TARGET:
            left, right = self.target_start, self.target_end
        return Bbox.from_extents(left, y, right, y + self._rows[kinds[row]])

    def ports(self, block: Block) -> list[tuple[float, float]]:
        """Where the memory enters a block: a further key per input token, left of the stack's own."""
        area = self.block(block)
        return [(area.x0 + 0.1, area.y0 + 0.08 + 0.1 * place) for place in range(len(SOURCE_TOKENS))]

    def draw(self, axes: Axes) -> None:
        """Draw everything, the lower left corner at (0, 0)."""
        self._draw_bands(axes)
        self._draw_streams(axes)
        for block in self.plan.blocks:
            self._draw_block(axes, block)
        self._draw_memory(axes)
        self._draw_tokens(axes)
        for layer in range(1, self.plan.layers + 1):
            middle = self.layer(layer) + self._layer_height / 2
            _text(axes, 0.1, middle, f"layer {layer}", rotation=90, color=QUIET)

    def _draw_bands(self, axes: Axes) -> None:
        """Behind a layer that both stacks use lies one band, so that it reads as one layer in grey too."""
        look = {"facecolor": _BAND, "edgecolor": SHARED, "linewidth": 1.2, "zorder": 0, "rounding": 0.1}
        shared = not (self.plan.structure.separate_parameters or self.single)
        for layer in range(1, self.plan.layers + 1) if shared else ():
            y = self.layer(layer)
            area = Bbox.from_extents(_LAYER_NAME, y, self.width - self._tie_room, y + self._layer_height)
            _box(axes, area.padded(0.06), **look)

    def _draw_streams(self, axes: Axes) -> None:
        """Each token's vector rises from its box: to the prediction, or to the top of the input stack."""
        thin = {"color": QUIET, "linewidth": 1.2, "zorder": 1}
        top = self.level(self.plan.layers) if self.plan.structure.final_layer_memory else self.top
        for x in self.sources:
            _line(axes, [(x, _TOKEN), (x, top)], **thin)
        for x in self.targets:
            end = self.top + _TOKEN_GAP
            _line(axes, [(x, _TOKEN), (x, end - 0.05)], **thin)
            _arrow(axes, (x, end - 0.1), (x, end), **thin)

    def _draw_block(self, axes: Axes, block: Block) -> None:
        structure, area = self.plan.structure, self.block(block)
        colour = block_colour(block, structure)
        on_it = {"color": "white" if colour in (SOURCE, CROSS_ATTENTION) else INK}
        borrowed = block.kind == plans.CROSS_ATTENTION and structure.tied_cross_attention
        edge, width = (CROSS_ATTENTION, 4) if borrowed else (INK, 1)
        _box(axes, area, facecolor=colour, zorder=2, edgecolor=edge, linewidth=width)
        columns, low, high = self.columns(block.stack), area.y0 + 0.05, area.y1 - 0.05
        thin = on_it | {"linewidth": 1.2, "zorder": 3}
        for query, key in block.lines:
            _line(axes, [(columns[key], low), (columns[query], high)], **thin)
        if self.single:  # where the input ends and the target begins
            edge = [(self.source_end, area.y0), (self.source_end, area.y1)]
            _line(axes, edge, **on_it, linewidth=1.5, linestyle=(0, (1.5, 2)), zorder=3)
        if block.kind in (plans.CROSS_ATTENTION, plans.JOINT_ATTENTION):
            for port in self.ports(block):
                _line(axes, [port], **on_it, marker="s", markersize=4.5, zorder=3)
                for x in columns:  # every target token sees all of the memory
                    _line(axes, [port, (x, high)], **thin)
        if self.labelled:
            middle = self.name_room / 2
            x = area.x1 - middle if block.stack == plans.TARGET else area.x0 + middle
            _text(axes, x, (area.y0 + area.y1) / 2, block.kind, **on_it, zorder=4)

    def _draw_memory(self, axes: Axes) -> None:
        """From the input's states to the target's blocks: one bus from the top, or one step in every layer."""
        stroke = {"color": INK, "linewidth": 2.2, "zorder": 5}
        middle, final = self.target_start - self._gap / 2, self.plan.structure.final_layer_memory
        for level, layer, kind in self.plan.arrows:
            reader = self.plan.block(plans.TARGET, layer, kind)
            port, height = self.ports(reader)[1][1], self.level(level)
            bus = [(self.sources[0], height), (middle, height), (middle, port)]
            _line(axes, bus, solid_joinstyle="round", **stroke)
            _arrow(axes, (middle, port), (self.target_start, port), **stroke)
            for x in self.sources:
                _line(axes, [(x, height)], marker="o", markersize=7, **stroke)
            if self.plan.structure.tied_cross_attention:  # a bracket: it borrows self-attention's parameters
                own = self.block(self.plan.block(plans.TARGET, layer, plans.SELF_ATTENTION))
                borrowed = self.block(reader)
                low, high = (own.y0 + own.y1) / 2, (borrowed.y0 + borrowed.y1) / 2
                x, look = own.x1, {"color": CROSS_ATTENTION, "zorder": 5}
                _line(axes, [(x, low), (x + 0.14, low), (x + 0.14, high), (x, high)], linewidth=2, **look)
                _text(axes, x + 0.28, (low + high) / 2, "=", color=CROSS_ATTENTION, weight="bold", size=16)
        if self.labelled and final and not self.single:
            x = _LAYER_NAME + self.name_room - 0.05
            _text(axes, x, self.level(self.plan.layers), "final states", ha="right", **_ASIDE)

    def _draw_tokens(self, axes: Axes) -> None:
        """Boxes of tokens and, where blocks have names, what each row of them is, left or right of it."""
        rows = (
            (SOURCE_TOKENS, self.sources, 0.0, SOURCE, "input, target" if self.single else "input", True),
            (TARGET_TOKENS, self.targets, 0.0, TARGET, "" if self.single else "target so far", False),
            (_FOLLOWING, self.targets, self.top + _TOKEN_GAP, TARGET, "prediction", self.single),
        )
        for texts, columns, level, colour, name, is_left in rows:
            for text, x in zip(texts, columns, strict=True):
                y, half = level, text_width(text) / 2 + 0.06
                look = {"facecolor": "white", "edgecolor": colour, "linewidth": 1.8, "zorder": 2}
                _box(axes, Bbox.from_extents(x - half, y, x + half, y + _TOKEN), **look)
                _text(axes, x, y + _TOKEN / 2 - 0.01, text, zorder=4)
            if self.labelled and name:
                place, side, align = (0, -1, "right") if is_left else (-1, 1, "left")
                x = columns[place] + side * (text_width(texts[place]) / 2 + 0.15)
                _text(axes, x, level + _TOKEN / 2, name, ha=align, **_ASIDE)


def block_colour(block: Block, structure: Structure) -> str:
    """The colour that says whose parameters a block has."""
    if block.kind == plans.CROSS_ATTENTION and not structure.tied_cross_attention:
        return CROSS_ATTENTION
    if not structure.separate_parameters:
        return SHARED
    return SOURCE if block.stack == plans.INPUT else TARGET


def _draw_legend(
    axes: Axes, sentences: Sequence[plans.Sentence], y: float, rows: int, bold: Collection[str]
) -> None:
    """The four sentences, the first at height `y`, in columns of `rows`; ✓ marks what is present."""
    for number, (switch, present, text) in enumerate(sentences):
        left = number // rows * axes.get_xlim()[1] * rows / len(sentences)
        line = y - _LEGEND_LINE * (number % rows)
        look = {"color": INK if present else QUIET, "va": "center"}
        axes.text(left, line, "✓" if present else "✗", weight="bold", **look)
        weight = "bold" if switch in bold else "normal"
        axes.text(left + 0.24, line, f"S{number + 1}  {text}", weight=weight, **look)


def _draw_samples(axes: Axes, middle: float) -> None:
    """Explain the unlabelled blocks of a pair: small samples of the lines in them."""
    low, high, port, columns = 0.08, 0.3, 0.08, (0.12, 0.31, 0.5)
    samples = {
        "attention": [((key, low), (query, high)) for query in columns for key in columns if key <= query],
        "attention to the input": [
            ((port, 0.12 + 0.1 * key), (query, high)) for query in columns for key in (0, 1)
        ],
        "feed-forward": [((column, low), (column, high)) for column in columns],
    }
    side, gap = 0.62, 0.35
    x = middle - (sum(side + 0.1 + text_width(name) for name in samples) + gap * (len(samples) - 1)) / 2
    for name, lines in samples.items():
        _box(axes, Bbox.from_bounds(x, 0.04, side, 0.3), facecolor="white", edgecolor=INK, linewidth=1.0)
        if lines[0][0][0] == port:
            for key in (0, 1):
                _line(axes, [(x + port, 0.12 + 0.1 * key)], color=INK, marker="s", markersize=4)
        for line in lines:
            _line(axes, [(x + across, y) for across, y in line], color=INK, linewidth=1.2)
        _text(axes, x + side + 0.1, 0.19, name, ha="left")
        x += side + 0.1 + text_width(name) + gap


def _axes(figure: Figure, x: float, y: float, width: float, height: float) -> Axes:
    """Axes with their lower left corner at (x, y) in which one unit is one inch; nothing is cut at their edge."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((x / across, y / up, width / across, height / up))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.axis("off")
    return axes


def _line(axes: Axes, points: Sequence[tuple[float, float]], **look) -> None:
    axes.plot(*zip(*points, strict=True), **{"linestyle": "-", "clip_on": False} | look)


def _box(axes: Axes, area: Bbox, rounding: float = 0.06, **look) -> None:
    shape = f"round,pad=0,rounding_size={rounding}"
    axes.add_patch(FancyBboxPatch(area.p0, area.width, area.height, boxstyle=shape, clip_on=False, **look))


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], **look) -> None:
    head = {"arrowstyle": "-|>,head_length=0.5,head_width=0.28", "mutation_scale": 14}
    axes.add_patch(FancyArrowPatch(start, end, shrinkA=0, shrinkB=0, clip_on=False, **head, **look))


def _text(axes: Axes, x: float, y: float, text: str, **look) -> None:
    axes.text(x, y, text, **{"ha": "center", "va": "center", "parse_math": False} | look)
