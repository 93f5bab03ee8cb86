"""The registered study behind notebook 07: after the lecture's four edits, are the two models one?

The lecture says of the encoder-decoder after its four edits and the decoder-only model: trained on the same task and
data they would agree, probably more closely than the same model trained twice (CS25 V4, 26:27). The plan, with its
date, its pilots and its predictions, is in data/results/README.md. `run_missing` trains what missing rows need and
appends them to data/results/closer_than_twice.csv; `closer_than_twice_results` says what they mean.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd
import torch

from destructure.config import TransformerConfig
from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.model_distance import Answers, answers, distance
from destructure.study.storage import ResultsFile
from destructure.tasks import NumberTranslation
from destructure.train.evaluate import exact_match
from destructure.train.loop import train
from destructure.train.recipe import Recipe
from destructure.transformer import Transformer
from destructure.transplants import carry_over

EDITED = "two softmaxes"
"""The lecture's own end point: all four edits, but cross-attention keeps its softmax and its sub-layer."""
DECODER_ONLY = "one softmax"
OTHER_ORDER = "one softmax, other order"
"""Decoder-only from the same first weights, with the examples in another order: half of "the same thing twice"."""

STRUCTURES = {
    EDITED: Structure(True, False, False, False, tied_cross_attention=True),
    DECODER_ONLY: Structure.DECODER_ONLY,
    OTHER_ORDER: Structure.DECODER_ONLY,
}
STEPS = (100, 300)
WARMUP_STEPS = 50
LEARNING_RATE = 8e-3
SEEDS = tuple(range(200, 208))
LESSON_SEED = 0
NUMBERS = 500
_NEXT_ORDER = 10_000  # added to the seed that orders the examples

SAME_SEED, SAME_START = "same seed, other model", "same start, other order"
TWICE, OTHER_BOTH = "same model, other seed", "other model, other seed"
TRANSPLANTED = "same weights, other model"
COLUMNS = (
    "comparison",
    "first_model",
    "first_seed",
    "second_model",
    "second_seed",
    "steps",
    "status",
    "total_variation",
    "symmetric_kl",
    "different_answers",
    "first_exact_match",
    "second_exact_match",
    "torch",
    "machine",
)
_PAIR = ("first_model", "first_seed", "second_model", "second_seed")
_ROW_KEY = ("comparison", *_PAIR, "steps")


@dataclass(frozen=True)
class Trained:
    """One training run, as far as distances need it.

    Attributes:
        answers: steps → what the model says about the 500 numbers; step 0 is before training. Steps that a diverged
            run did not reach are missing.
        exact_match: steps → share of right answers.
        model: after the last step.
        status: as in `Run`.
    """

    answers: dict[int, Answers]
    exact_match: dict[int, float]
    model: Transformer
    status: str


@dataclass(frozen=True)
class Pair:
    """Two runs to compare."""

    comparison: str
    first_model: str
    first_seed: int
    second_model: str
    second_seed: int


@cache
def make_task() -> NumberTranslation:
    """English to German numbers below 100,000, as in the registered experiment (data/registration.md, part A)."""
    return NumberTranslation(high=99_999)


@cache
def measured_pairs():
    """The 500 numbers, unseen in training, on which models are compared."""
    return make_task().pairs("test")[:NUMBERS]


def make_config(model: str) -> TransformerConfig:
    """Width 32, 3 layers, 2 heads."""
    return TransformerConfig(
        vocabulary=len(make_task().vocabulary),
        width=32,
        layers=3,
        heads=2,
        query_key_norm=True,
        segments=2,
        structure=STRUCTURES[model],
    )


def make_recipe() -> Recipe:
    """The same for all models: equal steps, so that equal seeds mean the very same examples."""
    return Recipe(
        steps=STEPS,
        learning_rate=LEARNING_RATE,
        warmup=WARMUP_STEPS / STEPS[0],
        tokens_per_batch=1000,
        averaging=0.98,
    )


def first_model(model: str, seed: int) -> Transformer:
    """A model before training. The same seed gives `EDITED` and `DECODER_ONLY` the same weights, tensor by tensor."""
    return Transformer(make_config(model), seed=seed)


