"""The registered study behind notebook 02: three methods of decreasing structure, measured over compute.

Counting assumes that the last few characters matter; recurrence that one state can carry what matters; attention
assumes neither. All three learn the same text (`tasks.docstrings`) at many budgets. The plan, with its date, its
pilots and what would contradict the lecture, is in data/results/README.md.
"""

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import starmap
from typing import Any

import numpy as np
import pandas as pd

from destructure.config import SPECIAL_TOKENS
from destructure.counting import NgramModel
from destructure.generate import Sampling, generate
from destructure.structure import Structure
from destructure.study import LATER, Study, Tuning, by_budget, grid, make_model, names
from destructure.tasks.base import Pair
from destructure.tasks.docstrings import DocstringText
from destructure.train import Recipe, Run, train
from destructure.train.evaluate import bits_per_character

METHODS = COUNTING, RECURRENCE, ATTENTION = "counting", "recurrence", "attention"
"""From the most structure to the least."""
PIECE, BATCH = 64, 512
"""Characters in a piece, beyond which nothing is seen, and in a training step."""
WINDOW, PIECES_COUNTED = 5, (16, 50, 160, 500, 1600, 5000)
"""Counting's largest window, and how many pieces it learns from, before it learns from all there are."""
BUDGETS = {
    (RECURRENCE, 32): (3e8, 1e9, 3e9, 1e10, 3e10),
    (RECURRENCE, 64): (1e10, 3e10, 1e11),
    (RECURRENCE, 128): (1e11, 3e11),
    (ATTENTION, 32): (3e8, 1e9, 3e9, 1e10, 3e10, 1e11),
    (ATTENTION, 64): (3e10, 1e11, 3e11),
}
"""Training FLOPs at which each size is measured: (method, width) → budgets."""
SECOND_STAGE = {(RECURRENCE, 128): (1e12,), (ATTENTION, 64): (1e12,), (ATTENTION, 128): (3e11, 1e12)}
"""Larger budgets, registered as an amendment while the first stage ran: runs of their own, from the beginning."""
SMALLER = {
    (RECURRENCE, 8): (3e8, 1e9, 3e9),
    (RECURRENCE, 16): (3e8, 1e9, 3e9, 1e10, 3e10),
    (ATTENTION, 8): (3e8, 1e9, 3e9, 1e10),
    (ATTENTION, 16): (3e8, 1e9, 3e9, 1e10, 3e10, 1e11),
    (ATTENTION, 32): (3e11,),
}
"""Smaller sizes, registered later: so that the best size at a budget has a smaller one beside it that is worse."""
EDGES = {(RECURRENCE, 4): (3e8, 1e9), (ATTENTION, 4): (3e8, 1e9, 3e9), (RECURRENCE, 32): (1e11,)}
EDGES |= {(ATTENTION, 32): (1e12,), (RECURRENCE, 64): (3e11,), (RECURRENCE, 256): (3e11, 1e12)}
"""Registered last: what the ends of both envelopes still lacked, a smaller or a larger size beside the best one."""
LATER_STAGES = SECOND_STAGE, SMALLER, EDGES
FIRST_RATES = dict.fromkeys(BUDGETS | SECOND_STAGE, (4e-3, 8e-3, 16e-3))
RATES_BEYOND = {
    (RECURRENCE, 32): (32e-3,),
    (ATTENTION, 32): (32e-3,),
    (ATTENTION, 64): (2e-3,),
    (ATTENTION, 128): (2e-3,),
    (RECURRENCE, 256): (1e-3, 2e-3, 4e-3),
} | dict.fromkeys([case for case in SMALLER | EDGES if case[1] < 32], (16e-3, 32e-3, 64e-3))
RATES_BEYOND |= dict.fromkeys([(RECURRENCE, 16), (ATTENTION, 16)], (8e-3, 16e-3, 32e-3, 64e-3))
"""Registered with the later sizes: the rate beyond each one that was the smallest or largest tried, and theirs."""
WRITERS = [(RECURRENCE, *case) for case in ((16, 1e9), (16, 1e10), (64, 1e11), (128, 1e12))]
WRITERS += [(ATTENTION, *case) for case in ((16, 1e9), (16, 1e10), (32, 1e11), (64, 1e12))]
"""Method, width and training FLOPs of the networks whose writing is kept."""
SEEDS = tuple(range(200, 208))
OPERATION_FLOPS = 100.0
"""What one counting operation counts for on the axis of FLOPs; the notebook tries other prices, too."""
MARGIN = 0.15
"""Bits that a run elsewhere may lie outside the stored seeds: another Python has other docstrings, too."""


@cache
def make_task() -> DocstringText:
    """The text, read once."""
    return DocstringText(piece=PIECE)


@cache
def held_out(split: str = "test") -> Sequence[Pair]:
    """The 768 pieces that are measured, spread evenly over a split: about 49,000 characters."""
    pairs = make_task().pairs(split)
    return [pairs[place] for place in np.linspace(0, len(pairs) - 1, 768).astype(int)]


