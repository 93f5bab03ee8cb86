"""The training loss by a shorter way: to rounding the plain model's numbers, with less work.

Queries, keys and values come from one matrix product; a causal mask is a flag of the fused kernel; normalisation
takes fewer passes through memory. What nothing reads is left out: padding (a single stack packs input and target), a
single stack's last layer beyond its target tokens, the last layer of an input stack where nobody reads it. Last bits
differ, so such a run says so (`numerics` of `RunConfiguration`). `transformer.py` is the text to read; tests hold the
two together.
"""

from dataclasses import fields

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.blocks import running_positions
from destructure.config import PADDING, TransformerConfig
from destructure.train.batches import Batch
from destructure.transformer import Transformer

_MAY_DIFFER = ("vocabulary", "width", "layers", "heads", "structure", "feed_forward", "max_length")
_MAY_DIFFER += ("norm_epsilon", "query_key_norm", "segments", "rotary_base")


def require_fast(config: TransformerConfig) -> None:
    """ValueError unless the model is made of blocks that the shorter way knows: those of the usual small model."""
    usual = TransformerConfig(**{name: getattr(config, name) for name in _MAY_DIFFER})
    for field in fields(config):
        given, known = (getattr(each, field.name) for each in (config, usual))
        if given != known:
            raise ValueError(
                f"{field.name} is {given!r}, but the fast numerics know {known!r} alone; train this model plainly."
            )


def fast_target_loss(model: Transformer, batch: Batch) -> Tensor:
    """Cross-entropy, nats per target token: to rounding the number and the gradients of `evaluate.target_loss`."""
    single = model.config.structure.is_single_stack
    states = (_one_stack if single else _two_roles)(model, batch.source, batch.target)
    expected = batch.expected[batch.expected != PADDING]
    return functional.cross_entropy(model.output(states), expected)


# --- both ways end with the states of the real target tokens, (tokens, width), example by example -----------------


def _one_stack(model: Transformer, source: Tensor, target: Tensor) -> Tensor:
    ids = torch.cat([source, target], dim=1)
    wrote = (torch.arange(ids.shape[1], device=ids.device) >= source.shape[1]).expand_as(ids)
    real = ids != PADDING
    if not bool(real.all()):  # pack: real tokens first, and no longer than the longest example
        longest = int(real.sum(dim=1).max())
        order = (~real).byte().argsort(dim=1, stable=True)[:, :longest]
        ids, wrote, real = (each.gather(1, order) for each in (ids, wrote, real))
    places = torch.arange(ids.shape[1], device=ids.device)
    states = _embed(model, ids, places, wrote.long())
    mask = None
    if model.config.structure.bidirectional_input:
        mask = _additive((places[:, None] >= places) | (real & ~wrote)[:, None], states)
    for layer in model.input_stack.layers:
        seen = _project(layer.attention, _norm(layer.attention_norm, states))
        only = real & wrote if layer is model.input_stack.layers[-1] else ...
        states = _finish(layer, states, layer.attention, *seen, mask, mask is None, only)
    return _norm(model.input_stack.final_norm, states)


