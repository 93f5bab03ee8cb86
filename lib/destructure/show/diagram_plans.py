"""What an architecture drawing must contain, as plain data: blocks, memory arrows, sentences. No matplotlib here.

`architectures` draws it; whatever is right or wrong about a drawing is decided, and tested, here.
"""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from destructure.config import require_whole
from destructure.structure import Structure

INPUT, TARGET, BOTH = "input", "target", "both"
SELF_ATTENTION, JOINT_ATTENTION = "self-attention", "joint attention"
CROSS_ATTENTION, FEED_FORWARD = "cross-attention", "feed-forward"
SOURCE_TOKENS, TARGET_TOKENS = ("That", "is", "good"), ("[BOS]", "Das", "ist", "gut")


class Block(NamedTuple):
    """One sub-layer of one stack.

    Attributes:
        stack: "input", "target", or "both" where one stack runs over input and target written in a row.
        layer: 1 for the lowest.
        kind: "self-attention", "joint attention" (one softmax over memory and target), "cross-attention" or
            "feed-forward".
        parameters: name of the block's parameters; blocks with the same name *are* the same tensors.
        lines: (query, key) pairs of the stack's own tokens, counted from 0: who sees whom. In a feed-forward block
            each token sees only itself. Memory comes by a `MemoryArrow`.
    """

    stack: str
    layer: int
    kind: str
    parameters: str
    lines: tuple[tuple[int, int], ...]


class MemoryArrow(NamedTuple):
    """The states after `from_level` input layers (0: the embedding) go to a block of target layer `to_layer`."""

    from_level: int
    to_layer: int
    to_kind: str


class Sentence(NamedTuple):
    """One line of the legend: a switch, whether the structure is present, and what that means in plain words."""

    switch: str
    present: bool
    text: str


@dataclass(frozen=True)
class ArchitecturePlan:
    """Everything the drawing of a structure shows; `stacks` are its columns, `blocks` go from the lowest up."""

    structure: Structure
    layers: int
    stacks: tuple[str, ...]
    blocks: tuple[Block, ...]
    arrows: tuple[MemoryArrow, ...]
    sentences: tuple[Sentence, ...]

    @property
    def title(self) -> str:
        """The structure's usual name, or which of the four structures an encoder-decoder would have to lose."""
        absent = [f"S{place}" for place, each in enumerate(self.sentences, start=1) if not each.present]
        named = self.structure.name != self.structure.code or not absent
        return self.structure.name if named else f"encoder-decoder without {' and '.join(absent)}"

    def block(self, stack: str, layer: int, kind: str) -> Block:
        """Find one block."""
        return next(block for block in self.blocks if block[:3] == (stack, layer, kind))


def architecture_plan(
    structure: Structure, layers: int = 3, source_length: int = 3, target_length: int = 4
) -> ArchitecturePlan:
    """Work out the blocks, lines and arrows of a structure (CS25 V4, 23:32 to 27:03).

    Raises:
        ValueError: if `structure` is not a `Structure`, or a number is not a whole number of 1 or more.
    """
    require_structure(structure, layers=layers, source_length=source_length, target_length=target_length)
    stacks = (BOTH,) if structure.is_single_stack else (INPUT, TARGET)
    places = product(stacks, range(1, layers + 1))
    blocks = [block for place in places for block in _layer(structure, *place, source_length, target_length)]
    reader = CROSS_ATTENTION if structure.separate_cross_attention else JOINT_ATTENTION
    arrows = [
        MemoryArrow(layers if structure.final_layer_memory else layer - 1, layer, reader)
        for layer in range(1, layers + 1)
        if not structure.is_single_stack
    ]
    return ArchitecturePlan(structure, layers, stacks, tuple(blocks), tuple(arrows), _sentences(structure))


def require_structure(structure: Structure, **sizes: int) -> None:
    """Refuse what is no structure, and sizes that are not whole numbers of 1 or more."""
    if not isinstance(structure, Structure):
        raise ValueError(f"{structure!r} is not a Structure; use one such as Structure.named('prefix LM').")
    for name, value in sizes.items():
        require_whole(name, value)


def _layer(structure: Structure, stack: str, layer: int, source: int, target: int) -> list[Block]:
    """The blocks of one layer of one stack, from the lowest."""
    length = {INPUT: source, TARGET: target, BOTH: source + target}[stack]
    owner = f"{stack} layer {layer}" if structure.separate_parameters else f"layer {layer}"
    lines = {(query, key) for query in range(length) for key in range(query + 1)}
    if structure.bidirectional_input and stack != TARGET:
        lines |= set(product(range(source), repeat=2))
    crosses = stack == TARGET and structure.separate_cross_attention
    kind = JOINT_ATTENTION if stack == TARGET and not crosses else SELF_ATTENTION
    blocks = [Block(stack, layer, kind, f"{owner} attention", tuple(sorted(lines)))]
    if crosses:
        borrowed = "attention" if structure.tied_cross_attention else "cross-attention"
        blocks.append(Block(stack, layer, CROSS_ATTENTION, f"{owner} {borrowed}", ()))
    alone = tuple((token, token) for token in range(length))
    return [*blocks, Block(stack, layer, FEED_FORWARD, f"{owner} feed-forward", alone)]


def _sentences(structure: Structure) -> tuple[Sentence, ...]:
    tied = structure.tied_cross_attention
    words = (
        (
            "own softmax, borrowed parameters" if tied else "cross-attention of its own",
            "one attention in both roles",
        ),
        ("own parameters on each side", "shared parameters"),
        ("target reads the final layer", "target reads layer by layer"),
        ("input looks both ways", "input looks back only"),
    )
    present = [getattr(structure, switch) for switch in Structure.SWITCHES]
    texts = [pair[not there] for pair, there in zip(words, present, strict=True)]
    return tuple(map(Sentence, Structure.SWITCHES, present, texts))
