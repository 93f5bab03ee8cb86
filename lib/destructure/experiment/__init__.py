"""Training and measuring: the one training loop, its recipe, evaluation and checkpoints."""

from destructure.experiment.evaluate import (
    exact_match,
    exact_matches,
    mean_loss,
    teacher_forced_accuracy,
    translate,
)
from destructure.experiment.recipe import Recipe
from destructure.experiment.train import Run, train

__all__ = [
    "Recipe",
    "Run",
    "exact_match",
    "exact_matches",
    "mean_loss",
    "teacher_forced_accuracy",
    "train",
    "translate",
]