@cache
def train_model(model: str, seed: int, progress: bool = False) -> Trained:
    """Train one model and ask it about the 500 numbers before training and after each budget."""
    pairs, task = measured_pairs(), make_task()
    untrained = first_model(model, seed)
    asked = [answers(untrained.eval(), pairs)]
    right = [exact_match(untrained, pairs)]

    def measure(trained) -> dict[str, float]:
        asked.append(answers(trained, pairs))
        right.append(exact_match(trained, pairs))
        return {"exact_match": right[-1]}

    order = seed + (_NEXT_ORDER if model == OTHER_ORDER else 0)
    run = train(untrained.train(), task, make_recipe(), seed=order, progress=progress, measure=measure)
    if run.status == "interrupted":
        raise KeyboardInterrupt
    reached = (0, *STEPS)[: len(asked)]
    return Trained(
        dict(zip(reached, asked, strict=True)),
        dict(zip(reached, right, strict=True)),
        run.model,
        run.status,
    )


def registered_pairs() -> Iterator[Pair]:
    """Every comparison of the plan, seed by seed, so that an early end leaves whole seeds."""
    for place, seed in enumerate(SEEDS):
        yield Pair(SAME_SEED, EDITED, seed, DECODER_ONLY, seed)
        yield Pair(SAME_START, DECODER_ONLY, seed, OTHER_ORDER, seed)
        yield Pair(TRANSPLANTED, DECODER_ONLY, seed, EDITED, seed)
        for earlier in SEEDS[:place]:
            yield Pair(TWICE, EDITED, earlier, EDITED, seed)
            yield Pair(TWICE, DECODER_ONLY, earlier, DECODER_ONLY, seed)
            yield Pair(OTHER_BOTH, EDITED, earlier, DECODER_ONLY, seed)
            yield Pair(OTHER_BOTH, DECODER_ONLY, earlier, EDITED, seed)


def compare(pair: Pair, progress: bool = False) -> list[dict]:
    """Train both (each model once a session) and return one row for step 0 and each budget.

    A comparison with a diverged run has empty distances from the step on that it did not reach.
    """
    first = train_model(pair.first_model, pair.first_seed, progress)
    if pair.comparison == TRANSPLANTED:
        return [_row(pair, STEPS[-1], first, transplanted(first, STRUCTURES[pair.second_model]))]
    second = train_model(pair.second_model, pair.second_seed, progress)
    return [_row(pair, steps, first, second) for steps in (0, *STEPS)]


def transplanted(trained: Trained, structure: Structure) -> Trained:
    """The weights of a trained model in another structure, asked again.

    One thing may have no counterpart: the normalisation before a second attention, a vector a layer. It gets the
    one before the first (`carry_over`).
    """
    steps = STEPS[-1]
    if steps not in trained.answers:
        return trained
    model, pairs = carry_over(trained.model, structure), measured_pairs()
    return Trained({steps: answers(model, pairs)}, {steps: exact_match(model, pairs)}, model, trained.status)


def _row(pair: Pair, steps: int, first: Trained, second: Trained) -> dict:
    both = steps in first.answers and steps in second.answers
    apart = distance(first.answers[steps], second.answers[steps])._asdict() if both else {}
    return {
        **{name: getattr(pair, name) for name in ("comparison", *_PAIR)},
        "steps": steps,
        "status": "finished" if both else "diverged",
        **{name: apart.get(name) for name in ("total_variation", "symmetric_kl", "different_answers")},
        "first_exact_match": first.exact_match.get(steps),
        "second_exact_match": second.exact_match.get(steps),
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()} CPU",
    }


# --- the rows ------------------------------------------------------------------------------------------------


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "closer_than_twice.csv"


def results() -> pd.DataFrame:
    """All rows: one a comparison and number of steps; no rows if nothing has run yet."""
    path = results_file()
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def missing_pairs(rows: pd.DataFrame) -> list[Pair]:
    """Comparisons of the plan that have no row yet."""
    done = set(rows[["comparison", *_PAIR]].itertuples(index=False, name=None))
    return [
        pair
        for pair in registered_pairs()
        if (pair.comparison, *(getattr(pair, name) for name in _PAIR)) not in done
    ]


def run_missing() -> int:
    """Run what has no row yet, writing each comparison as it is made; return how many models were trained.

    Rows already there are left alone. A run that was interrupted trains again the models its missing rows need.
    """
    file = ResultsFile(results_file(), COLUMNS)
    file.repair()
    trained = train_model.cache_info().misses
    for pair in missing_pairs(results()):
        file.append(compare(pair), unless=_ROW_KEY)
    return train_model.cache_info().misses - trained


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(run_missing(), "models trained")
