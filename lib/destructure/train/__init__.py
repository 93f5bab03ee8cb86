"""Training and measuring: the one training loop, its recipe, evaluation and checkpoints."""

from destructure.train.batches import Batches
from destructure.train.evaluate import (
    exact_match,
    exact_matches,
    mean_loss,
    teacher_forced_accuracy,
    translate,
)
from destructure.train.loop import Run, train
from destructure.train.recipe import Recipe

__all__ = ["Batches", "Recipe", "Run", "exact_match", "exact_matches", "mean_loss", "teacher_forced_accuracy"]
__all__ += ["train", "translate"]
