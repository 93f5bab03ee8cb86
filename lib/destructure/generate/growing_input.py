"""An input that grows turn by turn: a causal input is read on, not again.

Within one answer every structure keeps its cache. The structures differ when the *input grows*, by a new turn of a
conversation (CS25 V4, 33:05 to 35:15). Read in both directions (S4), a new turn changes what every earlier token
holds, and all must be read again. Read causally, the earlier input is kept; and without S1, S2 and S3 also the
model's own answer, since it was written by the same computation by which it would be read.
"""

import torch
from torch import Tensor

from destructure.attention import KeyValues, input_mask, join
from destructure.blocks import running_positions
from destructure.checks import require_ids, require_room
from destructure.transformer import Memory, Transformer


class GrowingInput:
    """The input of a conversation, for a model with causal input (no S4): each turn is read once.

    `read` gives the same memory as `model.read` over all turns so far, and computes the new tokens only. For that it
    keeps the input stack's own keys and values beside what the target layers read.

        >>> conversation = GrowingInput(model)                                 # doctest: +SKIP
        >>> generate(model, conversation.read(first_turn), 20)                 # doctest: +SKIP
        >>> generate(model, conversation.read(answer_and_second_turn), 20)     # doctest: +SKIP

    Attributes:
        memory: of all turns so far; `None` before the first.
        tokens_read: how many tokens passed through the input stack, padding included.
    """

    def __init__(self, model: Transformer):
        if not isinstance(model, Transformer):
            raise ValueError(f"The model is a {type(model).__name__}; give a Transformer with causal input.")
        if model.config.structure.bidirectional_input:
            raise ValueError(
                "The input is read in both directions (S4), so a new turn changes what every earlier input token "
                "holds, and all of it must be read again with model.read."
            )
        self.model, self.tokens_read = model, 0
        self.memory: Memory | None = None
        self._own: list[KeyValues | None] = [None] * model.config.layers

    @torch.no_grad()
    def read(self, turn: Tensor) -> Memory:
        """Read a further turn (batch, length), padded where rows differ; returns the memory of all turns so far.

        After a ValueError, what was read before stays as it was.
        """
        model, config, earlier = self.model, self.model.config, self.memory
        require_ids(turn, config.vocabulary, "turn")
        if earlier is not None and len(turn) != len(earlier.source):
            raise ValueError(
                f"The turn has {len(turn)} rows, but the input so far has {len(earlier.source)}; "
                "give one turn for each row."
            )
        source = turn if earlier is None else torch.cat([earlier.source, turn], dim=1)
        require_room(source, source[:, :0], config)

        new = turn.shape[1]
        positions = running_positions(source, config.has_padding)[:, -new:]
        mask = input_mask(source, False, config.has_padding)[:, -new:]
        states, passed = model.embedding(turn, positions, segment=0), []
        for layer, past in zip(model.input_stack.layers, self._own, strict=True):
            passed.append(layer(states, positions, mask, past))
            states = passed[-1].states
        final = model.input_stack.final_norm(states)
        keys_values = model.keys_values_for_target(passed, final, positions)
        self._own = [join(past, result.own) for past, result in zip(self._own, passed, strict=True)]
        if earlier is not None:
            keys_values = [join(*both) for both in zip(earlier.keys_values, keys_values, strict=True)]
            final = torch.cat([earlier.states, final], dim=1)
        self.memory = Memory(keys_values, source, final, config)
        self.tokens_read += turn.numel()
        return self.memory
