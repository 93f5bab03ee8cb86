"""The blocks every architecture here is stacked from: embedding, feed-forward, layer, stack."""

from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.attention import KeyValues, MultiHeadAttention, join, real_tokens
from destructure.config import TransformerConfig


def make_norm(config: TransformerConfig) -> nn.Module:
    """Build the normalisation layer the config asks for."""
    if config.norm == "rms":
        return nn.RMSNorm(config.width, eps=config.norm_epsilon)
    return nn.LayerNorm(config.width, eps=config.norm_epsilon, bias=config.bias)


class Embedding(nn.Module):
    """Token ids to vectors: one row of a table per token, plus what tells positions (and segments) apart."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocabulary, config.width)
        if config.positions == "learned":
            self.positions = nn.Embedding(config.max_length, config.width)
        if config.segments:
            self.segments = nn.Embedding(config.segments, config.width)
        if config.embedding_norm:
            self.norm = make_norm(config)

    def forward(self, ids: Tensor, positions: Tensor, segment: int | Tensor = 0) -> Tensor:
        """Embed ids (batch, length) at positions (batch, length), segments alike: states (batch, length, width)."""
        config = self.config
        states = self.tokens(ids)
        if config.scale_embedding:
            states = states * config.width**0.5
        if config.positions == "learned":
            states = states + self.positions(positions)
        elif config.positions == "sinusoidal":
            states = states + sinusoids(positions, config.width).to(states.dtype)
        if config.segments:
            if isinstance(segment, int):  # of the target, 1, but 0 in a table of one row
                segment = torch.full_like(ids, min(segment, config.segments - 1))
            states = states + self.segments(segment)
        return self.norm(states) if config.embedding_norm else states


def sinusoids(positions: Tensor, width: int) -> Tensor:
    """Sines and cosines of many wavelengths (Vaswani 2017, section 3.5): (batch, length, width)."""
    even = torch.arange(0, width, 2, device=positions.device)
    angles = positions.unsqueeze(-1) * 10_000.0 ** (-even / width)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)[..., :width]


ACTIVATIONS = {
    "relu": functional.relu,
    "gelu": functional.gelu,
    "gelu_tanh": partial(functional.gelu, approximate="tanh"),
    "swiglu": functional.silu,  # of the gate
}


class FeedForward(nn.Module):
    """The part without interaction: each token's vector alone, through two matrices (three with SwiGLU)."""

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.activation = config.activation
        self.expand = nn.Linear(config.width, config.hidden_width, bias=config.bias)
        self.contract = nn.Linear(config.hidden_width, config.width, bias=config.bias)
        if config.activation == "swiglu":
            self.gate = nn.Linear(config.width, config.hidden_width, bias=config.bias)

    def forward(self, states: Tensor) -> Tensor:
        """(batch, length, width) to the same shape."""
        hidden, activate = self.expand(states), ACTIVATIONS[self.activation]
        gated = self.activation == "swiglu"
        hidden = activate(self.gate(states)) * hidden if gated else activate(hidden)
        return self.contract(hidden)


@dataclass
class LayerResult:
    """What one layer hands on: its states, and what others may want to look at."""

    states: Tensor
    read: Tensor  # what its attention read: the normalised states (pre-norm) or the states (post-norm)
    own: KeyValues  # keys and values of its own tokens
    self_weights: Tensor | None
    cross_weights: Tensor | None


