"""Everything a training run is at one moment: weights, optimiser, place in the data, history."""

import copy
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from destructure.tasks.base import Task
from destructure.train.batches import Batches
from destructure.train.checkpoint import INDEX, load_checkpoint, save_checkpoint
from destructure.train.recipe import Recipe

_SPENT = ("step", "tokens", "flops")
HISTORY = (*_SPENT, "phase", "learning_rate", "loss", "gradient_norm", "validation_loss", "exact_match")


class TrainingState:
    """A model in training.

    Attributes:
        steps, tokens, flops: what was spent so far (real tokens; FLOPs by formula).
        rows: the history, one dictionary a step.
        results: one dictionary a finished budget.
    """

    def __init__(self, model: nn.Module, task: Task, recipe: Recipe, seed: int):
        self.model, self.recipe, self.seed = model, recipe, seed
        self.identity = _identity(model, task, recipe, seed)
        self.optimizer = _optimizer(model, recipe)
        self.average = AveragedModel(model, multi_avg_fn=_running_average(recipe.averaging))
        self.batches = Batches(task.pairs("train"), recipe.tokens_per_batch, seed)
        self.example_flops = _flops_of_each(model, self.batches)
        self.steps, self.tokens, self.flops = 0, 0, 0
        self.rows: list[dict] = []
        self.results: list[dict] = []

    @property
    def spent(self) -> float:
        """How much of the budget is used, in the recipe's unit."""
        return self.steps if self.recipe.unit == "steps" else self.flops

    def step(self, objective, cooling: tuple[float, float] | None) -> dict | None:
        """Learn from the next batch; return its history row, or None if the loss or gradient was not finite."""
        batch = next(self.batches).to(next(self.model.parameters()).device)
        flops = int(self.example_flops[batch.examples].sum())
        after = self.spent + (1 if self.recipe.unit == "steps" else flops)
        rate = self.recipe.rate_at(self.spent, after, cooling)
        for group in self.optimizer.param_groups:
            group["lr"] = rate

        self.model.train()
        self.optimizer.zero_grad()
        loss = objective(self.model, batch)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip)
        self.steps += 1
        self.tokens += batch.tokens
        self.flops += flops
        row = self.progress() | {"phase": "cooldown" if cooling else "constant", "learning_rate": rate}
        row |= {"loss": loss.item(), "gradient_norm": norm.item()}
        self.rows.append(row)
        if not (np.isfinite(row["loss"]) and np.isfinite(row["gradient_norm"])):
            return None  # the broken gradient is recorded but never applied
        self.optimizer.step()
        self.average.update_parameters(self.model)
        return row

    def progress(self) -> dict[str, int]:
        """What was spent so far."""
        return {"step": self.steps, "tokens": self.tokens, "flops": self.flops}

    def data_seen(self) -> dict[str, float]:
        """How many examples were learned from so far, repetitions counted, and how many times all there are."""
        seen = self.batches.seen
        return {"examples_seen": seen, "epochs": seen / len(self.batches.source_lengths)}

    def averaged_model(self) -> nn.Module:
        """The model with averaged weights, in evaluation mode."""
        return self.average.module.eval()

    def history_table(self) -> pd.DataFrame:
        """The history as a tidy table; evaluations are missing (NaN) at steps without one."""
        measured = [column for row in self.rows for column in row if column not in HISTORY]
        return pd.DataFrame(self.rows, columns=[*HISTORY, *dict.fromkeys(measured)]).assign(seed=self.seed)

    def copy(self) -> "TrainingState":
        """An independent copy that continues with the same batches."""
        twin = copy.copy(self)
        twin.model, twin.average, twin.optimizer, batches = copy.deepcopy(
            (self.model, self.average, self.optimizer, (self.batches.epoch, self.batches.index))
        )
        twin.batches = copy.copy(self.batches)
        twin.batches.epoch, twin.batches.index = batches
        twin.rows, twin.results = list(self.rows), list(self.results)
        return twin

    # --- on disk ---------------------------------------------------------------------------------------------

    def save_to(self, folder: Path) -> None:
        """Write a checkpoint."""
        tensors = dict(self._weights())
        optimizer = self.optimizer.state_dict()
        for number, moments in optimizer["state"].items():
            tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in moments.items()}
        state = {
            "identity": self.identity,
            "progress": self.progress(),
            "averaged_steps": int(self.average.n_averaged),
            "batches": [self.batches.epoch, self.batches.index],
            "rows": self.rows,
            "results": self.results,
        }
        save_checkpoint(folder, tensors, state)

    def resume_from(self, folder: Path) -> None:
        """Continue from a checkpoint, if the folder holds one.

        Raises:
            ValueError: if it is damaged, or belongs to another model, task, recipe or seed.
        """
        if not (folder / INDEX).exists():
            return
        tensors, state = load_checkpoint(folder)
        _require_same(folder, state["identity"], self.identity)
        try:
            self._restore(tensors, state)
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(
                f"The checkpoint in {folder} is damaged (its content does not fit: {error}); "
                "delete the folder to start anew, or restore a copy."
            ) from None

    def _restore(self, tensors, state):
        with torch.no_grad():
            for name, tensor in self._weights():
                tensor.copy_(tensors[name])
        optimizer = self.optimizer.state_dict()
        for key, tensor in tensors.items():
            kind, number, *name = key.split(".")
            if kind == "optimizer":
                optimizer["state"].setdefault(int(number), {})[name[0]] = tensor
        self.optimizer.load_state_dict(optimizer)
        self.average.n_averaged.fill_(state["averaged_steps"])
        self.steps, self.tokens, self.flops = (state["progress"][key] for key in _SPENT)
        self.batches.epoch, self.batches.index = state["batches"]
        self.rows, self.results = state["rows"], state["results"]

    def _weights(self):
        """Parameters by name, shared ones once."""
        for part, module in (("model", self.model), ("average", self.average.module)):
            yield from ((f"{part}.{name}", weights) for name, weights in module.named_parameters())


