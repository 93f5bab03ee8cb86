"""The registered study behind notebook 03: how many digits can one state carry, and what does looking back change?

The plan, with its date, its pilots and what would contradict the expectation, is in data/results/README.md; the
stored rows and the verdicts are in `recurrence_results`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import pandas as pd
import torch
from torch import Tensor, nn

from destructure.config import BEGIN
from destructure.generate import greedy
from destructure.recurrent import RecurrentConfig, RecurrentModel
from destructure.tasks import TelephoneNumbers
from destructure.tasks.base import Pair
from destructure.train.evaluate import exact_matches
from destructure.train.loop import Run, train
from destructure.train.recipe import Recipe

LENGTHS = range(4, 13)
LONGER = range(13, 17)
"""Lengths of no training number; reported, and in no verdict."""
NUMBERS_A_LENGTH = 150
BUDGET = 2e11
"""Training FLOPs at which the arms are compared."""
LONG_BUDGET = 3 * BUDGET


@dataclass(frozen=True)
class Arm:
    """One way to read and write: a GRU encoder-decoder.

    Attributes:
        attention: whether the target looks back at all source states; else it gets the last state alone.
        reversed_source: whether the digits are read from the last to the first.
        width: numbers in the state.
        budgets: training FLOPs after which it is measured; the learning rate is tuned at the first.
    """

    attention: bool = False
    reversed_source: bool = False
    width: int = 64
    budgets: tuple[float, ...] = (BUDGET,)


FIXED, REVERSED, WIDE, ATTENTION = (
    "fixed vector",
    "fixed vector, source reversed",
    "fixed vector, twice as wide",
    "attention",
)
ARMS = {
    FIXED: Arm(budgets=(BUDGET, LONG_BUDGET)),
    REVERSED: Arm(reversed_source=True),
    WIDE: Arm(width=128, budgets=(LONG_BUDGET,)),
    ATTENTION: Arm(attention=True),
}


@cache
def make_task(reversed_source: bool = False) -> TelephoneNumbers:
    """Telephone numbers of 4 to 12 digits; 150 test numbers of each length."""
    return TelephoneNumbers(
        shortest=LENGTHS[0],
        longest=LENGTHS[-1],
        reversed_source=reversed_source,
        train_examples=30_000,
        validation_examples=60 * len(LENGTHS),
        test_examples=NUMBERS_A_LENGTH * len(LENGTHS),
    )


@cache
def longer_pairs(reversed_source: bool = False) -> tuple[Pair, ...]:
    """Numbers of 13 to 16 digits, 150 of each length: all longer than any in training."""
    task = TelephoneNumbers(
        shortest=LONGER[0],
        longest=LONGER[-1],
        reversed_source=reversed_source,
        train_examples=1,  # never trained on
        validation_examples=1,
        test_examples=NUMBERS_A_LENGTH * len(LONGER),
    )
    return task.pairs("test")


def make_model(arm: str, seed: int) -> RecurrentModel:
    """The untrained model of an arm.

    Raises:
        ValueError: if there is no such arm.
    """
    one = _arm(arm)
    vocabulary = len(TelephoneNumbers.vocabulary)
    config = RecurrentConfig(vocabulary, one.width, reads_source=True, attention=one.attention)
    return RecurrentModel(config, seed=seed)


def train_reader(
    arm: str,
    seed: int,
    learning_rate: float,
    budgets: Sequence[float] | None = None,
    split: str = "test",
    progress: bool = True,
) -> Run:
    """Train one arm; the run's results hold the exact match of each length, see `exact_by_length`.

    Args:
        arm: one of `ARMS`.
        seed: decides the weights and the order of the examples.
        learning_rate: of the reporting runs: `recurrence_results.chosen_rates()[arm]`.
        budgets: training FLOPs; by default the arm's own.
        split: what to measure on, "validation" or "test" (which includes the longer numbers).
        progress: show a bar.

    Raises:
        ValueError: if there is no such arm.
    """
    one = _arm(arm)
    task = make_task(one.reversed_source)
    pairs = task.pairs(split) + (longer_pairs(one.reversed_source) if split == "test" else ())
    return train(
        make_model(arm, seed),
        task,
        Recipe(flops=tuple(budgets or one.budgets), learning_rate=learning_rate),
        seed=seed,
        progress=progress,
        measure=lambda model: {str(length): share for length, share in by_length(model, pairs).items()},
    )


def by_length(model: nn.Module, pairs: Sequence[Pair]) -> dict[int, float]:
    """Exact match for each source length, by greedy decoding; 0 if training diverged and left NaN as weights."""
    lengths = pd.Series([len(pair.source) for pair in pairs])
    if not all(weight.isfinite().all() for weight in model.parameters()):
        return dict.fromkeys(sorted(set(lengths)), 0.0)
    right = exact_matches(model, pairs)
    return pd.Series(right).groupby(lengths).mean().astype(float).to_dict()


def exact_by_length(run: Run, budget: float | None = None) -> dict[int, float]:
    """Exact match of each length, as a run measured it after a budget (the last one by default).

    A run that diverged before knows nothing: 0 at every length.
    """
    rows = {row["budget"]: row for row in run.results.to_dict("records")}
    budget = max(rows, default=None) if budget is None else budget
    if budget not in rows:
        return dict.fromkeys((*LENGTHS, *LONGER), 0.0)
    return {int(column): share for column, share in rows[budget].items() if column.isdigit()}


def by_place(model: nn.Module, pairs: Sequence[Pair]) -> list[float]:
    """Share of right words at each place of the answer, written greedily and alone.

    Raises:
        ValueError: if the numbers differ in length.
    """
    _require_one_length(pairs)
    length = len(pairs[0].target)
    written = greedy(model, torch.tensor([pair.source for pair in pairs]), longest=length)
    answers = list(zip(written, pairs, strict=True))
    return [
        sum(ids[place : place + 1] == [pair.target[place]] for ids, pair in answers) / len(pairs)
        for place in range(length)
    ]


@torch.no_grad()
def where_it_looks(model: RecurrentModel, pairs: Sequence[Pair]) -> Tensor:
    """The weights with which a model with attention looks back while it writes the true answers.

    Args:
        model: with attention.
        pairs: all of the same length.

    Returns:
        (pairs, length + 1, length): a row for each word to write and one for `[EOS]`, a column for each digit read.

    Raises:
        ValueError: if the model has no attention, or the lengths differ.
    """
    if not model.config.attention:
        raise ValueError(
            "This model has no attention, so it looks at nothing; give one of the arm 'attention'."
        )
    _require_one_length(pairs)
    caught = []
    hook = model.attention.score.register_forward_hook(lambda _, __, scores: caught.append(scores))
    try:
        model(
            torch.tensor([pair.source for pair in pairs]),
            torch.tensor([(BEGIN, *pair.target) for pair in pairs]),
        )
    finally:
        hook.remove()
    return caught[0].squeeze(-1).softmax(dim=-1)


def _require_one_length(pairs: Sequence[Pair]) -> None:
    if len({len(pair.source) for pair in pairs}) != 1:
        raise ValueError("The numbers have different lengths, or there are none; give numbers of one length.")


def _arm(name: str) -> Arm:
    if name not in ARMS:
        raise ValueError(f"There is no arm {name!r}; use one of {list(ARMS)}.")
    return ARMS[name]
