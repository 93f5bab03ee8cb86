"""Read-outs: what a linear map can tell from a model's inner states; here, which token stands at a position.

A *read-out* (or probe; Alain & Bengio 2016, arXiv 1610.01644) is learned on the states of a finished model, which
itself stays as it is. It answers what the states still hold in a form that one matrix can use, not what the model
does with it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.config import PADDING
from destructure.tasks.base import Pair, Task
from destructure.train.batches import Batches
from destructure.transformer import Transformer

LEARNED_FROM, MEASURED_ON = 1_000, 500
"""Training examples that a read-out learns from, and test examples that it is measured on."""
PENALTY = 1e-6
"""On the squared weights: so weak that it only keeps them finite where the tokens can be told apart without error."""
STEPS = 300
_SMALLEST_VARIANCE = 1e-9  # of the largest: what varies less is rounding


class ReadOut(NamedTuple):
    """How well one layer's states tell which token stands at a position.

    Attributes:
        layer: 0 is the embedding, before the first layer.
        accuracy: share of right tokens on numbers that the read-out has not seen.
        accuracy_learned: the same on the numbers that it was learned from.
    """

    layer: int
    accuracy: float
    accuracy_learned: float


def read_outs(model: Transformer, task: Task) -> list[ReadOut]:
    """Learn a read-out from the embedding and from each input layer, and measure it. The model stays as it is.

    Args:
        model: trained or not; any structure.
        task: whose sources it reads, at all positions.

    Raises:
        ValueError: if there are too few examples, or they do not fit the model.
    """
    known, tokens = encoder_states(model, _examples(task, "train", LEARNED_FROM))
    unseen, expected = encoder_states(model, _examples(task, "test", MEASURED_ON))
    found = []
    for layer, (states, others) in enumerate(zip(known, unseen, strict=True)):
        read = learn_read_out(states, tokens)
        found.append(ReadOut(layer, accuracy(read, others, expected), accuracy(read, states, tokens)))
    return found


@torch.no_grad()
def encoder_states(model: Transformer, pairs: Sequence[Pair]) -> tuple[list[Tensor], Tensor]:
    """The states of all input positions, as the decoder would read them: after the model's last normalisation.

    Returns:
        One table (positions, width) for the embedding and for each input layer, and the token ids (positions,).
    """
    source = Batches(pairs, tokens_per_batch=1, seed=0).of(np.arange(len(pairs))).source
    _require_fit(model, source)
    kept: list[Tensor] = []

    def keep(layer, given, result):
        kept.extend([result.states] if kept else [given[0], result.states])

    hooks = [layer.register_forward_hook(keep) for layer in model.input_stack.layers]
    try:
        model.read(source.to(next(model.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    real = source != PADDING
    return [model.input_stack.final_norm(states).cpu()[real] for states in kept], source[real]


def learn_read_out(states: Tensor, tokens: Tensor) -> Callable[[Tensor], Tensor]:
    """Multinomial logistic regression from states (positions, width) to token ids (positions,).

    It is a convex problem, solved by L-BFGS from zero weights: no randomness. The states are first turned and scaled
    so that all directions vary equally and no two vary together. That saves steps; what a linear map can read stays
    the same.

    Returns:
        A function from states to scores (positions, ids); the highest score is the answer.

    Raises:
        ValueError: if states and tokens do not belong together, or a state is not finite.
    """
    if states.ndim != 2 or tokens.shape != states.shape[:1] or not len(tokens):
        raise ValueError(
            f"The states have shape {tuple(states.shape)} and the tokens {tuple(tokens.shape)}; give a row of states "
            "and one token id for each of one or more positions."
        )
    if not torch.isfinite(states).all():
        raise ValueError("Some states are not finite numbers; the model diverged, so take another run.")
    states = states.double()
    mean, turn = states.mean(dim=0), _whitening(states)
    prepared = (states - mean) @ turn
    linear = nn.utils.skip_init(nn.Linear, states.shape[1], int(tokens.max()) + 1, dtype=torch.float64)
    for parameter in linear.parameters():
        nn.init.zeros_(parameter)
    how = {
        "tolerance_grad": 1e-6,
        "tolerance_change": 0,
        "history_size": 20,
        "line_search_fn": "strong_wolfe",
    }
    solver = torch.optim.LBFGS(linear.parameters(), max_iter=STEPS, **how)

    def loss():
        solver.zero_grad()
        value = functional.cross_entropy(linear(prepared), tokens)
        value = value + PENALTY * linear.weight.square().sum()
        value.backward()
        return value

    with torch.enable_grad():
        solver.step(loss)
    return lambda others: linear((others.double() - mean) @ turn).detach()


def accuracy(read: Callable[[Tensor], Tensor], states: Tensor, tokens: Tensor) -> float:
    """Share of positions at which the read-out gives the right token."""
    return (read(states).argmax(dim=-1) == tokens).double().mean().item()


def chance(task: Task) -> float:
    """Share of right answers without any state: always the token that is most common where read-outs learn."""
    learned = np.concatenate([pair.source for pair in _examples(task, "train", LEARNED_FROM)])
    measured = np.concatenate([pair.source for pair in _examples(task, "test", MEASURED_ON)])
    return float((measured == np.bincount(learned).argmax()).mean())


def _whitening(states: Tensor) -> Tensor:
    variances, directions = torch.linalg.eigh(torch.cov(states.T, correction=0).reshape(states.shape[1], -1))
    floor = max(_SMALLEST_VARIANCE * variances[-1].item(), torch.finfo(torch.float64).tiny)
    return directions / variances.clamp(min=floor).sqrt()


def _examples(task: Task, split: str, count: int) -> Sequence[Pair]:
    pairs = task.pairs(split)
    if len(pairs) < count:
        raise ValueError(
            f"The task has {len(pairs):,} {split} examples, but a read-out needs {count:,}; give a larger task."
        )
    return pairs[:count]


def _require_fit(model: Transformer, source: Tensor) -> None:
    if not isinstance(model, Transformer):
        raise ValueError(f"A {type(model).__name__} has no encoder to read from; give a Transformer.")
    if not source.numel() or int(source.max()) >= model.config.vocabulary:
        raise ValueError(
            f"The model knows {model.config.vocabulary} token ids, but the task's sources are empty or have others; "
            "give the task that the model was made for."
        )
