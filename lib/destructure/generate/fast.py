"""The same tokens sooner: what `Transformer.write` does a step, without what a step of one token does not need.

What makes `Transformer.write` easy to read also makes it slow for one token at a time. Here

    the cache       is a buffer with room for the whole text, made once; a new token fills its place in it
    projections     for query, key and value are one product, and small matrices lie as the product reads them
    masks           are left out where nothing is padded; else they are made once, and each step takes a longer piece
    grouped heads   that share keys are multiplied together, so shared keys are never copied

The prompt goes through `Transformer.write` itself. Tests hold both paths to the same logits in every structure.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.attention import KeyValues, MultiHeadAttention, join, real_tokens
from destructure.blocks import ACTIVATIONS, FeedForward, Layer
from destructure.config import TransformerConfig
from destructure.generate.request import read_source
from destructure.transformer import Transformer

SMALL = 2**20  # numbers; a copy of a larger matrix costs more time and memory than it saves


class FastWriter:
    """A `Transformer` that writes one token per step, with preallocated buffers; else as `PlainWriter`.

    `longest` says how many tokens will be appended at most.
    """

    @torch.inference_mode()
    def __init__(self, model: Transformer, source, prompts: Tensor, longest: int):
        self.model, config = model, model.config
        memory = read_source(model, source)
        logits, cache, _ = model.write(memory, prompts)
        self._logits = logits[:, -1]
        source_real = real_tokens(memory.source, config.has_padding)
        prompt_real = real_tokens(prompts, config.has_padding)
        self.positions = prompt_real.sum(dim=1, keepdim=True)  # of the token to come: (rows, 1)
        if not config.restart_target_positions:
            self.positions = self.positions + source_real.sum(dim=1, keepdim=True)

        separate = config.structure.separate_cross_attention
        before = prompt_real if separate else torch.cat([source_real, prompt_real], dim=1)
        self.given = self.length = before.shape[1]  # columns of the buffer: given ones, and filled ones
        self.mask = additive_mask(before, longest, config.kv_heads, logits.dtype)
        self.memory_mask = additive_mask(source_real, 0, config.kv_heads, logits.dtype) if separate else None
        room = self.length + longest
        self.layers = []
        for layer, given, own in zip(model.target_stack.layers, memory.keys_values, cache, strict=True):
            past = (own, given) if separate else (join(given, own), None)
            self.layers.append(FastLayer(layer, *past, room))
        self.final_norm = fast_norm(model.target_stack.final_norm)
        self.output = Product(model.output)

    def logits(self) -> Tensor:
        """How likely each token is to come next, (rows, vocabulary)."""
        return self._logits

    @torch.inference_mode()
    def append(self, ids: Tensor) -> None:
        """Go on with these ids, (rows,)."""
        states = self.model.target_embedding(ids.unsqueeze(1), self.positions, segment=1).squeeze(1)
        turn = rotation(self.positions, self.model.config)
        mask = None if self.mask is None else self.mask[:, :, : self.length + 1]
        step = Step(self.length, turn, mask, self.memory_mask)
        for layer in self.layers:
            states = layer(states, step)
        self._logits = self.output(self.final_norm(states))
        self.positions = self.positions + 1
        self.length += 1

    def reorder(self, rows: Tensor) -> None:
        """Continue row `rows[i]`'s text in row i; rows may only swap where they share source and prompt."""
        self._logits = self._logits[rows]
        for layer in self.layers:  # what was given is the same in rows that swap
            written = layer.attention.buffer[:, :, :, self.given : self.length]
            written.copy_(written[:, rows])


class Step(NamedTuple):
    """One token's step: its column of the buffer, its rotation, and the masks of self- and cross-attention."""

    place: int
    turn: tuple[Tensor, Tensor] | None
    mask: Tensor | None
    memory_mask: Tensor | None


class FastLayer:
    """One layer of the target stack, for one new token per row: the steps of `destructure.blocks.Layer`.

    `past` is what self-attention sees so far, `memory` what a separate cross-attention sees, or `None`, `room` the
    columns of self-attention's buffer.
    """

    def __init__(self, layer: Layer, past: KeyValues, memory: KeyValues | None, room: int):
        self.norm_before, self.attention = layer.norm_before, FastAttention(layer.attention, past, room)
        # What adds to the states, each with its norm, in turn.
        self.parts = [(fast_norm(layer.attention_norm), self.attention)]
        if memory is not None:
            part = FastAttention(layer.cross_attention, memory)
            self.parts.append((fast_norm(layer.cross_attention_norm), part))
        self.parts.append((fast_norm(layer.feed_forward_norm), FastFeedForward(layer.feed_forward)))

    def __call__(self, states: Tensor, step: Step) -> Tensor:
        """States (rows, width) of the new token to the layer's result, in place."""
        for norm, part in self.parts:
            states = part.add_to(states, norm(states) if self.norm_before else states, step)
            if not self.norm_before:
                states = norm(states)
        return states