def make_network(method: str, width: int, seed: int = 0):
    """An untrained network of the study: one recurrent layer, or two of attention; the seed decides its weights."""
    if method == RECURRENCE:
        return make_model("recurrent", make_task(), seed=seed, width=width)
    sizes = {"width": width, "layers": 2, "heads": max(width // 16, 1), "structure": Structure.DECODER_ONLY}
    return make_model(
        "transformer", make_task(), seed=seed, positions="rotary", scale_embedding=True, **sizes
    )


def train_method(
    method: str, width: int, seed: int, split: str = "test", progress: bool = True, **recipe: Any
) -> Run:
    """Train a `make_network`; the run's results hold `bits` per character of unseen text.

    Methods and widths are those of `BUDGETS`, `SECOND_STAGE`, `SMALLER` and `EDGES`. The seed decides the weights
    and the order of the pieces; the recipe is `flops` and `learning_rate` (reported: `rates()[method, width]`).
    """
    task, pairs = make_task(), held_out(split)
    model = make_network(method, width, seed)
    measure = lambda trained: {"bits": bits_per_character(trained, pairs)}  # noqa: E731
    how = Recipe(tokens_per_batch=BATCH, **recipe)
    return train(model, task, how, seed=seed, progress=progress, measure=measure)


def count(seed: int, pieces: Sequence[int | None] = (*PIECES_COUNTED, None)) -> Iterator[dict[str, Any]]:
    """Count more and more pieces, in the seed's order; every window up to the largest is measured each time.

    Args:
        seed: decides the order.
        pieces: how many in all, rising; None for all there are.

    Returns:
        Rows with size (the window), budget (pieces), compute (operations), bits, status, steps and characters.
    """
    task, special = make_task(), len(SPECIAL_TOKENS)
    texts = [tuple(token - special for token in pair.target) for pair in task.pairs("train")]
    unseen = [tuple(token - special for token in pair.target) for pair in held_out()]
    order = np.random.default_rng(seed).permutation(len(texts))
    model, done = make_model("counting", task, window=WINDOW), 0
    for until in (len(texts) if number is None else number for number in pieces):
        model.learn(texts[place] for place in order[done:until])
        done = until
        for window, bits in enumerate(model.bits(unseen)):
            operations = until * sum(min(window, place) + 1 for place in range(PIECE))
            row = {"size": window, "budget": until, "compute": float(operations), "bits": bits}
            yield row | {"status": "finished", "steps": until, "characters": until * PIECE}


def write(model, characters: int = 56, seed: int = 0, prompt: str = "Return ") -> str:
    """Let a trained network or an `NgramModel` go on from a prompt, drawing characters with its own chances.

    A line's end is shown as ⏎; a network may end its text early.
    """
    task, special = make_task(), len(SPECIAL_TOKENS)
    text = list(task.encode_target(prompt))
    if not isinstance(model, NgramModel):
        how = Sampling(seed=seed)
        text += generate(model, None, characters, prompts=[text], how=how)[0]
        return task.decode_target(text).replace("\n", "⏎")
    random = np.random.default_rng(seed)
    for _ in range(characters):
        before = [token - special for token in text[-model.window :]] if model.window else []
        chances = [model.probability(token, before) for token in range(model.vocabulary)]
        text.append(int(random.choice(model.vocabulary, p=np.divide(chances, sum(chances)))) + special)
    return task.decode_target(text).replace("\n", "⏎")


def written() -> Iterator[dict[str, Any]]:
    """The rows of structure_compute_samples.csv: what each method writes after so much compute (some minutes)."""
    texts = [[t - len(SPECIAL_TOKENS) for t in pair.target] for pair in make_task().pairs("train")]
    for window, pieces in ((2, 16), (3, 160), (4, len(texts))):
        model = make_model("counting", make_task(), window=window)
        model.learn(texts[place] for place in np.random.default_rng(0).permutation(len(texts))[:pieces])
        compute = OPERATION_FLOPS * model.operations
        yield {"method": COUNTING, "size": window, "compute": compute, "text": write(model)}
    for method, width, budget in WRITERS:
        run = train_method(method, width, 0, flops=budget, learning_rate=rates()[method, width])
        yield {"method": method, "size": width, "compute": budget, "text": write(run.model)}


def _one_run(run: dict) -> Iterator[dict]:
    task = make_task()
    text = {"python": task.python_version, "text": task.sha256[:12]}
    if run["method"] == COUNTING:
        yield from (row | text for row in count(run["seed"]))
        return
    split = "validation" if run["role"] == "tuning" else "test"
    how = {"flops": run["budgets"], "learning_rate": run["learning_rate"]}
    trained = train_method(run["method"], run["size"], run["seed"], split, progress=False, **how)
    chance = math.log2(len(task.vocabulary) - len(SPECIAL_TOKENS))
    for row in by_budget(trained, run["budgets"], bits=chance):
        yield row | text | {"compute": row["budget"], "characters": row["tokens"]}


def _cases(cases: dict, seeds: Sequence[int], **others: Any) -> pd.DataFrame:
    table = grid(seed=seeds, case=cases.items(), **others)
    methods, sizes, budgets = zip(*((*case, budgets) for case, budgets in table.case), strict=True)
    return table.drop(columns="case").assign(method=methods, size=sizes, budgets=budgets)


def _tuned(case: tuple[str, int], rates: Sequence[float]) -> pd.DataFrame:
    """At the last budget but one of the case's first stage."""
    budgets = next(stage[case] for stage in (BUDGETS, *LATER_STAGES) if case in stage)
    return _cases({case: budgets[-2:-1]}, (100, 101), learning_rate=rates)


STUDY = Study(
    name="structure_compute",
    columns=names(
        "role method size learning_rate seed budget compute bits status steps characters seconds "
        "python text torch machine"
    ),
    gained=LATER[:2],
    runs=pd.concat(
        _cases(one, SEEDS) for one in ({(COUNTING, WINDOW): PIECES_COUNTED} | BUDGETS, *LATER_STAGES)
    ),
    tuning=Tuning(pd.concat(starmap(_tuned, [*FIRST_RATES.items(), *RATES_BEYOND.items()])), metric="bits"),
    one_run=_one_run,
)
rows, rates = STUDY.rows, STUDY.rates
