"""The Transformer's predecessor: a recurrent model that carries one state from token to token.

One class is the language model (no source), the encoder-decoder of 2014 (the source's last state is all that the
target gets) and the same with attention (the target may look back at every source state). It is called like
`Transformer`, so the one training loop trains it.

Shapes: source (batch, source) and target (batch, target) ids; states (batch, length, width). Id 0 is padding.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from destructure.blocks import initialise
from destructure.checks import mark_of, require_ids, require_same_batch
from destructure.config import PADDING, require_whole


@dataclass(frozen=True)
class RecurrentConfig:
    """Sizes and structure of a `RecurrentModel`.

    Attributes:
        vocabulary: how many token ids there are (for the target, if the source has its own); id 0 is padding.
        width, layers: length of a token's vector and of the state; layers in the encoder and in the decoder each.
        reads_source: whether there is an encoder; without one the model is a plain language model.
        attention: whether the target looks back at all source states.
        scores: of attention, "additive", v · tanh(query + key) (Bahdanau 2014), or "dot", query · key / √width.
        source_vocabulary: ids of a source with a table of its own; `None` if source and target share ids and table.
        tied_output, output_bias: the output matrix is the (target) token table; the output adds a bias per id.
        scale_embedding: multiply token embeddings by √width: a table small enough for the output is a quiet input.
    """

    vocabulary: int
    width: int = 64
    layers: int = 1
    reads_source: bool = False
    attention: bool = False
    scores: Literal["additive", "dot"] = "additive"
    source_vocabulary: int | None = None
    tied_output: bool = True
    output_bias: bool = False
    scale_embedding: bool = True

    def __post_init__(self):
        for name in ("vocabulary", "width", "layers"):
            require_whole(name, getattr(self, name))
        if self.source_vocabulary is not None:
            require_whole("source_vocabulary", self.source_vocabulary)
        if self.scores not in ("additive", "dot"):
            raise ValueError(f"scores is {self.scores!r}; attention scores are 'additive' or 'dot'.")
        if self.attention and not self.reads_source:
            raise ValueError(
                "attention needs reads_source=True: without a source there is nothing to look back at."
            )
        if self.source_vocabulary is not None and not self.reads_source:
            raise ValueError(
                f"source_vocabulary is {self.source_vocabulary}, but the model reads no source; set "
                "reads_source=True, or leave source_vocabulary out."
            )

    positions = "none"  # recurrence knows the order by itself: no table of positions, and no longest length


@dataclass
class RecurrentMemory:
    """What the target gets of the source."""

    start: list[Tensor]  # the decoder's first states, one (batch, width) per layer
    states: Tensor  # final encoder states (batch, source, width), looked at by attention only
    source: Tensor  # the ids read, (batch, source)
    mark: tuple[Tensor, int]  # of the model that read it (`checks.mark_of`); another one cannot use it


@dataclass
class RecurrentCache:
    """Where writing stopped: the state of each layer after `tokens` tokens, whatever their number."""

    states: list[Tensor]
    tokens: int


class RecurrentModel(nn.Module):
    """Gated recurrent units (Cho 2014, arXiv:1406.1078), with an encoder and attention where the config says so.

    Attention here looks *after* the recurrent step, as in Luong 2015 (arXiv:1508.04025): so all target positions are
    trained in one call. Its scores are those of Bahdanau 2014 (arXiv:1409.0473) or dot products. `seed` is the
    starting point of the random weights; the global random state is left alone.
    """

    def __init__(self, config: RecurrentConfig, seed: int = 0):
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            self.embedding = nn.Embedding(config.vocabulary, config.width)
            self.decoder = _recurrent_layers(config)
            if config.reads_source:
                self.encoder = _recurrent_layers(config)
            if config.attention:
                self.attention = LookBack(config.width, config.scores)
            if config.source_vocabulary is not None:
                self.source_embedding = nn.Embedding(config.source_vocabulary, config.width)
            self.output = nn.Linear(config.width, config.vocabulary, bias=config.output_bias)
        if config.tied_output:
            self.output.weight = self.embedding.weight
        self.scale = config.width**0.5 if config.scale_embedding else 1.0
        initialise(self, seed)

    def forward(self, source: Tensor | None, target: Tensor) -> Tensor:
        """Predict each next target token, given the source and the target so far (teacher forcing).

        Args:
            source: (batch, source) ids, padded at the end; `None` or (batch, 0) for none.
            target: (batch, target) ids, beginning with `[BOS]`, padded at the end.

        Returns:
            Logits (batch, target, vocabulary). Padding before a token is refused: a state passes through every id in
            turn, and no mask can hide one from it.
        """
        source, target = self.check(source, target)
        _require_padding_last(target, "target")
        return self.write(self.read(source), target)[0]

    def read(self, source: Tensor) -> RecurrentMemory:
        """Run the encoder over a source (batch, source), padded at the end; an empty one gives a state of zeros."""
        batch, length = source.shape
        nothing = self.embedding.weight.new_zeros(batch, self.config.width)
        if not length:
            empty = self.embedding.weight.new_zeros(batch, 0, self.config.width)
            return RecurrentMemory([nothing] * self.config.layers, empty, source, mark_of(self))
        last = ((source != PADDING).sum(dim=1) - 1).clamp(min=0)  # padding stands after the end
        states, start = self.scale * self._source_table(source), []
        for layer in self.encoder:
            states = layer(states)[0]
            start.append(states[torch.arange(batch, device=source.device), last])
        return RecurrentMemory(start, states, source, mark_of(self))

    def write(self, memory: RecurrentMemory, target: Tensor, cache: RecurrentCache | None = None):
        """Run the decoder over all target ids so far (batch, target), after a memory, from where the cache stopped.

        Returns:
            Logits (batch, new tokens, vocabulary), the new cache, and `None` (where a Transformer gives its layers'
            results).
        """
        before = cache or RecurrentCache(memory.start, 0)
        states, ends = self.scale * self.embedding(target[:, before.tokens :]), []
        for layer, start in zip(self.decoder, before.states, strict=True):
            states, end = layer(states, start.unsqueeze(0).contiguous())
            ends.append(end[0])
        if self.config.attention and memory.states.shape[1]:
            states = self.attention(states, memory)
        return self.output(states), RecurrentCache(ends, target.shape[1]), None

    def check(self, source: Tensor | None, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return source and target ids as they will be used, or raise ValueError with one clear sentence."""
        target = require_ids(target, self.config.vocabulary, "target")
        source = target[:, :0] if source is None else source
        source = require_ids(source, self._source_table.num_embeddings, "source", shortest=0)
        require_same_batch(source, target)
        if source.shape[1] and not self.config.reads_source:
            raise ValueError(
                f"A source of {source.shape[1]} tokens was given, but this model is a language model and reads none; "
                "build it with reads_source=True, or give an empty source."
            )
        _require_padding_last(source, "source")
        return source, target

    @property
    def _source_table(self) -> nn.Embedding:
        return self.embedding if self.config.source_vocabulary is None else self.source_embedding

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one example of these lengths, by formula: three forward passes' worth."""
        return 3 * forward_flops(self.config, source, target)


