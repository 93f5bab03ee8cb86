"""Batches of similar length, filled by real tokens, in an order fixed by the seed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from destructure.config import BEGIN, END, PADDING
from destructure.tasks.base import Pair

BATCHES_SORTED_TOGETHER = 30  # sorting more at once saves padding, but makes neighbouring batches alike


@dataclass(frozen=True)
class Batch:
    """Some examples, padded to equal length at the end.

    Attributes:
        source: (batch, source) ids.
        target: (batch, target) ids the model sees: `[BOS]` and the target.
        expected: (batch, target) ids it should predict: the target and `[EOS]`.
        examples: which examples these are.
        tokens: real tokens of source and target.
    """

    source: Tensor
    target: Tensor
    expected: Tensor
    examples: np.ndarray
    tokens: int

    def to(self, device) -> "Batch":
        """Return the same batch on a device."""
        moved = (part.to(device) for part in (self.source, self.target, self.expected))
        return Batch(*moved, self.examples, self.tokens)


class Batches:
    """An endless stream of batches over a fixed set of pairs: epoch after epoch, each in a new order.

    Args:
        pairs: the examples.
        tokens_per_batch: a batch is full when its real tokens reach this number.
        seed: decides the order; the same for every model trained with it.

    Attributes:
        epoch, index: where the stream stands; set them to continue elsewhere.
    """

    def __init__(self, pairs: Sequence[Pair], tokens_per_batch: int, seed: int):
        if not len(pairs):
            raise ValueError("There are no examples to train on; ask the task for at least one.")
        self.source = _padded([pair.source for pair in pairs])
        self.target = _padded([(BEGIN, *pair.target) for pair in pairs])
        self.expected = _padded([(*pair.target, END) for pair in pairs])
        self.source_lengths = np.array([len(pair.source) for pair in pairs])
        self.target_lengths = np.array([len(pair.target) + 1 for pair in pairs])
        self.tokens_per_batch, self.seed = tokens_per_batch, seed
        self.epoch, self.index, self._order = 0, 0, None

    def __next__(self) -> Batch:
        order = self._order_of(self.epoch)
        batch = self.of(order[self.index])
        self.index += 1
        if self.index == len(order):
            self.epoch, self.index = self.epoch + 1, 0
        return batch

    @property
    def seen(self) -> int:
        """How many examples it has given out so far, each as often as it came."""
        given = self._order_of(self.epoch)[: self.index]
        return self.epoch * len(self.source_lengths) + sum(map(len, given))

    def of(self, examples: np.ndarray) -> Batch:
        """Build the batch of these examples."""
        source_length = self.source_lengths[examples].max()
        target_length = self.target_lengths[examples].max()
        rows = torch.as_tensor(examples)
        return Batch(
            self.source[rows, :source_length],
            self.target[rows, :target_length],
            self.expected[rows, :target_length],
            examples,
            int(self.source_lengths[examples].sum() + self.target_lengths[examples].sum()),
        )

    def _order_of(self, epoch: int) -> list[np.ndarray]:
        if self._order is None or self._order[0] != epoch:
            self._order = (epoch, self._shuffled(np.random.default_rng([self.seed, epoch])))
        return self._order[1]

    def _shuffled(self, generator: np.random.Generator) -> list[np.ndarray]:
        """Shuffle, sort stretches by length, cut them into batches, shuffle the batches."""
        lengths = self.source_lengths + self.target_lengths
        examples = generator.permutation(len(lengths))
        stretch = max(1, int(BATCHES_SORTED_TOGETHER * self.tokens_per_batch / lengths.mean()))
        batches = []
        for start in range(0, len(examples), stretch):
            part = examples[start : start + stretch]
            part = part[np.lexsort((self.target_lengths[part], self.source_lengths[part]))]
            filled = (np.cumsum(lengths[part]) - 1) // self.tokens_per_batch
            batches += np.split(part, np.flatnonzero(np.diff(filled)) + 1)
        return [batches[place] for place in generator.permutation(len(batches))]


def _padded(sequences: Sequence[Sequence[int]]) -> Tensor:
    table = np.full((len(sequences), max(map(len, sequences))), PADDING, dtype=np.int64)
    for row, sequence in zip(table, sequences, strict=True):
        row[: len(sequence)] = sequence
    return torch.from_numpy(table)
