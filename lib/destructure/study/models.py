"""Any model of the course by name: what a study or a configuration trains."""

from collections.abc import Callable
from typing import Any

from destructure.config import SPECIAL_TOKENS, TransformerConfig
from destructure.counting import NgramModel
from destructure.encoders import Classifier
from destructure.recurrent import RecurrentConfig, RecurrentModel
from destructure.tasks.base import Task
from destructure.transformer import Transformer


def _transformer(task: Task, seed: int, **settings: Any) -> Transformer:
    return Transformer(TransformerConfig(vocabulary=len(task.vocabulary), **settings), seed=seed)


def _recurrent(task: Task, seed: int, **settings: Any) -> RecurrentModel:
    return RecurrentModel(RecurrentConfig(vocabulary=len(task.vocabulary), **settings), seed=seed)


def _classifier(task: Task, seed: int, pooling: str = "mean", **settings: Any) -> Classifier:
    return Classifier(TransformerConfig(vocabulary=len(task.vocabulary), **settings), task, pooling, seed)


def _counting(task: Task, seed: int, window: int) -> NgramModel:
    return NgramModel(len(task.vocabulary) - len(SPECIAL_TOKENS), window)  # nothing about it is random


MODELS: dict[str, Callable[..., Any]] = {
    "transformer": _transformer,
    "recurrent": _recurrent,
    "classifier": _classifier,
    "counting": _counting,
}
"""How each is made of a task, a seed and settings by name."""


def make_model(kind: str, task: Task, *, seed: int = 0, **settings: Any):
    """An untrained model for a task.

    Args:
        kind: "transformer" (settings: fields of `TransformerConfig`), "recurrent" (of `RecurrentConfig`),
            "classifier" (an encoder alone: fields of `TransformerConfig`, and `pooling`) or "counting" (`window`).
        task: its vocabulary, and a classifier's labels.
        seed: decides the random weights.

    Raises:
        ValueError: if there is no such kind, or a setting is not allowed.
    """
    if kind not in MODELS:
        raise ValueError(f"There is no model {kind!r}; the models are {', '.join(MODELS)}.")
    return MODELS[kind](task, seed, **settings)