def _two_roles(model: Transformer, source: Tensor, target: Tensor) -> Tensor:
    structure, real = model.config.structure, source != PADDING
    states = _embed(model, source, running_positions(source), torch.zeros_like(source))
    padded = not bool(real.all())
    visible = _additive(real[:, None], states) if padded else None  # of the input, (batch, 1, 1, source)
    mask = visible if structure.bidirectional_input else None
    passed, own = [], []
    for layer in model.input_stack.layers:
        passed.append(_norm(layer.attention_norm, states))
        queries, *seen = _project(layer.attention, passed[-1])
        own.append(seen)
        if layer is model.input_stack.layers[-1] and not structure.final_layer_memory:
            break
        causal = not structure.bidirectional_input  # padding stands behind everything that is real
        states = _finish(layer, states, layer.attention, queries, *seen, mask, causal)
    final = _norm(model.input_stack.final_norm, states) if structure.final_layer_memory else None

    places = running_positions(target) + real.sum(dim=1, keepdim=True)
    states = _embed(model, target, places, torch.ones_like(target))
    separate, length = structure.separate_cross_attention, target.shape[1]
    if not separate:  # one softmax over input and target
        earlier = torch.ones(length, length, dtype=torch.bool, device=target.device).tril()
        both = [real[:, None].expand(-1, length, -1), earlier.expand(len(target), -1, -1)]
        both = _additive(torch.cat(both, dim=-1), states)
    for layer, read, reused in zip(model.target_stack.layers, passed, own, strict=True):
        reader = layer.cross_attention or layer.attention
        reuses = reader is layer.attention and not structure.separate_parameters
        if reuses and not structure.final_layer_memory:
            memory = reused
        else:
            memory = _project(reader, read if final is None else final, "key value")
        queries, *seen = _project(layer.attention, _norm(layer.attention_norm, states))
        if separate:
            states = states + _attend(layer.attention, queries, *seen, None, True)
            (queries,) = _project(reader, _norm(layer.cross_attention_norm, states), "query")
            states = _finish(layer, states, reader, queries, *memory, visible, False)
        else:
            seen = [torch.cat(parts, dim=2) for parts in zip(memory, seen, strict=True)]
            states = _finish(layer, states, layer.attention, queries, *seen, both, False)
    return _norm(model.target_stack.final_norm, states[target != PADDING])


def _embed(model, ids, places, segment):
    table, segments = model.embedding, model.config.segments
    states = table.tokens(ids) + table.positions(places)
    return states + table.segments(segment.clamp(max=segments - 1)) if segments else states


def _additive(visible: Tensor, states: Tensor) -> Tensor:
    """A mask (batch, queries or 1, keys) as numbers to add to scores, made once for all layers and heads."""
    return torch.zeros_like(visible, dtype=states.dtype).masked_fill(~visible, float("-inf")).unsqueeze(1)


def _project(attention, states, parts="query key value"):
    """Queries, keys, values or some of them, from one product: (batch, heads, length, head width) each."""
    names, config = parts.split(), attention.config
    joint = functional.linear(states, torch.cat([getattr(attention, name).weight for name in names]))
    joint = joint.unflatten(-1, (len(names), config.heads, config.head_width))
    found = list(joint.unbind(dim=2))
    if config.query_key_norm:
        normed = [getattr(attention, f"{name}_norm").weight for name in names if name != "value"]
        together = _Norm.apply(
            joint[:, :, : len(normed)], torch.stack(normed).unsqueeze(1), config.norm_epsilon
        )
        found[: len(normed)] = together.unbind(dim=2)
    return [each.transpose(1, 2) for each in found]


def _attend(attention, queries, keys, values, mask, causal, only=...):
    mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask, is_causal=causal)
    return attention.output(mixed.transpose(1, 2).flatten(2)[only])


def _finish(layer, states, attention, queries, keys, values, mask, causal, only=...):
    """The rest of a layer, for all tokens or `only` some: its last attention and the feed-forward block."""
    states = states[only] + _attend(attention, queries, keys, values, mask, causal, only)
    return states + layer.feed_forward(_norm(layer.feed_forward_norm, states))


def _norm(norm: nn.RMSNorm, states: Tensor) -> Tensor:
    return _Norm.apply(states, norm.weight, norm.eps)


class _Norm(torch.autograd.Function):
    """RMSNorm over the last axis; `nn.RMSNorm` on the CPU walks through memory about twice as often."""

    @staticmethod
    def forward(context, states, weight, epsilon):
        scale = torch.linalg.vector_norm(states, dim=-1, keepdim=True)
        scale = scale.square_().div_(states.shape[-1]).add_(epsilon).rsqrt_()
        normed = states * scale
        context.save_for_backward(normed, scale, weight)
        return normed * weight

    @staticmethod
    def backward(context, gradient):
        normed, scale, weight = context.saved_tensors
        product = gradient * normed
        along = (product * weight).mean(dim=-1, keepdim=True)
        inner = (gradient * weight).addcmul_(normed, along, value=-1).mul_(scale)
        return inner, product.sum_to_size(weight.shape), None
