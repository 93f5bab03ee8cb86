"""The registered study behind notebook 02: three methods of decreasing structure, measured over compute.

Counting assumes that the last few characters matter; recurrence that one state can carry what matters; attention
assumes neither. All three learn the same text (`tasks.docstrings`) at many budgets. The plan, with its date, its
pilots and what would contradict the lecture, is in data/results/README.md. `python -m destructure results` runs what
is missing and appends one row a budget to data/results/structure_compute.csv; `overtaking` turns rows into verdicts.
"""

import math
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from destructure.config import BEGIN, SPECIAL_TOKENS, TransformerConfig
from destructure.counting import NgramModel
from destructure.recurrent import RecurrentConfig, RecurrentModel
from destructure.structure import Structure
from destructure.tasks.base import Pair
from destructure.tasks.docstrings import DocstringText
from destructure.train.loop import train
from destructure.train.recipe import Recipe
from destructure.transformer import Transformer

METHODS = ("counting", "recurrence", "attention")
"""From the most structure to the least."""

PIECE = 64
TOKENS_PER_BATCH = 512
MEASURED_PIECES = 768
"""Held-out pieces, spread evenly over the split: about 49,000 characters."""

WINDOW = 5
PIECES_COUNTED = (16, 50, 160, 500, 1600, 5000, None)
"""How many pieces counting learns from; `None`: all there are."""

BUDGETS = {
    ("recurrence", 32): (3e8, 1e9, 3e9, 1e10, 3e10),
    ("recurrence", 64): (1e10, 3e10, 1e11),
    ("recurrence", 128): (1e11, 3e11),
    ("attention", 32): (3e8, 1e9, 3e9, 1e10, 3e10, 1e11),
    ("attention", 64): (3e10, 1e11, 3e11),
}
"""Training FLOPs at which each size is measured: (method, width) → budgets."""

SECOND_STAGE = {
    ("recurrence", 128): (1e12,),
    ("attention", 64): (1e12,),
    ("attention", 128): (3e11, 1e12),
}
"""Larger budgets, registered as an amendment while the first stage ran: runs of their own, from the beginning."""

LAYERS = {"recurrence": 1, "attention": 2}
RATES = (4e-3, 8e-3, 16e-3)
TUNING_SEEDS = (100, 101)
REPORTING_SEEDS = tuple(range(200, 208))
OPERATION_FLOPS = 100.0
"""What one counting operation counts for on the axis of FLOPs; the notebook tries other prices, too."""


@dataclass(frozen=True)
class Job:
    """One run: everything that decides its numbers.

    Attributes:
        role: "tuning" (measured on validation text) or "reporting" (measured on test text).
        method: one of `METHODS`.
        size: width of the model; for counting the largest window.
        seed: decides the weights and the order of the pieces.
        budgets: training FLOPs, rising; for counting the numbers of pieces.
        rate: learning rate; for counting 0.
    """

    role: str
    method: str
    size: int
    seed: int
    budgets: tuple[float | None, ...]
    rate: float = 0.0


@cache
def make_task() -> DocstringText:
    """The text, read once."""
    return DocstringText(piece=PIECE)


def tuning_jobs() -> list[Job]:
    """Every method and size with every rate, on the tuning seeds, at the last budget but one of its first stage."""
    return [
        Job("tuning", method, size, seed, (budgets[-2],), rate)
        for sizes in (BUDGETS, {size: each for size, each in SECOND_STAGE.items() if size not in BUDGETS})
        for seed in TUNING_SEEDS
        for (method, size), budgets in sizes.items()
        for rate in RATES
    ]


def reporting_jobs(rates: dict[tuple[str, int], float]) -> list[Job]:
    """The reporting runs of all sizes with a rate, stage by stage and seed by seed.

    So an unfinished study consists of whole seeds. Counting needs no rate.
    """
    first = []
    for seed in REPORTING_SEEDS:
        first.append(Job("reporting", "counting", WINDOW, seed, PIECES_COUNTED))
        first += [_report(case, seed, budgets, rates) for case, budgets in BUDGETS.items() if case in rates]
    second = [
        _report(case, seed, budgets, rates)
        for seed in REPORTING_SEEDS
        for case, budgets in SECOND_STAGE.items()
        if case in rates
    ]
    return first + second


def _report(case: tuple[str, int], seed: int, budgets: tuple[float, ...], rates: dict) -> Job:
    return Job("reporting", *case, seed, budgets, rates[case])


