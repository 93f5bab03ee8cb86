"""A small language model that notebook 06 samples from, and the run that made it.

It learns the docstrings of Python's standard library, a token per character. The study is one run (about ten minutes
of one processor core), which also stores the model's weights in data/results; the lesson trains the same model for
the smallest budget only.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import safetensors.torch
import torch

from destructure.config import SPECIAL_TOKENS, TransformerConfig
from destructure.files import data_folder, write_atomically
from destructure.generate import Sampling, generate
from destructure.structure import Structure
from destructure.study import LATER, Study, by_budget, grid, names
from destructure.tasks.base import Pair
from destructure.tasks.docstrings import DocstringText
from destructure.train import Recipe, Run, train
from destructure.train.evaluate import bits_per_character
from destructure.transformer import Transformer

PIECE = 256
SEED = 0
MEASURED_PIECES = 200
"""Pieces of the test files, spread evenly: about 51,000 characters."""

RECIPE = Recipe(flops=(3e11, 1e12, 3e12, 1e13), learning_rate=4e-3, warmup=0.1, tokens_per_batch=512)
LESSON_RECIPE = replace(RECIPE, flops=RECIPE.flops[0])
MARGIN = 0.15
"""Bits that a run elsewhere may differ by: another Python has other docstrings, another machine rounds otherwise."""


@cache
def make_task() -> DocstringText:
    """The text, read once, in pieces of 256 characters."""
    return DocstringText(piece=PIECE)


def make_config() -> TransformerConfig:
    """Three layers of width 96, decoder-only, rotary positions."""
    return TransformerConfig(
        vocabulary=len(DocstringText.vocabulary),
        width=96,
        layers=3,
        heads=4,
        structure=Structure.DECODER_ONLY,
        positions="rotary",
        scale_embedding=True,
        output_bias=True,  # see `without_marks`
    )


def held_out() -> list[Pair]:
    """The pieces on which bits per character are measured."""
    pairs = make_task().pairs("test")
    return [pairs[place] for place in np.linspace(0, len(pairs) - 1, MEASURED_PIECES).astype(int)]


def train_writer(recipe: Recipe = LESSON_RECIPE, seed: int = SEED, progress: bool = True) -> Run:
    """Train the model; `results` has bits per character on unseen text for each budget."""
    pairs, model = held_out(), Transformer(make_config(), seed=seed)
    measure = lambda trained: {"bits": bits_per_character(trained, pairs)}  # noqa: E731
    run = train(model, make_task(), recipe, seed=seed, progress=progress, measure=measure)
    without_marks(run.model)
    return run


def without_marks(model: Transformer) -> Transformer:
    """Let the model never write a special token, in place.

    Pieces of the text end anywhere, so `[EOS]` only ever meant that 256 characters are over; drawn by chance, it
    would end a text anywhere.
    """
    with torch.no_grad():
        model.output.bias[: len(SPECIAL_TOKENS)] = -1e4
    return model


def weights_file() -> Path:
    """Where the stored weights are: 16 bits each."""
    return data_folder() / "results" / "docstring_writer.safetensors"


def stored_writer() -> Transformer:
    """The model after the largest budget.

    Raises:
        ValueError: if the file is missing or damaged.
    """
    model = Transformer(make_config())
    try:
        weights = safetensors.torch.load_file(weights_file())
        model.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, strict=False)
        lacking = {name for name, _ in model.named_parameters()} - set(weights)
    except (OSError, RuntimeError, safetensors.SafetensorError) as error:
        raise ValueError(
            f"The stored weights {weights_file().name} cannot be read ({type(error).__name__}); restore "
            "data/results from a fresh copy of the course."
        ) from None
    if lacking:
        raise ValueError(
            f"The stored weights {weights_file().name} lack {sorted(lacking)[0]}; restore data/results."
        )
    return without_marks(model.eval())


@cache
def _known_words() -> frozenset[str]:
    return frozenset(_words(make_task().text("train")))


def quality(model: Transformer, how: Sampling, texts: int = 64, length: int = 120) -> dict[str, float]:
    """How right and how varied a model's texts are, each written from nothing.

    Returns:
        "known words": the share of written words that occur in the training text; "distinct words": the share of a
        text's words that are not repetitions, on average. First and last word, perhaps cut, do not count.
    """
    task, known = make_task(), _known_words()
    written = generate(model, None, length, prompts=[[]] * texts, how=how)
    pages = [page for page in (_words(task.decode_target(ids))[1:-1] for ids in written) if page]
    everything = [word for page in pages for word in page]
    return {
        "known words": sum(word in known for word in everything) / len(everything),
        "distinct words": sum(len(set(page)) / len(page) for page in pages) / len(pages),
    }


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]{2,}", text.lower())


def _one_run(run: dict) -> Iterator[dict]:
    trained = train_writer(replace(RECIPE, flops=run["budgets"]), run["seed"], progress=False)
    rows = list(by_budget(trained, run["budgets"], bits=None))
    if trained.status != "finished":
        raise RuntimeError(f"Training {trained.status}; nothing was stored.")
    halves = {name: tensor.detach().half().contiguous() for name, tensor in trained.model.named_parameters()}
    write_atomically(weights_file(), safetensors.torch.save(halves))
    text = {"python": make_task().python_version, "text": make_task().sha256[:12]}
    for row in rows:
        yield row | text | {"step": row["steps"]}


STUDY = Study(
    name="docstring_writer",
    columns=names("budget bits step tokens flops seed cpu_seconds python text torch machine"),
    gained=LATER,
    runs=grid(seed=(SEED,), budgets=(RECIPE.flops,)),
    one_run=_one_run,
)
rows = STUDY.rows
