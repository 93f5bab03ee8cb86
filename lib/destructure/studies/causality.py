"""Registered for notebook 11: order without positions (the plan: data/registration.md, part F)."""

import itertools
from collections.abc import Iterator

from destructure.structure import Structure
from destructure.study import LATER, Study, by_budget, grid, make_model, names
from destructure.tasks import Pair, Task, Vocabulary
from destructure.train import Recipe, Run, exact_match, mean_loss, train


class Words(Task):
    """Copy each word of so many letters of an alphabet. All splits are all words: nothing need be generalised."""

    def __init__(self, letters: str = "abcd", length: int = 5):
        self.vocabulary, self.length = Vocabulary(letters), length

    def _make_pairs(self, split: str) -> Iterator[Pair]:
        for word in itertools.product(self.vocabulary.tokens[3:], repeat=self.length):
            yield Pair(*2 * (self.encode_source("".join(word)),))

    def encode_source(self, text: str) -> tuple[int, ...]:
        """Letters as ids."""
        return tuple(self.vocabulary.encode(text))


READINGS = {"causal": Structure.DECODER_ONLY, "bidirectional": Structure.PREFIX_LM}
"""How one stack reads its input; what it writes is causal in both."""
BUDGETS = (2e10, 1e11)


def train_copier(reading: str, positions: str, seed: int, budgets=BUDGETS, progress: bool = True) -> Run:
    """Train one model on all words; its results are `right`, the share of all words written right, and `loss`."""
    task = Words()
    sizes = {"width": 32, "layers": 2, "heads": 2, "max_length": 16, "structure": READINGS[reading]}
    model, pairs = (
        make_model("transformer", task, seed=seed, positions=positions, **sizes),
        task.pairs("test"),
    )
    measure = lambda copier: {"right": exact_match(copier, pairs), "loss": mean_loss(copier, pairs)}  # noqa: E731
    return train(model, task, Recipe(flops=budgets), seed=seed, progress=progress, measure=measure)


def _one_run(run: dict) -> Iterator[dict]:
    trained = train_copier(run["reading"], run["positions"], run["seed"], run["budgets"], False)
    return by_budget(trained, run["budgets"], right=0.0, loss=None)


STUDY = Study(
    name="order_without_positions",
    columns=names(
        "reading positions seed budget status right loss steps tokens flops cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=grid(seed=range(200, 208), reading=READINGS, positions=("none", "learned"), budgets=(BUDGETS,)),
    one_run=_one_run,
)
