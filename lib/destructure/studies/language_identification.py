"""The registered study behind notebook 05: naming a language by an encoder, by a decoder that spells it, by counting.

The plans, with their dates, their pilots and what would contradict the expectation, are in data/results/README.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import torch
from torch import nn

from destructure import cost
from destructure.counting import NaiveBayes
from destructure.encoders import Classifier
from destructure.generate import greedy
from destructure.structure import Structure
from destructure.study import LATER, Study, by_budget, grid, make_model, names
from destructure.tasks.languages import LanguageIdentification
from destructure.tasks.message_catalogues import Message, django_version
from destructure.train import Recipe, Run, train
from destructure.train.batches import Batches

COUNTING, ENCODER, DECODER = "counting", "encoder-only", "decoder-only"
LAYERS = {ENCODER: 1, DECODER: 2}
"""Of the trained methods. A decoder needs two layers: where it writes, the first sees single characters only."""
MESSAGES = (12, 47, 187, 748)
"""How many English originals are learned from, in up to 26 languages each; the last is all."""
SHORTEST = 15
"""Characters a text must have to count in the main measure: the language of "Ja" cannot be known."""
MARGIN = 0.04
"""How far outside the stored seeds another seed on another machine may land, as a share of answers."""
RECIPE = Recipe(flops=1.2e12, learning_rate=3e-3, tokens_per_batch=2000, cooldown=0.7, averaging=0.995)
MODEL = {"width": 64, "heads": 8, "structure": Structure.DECODER_ONLY, "activation": "swiglu"}
MODEL |= {"positions": "rotary", "rotary_base": 10.0, "scale_embedding": True}
"""The blocks of the trained models (`structure` is the decoder's): texts are short, neighbours matter."""


@cache
def make_task(method: str = ENCODER, messages: int | None = None) -> LanguageIdentification:
    """The task in the form a method answers it: as a class, or spelled as a code of two letters."""
    answer = "code" if method == DECODER else "class"
    return LanguageIdentification(answer, messages=messages, copies=1 if method == COUNTING else 4)


def namer(method: str, seed: int = 0) -> nn.Module:
    """The untrained model of a method."""
    task, kind = make_task(method), "transformer" if method == DECODER else "classifier"
    sizes = {"layers": LAYERS[method], "max_length": task.max_length + 1}
    return make_model(kind, task, seed=seed, **MODEL, **sizes)


def train_namer(
    method: str, seed: int, messages: int | None = None, progress: bool = True, recipe: Recipe = RECIPE
) -> Run:
    """Train an encoder or decoder (measure it with `accuracy`); the seed decides weights and the order of texts."""
    task = make_task(method, messages)
    return train(namer(method, seed), task, recipe, seed=seed, progress=progress, measure=lambda model: {})


def count(messages: int | None = None) -> NaiveBayes:
    """Count the n-grams of the same texts, each text once."""
    learned = make_task(COUNTING, messages).split_messages("train")
    model = NaiveBayes(4)
    model.learn([message.text for message in learned], [message.language for message in learned])
    return model


@torch.no_grad()
def answers(model, texts: Sequence[str]) -> list[str]:
    """The language that a model of any method gives each text: a code, or whatever else it wrote."""
    if isinstance(model, NaiveBayes):
        return model.predict(texts)
    task = make_task(ENCODER if isinstance(model, Classifier) else DECODER)
    given = []
    for start in range(0, len(texts), 100):
        pairs = [task.read_pair(text) for text in texts[start : start + 100]]
        source = Batches(pairs, 1, seed=0).of(np.arange(len(pairs))).source
        if isinstance(model, Classifier):
            given += [task.languages[label] for label in model.label_logits(source).argmax(dim=1).tolist()]
        else:
            given += [task.decode_target(ids) for ids in greedy(model, source, longest=3)]
    return given


def unseen_messages(shortest: int = SHORTEST, split: str = "test") -> list[Message]:
    """Unseen messages of at least so many characters."""
    return [message for message in make_task().split_messages(split) if len(message.text) >= shortest]


def accuracy(model, messages: Sequence[Message]) -> float:
    """Share of texts whose language is named right; a spelled answer must be right to the last letter."""
    given = answers(model, [message.text for message in messages])
    right = sum(answer == message.language for answer, message in zip(given, messages, strict=True))
    return right / len(messages)


def mean_answer_flops(model, messages: Sequence[Message]) -> float:
    """Mean FLOPs of an answer about these texts, by formula; for counting, which has no FLOPs, additions.

    The decoder reads the text, `[BOS]` and the letters of the code, and predicts the letters and `[EOS]`; thanks to a
    cache nothing is computed twice.
    """
    lengths = [len(message.text) for message in messages]
    if isinstance(model, NaiveBayes):
        return float(np.mean([model.answer_operations(length) for length in lengths]))
    if isinstance(model, Classifier):
        return float(np.mean([model.answer_flops(length) for length in lengths]))
    return float(np.mean([cost.forward_flops(model.config, length, len("da") + 1) for length in lengths]))


def _one_run(run: dict) -> Iterator[dict]:
    method, messages = run["method"], run["messages"]
    if method == COUNTING:
        model, row = count(messages), {"status": "finished", "steps": 1, "flops": 0}
    else:
        trained = train_namer(method, run["seed"], messages, progress=False)
        model, (row,) = trained.model, by_budget(trained, RECIPE.budgets)
    failed, long = row["status"] != "finished", unseen_messages()
    yield row | {
        "texts": len(make_task(method, messages).split_messages("train")),
        "accuracy": 0.0 if failed else round(accuracy(model, long), 4),
        "accuracy_all": 0.0 if failed else round(accuracy(model, unseen_messages(1)), 4),
        "answer_flops": round(mean_answer_flops(model, long)),
        "django": django_version(),
    }


_trained = grid(seed=range(200, 205), method=LAYERS, messages=MESSAGES)
STUDY = Study(
    name="language_identification",
    columns=names(
        "method messages texts seed status accuracy accuracy_all answer_flops steps flops cpu_seconds "
        "django torch machine"
    ),
    gained=LATER,
    # Counting has no randomness, so it runs once for each amount of data; the decoder runs with all data.
    runs=pd.concat(
        [
            grid(seed=(200,), method=(COUNTING,), messages=MESSAGES),
            _trained[(_trained.method == ENCODER) | (_trained.messages == MESSAGES[-1])],
        ]
    ),
    one_run=_one_run,
)
rows = STUDY.rows

# --- the second plan: compute in proportion to the texts, and along compute with all of them -----------------

BUDGETS = {12: (7.57e10,), 47: (2.945e11,), 187: (1.205e12,), 748: (3e11, 1.2e12, 4.8e12)}
"""Training FLOPs by originals: the last is as much per text everywhere, about 31 passes."""
LESSON_RECIPE = replace(RECIPE, flops=BUDGETS[MESSAGES[-1]][0])


def _one_run_along_compute(run: dict) -> Iterator[dict]:
    task, unseen = make_task(ENCODER, run["messages"]), unseen_messages()
    learned = task.split_messages("train")
    recipe = replace(RECIPE, flops=run["budgets"], learning_rate=run["learning_rate"])

    def measure(model: Classifier) -> dict[str, float]:
        texts = {"accuracy": unseen, "accuracy_learned": learned}
        return {name: round(accuracy(model, each), 4) for name, each in texts.items()}

    trained = train(
        namer(ENCODER, run["seed"]), task, recipe, seed=run["seed"], progress=False, measure=measure
    )
    for row in by_budget(trained, recipe.budgets, accuracy=0.0, accuracy_learned=0.0):
        yield row | {"texts": len(learned), "django": django_version()}


COMPUTE = Study(
    name="language_compute",
    columns=names(
        "messages texts seed budget learning_rate status accuracy accuracy_learned steps flops examples_seen epochs "
        "cpu_seconds django torch machine"
    ),
    runs=grid(seed=range(200, 205), messages=MESSAGES).assign(
        budgets=lambda runs: runs.messages.map(BUDGETS),
        learning_rate=lambda runs: np.where(runs.messages == MESSAGES[0], 6e-3, 3e-3),  # from pilots
    ),
    one_run=_one_run_along_compute,
)
