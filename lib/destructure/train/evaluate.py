"""How good a model is: loss per target token, and answers that are right from the first to the last token."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from destructure.config import BEGIN, PADDING, SPECIAL_TOKENS
from destructure.generate import greedy
from destructure.tasks.base import Pair, Task
from destructure.train.batches import Batch, Batches

TOKENS_AT_ONCE = 6000
ROOM_TO_RAMBLE = 2  # tokens a model may write beyond the longest true answer before it is cut off


def target_loss(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Cross-entropy, nats a target token (with `[EOS]`, without padding), under teacher forcing."""
    logits = model(batch.source, batch.target)
    return functional.cross_entropy(logits.flatten(0, 1), batch.expected.flatten(), ignore_index=PADDING)


def loss_with_inputs(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Cross-entropy over the target and the input tokens after the first, nats a token."""
    logits = torch.cat([model.input_logits(batch.source)[:, :-1], model(batch.source, batch.target)], dim=1)
    expected = torch.cat([batch.source[:, 1:], batch.expected], dim=1)
    return functional.cross_entropy(logits.flatten(0, 1), expected.flatten(), ignore_index=PADDING)


@torch.no_grad()
def mean_loss(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Mean cross-entropy of the true targets, nats a token, whatever the batching."""
    total, tokens = 0.0, 0
    for batch in _in_order(model, pairs):
        real = int((batch.expected != PADDING).sum())
        total += target_loss(model, batch).item() * real
        tokens += real
    return total / tokens


@torch.no_grad()
def teacher_forced_accuracy(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Share of target tokens (with `[EOS]`) that are the model's first choice after the *true* beginning.

    Not the share of right answers: alone, a model must go on from its own mistakes; see `exact_match`.
    """
    right, tokens = 0, 0
    for batch in _in_order(model, pairs):
        real = batch.expected != PADDING
        chosen = model(batch.source, batch.target).argmax(dim=-1)
        right += int((chosen == batch.expected)[real].sum())
        tokens += int(real.sum())
    return right / tokens


def translate(model: nn.Module, task: Task, texts: Sequence[str], longest: int | None = None) -> list[str]:
    """What the model writes for each text, greedily and on its own (no teacher forcing).

    Args:
        longest: tokens after which an answer is cut off; by default a little more than the task's longest.

    Raises:
        ValueError: for text the task cannot spell, or that does not fit the model.
    """
    sources = [task.encode_source(text) for text in texts]
    longest = longest or max(len(pair.target) for pair in task.pairs("train")) + ROOM_TO_RAMBLE
    batches = _in_order(model, [Pair(source, ()) for source in sources])
    written = (ids for batch in batches for ids in greedy(model, batch.source, longest))
    return [task.decode_target(ids) for ids in written]


@torch.no_grad()
def exact_matches(model: nn.Module, pairs: Sequence[Pair]) -> np.ndarray:
    """Which answers, decoded greedily, equal the target token for token: booleans in the order of `pairs`."""
    right = []
    for batch in _in_order(model, pairs):
        longest = batch.target.shape[1] + ROOM_TO_RAMBLE
        longest = min(longest, _room(model, batch))
        for place, written in zip(batch.examples, greedy(model, batch.source, longest), strict=True):
            right.append(tuple(written) == tuple(pairs[place].target))
    return np.array(right)


def exact_match(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Share of answers that are right from the first to the last token, decoded greedily."""
    return float(exact_matches(model, pairs).mean())


@torch.no_grad()
def bits_per_character(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Mean bits per character of a language model, each predicted from those before it in its piece.

    Special tokens can never be the answer, so their share is given to the characters: nobody gains or loses by
    knowing where a piece ends.

    Args:
        model: called without a source, as `model(None, target)`.
        pairs: pieces of text as targets, all of the same length.
    """
    pieces = torch.tensor([pair.target for pair in pairs])
    total = 0.0
    for rows in pieces.split(128):
        shown = torch.cat([torch.full((len(rows), 1), BEGIN), rows[:, :-1]], dim=1)
        logits = model(None, shown)
        logits[..., : len(SPECIAL_TOKENS)] = -math.inf
        total += functional.cross_entropy(logits.flatten(0, 1), rows.flatten(), reduction="sum").item()
    return total / pieces.numel() / math.log(2)


def _room(model: nn.Module, batch: Batch) -> int:
    config = model.config
    if config.positions != "learned":
        return batch.target.shape[1] + ROOM_TO_RAMBLE
    used = 0 if config.restart_target_positions else batch.source.shape[1]
    return config.max_length - used


def _in_order(model, pairs):
    """Batches in the given order, on the model's device."""
    device = next(model.parameters()).device
    batches = Batches(pairs, TOKENS_AT_ONCE, seed=0)
    size = max(1, TOKENS_AT_ONCE // int((batches.source_lengths + batches.target_lengths).max()))
    for start in range(0, len(pairs), size):
        yield batches.of(np.arange(start, min(start + size, len(pairs)))).to(device)
