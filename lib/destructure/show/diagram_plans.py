"""What an architecture drawing must contain, as plain data: blocks, memory arrows, sentences. No matplotlib here.

Drawing is left to `architectures`; whatever is right or wrong about a drawing is decided, and tested, here.
"""

from dataclasses import dataclass

from destructure.structure import Structure

INPUT, TARGET, BOTH = "input", "target", "both"
SELF_ATTENTION, JOINT_ATTENTION = "self-attention", "joint attention"
CROSS_ATTENTION, FEED_FORWARD = "cross-attention", "feed-forward"


@dataclass(frozen=True)
class Block:
    """One sub-layer of one stack.

    Attributes:
        stack: "input", "target", or "both" where one stack runs over input and target written in a row.
        layer: 1 for the lowest.
        kind: "self-attention", "joint attention" (one softmax over memory and target), "cross-attention" or
            "feed-forward".
        parameters: name of the block's parameters; blocks with the same name *are* the same tensors.
        lines: (query, key) pairs of the stack's own tokens, counted from 0, between which a line is drawn: who
            sees whom. In a feed-forward block each token sees only itself. Memory comes by a `MemoryArrow`.
    """

    stack: str
    layer: int
    kind: str
    parameters: str
    lines: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MemoryArrow:
    """How the target reads the input: the states after `from_level` input layers go to target layer `to_layer`.

    Level 0 is the embedding, so level l - 1 is what input layer l reads.
    """

    from_level: int
    to_layer: int
    to_kind: str


@dataclass(frozen=True)
class Sentence:
    """One line of the legend: a switch, whether the structure is present, and what that means in plain words."""

    switch: str
    present: bool
    text: str


@dataclass(frozen=True)
class ArchitecturePlan:
    """Everything the drawing of a structure shows.

    Attributes:
        structure: which of the architectures.
        layers: layers in each stack.
        source_length, target_length: tokens at the bottom.
        blocks: from the lowest to the highest, the input's before the target's.
        arrows: how the target gets at the input; none where one stack runs over both.
        sentences: the legend, one a switch.
    """

    structure: Structure
    layers: int
    source_length: int
    target_length: int
    blocks: tuple[Block, ...]
    arrows: tuple[MemoryArrow, ...]
    sentences: tuple[Sentence, ...]

    @property
    def stacks(self) -> tuple[str, ...]:
        """The columns of the drawing, from left to right."""
        return (BOTH,) if self.structure.is_single_stack else (INPUT, TARGET)

    def reads_memory(self, block: Block) -> bool:
        """Whether a memory arrow ends at this block."""
        place = (block.stack, block.layer, block.kind)
        return any(place == (TARGET, arrow.to_layer, arrow.to_kind) for arrow in self.arrows)

    def block(self, stack: str, layer: int, kind: str) -> Block:
        """Find one block.

        Raises:
            ValueError: if the plan has no such block.
        """
        for block in self.blocks:
            if (block.stack, block.layer, block.kind) == (stack, layer, kind):
                return block
        raise ValueError(
            f"There is no {kind} block in layer {layer} of the {stack} stack of {self.structure}."
        )


def architecture_plan(
    structure: Structure, layers: int = 3, source_length: int = 3, target_length: int = 4
) -> ArchitecturePlan:
    """Work out the blocks, lines and arrows of a structure (CS25 V4, 23:32 to 27:03).

    Raises:
        ValueError: if `structure` is not a `Structure`, or a number is not a whole number of 1 or more.
    """
    if not isinstance(structure, Structure):
        raise ValueError(f"{structure!r} is not a Structure; use one such as Structure.named('prefix LM').")
    sizes = {"layers": layers, "source_length": source_length, "target_length": target_length}
    for name, value in sizes.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} is {value!r}; it must be a whole number of 1 or more.")
    levels = range(1, layers + 1)
    if structure.is_single_stack:
        blocks, arrows = (
            [
                block
                for layer in levels
                for block in _single_layer(structure, layer, source_length, target_length)
            ],
            (),
        )
    else:
        blocks = [block for layer in levels for block in _input_layer(structure, layer, source_length)]
        blocks += [block for layer in levels for block in _target_layer(structure, layer, target_length)]
        reader = CROSS_ATTENTION if structure.separate_cross_attention else JOINT_ATTENTION
        level = (lambda layer: layers) if structure.final_layer_memory else (lambda layer: layer - 1)
        arrows = tuple(MemoryArrow(level(layer), layer, reader) for layer in levels)
    return ArchitecturePlan(
        structure, layers, source_length, target_length, tuple(blocks), arrows, _sentences(structure)
    )


def _single_layer(structure: Structure, layer: int, source_length: int, target_length: int) -> list[Block]:
    length = source_length + target_length
    lines = _earlier(length)
    if structure.bidirectional_input:
        lines += tuple(
            (query, key) for query in range(source_length) for key in range(query + 1, source_length)
        )
    return [
        Block(BOTH, layer, SELF_ATTENTION, f"layer {layer} attention", tuple(sorted(lines))),
        Block(BOTH, layer, FEED_FORWARD, f"layer {layer} feed-forward", _alone(length)),
    ]


def _input_layer(structure: Structure, layer: int, length: int) -> list[Block]:
    owner = f"input layer {layer}" if structure.separate_parameters else f"layer {layer}"
    everyone = tuple((query, key) for query in range(length) for key in range(length))
    lines = everyone if structure.bidirectional_input else _earlier(length)
    return [
        Block(INPUT, layer, SELF_ATTENTION, f"{owner} attention", lines),
        Block(INPUT, layer, FEED_FORWARD, f"{owner} feed-forward", _alone(length)),
    ]


def _target_layer(structure: Structure, layer: int, length: int) -> list[Block]:
    owner = f"target layer {layer}" if structure.separate_parameters else f"layer {layer}"
    own_kind = SELF_ATTENTION if structure.separate_cross_attention else JOINT_ATTENTION
    blocks = [Block(TARGET, layer, own_kind, f"{owner} attention", _earlier(length))]
    if structure.separate_cross_attention:
        borrowed = "attention" if structure.tied_cross_attention else "cross-attention"
        blocks.append(Block(TARGET, layer, CROSS_ATTENTION, f"{owner} {borrowed}", ()))
    return [*blocks, Block(TARGET, layer, FEED_FORWARD, f"{owner} feed-forward", _alone(length))]


def _earlier(length: int) -> tuple[tuple[int, int], ...]:
    return tuple((query, key) for query in range(length) for key in range(query + 1))


def _alone(length: int) -> tuple[tuple[int, int], ...]:
    return tuple((token, token) for token in range(length))


def _sentences(structure: Structure) -> tuple[Sentence, ...]:
    borrowed = "own softmax, borrowed parameters"
    words = (
        (
            borrowed if structure.tied_cross_attention else "cross-attention of its own",
            "one attention in both roles",
        ),
        ("own parameters on each side", "shared parameters"),
        ("target reads the final layer", "target reads layer by layer"),
        ("input looks both ways", "input looks back only"),
    )
    present = [getattr(structure, switch) for switch in Structure.SWITCHES]
    return tuple(
        Sentence(switch, there, text if there else without)
        for switch, there, (text, without) in zip(Structure.SWITCHES, present, words, strict=True)
    )
