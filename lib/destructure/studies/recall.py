"""Registered for notebook 11: recall by recurrence, attention, an MLP (the plan: data/registration.md, part F)."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import nn

from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.studies.depth import Tower
from destructure.study import LATER, Study, by_budget, grid, make_model, names
from destructure.tasks import Pair, Vocabulary
from destructure.tasks.drawn import DrawnTask
from destructure.train import Recipe, exact_match, train

KEYS, VALUES = "abcdefgh", "01234567"


@dataclass(frozen=True, kw_only=True)
class Recall(DrawnTask):
    """Some keys, each with a value (one token, such as `a7`; perhaps in order), then one key: write its value."""

    pairs_read: int = 4
    in_order: bool = False
    vocabulary = Vocabulary((*(key + value for key in KEYS for value in VALUES), *KEYS, *VALUES))

    def _draw(self, generator: random.Random) -> tuple[tuple[str, ...], str]:
        keys = generator.sample(KEYS, self.pairs_read)
        keys = sorted(keys) if self.in_order else keys
        return tuple(key + generator.choice(VALUES) for key in keys), generator.choice(keys)

    def _content(self, example):
        return tuple(sorted(example[0]))

    def _source(self, example):
        return (*example[0], example[1])

    def _target(self, example):
        return tuple(pair[1] for pair in example[0] if pair[0] == example[1])


READERS, LOADS, BUDGETS = ("recurrence", "attention", "MLP"), (2, 4, 8), (1e10, 3e10, 1e11)
WIDER, WIDTHS = "MLP, as many parameters", {2: 86, 4: 80}  # as attention, by load


def make_reader(name: str, task: Recall, seed: int = 0) -> nn.Module:
    """The untrained model: a GRU that hands on its last state, two causal layers, or a huge perceptron."""
    if name in ("MLP", WIDER):
        width = 64 if name == "MLP" else WIDTHS[task.pairs_read]
        sizes = {"width": width, "heads": 1, "layers": 2, "max_length": task.pairs_read + 1}
        return Tower(TransformerConfig(len(task.vocabulary), **sizes), seed=seed)
    if name == "recurrence":
        return make_model("recurrent", task, seed=seed, width=32, reads_source=True)
    sizes = {"width": 32, "layers": 2, "heads": 2, "max_length": 16, "structure": Structure.DECODER_ONLY}
    return make_model("transformer", task, seed=seed, **sizes)


def _one_run(run: dict) -> Iterator[dict]:
    load, seed, mix = run["load"], run["seed"], random.Random(0)
    many, few = 20_000 if load > 2 else 1_500, 500
    sizes = {"train_examples": many, "validation_examples": few, "test_examples": few}
    task = Recall(pairs_read=load, in_order=run["in_order"], **sizes)
    pairs = task.pairs("test")
    mixed = [Pair((*mix.sample(each.source[:-1], load), each.source[-1]), each.target) for each in pairs]
    measure = lambda model: {"right": exact_match(model, pairs), "shuffled": exact_match(model, mixed)}  # noqa: E731
    recipe, how = Recipe(flops=run["budgets"], learning_rate=8e-3), {"progress": False, "measure": measure}
    trained = train(make_reader(run["reader"], task, seed), task, recipe, seed=seed, **how)
    return by_budget(trained, run["budgets"], right=0.0, shuffled=0.0)


_runs = grid(seed=range(200, 208), reader=READERS, load=LOADS, in_order=(False, True), budgets=(BUDGETS,))
STUDY = Study(
    name="recall",
    columns=names(
        "reader load in_order seed budget status right shuffled steps flops cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=_runs[~_runs.in_order | (_runs.load == 4)],
    one_run=_one_run,
)
_wider = grid(seed=range(200, 208), reader=(WIDER,), load=WIDTHS, in_order=(False,), budgets=(BUDGETS,))
EQUAL_PARAMETERS = replace(STUDY, name="recall_equal_parameters", runs=_wider)
