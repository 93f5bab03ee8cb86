"""The registered study behind notebook 10: four ways to hold a conversation, at equal FLOPs and at equal examples.

All arms learn from the same conversations in the same order, from all replies of a conversation at once; they differ
in what is computed again for each reply. The plan is in data/registration.md, part E.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from destructure import cost
from destructure.config import END, TransformerConfig
from destructure.structure import Structure
from destructure.study import LATER, Study, Tuning, build_task, by_budget, grid, names
from destructure.train import Recipe, Run, train
from destructure.train.batches import Batch, Batches
from destructure.transformer import Transformer

ARMS = ("re-encode all", "turns into the encoder", "by message", "causal", "causal, 7 layers")
ALL, ENCODER, BY_MESSAGE, CAUSAL, DEEPER = ARMS
"""The last has as many parameters as the two stacks of the second: 28 · 3 = 12 · 7."""
STRUCTURES = {ALL: Structure.PREFIX_LM, ENCODER: Structure.ENCODER_DECODER}
MESSAGE, TURN = 3, 5  # tokens of a message; with its reply, which begins with [BOS]
TURNS = (8, 4)
BUDGET = 1.2e11
SHARES = "exact_match", *(f"turn_{n}" for n in range(1, 9)), *(f"distance_{n}" for n in range(1, 8))
MARGIN = 0.1
"""How far outside the stored seeds another seed on another machine may land, as a share of replies."""


class Talker(Transformer):
    """The untrained model of an arm; it learns from whole conversations."""

    def __init__(self, arm: str, seed: int = 0):
        self.arm = arm
        sizes = {"width": 32, "heads": 2, "layers": 7 if arm == DEEPER else 3, "max_length": 64}
        sizes |= {"query_key_norm": True, "vocabulary": len(make_task().vocabulary)}
        structure = STRUCTURES.get(arm, Structure.DECODER_ONLY)
        # A reply keeps its place while the messages become more.
        config = TransformerConfig(structure=structure, restart_target_positions=arm == ENCODER, **sizes)
        super().__init__(config, seed=seed)

    def reply_logits(self, source: Tensor, target: Tensor) -> Tensor:
        """Logits (batch, turns, 2, vocabulary) after each token of all replies, the earlier ones being right.

        From the ids of all messages (batch, 3 · turns) and of all replies with their `[BOS]` (batch, 2 · turns).
        """
        messages, replies = source.unflatten(1, (-1, MESSAGE)), target.unflatten(1, (-1, TURN - MESSAGE))
        said = torch.cat([messages, replies], dim=2)
        if self.arm not in STRUCTURES:
            return self.output(self._read_once(said.flatten(1)).unflatten(1, said.shape[1:])[:, :, MESSAGE:])
        logits = []
        for turn in range(said.shape[1]):
            if self.arm == ALL:
                read, written = said.flatten(1)[:, : TURN * turn + MESSAGE], replies[:, turn]
            else:
                read, written = (part[:, : turn + 1].flatten(1) for part in (messages, replies))
            logits.append(self(read, written)[:, MESSAGE - TURN :])
        return torch.stack(logits, dim=1)

    def _read_once(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1])
        groups = places - places % TURN * ((places % TURN < MESSAGE) & (self.arm == BY_MESSAGE))
        states, mask = self.embedding(ids, places), (groups[:, None] >= groups).unsqueeze(0)
        for layer in self.input_stack.layers:
            states = layer(states, places, mask).states
        return self.input_stack.final_norm(states)

    def training_flops(self, source: int, target: int) -> int:
        """FLOPs to learn from one conversation with so many tokens in its messages and in its replies, by formula."""
        if self.arm not in STRUCTURES:
            logits = 6 * target * self.config.width * self.config.vocabulary
            return cost.training_flops(self.config, source + target, 0) + logits
        read, reply = (TURN, TURN - MESSAGE) if self.arm == ALL else (MESSAGE, 0)
        written = 0 if self.arm == ALL else TURN - MESSAGE
        return sum(
            cost.training_flops(self.config, read * turn - reply, written * turn + reply)
            for turn in range(1, source // MESSAGE + 1)
        )


def make_task(turns: int = TURNS[0], distance: int | None = None):
    """The `Ledger` of so many turns; with a distance, a few conversations to measure it with."""
    sizes = (20_000, 200, 200) if distance is None else (1, 1, 100)
    splits = zip(("train_examples", "validation_examples", "test_examples"), sizes, strict=True)
    return build_task("Ledger", (("turns", turns), ("distance", distance), *splits))


def conversation_flops(arm: str, turns: int) -> int:
    """Training FLOPs of one conversation."""
    return Talker(arm).training_flops(MESSAGE * turns, (TURN - MESSAGE) * turns)


def same_examples(arm: str, turns: int) -> float:
    """The FLOPs that an arm needs for the conversations that `ALL` sees in the common budget."""
    return float(round(BUDGET * conversation_flops(arm, turns) / conversation_flops(ALL, turns)))


def train_talker(
    arm: str, seed: int, rate: float, turns=TURNS[0], budgets=(BUDGET,), split="test", progress=True
) -> Run:
    """Train one arm; its results are the `loss` and `SHARES` of right replies.

    The seed decides the weights and the order; all arms warm up over equally many conversations. Distances are
    measured in the longest conversations of the split "test" alone.
    """
    task = make_task(turns)
    farthest = turns if (split, turns) == ("test", TURNS[0]) else 1
    tests = {distance: make_task(turns, distance).pairs(split) for distance in range(1, farthest)}
    warmup = 0.1 * same_examples(arm, turns) / budgets[0]
    recipe = Recipe(flops=budgets, learning_rate=rate, warmup=warmup, tokens_per_batch=400)
    measure = lambda model: _measure(model, {None: task.pairs(split)} | tests)  # noqa: E731
    how = {"seed": seed, "progress": progress, "measure": measure}
    return train(
        Talker(arm, seed), task, recipe, objective=lambda *learned: _loss_and_right(*learned)[0], **how
    )


def _loss_and_right(model: Talker, batch: Batch) -> tuple[Tensor, Tensor]:
    """Nats per token of the replies, and which replies (batch, turns) are right."""
    logits = model.reply_logits(batch.source, batch.target)
    wanted = batch.target.unflatten(1, (-1, TURN - MESSAGE))[..., 1:]
    wanted = functional.pad(wanted, (0, 1), value=END)
    loss = functional.cross_entropy(logits.flatten(0, 2), wanted.flatten())
    return loss, (logits.argmax(dim=-1) == wanted).all(dim=2)


@torch.no_grad()
def _measure(model: Talker, tests: dict) -> dict[str, float]:
    found = {}
    for distance, pairs in tests.items():
        loss, right = _loss_and_right(model, Batches(pairs, 1, seed=0).of(np.arange(len(pairs))))
        shares = right.double().mean(dim=0).tolist()
        if distance is None:
            found = {"loss": loss.item(), "exact_match": float(np.mean(shares))}
            found |= {f"turn_{turn}": share for turn, share in enumerate(shares, start=1)}
        else:
            found[f"distance_{distance}"] = shares[-1]
    return found


def _one_run(run: dict) -> Iterator[dict]:
    turns, split = run.get("turns", TURNS[0]), "validation" if run["role"] == "tuning" else "test"
    how = {"turns": turns, "budgets": run["budgets"], "split": split, "progress": False}
    trained = train_talker(run["arm"], run["seed"], run["learning_rate"], **how)
    rows = by_budget(trained, run["budgets"], loss=None, **dict.fromkeys(SHARES))
    return (row | {"turns": turns} for row in rows)


_RUNS = grid(turns=TURNS, seed=range(200, 208), arm=ARMS).query("arm != @DEEPER or turns == 8")
STUDY = Study(
    name="multi_turn",
    columns=names(
        f"role arm turns learning_rate seed budget status loss {' '.join(SHARES)} steps tokens flops cpu_seconds "
        "torch machine"
    ),
    gained=LATER,
    runs=_RUNS.assign(
        budgets=[tuple(sorted({BUDGET, same_examples(run.arm, run.turns)})) for run in _RUNS.itertuples()]
    ),
    tuning=Tuning(
        grid(arm=ARMS, learning_rate=(0.004, 0.008, 0.016), seed=(100, 101), budgets=((BUDGET,),)), "loss"
    ),
    one_run=_one_run,
)
rows, rates = STUDY.rows, STUDY.rates