class LookBack(nn.Module):
    """Looks back at the source: scores of queries and keys, their softmax, and the average mixed into the state."""

    def __init__(self, width: int, scores: str):
        super().__init__()
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.score = nn.Linear(width, 1, bias=False) if scores == "additive" else None
        self.mix = nn.Linear(2 * width, width, bias=False)

    def forward(self, states: Tensor, memory: RecurrentMemory) -> Tensor:
        """Target states (batch, target, width) to states that know the source."""
        queries, keys = self.query(states), self.key(memory.states)
        if self.score is None:
            scores = queries @ keys.mT / queries.shape[-1] ** 0.5  # (batch, target, source)
        else:
            scores = self.score(torch.tanh(queries.unsqueeze(2) + keys.unsqueeze(1))).squeeze(-1)
        weights = scores.masked_fill((memory.source == PADDING).unsqueeze(1), -torch.inf).softmax(dim=-1)
        weights = weights.nan_to_num()  # an empty source among longer ones: nothing to look at
        return torch.tanh(self.mix(torch.cat([states, weights @ memory.states], dim=-1)))


def forward_flops(config: RecurrentConfig, source: int, target: int) -> int:
    """FLOPs of one forward pass over one example, counted as in `destructure.cost`: matrix products only.

    A layer multiplies each token's input and state by three matrices each (two gates and the new content):
    12 · width² per token.
    """
    if source < 0 or target < 0:
        raise ValueError(f"Lengths are {source} and {target}; a length must be 0 or more.")
    width = config.width
    recurrence = 12 * config.layers * width**2 * (source + target)
    attention = 0
    if config.attention and source:
        attention = 2 * width**2 * source + (2 + 4) * width**2 * target + 4 * width * source * target
    return recurrence + attention + 2 * target * width * config.vocabulary


def _require_padding_last(ids: Tensor, name: str) -> None:
    real = ids != PADDING
    if bool((real[:, 1:] & ~real[:, :-1]).any()):
        raise ValueError(
            f"The {name} has padding (id {PADDING}) before a token, which a recurrent model cannot hide from its "
            "state; put all padding at the end of each row."
        )


def _recurrent_layers(config: RecurrentConfig) -> nn.ModuleList:
    return nn.ModuleList(nn.GRU(config.width, config.width, batch_first=True) for _ in range(config.layers))
