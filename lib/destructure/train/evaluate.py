"""How good a model is: loss per target token, and answers that are right from the first to the last token."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.config import BEGIN, PADDING, SPECIAL_TOKENS
from destructure.generate import greedy
from destructure.tasks.base import Pair, Task
from destructure.train.batches import Batch, Batches

TOKENS_AT_ONCE = 6000
ROOM_TO_RAMBLE = 2  # tokens a model may write beyond the longest true answer before it is cut off


def target_loss(model: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy, nats per target token (with `[EOS]`, without padding), under teacher forcing."""
    logits = model(batch.source, batch.target)
    return functional.cross_entropy(logits.flatten(0, 1), batch.expected.flatten(), ignore_index=PADDING)


def loss_with_inputs(model: nn.Module, batch: Batch) -> Tensor:
    """Cross-entropy over the target and the input tokens after the first, nats per token."""
    logits = torch.cat([model.input_logits(batch.source)[:, :-1], model(batch.source, batch.target)], dim=1)
    expected = torch.cat([batch.source[:, 1:], batch.expected], dim=1)
    return functional.cross_entropy(logits.flatten(0, 1), expected.flatten(), ignore_index=PADDING)


def mean_loss(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Mean cross-entropy of the true targets, nats per token, whatever the batching."""
    total, tokens = 0.0, 0
    for batch, logits, real in _forced(model, pairs):
        loss = functional.cross_entropy(logits.flatten(0, 1), batch.expected.flatten(), ignore_index=PADDING)
        total += loss.item() * int(real.sum())
        tokens += int(real.sum())
    return total / tokens


def teacher_forced_accuracy(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Share of target tokens (with `[EOS]`) that are the model's first choice after the *true* beginning.

    A share of tokens, not of answers. All tokens of an answer are right in this sense exactly if the model writes it
    without a mistake alone (`exact_matches`); what the true beginning changes is what comes after a first mistake.
    """
    right, tokens = 0, 0
    for batch, logits, real in _forced(model, pairs):
        right += int((logits.argmax(dim=-1) == batch.expected)[real].sum())
        tokens += int(real.sum())
    return right / tokens


def exact_matches(model: nn.Module, pairs: Sequence[Pair]) -> np.ndarray:
    """Which answers, written greedily, equal the target token for token: booleans in the order of `pairs`.

    Nothing has to be written for that: greedy writing gives the target exactly if the first choice is right at every
    place after the true beginning, for up to its first error a writing model has seen nothing else.
    """
    return np.concatenate([all_right(logits, batch) for batch, logits, _ in _forced(model, pairs)])


def exact_match(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Share of answers that are right from the first to the last token, written greedily."""
    return float(exact_matches(model, pairs).mean())


def all_right(logits: Tensor, batch: Batch) -> np.ndarray:
    """Which examples of a batch the model would write without an error, by its logits (batch, target, vocabulary).

    Like writing, it never chooses `[PAD]`, whose logits are overwritten.
    """
    logits[..., PADDING] = -math.inf
    right = (logits.argmax(dim=-1) == batch.expected) | (batch.expected == PADDING)
    return right.all(dim=1).cpu().numpy()


def translate(model: nn.Module, task: Task, texts: Sequence[str], longest: int | None = None) -> list[str]:
    """What the model writes for each text, greedily and on its own (no teacher forcing).

    Args:
        longest: tokens after which an answer is cut off; by default a little more than the task's longest.

    Raises:
        ValueError: for text the task cannot spell, or that does not fit the model.
    """
    if isinstance(texts, str):
        raise ValueError(f"texts is one text, {texts[:40]!r}; give a list of texts.")
    sources = [task.encode_source(text) for text in texts]
    longest = longest or max(len(pair.target) for pair in task.pairs("train")) + ROOM_TO_RAMBLE
    batches = _in_order(model, [Pair(source, ()) for source in sources])
    written = (ids for batch in batches for ids in greedy(model, batch.source, longest))
    return [task.decode_target(ids) for ids in written]


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


@torch.no_grad()
def _forced(model: nn.Module, pairs: Sequence[Pair]) -> Iterator[tuple[Batch, Tensor, Tensor]]:
    """Batches in order, the logits after the true beginnings, and where the targets are no padding."""
    for batch in _in_order(model, pairs):
        yield batch, model(batch.source, batch.target), batch.expected != PADDING


def _in_order(model, pairs):
    """Batches in the given order, on the model's device."""
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise ValueError(
            f"The pairs are {repr(pairs)[:40]}; give a task's pairs, such as task.pairs('test')."
        )
    device = next(model.parameters()).device
    batches = Batches(pairs, TOKENS_AT_ONCE, seed=0)
    size = max(1, TOKENS_AT_ONCE // int((batches.source_lengths + batches.target_lengths).max()))
    for start in range(0, len(pairs), size):
        yield batches.of(np.arange(start, min(start + size, len(pairs)))).to(device)
