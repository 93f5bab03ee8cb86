"""Attention: who may look at whom, and the weighted average that follows.

Axis names used everywhere: batch, heads, queries, keys, width. A mask is boolean and `True` means *visible*.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.config import PADDING, TransformerConfig

# --- masks: (batch or 1, queries, keys), True = visible ------------------------------------------------------


def causal_mask(queries: int, keys: int | None = None, device=None) -> Tensor:
    """Each query sees its own key and all earlier ones.

    The queries are the *last* ones of the sequence that the keys span, so a cache of earlier keys fits in front.

    Returns:
        (1, queries, keys) booleans.
    """
    keys = queries if keys is None else keys
    earlier = keys - queries
    return torch.ones(1, queries, keys, dtype=torch.bool, device=device).tril(diagonal=earlier)


def real_tokens(ids: Tensor, has_padding: bool = True) -> Tensor:
    """Which ids are tokens and not padding, as booleans of the same shape; all of them if there is no padding."""
    return ids != PADDING if has_padding else torch.ones_like(ids, dtype=torch.bool)


def input_mask(source: Tensor, bidirectional: bool, has_padding: bool = True) -> Tensor:
    """What each input token sees of the input: everything (S4) or itself and what came before.

    Padding (id 0, unless `has_padding` is off, here and below) is hidden from every other token; each token may see
    itself, so that no row of the softmax is empty.

    Returns:
        (batch, source, source) booleans, from ids (batch, source).
    """
    length = source.shape[1]
    real = real_tokens(source, has_padding).unsqueeze(1)
    itself = torch.eye(length, dtype=torch.bool, device=source.device)
    if bidirectional:
        return real.expand(-1, length, -1) | itself
    return (real & causal_mask(length, device=source.device)) | itself


def memory_mask(source: Tensor, target_length: int, has_padding: bool = True) -> Tensor:
    """What each target token sees of the input: all of it, except padding: (batch, target, source) booleans."""
    return real_tokens(source, has_padding).unsqueeze(1).expand(-1, target_length, -1)


def target_mask(target: Tensor, queries: int | None = None, has_padding: bool = True) -> Tensor:
    """What each target token sees of the target: itself and earlier tokens, in every structure.

    Returns:
        (batch, queries, target) booleans from all target ids (batch, target), of which the last `queries` ask.
    """
    length = target.shape[1]
    return input_mask(target, False, has_padding)[:, length - (queries or length) :]


# --- the weighted average ------------------------------------------------------------------------------------


def scaled_dot_product_attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor):
    """Average the values with weights that say how well each key answers each query (Vaswani 2017, eq. 1).

    Args:
        queries: (batch, heads, queries, head width).
        keys, values: (batch, heads, keys, head width).
        mask: (batch or 1, 1, queries, keys) booleans, True = visible.

    Returns:
        The averages (batch, heads, queries, head width) and the weights (batch, heads, queries, keys). Both are 0 for
        a query that sees nothing, as in the fused kernel.
    """
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    weights = scores.masked_fill(~mask, float("-inf")).softmax(dim=-1).masked_fill(~mask, 0.0)
    return weights @ values, weights


def fast_attention(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Give the same averages as `scaled_dot_product_attention`, by PyTorch's fused kernel."""
    return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)


# --- rotary positions ----------------------------------------------------------------------------------------


def rotate(vectors: Tensor, positions: Tensor, base: float) -> Tensor:
    """Turn each query or key by an angle that grows with its position (RoPE, Su 2021).

    The first half of a head's numbers is paired with the second half, as in Llama.

    From vectors (batch, heads, length, head width) at positions (batch, length); the base of wavelengths is 10,000 in
    the paper.
    """
    half = vectors.shape[-1] // 2
    frequencies = base ** (-torch.arange(half, device=vectors.device, dtype=torch.float32) / half)
    angles = positions[:, None, :, None] * frequencies
    cosine, sine = angles.cos().to(vectors.dtype), angles.sin().to(vectors.dtype)
    first, second = vectors[..., :half], vectors[..., half:]
    return torch.cat([first * cosine - second * sine, second * cosine + first * sine], dim=-1)


# --- keys and values, and the module -------------------------------------------------------------------------


class KeyValues(NamedTuple):
    """What can be looked at: one key to be found by and one value to give, for each token and head.

    Kept from step to step while a model generates, these *are* the key-value cache. Both have the shape
    (batch, key-value heads, length, head width).
    """

    keys: Tensor
    values: Tensor


def join(*parts: KeyValues | None) -> KeyValues | None:
    """Put keys and values of several parts behind each other, along the sequence; `None` parts are skipped."""
    present = [part for part in parts if part is not None]
    if len(present) < 2:
        return present[0] if present else None
    return KeyValues(*(torch.cat(tensors, dim=2) for tensors in zip(*present, strict=True)))


class MultiHeadAttention(nn.Module):
    """Attention with several heads: four projection matrices, "each of equal shape" (CS25 V4, 24:30).

    Cross-attention and self-attention are this same class: they differ only in where the keys and values
    come from. With fewer key-value heads, the key and value matrices are smaller.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        key_value_width = config.kv_heads * config.head_width
        self.query = nn.Linear(config.width, config.width, bias=config.bias)
        self.key = nn.Linear(config.width, key_value_width, bias=config.bias)
        self.value = nn.Linear(config.width, key_value_width, bias=config.bias)
        self.output = nn.Linear(config.width, config.width, bias=config.bias)
        if config.query_key_norm:
            self.query_norm = nn.RMSNorm(config.head_width, eps=config.norm_epsilon)
            self.key_norm = nn.RMSNorm(config.head_width, eps=config.norm_epsilon)

    def keys_values(self, states: Tensor, positions: Tensor) -> KeyValues:
        """Project states (batch, length, width) at positions (batch, length) to keys and values."""
        keys = self._split(self.key(states), self.config.kv_heads)
        values = self._split(self.value(states), self.config.kv_heads)
        keys = self.key_norm(keys) if self.config.query_key_norm else keys
        if self.config.positions == "rotary":
            keys = rotate(keys, positions, self.config.rotary_base)
        return KeyValues(keys, values)

    def forward(self, states: Tensor, positions: Tensor, seen: KeyValues, mask: Tensor, keep_weights=False):
        """Let each token, of states (batch, queries, width) at positions (batch, queries), ask all visible keys.

        Args:
            seen: the keys and values that may be looked at.
            mask: (batch or 1, queries, keys) booleans, True = visible.
            keep_weights: also return the weights; uses the plain form.

        Returns:
            (batch, queries, width), and the weights (batch, heads, queries, keys) or None.
        """
        queries = self._split(self.query(states), self.config.heads)
        queries = self.query_norm(queries) if self.config.query_key_norm else queries
        if self.config.positions == "rotary":
            queries = rotate(queries, positions, self.config.rotary_base)
        keys, values = (self._for_each_query_head(part) for part in seen)
        if keep_weights:
            mixed, weights = scaled_dot_product_attention(queries, keys, values, mask.unsqueeze(1))
        else:
            mixed, weights = fast_attention(queries, keys, values, mask.unsqueeze(1)), None
        return self.output(mixed.transpose(1, 2).flatten(2)), weights

    def _split(self, projected: Tensor, heads: int) -> Tensor:
        return projected.unflatten(-1, (heads, self.config.head_width)).transpose(1, 2)

    def _for_each_query_head(self, part: Tensor) -> Tensor:
        sharing = self.config.heads // self.config.kv_heads
        return part if sharing == 1 else part.repeat_interleave(sharing, dim=1)
