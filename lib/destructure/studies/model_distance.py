"""How far apart two trained models are, as functions: their next-token distributions on the same text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from destructure.config import PADDING
from destructure.generate import greedy
from destructure.tasks.base import Pair
from destructure.train.batches import Batches

_ROOM = 2  # tokens an answer may be longer than the longest true one


class Distance(NamedTuple):
    """How differently two models answer; all three are 0 for equal models.

    Attributes:
        total_variation: share of probability that would have to move to another token, mean over target positions;
            0 to 1.
        symmetric_kl: mean of the two Kullback-Leibler divergences, nats per target position.
        different_answers: share of inputs to which their greedy answers differ, 0 to 1.
    """

    total_variation: float
    symmetric_kl: float
    different_answers: float


@dataclass(frozen=True)
class Answers:
    """What a model says about some pairs: all that its distance to another needs.

    Attributes:
        log_probabilities: (target positions, vocabulary), after the *true* beginning; `[EOS]` is a position too.
        written: the greedy answer to each input, ids without `[EOS]`.
    """

    log_probabilities: np.ndarray
    written: tuple[tuple[int, ...], ...]


@torch.no_grad()
def answers(model: nn.Module, pairs: Sequence[Pair]) -> Answers:
    """Ask a model about pairs, all in one batch.

    Raises:
        ValueError: if there are no pairs.
    """
    if not len(pairs):
        raise ValueError("There are no pairs to compare models on; give at least one.")
    batch = Batches(pairs, tokens_per_batch=1, seed=0).of(np.arange(len(pairs)))
    real = batch.expected != PADDING
    chosen = model(batch.source, batch.target)[real].double().log_softmax(dim=-1)
    written = greedy(model, batch.source, batch.target.shape[1] + _ROOM)
    return Answers(chosen.numpy(), tuple(tuple(ids) for ids in written))


def distance(one: Answers, other: Answers) -> Distance:
    """The distance between two models' answers to the same pairs; it does not matter which comes first.

    Raises:
        ValueError: if the answers are to different pairs.
    """
    first, second = one.log_probabilities, other.log_probabilities
    if first.shape != second.shape or len(one.written) != len(other.written):
        raise ValueError(
            f"The answers cover {first.shape} and {second.shape} positions and tokens; ask both models about the "
            "same pairs."
        )
    difference = np.exp(first) - np.exp(second)
    total_variation = np.abs(difference).sum(axis=-1).mean() / 2
    symmetric_kl = (difference * (first - second)).sum(axis=-1).mean() / 2
    differing = np.mean([mine != its for mine, its in zip(one.written, other.written, strict=True)])
    return Distance(float(total_variation), float(symmetric_kl), float(differing))
