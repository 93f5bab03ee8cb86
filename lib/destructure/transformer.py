"""The one model: any of the sixteen architectures between an encoder-decoder and a decoder-only Transformer.

Read it top to bottom. The four switches of `Structure` appear in exactly these places:

    S1 separate_cross_attention   `blocks.Layer` (the sub-layer), `Transformer.write` (what one softmax covers)
    S2 separate_parameters        `Transformer.__init__` (two stacks, or one under two names)
    S3 final_layer_memory         `Transformer.keys_values_for_target` (what each target layer gets to read)
    S4 bidirectional_input        `Transformer.read` (the input mask)

Shapes: source (batch, source) and target (batch, target) ids; states (batch, length, width).
Id 0 is padding (unless `has_padding` is off). Positions run on from the input to the target.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure import cost
from destructure.attention import KeyValues, input_mask, join, memory_mask, real_tokens, target_mask
from destructure.blocks import Embedding, FinalMemory, LayerResult, Stack, initialise, running_positions
from destructure.checks import mark_of, require_ids, require_room, require_segments
from destructure.config import TransformerConfig
from destructure.structure import Structure


@dataclass
class Memory:
    """The input after reading: all that writing the target needs."""

    keys_values: list[KeyValues]  # one per target layer
    source: Tensor  # the ids read, (batch, source)
    states: Tensor  # final input states (batch, source, width)
    mark: tuple[Tensor, int]  # of the model that read it (`checks.mark_of`); another one cannot use it
    weights: list[Tensor] = field(default_factory=list)  # attention of each input layer, if asked for


@dataclass
class AttentionMaps:
    """Attention weights, a list with one tensor per layer."""

    source: list[Tensor]  # (batch, heads, source, source)
    target: list[
        Tensor
    ]  # (batch, heads, target, keys): the target, or input and target under one softmax (no S1)
    cross: list[Tensor]  # (batch, heads, target, source); empty without separate cross-attention


class Transformer(nn.Module):
    """Reads a source sequence and predicts a target sequence, with any of the sixteen structures.

    Args:
        config: sizes, structure and block details.
        seed: starting point of the random weights; the global random state is left alone.

    Example:
        >>> config = TransformerConfig(vocabulary=20, structure=Structure.DECODER_ONLY)   # doctest: +SKIP
        >>> Transformer(config)(source, target).shape       # (batch, n), (batch, m) ids   # doctest: +SKIP
        torch.Size([batch, m, 20])
    """

    def __init__(self, config: TransformerConfig, seed: int = 0):
        super().__init__()
        self.config, structure = config, config.structure
        with torch.random.fork_rng(devices=[]):
            self.embedding = Embedding(config)
            self.target_embedding = self.embedding if config.shared_embeddings else Embedding(config)
            # S2: two stacks, or one stack under two names. Only a stack that writes reads a memory.
            self.input_stack = Stack(config, reads_memory=not structure.separate_parameters)
            self.target_stack = (
                Stack(config, reads_memory=True) if structure.separate_parameters else self.input_stack
            )
            self.final_memory = FinalMemory(config)
            self.output = nn.Linear(config.width, config.vocabulary, bias=config.output_bias)
        if config.tied_output:
            self.output.weight = self.target_embedding.tokens.weight
        initialise(self, seed)

    def forward(self, source: Tensor | None, target: Tensor, *, one_pass: bool | None = None) -> Tensor:
        """Predict each next target token, given the source and the target so far (teacher forcing).

        Args:
            source: (batch, source) ids; `None` for no input, where the structure allows it.
            target: (batch, target) ids, beginning with `[BOS]`.
            one_pass: single-stack structures only: run input and target as one sequence (the fast path,
                default where possible) or one after the other (the plain path). Both give the same logits.

        Returns:
            Logits (batch, target, vocabulary).

        Raises:
            ValueError: ids outside the vocabulary, an empty batch, or more tokens than positions.
        """
        source, target = self.check(source, target)
        if self.config.structure.is_single_stack if one_pass is None else one_pass:
            states = self.read_and_write_at_once(source, target)[:, source.shape[1] :]
            return self.output(states)
        return self.write(self.read(source), target)[0]

    def read(self, source: Tensor, keep_weights: bool = False) -> Memory:
        """Run the input stack over the source (batch, source) and prepare what each target layer will read."""
        structure, has_padding = self.config.structure, self.config.has_padding
        positions = running_positions(source, has_padding)
        states = self.embedding(source, positions, segment=0)
        mask = input_mask(source, structure.bidirectional_input, has_padding)  # S4
        passed = []
        for layer in self.input_stack.layers:
            passed.append(layer(states, positions, mask, keep_weights=keep_weights))
            states = passed[-1].states
        final = self.input_stack.final_norm(states)
        weights = [result.self_weights for result in passed] if keep_weights else []
        keys_values = self.keys_values_for_target(passed, final, positions)
        return Memory(keys_values, source, final, mark_of(self), weights)

    def keys_values_for_target(
        self, passed: list[LayerResult], final: Tensor, positions: Tensor
    ) -> list[KeyValues]:
        """What each target layer gets to read of the input, from the input layers' results and the final states."""
        keys_values, structure = [], self.config.structure
        handed_over = self.final_memory(self._normalised(passed, final))
        for layer, same_level, from_end in zip(self.target_stack.layers, passed, handed_over, strict=True):
            reader = layer.cross_attention or layer.attention
            if structure.final_layer_memory:  # S3: every target layer reads the final input states...
                keys_values.append(reader.keys_values(from_end, positions))
            elif not structure.separate_parameters and reader is layer.attention:
                keys_values.append(same_level.own)  # ... or layer l what input layer l read,
            else:  # projected by the reader's own matrices, unless they are the same
                keys_values.append(reader.keys_values(same_level.read, positions))
        return keys_values

    def _normalised(self, passed: list[LayerResult], final: Tensor) -> list[Tensor]:
        """Each input layer's states as the final ones are given; the earlier ones only where they are read."""
        if self.config.final_memory != "layer_mix":
            return [final]
        return [self.input_stack.final_norm(result.states) for result in passed[:-1]] + [final]

    def write(self, memory: Memory, target: Tensor, cache: list[KeyValues] | None = None, keep_weights=False):
        """Run the target stack over target ids, after a memory.

        Args:
            memory: from `read`.
            target: (batch, target) ids: all target tokens so far.
            cache: keys and values of the target tokens already processed, one per layer; the rest is processed.

        Returns:
            Logits (batch, new tokens, vocabulary), the extended cache, and each layer's `LayerResult`.
        """
        done = 0 if cache is None else cache[0].keys.shape[2]
        new = target[:, done:]
        positions = self._target_positions(memory.source, target)[:, done:]
        states = self.target_embedding(new, positions, segment=1)
        mask = target_mask(target, new.shape[1], self.config.has_padding)
        sees_input = memory_mask(memory.source, new.shape[1], self.config.has_padding)
        separate = self.config.structure.separate_cross_attention  # S1: a softmax of its own for the input...
        if not separate:  # ... or one softmax over input and target together.
            mask = torch.cat([sees_input, mask], dim=-1)

        new_cache, results = [], []
        caches = cache or [None] * self.config.layers
        for layer, from_input, earlier in zip(
            self.target_stack.layers, memory.keys_values, caches, strict=True
        ):
            past = join(None if separate else from_input, earlier)
            result = layer(
                states,
                positions,
                mask,
                past,
                memory=from_input if separate else None,
                memory_mask=sees_input if separate else None,
                keep_weights=keep_weights,
            )
            states = result.states
            new_cache.append(join(earlier, result.own))
            results.append(result)
        return self.output(self.target_stack.final_norm(states)), new_cache, results

    def read_and_write_at_once(self, source: Tensor, target: Tensor) -> Tensor:
        """Run a single-stack model as what it is: one stack over the concatenation, one mask.

        Returns:
            Final states (batch, source + target, width).
        """
        structure, has_padding = self.config.structure, self.config.has_padding
        if not structure.is_single_stack:
            raise ValueError(
                f"The structure {structure} cannot run in one pass: only a prefix LM or a decoder-only model "
                "is one stack over input and target; leave one_pass unset."
            )
        positions = running_positions(source, has_padding)
        positions = torch.cat([positions, self._target_positions(source, target)], dim=1)
        states = torch.cat(
            [
                self.embedding(source, positions[:, : source.shape[1]], segment=0),
                self.target_embedding(target, positions[:, source.shape[1] :], segment=1),
            ],
            dim=1,
        )
        from_source = input_mask(source, structure.bidirectional_input, has_padding)
        from_source = functional.pad(from_source, (0, target.shape[1]), value=False)
        sees_input = memory_mask(source, target.shape[1], has_padding)
        from_target = torch.cat([sees_input, target_mask(target, None, has_padding)], dim=-1)
        mask = torch.cat([from_source, from_target], dim=1)
        for layer in self.input_stack.layers:
            states = layer(states, positions, mask).states
        return self.input_stack.final_norm(states)

    def input_logits(self, source: Tensor) -> Tensor:
        """Predict each next *input* token from the input so far (batch, source, vocabulary); causal input only.

        Raises:
            ValueError: if the input is bidirectional, where a token could see the answer.
        """
        if self.config.structure.bidirectional_input:
            raise ValueError(
                "Loss on input tokens needs causal input, but this structure reads its input in both directions; "
                "use a structure without bidirectional_input."
            )
        return self.output(self.read(require_ids(source, self.config.vocabulary, "source")).states)

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one example of these lengths, by formula."""
        return cost.training_flops(self.config, source, target)

    def writing_flops(self, source: int, prompt: int, new: int, cache: bool = True) -> int:
        """FLOPs to write `new` tokens after these, by formula (`cost.writing_flops`)."""
        return cost.writing_flops(self.config, source, prompt, new, cache)

    def attention_maps(self, source: Tensor, target: Tensor) -> AttentionMaps:
        """Attention weights of every layer, each computed under the mask the layer really uses."""
        source, target = self.check(source, target)
        memory = self.read(source, keep_weights=True)
        _, _, results = self.write(memory, target, keep_weights=True)
        cross = [result.cross_weights for result in results if result.cross_weights is not None]
        return AttentionMaps(memory.weights, [result.self_weights for result in results], cross)

    def _target_positions(self, source, target):
        positions = running_positions(target, self.config.has_padding)
        if self.config.restart_target_positions:
            return positions
        return positions + real_tokens(source, self.config.has_padding).sum(dim=1, keepdim=True)

    def check(self, source: Tensor | None, target: Tensor) -> tuple[Tensor, Tensor]:
        """Return source and target ids as they will be used, or raise ValueError with one clear sentence."""
        target = require_ids(target, self.config.vocabulary, "target")
        source = target[:, :0] if source is None else source
        source = require_ids(source, self.config.vocabulary, "source", shortest=0)
        require_room(source, target, self.config)
        return source, target


class EncoderOnly(nn.Module):
    """One bidirectional stack over one sequence, from the same blocks (CS25 V4, 20:23; BERT, Devlin 2018).

    Args:
        config: sizes and block details; `config.structure` plays no part.
        labels: how many classes a linear layer on the first token's state tells apart; `None` for no classifier.
        seed: starting point of the random weights.
    """

    def __init__(self, config: TransformerConfig, labels: int | None = None, seed: int = 0):
        super().__init__()
        self.config = config
        with torch.random.fork_rng(devices=[]):
            self.embedding = Embedding(config)
            self.stack = Stack(config, reads_memory=False)
            self.classifier = nn.Linear(config.width, labels) if labels else None
        initialise(self, seed)

    def forward(self, ids: Tensor, segments: Tensor | int = 0) -> Tensor:
        """Ids (batch, length) to one final vector per token (batch, length, width)."""
        return self.stack.final_norm(self._run(ids, segments)[0])

    def attention_maps(self, ids: Tensor, segments: Tensor | int = 0) -> list[Tensor]:
        """Attention weights of ids (batch, length): (batch, heads, length, length) of each layer."""
        return self._run(ids, segments, keep_weights=True)[1]

    def classify(self, ids: Tensor) -> Tensor:
        """Ids (batch, length), the first being `[CLS]`, to class logits (batch, labels).

        Raises:
            ValueError: if the model was built without `labels`.
        """
        if self.classifier is None:
            raise ValueError("This encoder has no classifier; build it with labels=, the number of classes.")
        return self.classifier(self(ids)[:, 0])

    def masked_logits(self, ids: Tensor) -> Tensor:
        """Ids with some hidden behind a mask token to logits (batch, length, vocabulary), by the token table."""
        return self(ids) @ self.embedding.tokens.weight.T

    def _run(self, ids, segments, keep_weights=False):
        ids = require_ids(ids, self.config.vocabulary, "input")
        require_room(ids, ids[:, :0], self.config)
        positions = running_positions(ids, self.config.has_padding)
        states = self.embedding(ids, positions, require_segments(segments, ids, self.config))
        mask, weights = input_mask(ids, True, self.config.has_padding), []
        for layer in self.stack.layers:
            result = layer(states, positions, mask, keep_weights=keep_weights)
            states = result.states
            weights.append(result.self_weights)
        return states, weights


@torch.no_grad()
def carry_over(model: Transformer, structure: Structure) -> Transformer:
    """Build a model of another structure with the weights of this one.

    A part that both have keeps its weights. A part that is new is filled from the part whose role it takes over:
    cross-attention (and the normalisation before it) from self-attention in the same layer. Where two stacks become
    one, the input's weights stay.

    Args:
        model: not changed.
        structure: of the new model; everything else of its configuration is the same.

    Returns:
        A new model in evaluation mode.
    """
    edited = Transformer(model.config.with_structure(structure))
    weights = model.state_dict()  # a shared stack stands here under both names
    for name, values in edited.named_parameters():
        source = name if name in weights else name.replace("cross_attention", "attention")
        values.copy_(weights[source])
    return edited.eval()
