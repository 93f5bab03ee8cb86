"""Where each part of an architecture drawing stands, in inches from the drawing's lower left corner."""

from dataclasses import dataclass

from destructure.show import diagram_plans as plans
from destructure.show.diagram_plans import ArchitecturePlan, Block
from destructure.show.style import text_width

TOKEN_HEIGHT = 0.36
STAGGER = 0.45  # how much higher every second token stands in a narrow drawing
_ROWS = {
    plans.SELF_ATTENTION: 0.54,
    plans.JOINT_ATTENTION: 0.54,
    plans.CROSS_ATTENTION: 0.48,
    plans.FEED_FORWARD: 0.36,
}
_BETWEEN_ROWS, _BETWEEN_LAYERS, _TOKEN_GAP = 0.1, 0.3, 0.32
_LAYER_NAME = 0.28  # "layer 1", upright at the left edge
_PADDING = 0.07  # between a block's edge and its first token


@dataclass(frozen=True)
class Tokens:
    """The texts at the bottom of a drawing, and those on top."""

    source: tuple[str, ...]
    target: tuple[str, ...]

    @property
    def following(self) -> tuple[str, ...]:
        """What should be predicted above each target token: the next one, and [EOS] at the end."""
        return (*self.target[1:], "[EOS]")


@dataclass(frozen=True)
class Rectangle:
    """Lower left corner, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2


class Geometry:
    """Measures of one drawing.

    Args:
        plan: what is to be drawn.
        tokens: the texts; they decide how wide the columns are.
        labelled: leave room inside each block for its name; without, the drawing is narrow, and every second token
            stands higher than its neighbours.
    """

    def __init__(self, plan: ArchitecturePlan, tokens: Tokens, labelled: bool):
        self.plan, self.tokens, self.labelled = plan, tokens, labelled
        self.name_room = 1.45 if labelled else 0.0
        self._gap = 0.58 if labelled else 0.5
        # An equals sign beside the target stack says that cross-attention borrows self-attention's parameters.
        self._tie_room = 0.36 if plan.structure.tied_cross_attention else 0.0
        single = plan.structure.is_single_stack
        widths = _widths if labelled else _staggered_widths
        start = _LAYER_NAME + self.name_room + _PADDING
        self.source_columns, self.source_end = _columns(widths(tokens.source), start)
        start = self.source_end + (0.0 if single else 2 * _PADDING + self._gap)
        self.target_columns, self.target_end = _columns(widths(tokens.target, tokens.following), start)
        self.target_start = start - _PADDING
        right = _PADDING if single else _PADDING + self.name_room + self._tie_room
        self.width = self.target_end + right
        # One row over input and target has many lines: they need height to stay apart.
        self._rows = _ROWS | ({plans.SELF_ATTENTION: 0.8} if single else {})
        self._offsets, top = {}, 0.0  # of each kind's row above the layer's lower edge
        for kind in (plans.SELF_ATTENTION, plans.CROSS_ATTENTION, plans.FEED_FORWARD):
            if kind != plans.CROSS_ATTENTION or plan.structure.separate_cross_attention:
                self._offsets[kind] = top
                top += self._rows[kind] + _BETWEEN_ROWS
        self._layer_height = top - _BETWEEN_ROWS
        token_room = TOKEN_HEIGHT + (0.0 if labelled else STAGGER)
        self._first_layer = token_room + _TOKEN_GAP
        self.top = self._first_layer + plan.layers * (self._layer_height + _BETWEEN_LAYERS) - _BETWEEN_LAYERS
        self.height = self.top + _TOKEN_GAP + token_room

    @property
    def gap_middle(self) -> float:
        """Where memory arrows rise or fall between the stacks."""
        return self.target_start - self._gap / 2

    def columns(self, stack: str) -> list[float]:
        """Horizontal middle of each of a stack's tokens."""
        own = {plans.INPUT: self.source_columns, plans.TARGET: self.target_columns}
        return own.get(stack, [*self.source_columns, *self.target_columns])

    def token_bottom(self, column: float, above: bool = False) -> float:
        """Lower edge of the token box at a column, at the bottom or (`above`) on top of the drawing."""
        columns = next(found for found in map(self.columns, self.plan.stacks) if column in found)
        raised = 0.0 if self.labelled or columns.index(column) % 2 == 0 else STAGGER
        return raised + (self.top + _TOKEN_GAP if above else 0.0)

    def port(self, block: Block) -> tuple[float, float]:
        """Where the memory enters a block: a further key, left of the stack's own."""
        area = self.block(block)
        return area.x + 0.13, area.y + 0.13

    def level(self, level: int) -> float:
        """Height at which the states after `level` layers are read."""
        if level == self.plan.layers:
            return self.top + _TOKEN_GAP / 2
        return self.layer(level + 1) - min(_BETWEEN_LAYERS, _TOKEN_GAP) / 2

    def layer(self, layer: int) -> float:
        """Lower edge of a layer."""
        return self._first_layer + (layer - 1) * (self._layer_height + _BETWEEN_LAYERS)

    def layer_band(self, layer: int) -> Rectangle:
        """The area of one layer across both stacks."""
        side = 0.06
        width = self.width - self._tie_room - _LAYER_NAME + 2 * side
        return Rectangle(_LAYER_NAME - side, self.layer(layer) - side, width, self._layer_height + 2 * side)

    def block(self, block: Block) -> Rectangle:
        """The area of one block."""
        kind = plans.SELF_ATTENTION if block.kind == plans.JOINT_ATTENTION else block.kind
        y = self.layer(block.layer) + self._offsets[kind]
        if block.stack == plans.TARGET:
            left, right = self.target_start, self.target_end + _PADDING + self.name_room
        else:
            end = self.source_end if block.stack == plans.INPUT else self.target_end
            left, right = _LAYER_NAME, end + _PADDING
        return Rectangle(left, y, right - left, self._rows[kind])

    def name_place(self, block: Block) -> tuple[float, float]:
        """Where a block's name is centred."""
        area = self.block(block)
        x = area.x + self.name_room / 2
        if block.stack == plans.TARGET:
            x = area.x + area.width - self.name_room / 2
        return x, area.middle[1]


def _widths(*rows: tuple[str, ...]) -> list[float]:
    """Width of each column: its widest token, in a box."""
    return [max(0.4, *(text_width(token) + 0.15 for token in column)) for column in zip(*rows, strict=True)]


def _staggered_widths(*rows: tuple[str, ...]) -> list[float]:
    """Equal columns, so narrow that neighbouring boxes would touch if they stood at the same height."""
    widest = max(text_width(token) for row in rows for token in row) + 0.12
    return [max(0.36, widest / 2 + 0.07)] * len(rows[0])


def _columns(widths: list[float], start: float) -> tuple[list[float], float]:
    """The middle of each column, and where the last one ends."""
    return [start + sum(widths[:place]) + width / 2 for place, width in enumerate(widths)], start + sum(
        widths
    )