def _optimizer(model, recipe):
    matrices = [weights for weights in model.parameters() if weights.dim() > 1]
    others = [weights for weights in model.parameters() if weights.dim() < 2]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=recipe.betas, fused=True)


def _running_average(memory: float):
    """An exponential average that forgets the random start quickly: its memory grows with the steps taken."""

    @torch.no_grad()
    def update(averaged, current, number):
        kept = min(memory, (1 + float(number)) / (10 + float(number))) if memory else 0.0
        torch._foreach_lerp_(averaged, current, 1 - kept)

    return update


def _flops_of_each(model, batches: Batches) -> np.ndarray:
    """Training FLOPs of each example at its real lengths."""
    lengths = np.stack([batches.source_lengths, batches.target_lengths], axis=1)
    distinct, which = np.unique(lengths, axis=0, return_inverse=True)
    flops = np.array([model.training_flops(int(source), int(target)) for source, target in distinct])
    return flops[which.reshape(-1)]


def _identity(model, task, recipe, seed) -> dict:
    """What a checkpoint belongs to, as JSON would give it back."""
    identity = {"model": type(model).__name__, "config": asdict(model.config), "task": repr(task)}
    return json.loads(json.dumps(identity | {"recipe": asdict(recipe), "seed": seed}))


def _require_same(folder: Path, saved: dict, asked: dict) -> None:
    for part, wanted in asked.items():
        found = saved.get(part)
        if found == wanted:
            continue
        if isinstance(found, dict) and isinstance(wanted, dict):
            different = [key for key in wanted if found.get(key) != wanted[key]]
            found = {key: found.get(key) for key in different}
            wanted = {key: wanted[key] for key in different}
        raise ValueError(
            f"The checkpoint in {folder} belongs to another {part}: it was written for {found}, but this run has "
            f"{wanted}; use another folder, or the same {part}."
        )
