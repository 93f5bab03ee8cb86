"""How a model is trained, as plain data."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

from destructure.structure import explained


@explained
@dataclass(frozen=True)
class Recipe:
    """How long and how to train: everything but the model, the task and the seed.

    The learning rate rises linearly during the warm-up and then stays constant. For each budget, training
    branches off shortly before the budget is spent: the branch lets the rate fall linearly to zero and is
    evaluated, while the trunk goes on at the constant rate. So one run gives several honest budgets
    (Hägele 2024, arXiv:2405.18392, compares this with a cosine schedule per budget).

    Attributes:
        steps: budgets in optimiser steps, one number or several in rising order. Give this or `flops`.
        flops: budgets in training FLOPs, counted by `cost.training_flops` over real tokens.
        learning_rate: the constant rate of AdamW.
        warmup: length of the warm-up, as a fraction of the smallest budget.
        cooldown: length of each cooldown branch, as a fraction of its budget.
        tokens_per_batch: real tokens (input, target and `[BOS]`; padding not counted) that fill a batch.
        weight_decay: AdamW's, on matrices only.
        betas: AdamW's two memory lengths.
        clip: largest allowed length of the gradient.
        averaging: memory of the running average of the weights, which is what gets evaluated; 0 for none.
        loss_on_inputs: also learn to predict the input tokens (causal input only).
        evaluate_every: evaluate each so many steps on the way; `None` evaluates at the budgets alone.
        evaluation_examples: validation examples decoded at each evaluation.
        checkpoint_every: steps between checkpoints, where a checkpoint folder is given.

    Raises:
        ValueError: one sentence on what is wrong.
    """

    steps: int | tuple[int, ...] | None = None
    flops: float | tuple[float, ...] | None = None
    learning_rate: float = 4e-3
    warmup: float = 0.1
    cooldown: float = 0.2
    tokens_per_batch: int = 1500
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    averaging: float = 0.99
    loss_on_inputs: bool = False
    evaluate_every: int | None = None
    evaluation_examples: int = 200
    checkpoint_every: int = 200

    def __post_init__(self):
        for name in ("learning_rate", "tokens_per_batch", "clip", "evaluation_examples", "checkpoint_every"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 < value < math.inf):
                raise ValueError(f"{name} is {value!r}; it must be a positive number.")
        for name in ("warmup", "cooldown", "averaging"):
            value = getattr(self, name)
            if not (isinstance(value, Real) and 0 <= value < 1):
                raise ValueError(f"{name} is {value!r}; it is a fraction, from 0 to just below 1.")
        if (self.steps is None) == (self.flops is None):
            raise ValueError(
                f"steps is {self.steps} and flops is {self.flops}; give the budget in exactly one of them."
            )
        budgets = self.budgets
        numbers = all(isinstance(budget, (int, float)) and budget > 0 for budget in budgets)
        if not budgets or not numbers or list(budgets) != sorted(set(budgets)):
            raise ValueError(f"The budgets are {budgets}; give a positive number or several in rising order.")
        if self.evaluate_every is not None and self.evaluate_every < 1:
            raise ValueError(f"evaluate_every is {self.evaluate_every}; give a number of steps, or None.")

    @property
    def unit(self) -> Literal["steps", "flops"]:
        """What the budgets count."""
        return "steps" if self.steps is not None else "flops"

    @property
    def budgets(self) -> tuple[float, ...]:
        """All budgets, in rising order."""
        given = self.steps if self.steps is not None else self.flops
        return tuple(given) if isinstance(given, (tuple, list)) else (given,)

    def rate_at(self, spent: float, after: float, cooling: tuple[float, float] | None = None) -> float:
        """Learning rate of the step that takes the spent budget from `spent` to `after`.

        Args:
            spent, after: budget spent before and after the step.
            cooling: (start, end) of the cooldown branch the step belongs to, if it does.
        """
        warmup = self.warmup * self.budgets[0]
        rate = self.learning_rate * (min(1.0, after / warmup) if warmup else 1.0)
        if cooling is None:
            return rate
        start, end = cooling
        return rate * max(0.0, min(1.0, (end - spent) / (end - start)))
