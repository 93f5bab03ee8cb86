"""Registered for notebook 11: causality as structure (the plans: data/registration.md, part F, first and fourth).

Order without positions; and repeated text, learned from left to right or by guessing hidden characters in any order.
"""

import itertools
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from destructure.config import TransformerConfig
from destructure.structure import Structure
from destructure.study import LATER, Study, by_budget, grid, make_model, names
from destructure.tasks import DocstringText, Pair, Task, Vocabulary
from destructure.train import Recipe, Run, exact_match, mean_loss, train
from destructure.train.batches import Batch, Batches
from destructure.transformer import Transformer


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
SIZES = {"width": 32, "layers": 2, "heads": 2}


def train_copier(reading: str, positions: str, seed: int, budgets=BUDGETS, progress: bool = True) -> Run:
    """Train one model on all words; its results are `right`, the share of all words written right, and `loss`."""
    task, how = Words(), {"structure": READINGS[reading], "positions": positions, "max_length": 16}
    model, pairs = make_model("transformer", task, seed=seed, **SIZES, **how), task.pairs("test")
    measure = lambda copier: {"right": exact_match(copier, pairs), "loss": mean_loss(copier, pairs)}  # noqa: E731
    return train(model, task, Recipe(flops=budgets), seed=seed, progress=progress, measure=measure)


STUDY = Study(
    name="order_without_positions",
    columns=names(
        "reading positions seed budget status right loss steps tokens flops cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=grid(seed=range(200, 208), reading=READINGS, positions=("none", "learned"), budgets=(BUDGETS,)),
    one_run=lambda run: by_budget(train_copier(**run, progress=False), run["budgets"], right=0.0, loss=None),
)

# --- scarce text, read many times ----------------------------------------------------------------------------

PIECE, PIECES, PER_STEP = 64, 128, 16
STEPS = tuple(PIECES // PER_STEP * times for times in (3, 10, 30, 100))
OBJECTIVES = "autoregressive", "autoregressive, inputs hidden", "masked"
"""Each character from those before it; the same while some of them are hidden; hidden ones from all others."""
HIDDEN = len(DocstringText.vocabulary)


class ScarceText(DocstringText):
    """The first pieces of the docstrings' training text, and no more; 256 pieces of the other splits."""

    def _make_pairs(self, split: str) -> list[Pair]:
        pieces = list(super()._make_pairs(split))
        return pieces[:PIECES] if split == "train" else pieces[:: len(pieces) // 256][:256]


def scarce_loss(objective: str, model: Transformer, batch: Batch, draw: torch.Generator) -> Tensor:
    """Nats per character of a batch of pieces; inputs are hidden while the model is in training, and *masked* always.

    There it is an upper bound: the loss of a hidden character, over the share that is hidden. Averaged over all
    shares from 0 to 1, here spread evenly over the pieces, it bounds the negative log-likelihood of a writer that
    fills in the characters in any order (masked diffusion, Sahoo 2024, arXiv:2406.07524).
    """
    pieces, seen = batch.expected[:, :-1], batch.target[:, :-1]  # without [EOS]
    shares = (torch.rand(1, generator=draw) + torch.randperm(len(pieces), generator=draw) / len(pieces)) % 1
    shares = shares.clamp(min=1 / pieces.shape[1])[:, None]
    chosen = torch.rand(pieces.shape, generator=draw) < shares
    if objective == "masked":
        logits, weights = model.output(model.read(pieces.where(~chosen, HIDDEN)).states), chosen / shares
    else:
        hides = model.training and objective == "autoregressive, inputs hidden"
        logits, weights = model(None, seen.where(~(chosen & hides), HIDDEN)), 1
    return (functional.cross_entropy(logits.transpose(1, 2), pieces, reduction="none") * weights).mean()


def _scarce(run: dict) -> Iterator[dict]:
    objective, seed, task = run["objective"], run["seed"], ScarceText(PIECE)
    structure = READINGS["bidirectional" if objective == "masked" else "causal"]
    config = TransformerConfig(HIDDEN + 1, **SIZES, positions="rotary", structure=structure)
    unseen = Batches(task.pairs("test"), 1, seed=0).of(np.arange(len(task.pairs("test"))))

    @torch.no_grad()
    def measure(trained: Transformer) -> dict[str, float]:
        again = torch.Generator().manual_seed(0)
        return {"nats": sum(scarce_loss(objective, trained, unseen, again).item() for _ in range(4)) / 4}

    draw = torch.Generator().manual_seed(seed)
    recipe = Recipe(steps=run["budgets"], tokens_per_batch=PER_STEP * (PIECE + 1), warmup=0.5)
    how = {"objective": lambda *learned: scarce_loss(objective, *learned, draw), "measure": measure}
    trained = train(Transformer(config, seed), task, recipe, seed=seed, progress=False, **how)
    return by_budget(trained, run["budgets"], nats=None)


SCARCE = Study(
    name="scarce_text",
    columns=names("objective seed budget status nats steps tokens flops cpu_seconds torch machine"),
    gained=LATER,
    runs=grid(seed=range(200, 208), objective=OBJECTIVES, budgets=(STEPS,)),
    one_run=_scarce,
)
