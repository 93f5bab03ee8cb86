"""An input that grows turn by turn: a causal input is read on, not again.

Within one answer every structure keeps its cache: the input stays as it is, and no target token sees a later one. The
structures differ when the *input grows*, by a new turn of a conversation (CS25 V4, 33:05 to 35:15).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from destructure.attention import KeyValues, input_mask, join
from destructure.blocks import running_positions
from destructure.checks import require_ids, require_room
from destructure.structure import Structure
from destructure.transformer import Memory, Transformer


@dataclass(frozen=True)
class Kept:
    """What need not be computed again when a turn is added to the input, and why, in one sentence.

    Attributes:
        earlier_input: whether keys and values of the input so far are kept.
        answer: whether those are kept that the model made while it wrote its own answer, now part of the input.
    """

    earlier_input: bool
    answer: bool
    why: str


def kept_when_input_grows(structure: Structure) -> Kept:
    """What stays valid of a cache when the input grows by the model's answer and a new turn.

    It holds for models that tell input and target apart by structure alone: a segment table, a table of the target's
    own, or positions that start again also make an answer written unlike an answer read.
    """
    if structure.bidirectional_input:
        why = (
            "Nothing is kept: the input is read in both directions (S4), so a new turn changes what every earlier "
            "input token holds, and all of it must be read again."
        )
        return Kept(earlier_input=False, answer=False, why=why)
    differences = {
        "the target has a stack of its own (S2)": structure.separate_parameters,
        "the target passes through cross-attention (S1)": structure.separate_cross_attention,
        "the target looks at the final input states (S3)": structure.final_layer_memory,
    }
    if any(differences.values()):
        reasons = " and ".join(reason for reason, holds in differences.items() if holds)
        why = (
            "The earlier input is kept, because no input token sees a later one; the answer must be read once more "
            f"as input, because {reasons}."
        )
        return Kept(earlier_input=True, answer=False, why=why)
    why = (
        "Everything is kept: no token sees a later one, and an answer is written by the same computation by which it "
        "would be read."
    )
    return Kept(earlier_input=True, answer=True, why=why)


class GrowingInput:
    """The input of a conversation, for a model with causal input (no S4): each turn is read once.

    `read` gives the same memory as `model.read` over all turns so far, and computes the new tokens only. For that it
    keeps the input stack's own keys and values beside what the target layers read.

    Args:
        model: with a structure without `bidirectional_input`.

    Attributes:
        memory: of all turns so far; `None` before the first.
        tokens_read: how many tokens passed through the input stack, padding included.

    Raises:
        ValueError: if the model reads its input in both directions, and so must read all of it again.

    Example:
        >>> conversation = GrowingInput(model)                                 # doctest: +SKIP
        >>> generate(model, conversation.read(first_turn), 20)                 # doctest: +SKIP
        >>> generate(model, conversation.read(answer_and_second_turn), 20)     # doctest: +SKIP
    """

    def __init__(self, model: Transformer):
        if not isinstance(model, Transformer):
            raise ValueError(f"The model is a {type(model).__name__}; give a Transformer with causal input.")
        kept = kept_when_input_grows(model.config.structure)
        if not kept.earlier_input:
            raise ValueError(f"{kept.why[:-1]} with model.read.")
        self.model = model
        self.memory: Memory | None = None
        self.tokens_read = 0
        self._own: list[KeyValues | None] = [None] * model.config.layers

    @torch.no_grad()
    def read(self, turn: Tensor) -> Memory:
        """Read a further turn (batch, length), padded where rows differ; returns the memory of all turns so far.

        Raises:
            ValueError: ids outside the vocabulary, another number of rows, or more tokens than positions; what was
                read before stays as it was.
        """
        model, has_padding = self.model, self.model.config.has_padding
        earlier = self.memory
        require_ids(turn, model.config.vocabulary, "turn")
        if earlier is not None and len(turn) != len(earlier.source):
            raise ValueError(
                f"The turn has {len(turn)} rows, but the input so far has {len(earlier.source)}; "
                "give one turn for each row."
            )
        source = turn if earlier is None else torch.cat([earlier.source, turn], dim=1)
        require_room(source, source[:, :0], model.config)

        new = turn.shape[1]
        positions = running_positions(source, has_padding)[:, -new:]
        mask = input_mask(source, False, has_padding)[:, -new:]
        states, passed = model.embedding(turn, positions, segment=0), []
        for layer, past in zip(model.input_stack.layers, self._own, strict=True):
            passed.append(layer(states, positions, mask, past))
            states = passed[-1].states
        final = model.input_stack.final_norm(states)
        of_turn = Memory(model.keys_values_for_target(passed, final, positions), turn, final, model.config)
        self._own = [join(past, result.own) for past, result in zip(self._own, passed, strict=True)]
        self.memory = of_turn if earlier is None else _joined(earlier, of_turn)
        self.tokens_read += turn.numel()
        return self.memory


def _joined(earlier: Memory, later: Memory) -> Memory:
    return Memory(
        [join(*parts) for parts in zip(earlier.keys_values, later.keys_values, strict=True)],
        torch.cat([earlier.source, later.source], dim=1),
        torch.cat([earlier.states, later.states], dim=1),
        earlier.config,
    )
