"""One training loop for every model and task."""

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor, nn
from tqdm.auto import tqdm

from destructure.tasks.base import Task
from destructure.train.batches import Batch
from destructure.train.evaluate import exact_match, loss_with_inputs, mean_loss, target_loss
from destructure.train.recipe import Recipe
from destructure.train.state import TrainingState


@dataclass
class Run:
    """What a training run left behind, however it ended.

    Attributes:
        model: the trained model with averaged weights, in evaluation mode.
        history: one row a step: step, tokens, flops, phase ("constant" or "cooldown"), learning_rate, loss (nats
            a token), gradient_norm, and where the model was evaluated validation_loss and exact_match.
        results: one row per budget, evaluated after its cooldown: validation_loss, exact_match, step, tokens,
            flops, budget, examples_seen (repetitions counted), epochs.
        status: "finished", "interrupted" (by Ctrl-C) or "diverged" (a loss or gradient that is not finite).
    """

    model: nn.Module
    history: pd.DataFrame
    results: pd.DataFrame
    status: str
    seed: int


def train(
    model: nn.Module,
    task: Task,
    recipe: Recipe,
    *,
    seed: int = 0,
    checkpoint: str | Path | None = None,
    progress: bool = True,
    measure: Callable[[nn.Module], dict[str, float]] | None = None,
    watch: Callable[[nn.Module], dict[str, float]] | None = None,
    objective: Callable[[nn.Module, Batch], Tensor] | None = None,
) -> Run:
    """Train a model on a task.

    The same seed, thread count and machine give the same bits; the seed decides the order of the examples (the
    model brings weights made from a seed of its own). The model is changed in place; the run holds the averaged
    copy to evaluate with.

    Args:
        model: called as `model(source, target)` for logits; offers `training_flops(source, target)`.
        task: where pairs come from; training pairs to learn, validation pairs to evaluate.
        recipe: how long and how.
        seed: decides the order of the examples.
        checkpoint: a folder to write the state to; if it holds one already, training continues from there,
            to the same bits as if it had never stopped.
        progress: show a bar.
        measure: what to measure at each evaluation, as columns of history and results; by default the loss and
            the exact match on validation pairs.
        watch: what to measure on the way, each `recipe.evaluate_every` steps, where it should be something else,
            or something cheaper, than at the budgets; by default `measure`.
        objective: the loss to learn from, by default that of the recipe; `fast.fast_target_loss` is the same to
            rounding.

    Returns:
        A `Run`. Ctrl-C ends training after the current step with status "interrupted", a checkpoint if a folder
        was given, and everything learned so far. A loss that is not finite ends it with status "diverged".

    Raises:
        ValueError: if the checkpoint is damaged, or belongs to another model, task, recipe or seed.
    """
    if not (isinstance(model, nn.Module) and hasattr(task, "pairs") and isinstance(recipe, Recipe)):
        given = ", ".join(type(each).__name__ for each in (model, task, recipe))
        raise ValueError(f"train got {given}, in this order; give a model, a task and a Recipe.")
    folder = Path(checkpoint) if checkpoint is not None else None
    state = TrainingState(model, task, recipe, seed)
    if folder is not None:
        state.resume_from(folder)
    measure = measure or _validation_scores(task, recipe)
    with _bar(recipe, progress, state.spent) as bar, InterruptLater() as interrupt:
        usual = loss_with_inputs if recipe.loss_on_inputs else target_loss
        loop = _Loop(state, recipe, measure, watch or measure, folder, bar, interrupt, objective or usual)
        status, final = loop.run()
    return Run(final.averaged_model(), final.history_table(), pd.DataFrame(final.results), status, seed)


class _Loop:
    """Trunk and cooldown branches of one run."""

    def __init__(self, state, recipe, measure, watch, folder, bar, interrupt, objective):
        self.state, self.recipe, self.measure, self.watch = state, recipe, measure, watch
        self.folder, self.bar, self.interrupt, self.objective = folder, bar, interrupt, objective

    def run(self) -> tuple[str, TrainingState]:
        """Return how training ended and the state to report: the last branch's, or the one it stopped in."""
        trunk, branch = self.state, None
        for budget in self.recipe.budgets[len(trunk.results) :]:
            start = (1 - self.recipe.cooldown) * budget
            stopped = self._advance(trunk, until=start, cooling=None)
            if stopped:
                return self._stop(stopped, trunk, trunk)
            branch = trunk.copy()
            stopped = self._advance(branch, until=budget, cooling=(branch.spent, budget))
            if stopped:
                return self._stop(stopped, branch, trunk)
            result = self.measure(branch.averaged_model()) | branch.progress() | {"budget": budget}
            result |= branch.data_seen()
            trunk.results.append(result)
            branch.results = list(trunk.results)
            self._save(trunk)
        return "finished", branch or self._last_branch(trunk)

    def _advance(self, state, until, cooling) -> str | None:
        """Take steps until the budget is spent; return why it stopped early, if it did."""
        while state.spent < until:
            if self.interrupt.requested:
                return "interrupted"
            spent = state.spent
            row = state.step(self.objective, cooling)
            if row is None:
                return "diverged"
            self.bar.update(min(state.spent, self.bar.total) - self.bar.n)
            self.bar.set_postfix(loss=f"{row['loss']:.3f}", refresh=False)
            if self.recipe.evaluate_every and state.steps % self.recipe.evaluate_every == 0:
                row |= self.watch(state.averaged_model())
            if cooling is None and state.steps % self.recipe.checkpoint_every == 0:
                self._save(state)
            if state.spent == spent:
                raise RuntimeError("A training step spent nothing of the budget; the batch was empty.")
        return None

    def _stop(self, status, stopped, trunk):
        if status == "interrupted":
            self._save(trunk)
        stopped.results = list(trunk.results)
        return status, stopped

    def _last_branch(self, trunk):
        """A finished run was resumed: repeat its last cooldown, which the checkpoint does not hold."""
        budget = self.recipe.budgets[-1]
        branch = trunk.copy()
        self._advance(branch, until=budget, cooling=(branch.spent, budget))
        return branch

    def _save(self, state):
        if self.folder is not None:
            state.save_to(self.folder)


class InterruptLater:
    """While active, the first Ctrl-C only sets `requested`; a second one interrupts at once, as usual.

    Signals reach the main thread alone; in another thread this does nothing.
    """

    def __init__(self):
        self.requested = False
        self._usual = None

    def __enter__(self) -> "InterruptLater":
        if threading.current_thread() is threading.main_thread():
            self._usual = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, *exception) -> None:
        if self._usual is not None:
            signal.signal(signal.SIGINT, self._usual)

    def _note(self, number, frame):
        if self.requested:
            signal.signal(signal.SIGINT, self._usual)
            raise KeyboardInterrupt
        self.requested = True


def _validation_scores(task: Task, recipe: Recipe) -> Callable[[nn.Module], dict[str, float]]:
    pairs = task.pairs("validation")[: recipe.evaluation_examples]
    return lambda model: {
        "validation_loss": mean_loss(model, pairs),
        "exact_match": exact_match(model, pairs),
    }


def _bar(recipe: Recipe, progress: bool, spent: float):
    unit = {"unit": "step"} if recipe.unit == "steps" else {"unit": "FLOP", "unit_scale": True}
    return tqdm(total=recipe.budgets[-1], initial=spent, disable=not progress, **unit)
