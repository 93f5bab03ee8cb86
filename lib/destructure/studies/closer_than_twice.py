"""The registered study behind notebook 07: after the lecture's four edits, are the two models one?

The lecture says of the encoder-decoder after its four edits and the decoder-only model: trained on the same task and
data they would agree, probably more closely than the same model trained twice (CS25 V4, 26:27). The plan, with its
date, its pilots and its predictions, is in data/results/README.md. A run compares two models; each is trained once
in a process, whatever the number of comparisons.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import pandas as pd

from destructure.structure import Structure
from destructure.studies.model_distance import Answers, answers, distance
from destructure.study import Study, make_model, names
from destructure.tasks import NumberTranslation
from destructure.tasks.base import Pair
from destructure.train import Recipe, exact_match, train
from destructure.transformer import Transformer, carry_over

EDITED, DECODER_ONLY, OTHER_ORDER = "two softmaxes", "one softmax", "one softmax, other order"
"""The lecture's own end point: all four edits, but cross-attention keeps its softmax and its sub-layer; decoder-only;
and that from the same first weights, with the examples in another order: half of "the same thing twice"."""
STRUCTURES = {
    EDITED: Structure(True, False, False, False, tied_cross_attention=True),
    DECODER_ONLY: Structure.DECODER_ONLY,
    OTHER_ORDER: Structure.DECODER_ONLY,
}
STEPS = (100, 300)
RECIPE = Recipe(steps=STEPS, learning_rate=8e-3, warmup=50 / STEPS[0], tokens_per_batch=1000, averaging=0.98)
"""The same for all models: equal steps, so that equal seeds mean the very same examples."""
SEEDS = tuple(range(200, 208))
SAME_SEED, SAME_START = "same seed, other model", "same start, other order"
TWICE, OTHER_BOTH = "same model, other seed", "other model, other seed"
TRANSPLANTED = "same weights, other model"


class Trained(NamedTuple):
    """One training run, as far as distances need it.

    Attributes:
        answers: steps → what the model says about the 500 numbers; step 0 is before training. Steps that a diverged
            run did not reach are missing.
        exact_match: steps → share of right answers.
        model: after the last step.
    """

    answers: dict[int, Answers]
    exact_match: dict[int, float]
    model: Transformer


@cache
def make_task() -> NumberTranslation:
    """English to German numbers below 100,000, as in the registered experiment (data/registration.md, part A)."""
    return NumberTranslation(high=99_999)


def measured_pairs() -> Sequence[Pair]:
    """The 500 numbers, unseen in training, on which models are compared."""
    return make_task().pairs("test")[:500]


def first_model(model: str, seed: int) -> Transformer:
    """A model before training. The same seed gives `EDITED` and `DECODER_ONLY` the same weights, tensor by tensor."""
    sizes = {"width": 32, "layers": 3, "heads": 2, "query_key_norm": True, "segments": 2}
    return make_model("transformer", make_task(), seed=seed, structure=STRUCTURES[model], **sizes)


@cache
def train_model(model: str, seed: int, progress: bool = False) -> Trained:
    """Train one model and ask it about the 500 numbers before training and after each budget."""
    asked, right = [], []

    def measure(trained: Transformer) -> dict[str, float]:
        asked.append(answers(trained, measured_pairs()))
        right.append(exact_match(trained, measured_pairs()))
        return {}

    untrained = first_model(model, seed)
    measure(untrained.eval())
    order = seed + (10_000 if model == OTHER_ORDER else 0)
    run = train(untrained.train(), make_task(), RECIPE, seed=order, progress=progress, measure=measure)
    if run.status == "interrupted":
        raise KeyboardInterrupt
    reached = (0, *STEPS)[: len(asked)]
    return Trained(dict(zip(reached, asked, strict=True)), dict(zip(reached, right, strict=True)), run.model)


def transplanted(trained: Trained, structure: Structure) -> Trained:
    """The weights of a trained model in another structure, asked again.

    One thing may have no counterpart: the normalisation before a second attention, a vector a layer. It gets the
    one before the first (`carry_over`).
    """
    if STEPS[-1] not in trained.answers:
        return trained
    model, pairs = carry_over(trained.model, structure), measured_pairs()
    return Trained({STEPS[-1]: answers(model, pairs)}, {STEPS[-1]: exact_match(model, pairs)}, model)


def compare(run: dict, progress: bool = False) -> Iterator[dict]:
    """Train both models of a run (see `pair`); a row for step 0 and each budget.

    A comparison with a diverged run has empty distances from the step on that it did not reach.
    """
    first = train_model(run["first_model"], run["first_seed"], progress)
    if run["comparison"] == TRANSPLANTED:
        second, compared = transplanted(first, STRUCTURES[run["second_model"]]), STEPS[-1:]
    else:
        second, compared = train_model(run["second_model"], run["second_seed"], progress), (0, *STEPS)
    for steps in compared:
        both = steps in first.answers and steps in second.answers
        apart = distance(first.answers[steps], second.answers[steps]) if both else (None, None, None)
        yield run | {
            "steps": steps,
            "status": "finished" if both else "diverged",
            **dict(zip(("total_variation", "symmetric_kl", "different_answers"), apart, strict=True)),
            "first_exact_match": first.exact_match.get(steps),
            "second_exact_match": second.exact_match.get(steps),
        }


def pair(comparison: str, first: str, first_seed: int, second: str, second_seed: int) -> dict:
    """Two models to compare."""
    models = {
        "first_model": first,
        "first_seed": first_seed,
        "second_model": second,
        "second_seed": second_seed,
    }
    return {"comparison": comparison} | models


def _registered() -> Iterator[dict]:
    """Every comparison of the plan, seed by seed, so that an early end leaves whole seeds."""
    for place, seed in enumerate(SEEDS):
        yield pair(SAME_SEED, EDITED, seed, DECODER_ONLY, seed)
        yield pair(SAME_START, DECODER_ONLY, seed, OTHER_ORDER, seed)
        yield pair(TRANSPLANTED, DECODER_ONLY, seed, EDITED, seed)
        for earlier in SEEDS[:place]:
            yield pair(TWICE, EDITED, earlier, EDITED, seed)
            yield pair(TWICE, DECODER_ONLY, earlier, DECODER_ONLY, seed)
            yield pair(OTHER_BOTH, EDITED, earlier, DECODER_ONLY, seed)
            yield pair(OTHER_BOTH, DECODER_ONLY, earlier, EDITED, seed)


STUDY = Study(
    name="closer_than_twice",
    columns=names(
        "comparison first_model first_seed second_model second_seed steps status total_variation "
        "symmetric_kl different_answers first_exact_match second_exact_match torch machine"
    ),
    runs=pd.DataFrame(_registered()),
    one_run=compare,
)
rows = STUDY.rows
