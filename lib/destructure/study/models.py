"""Any model of the course by name: what a study or a configuration trains."""

from typing import Any

from destructure.config import SPECIAL_TOKENS, TransformerConfig
from destructure.counting import NgramModel
from destructure.encoders import Classifier
from destructure.recurrent import RecurrentConfig, RecurrentModel
from destructure.study.configuration import RunConfiguration
from destructure.tasks.base import Task
from destructure.transformer import Transformer


def make_model(kind: str, task: Task, *, seed: int = 0, **settings: Any):
    """An untrained model for a task.

    Args:
        kind: "transformer" (settings: fields of `TransformerConfig`), "recurrent" (of `RecurrentConfig`),
            "classifier" (an encoder alone: the same fields) or "counting" (`window`).
        task: its vocabulary, and a classifier's labels.
        seed: decides the random weights.

    Raises:
        ValueError: if there is no such kind, or a setting is not allowed.
    """
    size = len(task.vocabulary)
    match kind:
        case "transformer":
            return Transformer(TransformerConfig(vocabulary=size, **settings), seed=seed)
        case "recurrent":
            return RecurrentModel(RecurrentConfig(vocabulary=size, **settings), seed=seed)
        case "classifier":
            return Classifier(TransformerConfig(vocabulary=size, **settings), task, seed)
        case "counting":  # nothing about it is random
            return NgramModel(size - len(SPECIAL_TOKENS), **settings)
    raise ValueError(f"There is no model {kind!r}; there are transformer, recurrent, classifier, counting.")


def build_model(
    configuration: RunConfiguration, vocabulary: int, max_length: int | None = None
) -> Transformer:
    """The untrained model of a configuration; its seed decides the weights.

    Args:
        vocabulary: how many token ids the task has.
        max_length: positions that the task needs, unless the configuration's `model` gives a number.
    """
    return Transformer(configuration.model_config(vocabulary, max_length), seed=configuration.seed)
