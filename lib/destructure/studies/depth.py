"""Registered for notebook 11: plain and residual towers of layers (the plan: data/registration.md, part F)."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor, nn
from torch.nn import functional

from destructure.blocks import initialise
from destructure.config import END, TransformerConfig
from destructure.study import LATER, Study, Tuning, by_budget, grid, names
from destructure.tasks import DocstringText, Pair
from destructure.train import Recipe, mean_loss, train

_CERTAIN = 1e4  # a logit beyond all doubt, yet finite


class Tower(nn.Module):
    """A multilayer perceptron over concatenated tokens, which writes one token.

    A layer is relu(W · norm(state)); in a residual tower it is added to the state, in a plain one it takes its place.
    Of the config count vocabulary, width, layers and `max_length`: so many tokens are read, no more and no fewer.
    """

    def __init__(self, config: TransformerConfig, residual: bool = True, seed: int = 0):
        super().__init__()
        self.config, self.residual, width = config, residual, config.width
        with torch.random.fork_rng(devices=[]):
            self.tokens = nn.Embedding(config.vocabulary, 16)
            self.first = nn.Linear(16 * config.max_length, width)  # columns of its own for each place
            self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(config.layers))
            self.norms = nn.ModuleList(nn.RMSNorm(width) for _ in range(config.layers))
            self.output = nn.Sequential(nn.RMSNorm(width), nn.Linear(width, config.vocabulary))
        initialise(self, seed)

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        """Source ids (batch, length) to logits (batch, target, vocabulary): one token, then `[EOS]` for certain."""
        states = self.first(self.tokens(source).flatten(1))
        for norm, layer in zip(self.norms, self.layers, strict=True):
            change = torch.relu(layer(norm(states)))
            states = states + change if self.residual else change
        ends = torch.full_like(target[:, 1:], END)
        certain = _CERTAIN * functional.one_hot(ends, self.config.vocabulary)
        return torch.cat([self.output(states)[:, None], certain], dim=1)

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one example, by formula: six per weight of a matrix."""
        return 6 * sum(each.weight.numel() for each in (self.first, *self.layers, self.output[1]))


class NextCharacter(DocstringText):
    """Name the character that follows eight others of the docstrings: 20,000 places to learn from, 2,000 unseen."""

    def _make_pairs(self, split: str) -> Iterator[Pair]:
        pieces, count = list(super()._make_pairs(split)), 20_000 if split == "train" else 2_000
        for pair in pieces[:: len(pieces) // count][:count]:
            yield Pair(pair.target[:-1], pair.target[-1:])


make_task = cache(lambda: NextCharacter(piece=9))
KINDS, LAYERS, BUDGETS = ("plain", "residual"), (2, 8, 32), (200, 800)  # budgets in steps


def _one_run(run: dict) -> Iterator[dict]:
    task = make_task()
    config = TransformerConfig(len(task.vocabulary), layers=run["layers"], max_length=8)
    unseen = task.pairs("validation" if run["role"] == "tuning" else "test")
    sets = {"learned": task.pairs("train")[:2_000], "unseen": unseen}
    recipe = Recipe(steps=run["budgets"], learning_rate=run["learning_rate"], tokens_per_batch=2_560)
    # Half of the tokens are [EOS], which costs nothing.
    measure = lambda trained: {name: 2 * mean_loss(trained, each) for name, each in sets.items()}  # noqa: E731
    tower = Tower(config, run["kind"] == "residual", run["seed"])
    trained = train(tower, task, recipe, seed=run["seed"], progress=False, measure=measure)
    return by_budget(trained, run["budgets"], learned=None, unseen=None)


_arms = {"kind": KINDS, "layers": LAYERS, "budgets": (BUDGETS[:1],)}
STUDY = Study(
    name="depth",
    columns=names(
        "role kind layers learning_rate seed budget status learned unseen steps tokens flops cpu_seconds "
        "torch machine"
    ),
    gained=LATER,
    runs=grid(seed=range(200, 208), kind=KINDS, layers=LAYERS, budgets=(BUDGETS,)),
    tuning=Tuning(grid(seed=(100,), learning_rate=(1e-3, 2e-3, 4e-3, 8e-3), **_arms), "learned"),
    one_run=_one_run,
)
_more = grid(seed=(100, 101), learning_rate=[n / 1000 for n in (0.5, 1, 2, 4, 8, 16, 32)], **_arms)
MORE_RATES = replace(STUDY, name="depth_more_rates", tuning=Tuning(_more, "learned"))
"""The same once more, with a longer grid: five of the first six rates lay at its edge."""
