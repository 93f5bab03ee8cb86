"""The registered study behind notebook 03: how many digits can one state carry, and what does looking back change?

The plan, with its date, its pilots and what would contradict the expectation, is in data/results/README.md.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import pandas as pd
from torch import nn

from destructure.recurrent import RecurrentModel
from destructure.study import LATER, Study, Tuning, by_budget, grid, make_model, names
from destructure.tasks import TelephoneNumbers
from destructure.tasks.base import Pair
from destructure.train import Recipe, Run, exact_matches, train

LENGTHS = range(4, 13)
LONGER = range(13, 17)
"""Lengths of no training number; reported, and in no verdict."""
BUDGET = 2e11
"""Training FLOPs at which the arms are compared."""
LONG_BUDGET = 3 * BUDGET
NUMBERS_PER_LENGTH = 150

ARMS = {
    "fixed vector": {},
    "fixed vector, source reversed": {},
    "fixed vector, twice as wide": {"width": 128},
    "attention": {"attention": True},
    "attention, dot products": {"attention": True, "scores": "dot"},
}
"""Each a GRU encoder-decoder (fields of `RecurrentConfig`): the target gets the last state alone, or looks back."""
FIXED, REVERSED, WIDE, ATTENTION, DOTS = ARMS
BUDGETS = dict.fromkeys(ARMS, (BUDGET,)) | {FIXED: (BUDGET, LONG_BUDGET), WIDE: (LONG_BUDGET,)}
RATES = (0.0025, 0.005, 0.01)
FURTHER_RATES = {FIXED: 0.02, ATTENTION: 0.00125, DOTS: 0.00125}
"""One more, beyond the end of `RATES` at which the best one stood."""
MARGIN = 0.1
"""How far outside the stored seeds another seed on another machine may land, as a share of answers."""


@cache
def make_task(arm: str = FIXED, lengths: range = LENGTHS) -> TelephoneNumbers:
    """Telephone numbers of 4 to 12 digits (or other lengths), 150 test numbers of each; perhaps read backwards."""
    known = lengths == LENGTHS  # longer ones are never trained on
    return TelephoneNumbers(
        shortest=lengths[0],
        longest=lengths[-1],
        reversed_source=arm == REVERSED,
        train_examples=30_000 if known else 1,
        validation_examples=60 * len(LENGTHS) if known else 1,
        test_examples=NUMBERS_PER_LENGTH * len(lengths),
    )


def reader(arm: str, seed: int) -> RecurrentModel:
    """The untrained model of an arm.

    Raises:
        ValueError: if there is no such arm.
    """
    if arm not in ARMS:
        raise ValueError(f"There is no arm {arm!r}; use one of {list(ARMS)}.")
    return make_model("recurrent", make_task(arm), seed=seed, reads_source=True, **ARMS[arm])


def train_reader(arm: str, seed: int, split: str = "test", progress: bool = True, **recipe) -> Run:
    """Train one arm; the run's results hold the exact match of each length, in a column named after it.

    The seed decides the weights and the order of the examples; the split is what is measured on, and "test" includes
    the longer numbers. The recipe is `flops` and `learning_rate` (of the reporting runs: `rates()[arm]`).
    """
    model, task = reader(arm, seed), make_task(arm)
    pairs = task.pairs(split) + (make_task(arm, LONGER).pairs("test") if split == "test" else ())
    measure = lambda trained: by_length(trained, pairs)  # noqa: E731
    return train(model, task, Recipe(**recipe), seed=seed, progress=progress, measure=measure)


def by_length(model: nn.Module, pairs: Sequence[Pair]) -> dict[str, float]:
    """Exact match for each source length, the shortest first."""
    lengths = pd.Series([len(pair.source) for pair in pairs])
    shares = pd.Series(exact_matches(model, pairs)).groupby(lengths).mean()
    return {str(length): float(share) for length, share in shares.items()}


def _one_run(run: dict) -> Iterator[dict]:
    tuning, budgets = run["role"] == "tuning", run["budgets"]
    how = {"flops": budgets, "learning_rate": run["learning_rate"]}
    trained = train_reader(run["arm"], run["seed"], "validation" if tuning else "test", progress=False, **how)
    lengths = LENGTHS if tuning else (*LENGTHS, *LONGER)
    for row in by_budget(trained, budgets, **dict.fromkeys(map(str, lengths), 0.0)):
        for length in lengths:
            yield row | {"length": length, "exact_match": round(row[str(length)], 4)}


def _with_budgets(runs: pd.DataFrame, count: int | None = None) -> pd.DataFrame:
    return runs.assign(budgets=[BUDGETS[arm][:count] for arm in runs.arm])


_FURTHER = [grid(arm=[arm], learning_rate=[rate], seed=(100, 101)) for arm, rate in FURTHER_RATES.items()]
STUDY = Study(
    name="telephone_numbers",
    columns=names(
        "role arm learning_rate seed budget length exact_match status steps flops cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=_with_budgets(grid(seed=range(200, 208), arm=ARMS)),
    tuning=Tuning(
        _with_budgets(pd.concat([grid(arm=ARMS, learning_rate=RATES, seed=(100, 101)), *_FURTHER]), 1),
        metric="exact_match",
        best="max",
    ),
    one_run=_one_run,
)
rows, rates = STUDY.rows, STUDY.rates