class Layer(nn.Module):
    """Self-attention, cross-attention where the structure has it (S1), feed-forward; each with a residual sum."""

    def __init__(self, config: TransformerConfig, reads_memory: bool):
        super().__init__()
        structure = config.structure
        self.norm_before = config.norm_placement == "before"
        self.attention_norm, self.attention = make_norm(config), MultiHeadAttention(config)
        self.cross_attention = None
        if reads_memory and structure.separate_cross_attention:
            self.cross_attention_norm = make_norm(config)
            tied = structure.tied_cross_attention
            self.cross_attention = self.attention if tied else MultiHeadAttention(config)
        self.feed_forward_norm, self.feed_forward = make_norm(config), FeedForward(config)

    def forward(self, states, positions, mask, past=None, memory=None, memory_mask=None, keep_weights=False):
        """One layer over states (batch, length, width) at positions (batch, length).

        Args:
            mask: (batch, length, past + length), True = visible.
            past: keys and values that self-attention sees before its own: the cache, the input, or both.
            memory, memory_mask: the input's keys and values for a separate cross-attention, and who sees them.
            keep_weights: return attention weights too.
        """
        read = self._before(self.attention_norm, states)
        own = self.attention.keys_values(read, positions)
        seen = join(past, own)
        mixed, self_weights = self.attention(read, positions, seen, mask, keep_weights)
        states = self._add(self.attention_norm, states, mixed)

        cross_weights = None
        if memory is not None:
            asking = self._before(self.cross_attention_norm, states)
            mixed, cross_weights = self.cross_attention(asking, positions, memory, memory_mask, keep_weights)
            states = self._add(self.cross_attention_norm, states, mixed)

        changed = self.feed_forward(self._before(self.feed_forward_norm, states))
        states = self._add(self.feed_forward_norm, states, changed)
        return LayerResult(states, read, own, self_weights, cross_weights)

    def _before(self, norm, states):
        return norm(states) if self.norm_before else states

    def _add(self, norm, states, change):
        return states + change if self.norm_before else norm(states + change)


class Stack(nn.Module):
    """Several layers, and (pre-norm) one last normalisation."""

    def __init__(self, config: TransformerConfig, reads_memory: bool):
        super().__init__()
        self.layers = nn.ModuleList(Layer(config, reads_memory) for _ in range(config.layers))
        self.final_norm = make_norm(config) if config.norm_placement == "before" else nn.Identity()


class FinalMemory(nn.Module):
    """The input states that target layers read with final-layer memory (S3): the final ones, or a counter-proposal.

    A viewer of the lecture asked whether "only the last layer" is what matters about S3, and proposed to let the
    target attend to all the encoder's layers, or to put a feed-forward block on top of the encoder (@pierce8308).
    `config.final_memory` chooses:

    - "plain": every target layer reads the final states (Vaswani 2017).
    - "layer_mix": every target layer reads a weighted average of all input layers' states, with weights of its own
      that are learned and begin equal (transparent attention, Bapna 2018, arXiv 1808.07561).
    - "feed_forward": the final states go through one more feed-forward block first.
    """

    def __init__(self, config: TransformerConfig):
        super().__init__()
        self.kind, self.layers = config.final_memory, config.layers
        if self.kind == "layer_mix":
            # Flat, so that it starts at equal numbers like every other vector of weights.
            self.mix = nn.Parameter(torch.ones(config.layers * config.layers))
        elif self.kind == "feed_forward":
            self.norm, self.feed_forward = make_norm(config), FeedForward(config)
            self.last_norm = make_norm(config)

    def forward(self, by_layer: list[Tensor]) -> list[Tensor]:
        """What each target layer reads, from each input layer's normalised states (batch, source, width)."""
        final = by_layer[-1]
        if self.kind == "layer_mix":
            return list(torch.einsum("tl,lbsw->tbsw", self.weights(), torch.stack(by_layer)))
        if self.kind == "feed_forward":
            final = self.last_norm(final + self.feed_forward(self.norm(final)))
        return [final] * self.layers

    def weights(self) -> Tensor:
        """How much each target layer (row) takes of each input layer (column); rows add up to 1."""
        return self.mix.view(self.layers, self.layers).softmax(dim=-1)


def running_positions(ids: Tensor, has_padding: bool = True) -> Tensor:
    """Number the real tokens 0, 1, 2, … whatever padding stands before them: (batch, length)."""
    return (real_tokens(ids, has_padding).cumsum(dim=1) - 1).clamp(min=0)


def initialise(model: nn.Module, seed: int) -> None:
    """Draw the weights: matrices scaled to keep a vector's size, embeddings small, biases 0, norms 1.

    A model built without values (on torch's "meta" device, to be filled with real weights) is left as it is.
    """
    if all(parameter.is_meta for parameter in model.parameters()):
        return
    generator = torch.Generator().manual_seed(seed)
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            if parameter.dim() < 2:
                parameter.fill_(0.0 if parameter_name.endswith("bias") else 1.0)
                continue
            width = parameter.shape[1]
            deviation = width**-0.5 if id(parameter) not in tables else 0.5 * width**-0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * deviation)