def make_model(method: str, width: int, vocabulary: int, seed: int) -> nn.Module:
    """The language model of a method: one recurrent layer, or two of attention (a decoder-only Transformer)."""
    if method == "recurrence":
        return RecurrentModel(RecurrentConfig(vocabulary, width, LAYERS[method]), seed)
    config = TransformerConfig(
        vocabulary=vocabulary,
        width=width,
        layers=LAYERS[method],
        heads=width // 16,
        structure=Structure.DECODER_ONLY,
        positions="rotary",
        scale_embedding=True,  # as in `RecurrentModel`
    )
    return Transformer(config, seed)


def held_out(task: DocstringText, role: str) -> list[Pair]:
    """The pieces a job is measured on: validation text while tuning, test text for the report."""
    pairs = task.pairs("validation" if role == "tuning" else "test")
    return [pairs[place] for place in np.linspace(0, len(pairs) - 1, MEASURED_PIECES).astype(int)]


@torch.no_grad()
def bits_per_character(model: nn.Module, pairs: Sequence[Pair]) -> float:
    """Mean bits a character, each predicted from those before it in its piece.

    Special tokens can never be the answer, so their share is given to the characters: nobody gains or loses by
    knowing where a piece ends.
    """
    pieces = torch.tensor([pair.target for pair in pairs])
    total = 0.0
    for rows in pieces.split(128):
        shown = torch.cat([torch.full((len(rows), 1), BEGIN), rows[:, :-1]], dim=1)
        logits = model(None, shown)
        logits[..., : len(SPECIAL_TOKENS)] = -math.inf
        total += functional.cross_entropy(logits.flatten(0, 1), rows.flatten(), reduction="sum").item()
    return total / pieces.numel() / math.log(2)


def run_job(job: Job, progress: bool = False) -> list[dict]:
    """Run one job; return one row a budget."""
    task = make_task()
    started = time.perf_counter()
    rows = list(_count(job, task) if job.method == "counting" else _train(job, task, progress))
    about = {
        "role": job.role,
        "method": job.method,
        "learning_rate": job.rate,
        "seed": job.seed,
    }
    where = {
        "seconds": round(time.perf_counter() - started, 1),
        "python": task.python_version,
        "text": task.sha256[:12],
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()} CPU",
    }
    return [about | row | where for row in rows]


def _count(job: Job, task: DocstringText) -> Iterator[dict]:
    """Count more and more pieces, in the seed's order; every window up to the largest is measured each time."""
    pieces = [pair.target for pair in task.pairs("train")]
    order = np.random.default_rng(job.seed).permutation(len(pieces))
    tests = [pair.target for pair in held_out(task, job.role)]
    special = len(SPECIAL_TOKENS)
    shifted = [tuple(token - special for token in piece) for piece in tests]
    model, done = NgramModel(len(task.vocabulary) - special, job.size), 0
    for budget in job.budgets:
        until = len(pieces) if budget is None else int(budget)
        model.learn(tuple(token - special for token in pieces[place]) for place in order[done:until])
        done = until
        for window, bits in enumerate(model.bits(shifted)):
            yield {
                "size": window,
                "budget": until,
                "compute": counting_cost(until, window),
                "bits": bits,
                "status": "finished",
                "steps": until,
                "characters": until * PIECE,
            }


def counting_cost(pieces: int, window: int) -> float:
    """Operations to count so many pieces with windows 0 to `window`."""
    return float(pieces * sum(min(window, place) + 1 for place in range(PIECE)))


def _train(job: Job, task: DocstringText, progress: bool) -> Iterator[dict]:
    pairs = held_out(task, job.role)
    recipe = Recipe(flops=job.budgets, learning_rate=job.rate, tokens_per_batch=TOKENS_PER_BATCH)
    model = make_model(job.method, job.size, len(task.vocabulary), job.seed)
    run = train(
        model,
        task,
        recipe,
        seed=job.seed,
        progress=progress,
        measure=lambda trained: {"bits": bits_per_character(trained, pairs)},
    )
    if run.status == "interrupted":
        raise KeyboardInterrupt
    done = {result["budget"]: result for result in run.results.to_dict("records")}
    last = run.history.iloc[-1]
    for budget in job.budgets:
        result = done.get(budget)
        yield {
            "size": job.size,
            "budget": budget,
            "compute": budget,
            "bits": result["bits"] if result else math.log2(len(task.vocabulary) - len(SPECIAL_TOKENS)),
            "status": "finished" if result else run.status,
            "steps": int((last if result is None else result)["step"]),
            "characters": int((last if result is None else result)["tokens"]),
        }


def shortened(job: Job, largest: float) -> Job:
    """The same job without the budgets above `largest`: its rows are the same as those of the whole job."""
    return replace(job, budgets=tuple(budget for budget in job.budgets if budget and budget <= largest))
