"""The registered study behind notebook 06: input and target in one sequence, against two stacks, at equal FLOPs.

The task is notebook 04's. The plan, with its date, its pilots and what would contradict the expectation, is in
data/results/README.md.
"""

from collections.abc import Iterator
from typing import Any

from destructure.structure import Structure
from destructure.studies.unseen_numbers import MODEL, make_task
from destructure.study import LATER, Study, Tuning, by_budget, grid, make_model, names
from destructure.train import Recipe, Run, exact_match, mean_loss, train
from destructure.transformer import Transformer

ARMS: dict[str, dict[str, Any]] = {
    "encoder-decoder": {"structure": Structure.ENCODER_DECODER},
    "decoder-only": {"structure": Structure.DECODER_ONLY},
    "loss on inputs": {"structure": Structure.DECODER_ONLY},
    "as many parameters": {"structure": Structure.DECODER_ONLY, "layers": 7},
}
"""Four ways to learn from the same pairs: what differs from notebook 04's model.

3 + 3 layers with cross-attention have as many weights as 7 layers without: 28 · 3 = 12 · 7.
"""

BUDGETS = (5e10, 1e11, 2e11)
TUNING_BUDGET = 1e11
GAP_NUMBERS = 500
MARGIN = 0.05
"""How far outside the stored seeds another seed on another machine may land, as a share of answers."""


def translator(arm: str, seed: int = 0) -> Transformer:
    """The untrained model of an arm."""
    return make_model("transformer", make_task(), seed=seed, **(MODEL | ARMS[arm]))


def train_arm(
    arm: str,
    seed: int,
    learning_rate: float,
    budgets: tuple[float, ...] = BUDGETS,
    split: str = "test",
    progress: bool = True,
) -> Run:
    """Train one arm; its results are the shares of right answers `unseen` and `gap`, and `target_loss`.

    The seed decides the weights and the order of the examples; reporting runs have the learning rate `rates()[arm]`.
    The warm-up has the same length whatever the first budget (training FLOPs) is. The split is what is measured on.
    """
    task = make_task()
    pairs, gap = task.pairs(split), task.held_out_pairs()[:GAP_NUMBERS]
    recipe = Recipe(
        flops=budgets,
        learning_rate=learning_rate,
        warmup=0.5 * BUDGETS[0] / budgets[0],
        tokens_per_batch=1000,
        loss_on_inputs=arm == "loss on inputs",
    )

    def measure(trained: Transformer) -> dict[str, float]:
        shares = {"unseen": exact_match(trained, pairs), "gap": exact_match(trained, gap)}
        return shares | {"target_loss": mean_loss(trained, pairs)}

    return train(translator(arm, seed), task, recipe, seed=seed, progress=progress, measure=measure)


def _one_run(run: dict) -> Iterator[dict]:
    split = "validation" if run["role"] == "tuning" else "test"
    trained = train_arm(run["arm"], run["seed"], run["learning_rate"], run["budgets"], split, progress=False)
    return by_budget(trained, run["budgets"], unseen=0.0, gap=0.0, target_loss=None)


STUDY = Study(
    name="concatenation",
    columns=names(
        "role arm learning_rate seed budget status unseen gap target_loss steps tokens flops "
        "cpu_seconds torch machine"
    ),
    gained=LATER,
    runs=grid(seed=range(200, 208), arm=ARMS, budgets=(BUDGETS,)),
    tuning=Tuning(
        grid(seed=(100, 101), arm=ARMS, learning_rate=(2e-3, 4e-3, 8e-3), budgets=((TUNING_BUDGET,),)),
        metric="target_loss",
    ),
    one_run=_one_run,
)
rows, rates = STUDY.rows, STUDY.rates

LONGER = Study(  # a second plan: where both have converged, at the rate that was best for both
    name="concatenation_longer",
    columns=STUDY.columns,
    gained=LATER,
    runs=grid(seed=range(200, 208), arm=("encoder-decoder", "decoder-only"), budgets=((8e11,),)).assign(
        role="reporting", learning_rate=4e-3
    ),
    one_run=_one_run,
)