class FastAttention:
    """Attention of one new token per row; cross-attention without `room`, since no column is added there.

    The fused kernel is made for many queries; with one per row, it is left alone.
    The `buffer` is (2, rows, key-value heads, room, head width), keys before values.
    """

    def __init__(self, attention: MultiHeadAttention, past: KeyValues, room: int | None = None):
        self.plain, config = attention, attention.config
        self.grows = room is not None
        rows, groups, length, width = past.keys.shape
        self.buffer = past.keys.new_empty(2, rows, groups, room or length, width)
        for part, given in zip(self.buffer, past, strict=True):
            part[:, :, :length] = given
        keys, self.values = self.buffer.flatten(1, 2)
        self.keys = keys.transpose(1, 2)

        own = () if room is None else (attention.key, attention.value)
        self.project, self.output = Product(attention.query, *own), Product(attention.output)
        # Room for the projections of a step, and the parts of it under the names that they have.
        self.projected = past.keys.new_empty(rows, self.project.weight.shape[1])
        heads = self.projected.view(rows, -1, width)
        self.queries, self.new_keys = heads[:, : config.heads], heads[:, config.heads : config.heads + groups]
        self.new_keys_values = (
            heads[:, config.heads :].unflatten(1, (-1, groups)).transpose(0, 1) if own else None
        )
        # Query heads that share keys stand together: (rows · key-value heads, sharing heads, head width).
        self.asking = past.keys.new_empty(rows * groups, config.heads // groups, width)
        self.scale = width**-0.5

    def add_to(self, states: Tensor, read: Tensor, step: Step) -> Tensor:
        """Add what attention finds for `read` (rows, width) to the states (rows, width), in place."""
        self.project(read, out=self.projected)
        if self.plain.config.query_key_norm:
            self.queries.copy_(self.plain.query_norm(self.queries))
            self.new_keys.copy_(self.plain.key_norm(self.new_keys))
        if step.turn is not None:
            self.queries.copy_(turned(self.queries, step.turn))
            self.new_keys.copy_(turned(self.new_keys, step.turn))
        torch.mul(self.queries, self.scale, out=self.asking.view(self.queries.shape))
        keys, values, mask = self.keys, self.values, step.memory_mask
        if self.grows:
            self.buffer.select(3, step.place).copy_(self.new_keys_values)
            keys, values = keys.narrow(2, 0, step.place + 1), values.narrow(1, 0, step.place + 1)
            mask = step.mask
        scores = torch.bmm(self.asking, keys) if mask is None else torch.baddbmm(mask, self.asking, keys)
        mixed = torch.bmm(torch.softmax(scores, dim=-1), values)
        return self.output.add_to(states, mixed.view(len(states), -1))


class FastFeedForward:
    """The feed-forward block: the steps of `destructure.blocks.FeedForward`."""

    def __init__(self, block: FeedForward):
        self.expand, self.contract = Product(block.expand), Product(block.contract)
        self.gate = Product(block.gate) if block.activation == "swiglu" else None
        self.activate = ACTIVATIONS[block.activation]

    def add_to(self, states: Tensor, read: Tensor, step: Step) -> Tensor:
        """Add the block's result for `read` (rows, width) to the states (rows, width), in place."""
        hidden = self.expand(read)
        hidden = self.activate(hidden) if self.gate is None else self.activate(self.gate(read)).mul_(hidden)
        return self.contract.add_to(states, hidden)


class Product:
    """One or several linear maps of the same vector, as one product.

    The weight is (inputs, outputs); small matrices are copied into the order in which the product reads them.
    """

    def __init__(self, *maps: nn.Linear):
        weight = torch.cat([each.weight for each in maps]) if len(maps) > 1 else maps[0].weight
        self.weight = weight.t().contiguous() if weight.numel() <= SMALL else weight.t()
        self.bias = None if maps[0].bias is None else torch.cat([each.bias for each in maps])

    def __call__(self, states: Tensor, out: Tensor | None = None) -> Tensor:
        """(rows, inputs) to (rows, outputs)."""
        if self.bias is None:
            return torch.mm(states, self.weight, out=out)
        return torch.addmm(self.bias, states, self.weight, out=out)

    def add_to(self, states: Tensor, hidden: Tensor) -> Tensor:
        """Add the product of `hidden` to the states, in place."""
        states.addmm_(hidden, self.weight)
        return states if self.bias is None else states.add_(self.bias)


def fast_norm(norm: nn.Module):
    """The same function without the detours of a module's call."""
    if isinstance(norm, nn.LayerNorm):
        shape, weight, bias, epsilon = norm.normalized_shape, norm.weight, norm.bias, norm.eps
        return lambda states: torch.layer_norm(states, shape, weight, bias, epsilon, False)
    return norm


def additive_mask(real: Tensor, more: int, copies: int, dtype) -> Tensor | None:
    """What to add to the scores so that padding is never looked at; `None` where nothing is padded.

    From `real` (rows, columns), True at tokens, with `more` columns of tokens to come and a copy for each key-value
    head: (rows · copies, 1, columns + more).
    """
    if bool(real.all()):
        return None
    mask = torch.zeros(real.shape, dtype=dtype, device=real.device).masked_fill(~real, -torch.inf)
    return functional.pad(mask, (0, more)).unsqueeze(1).repeat_interleave(copies, dim=0)


def rotation(positions: Tensor, config: TransformerConfig) -> tuple[Tensor, Tensor] | None:
    """Cosines and sines of a step's angles, (rows, 1, head width / 2) each; `None` without rotary positions."""
    if config.positions != "rotary":
        return None
    half = config.head_width // 2
    exponents = -torch.arange(half, device=positions.device, dtype=torch.float32) / half
    angles = positions.unsqueeze(-1) * config.rotary_base**exponents
    return angles.cos(), angles.sin()


def turned(vectors: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn vectors (rows, heads, head width) by the angles of their position, as `destructure.attention.rotate`."""
    cosine, sine = (part.to(vectors.dtype) for part in turn)
    first, second = vectors.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)
