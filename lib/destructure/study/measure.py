"""How a run is scored, when it took off, and what it says at each budget."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional

from destructure.config import PADDING
from destructure.generate import greedy
from destructure.tasks.base import Pair, Task
from destructure.train.batches import Batches
from destructure.train.evaluate import all_right
from destructure.train.loop import Run

SCORES = ("loss", "exact_match", "other_source_loss", "tokens_per_character", "sample")
"""What is measured at each budget, the last three only on real text."""
_SAMPLES = 3  # examples, spread over those that are scored, whose answers are kept
_AT_ONCE = 128  # examples scored together


@torch.no_grad()
def scores(model: nn.Module, pairs: Sequence[Pair]) -> dict[str, float]:
    """Loss (nats per target token) and exact match of some examples, from one forward pass (see `exact_matches`)."""
    device = next(model.parameters()).device
    batches = Batches(pairs, tokens_per_batch=1, seed=0)
    order = np.lexsort((batches.target_lengths, batches.source_lengths))  # alike lengths, little padding
    loss, tokens, right = 0.0, 0, 0
    for start in range(0, len(pairs), _AT_ONCE):
        batch = batches.of(order[start : start + _AT_ONCE]).to(device)
        logits, real = model(batch.source, batch.target), batch.expected != PADDING
        loss += functional.cross_entropy(logits[real], batch.expected[real], reduction="sum").item()
        tokens += int(real.sum())
        right += int(all_right(logits, batch).sum())
    return {"loss": loss / tokens, "exact_match": right / len(pairs)}


@torch.no_grad()
def text_scores(model: nn.Module, task: Task, pairs: Sequence[Pair]) -> dict[str, Any]:
    """What only real text has, the other `SCORES`; nothing where the task is no text.

    The likelihood is that of the one way in which the task cuts a text into tokens.
    """
    if not task.is_text:
        return {}
    others = [
        Pair(other.source, pair.target) for other, pair in zip(pairs[-1:] + pairs[:-1], pairs, strict=True)
    ]
    sources = [torch.tensor([pair.source]) for pair in pairs[:: len(pairs) // _SAMPLES][:_SAMPLES]]
    device, longest = next(model.parameters()).device, max(len(pair.target) for pair in pairs) + 1
    written = [task.decode_target(greedy(model, source.to(device), longest)[0]) for source in sources]
    return {
        "other_source_loss": scores(model, others)["loss"],
        "tokens_per_character": sum(len(pair.target) + 1 for pair in pairs)
        / sum(len(task.decode_target(pair.target)) for pair in pairs),
        "sample": json.dumps(written, ensure_ascii=False),
    }


def take_off(
    history: pd.DataFrame, budget: float, cooldown: float, metric: str, threshold: float
) -> dict[str, Any]:
    """When a run took off, as a run with this budget alone would have seen it.

    Only steps at the constant rate count, up to the one with which the budget's cooldown begins: a cooldown is
    short and lowers the loss whether or not the run has taken off.

    Args:
        history: the run's, with a column `watched` where it was watched at all.
        budget: training FLOPs of the row.
        cooldown: length of the cooldown as a fraction of the budget.
        metric: "exact_match" takes off at the threshold or above, "loss" at the threshold or below.
        threshold: the registered number.
    """
    trunk = history[history["phase"] == "constant"]
    watched = trunk["watched"] if "watched" in trunk else pd.Series(np.nan, trunk.index)
    spent_before = trunk["flops"].shift(fill_value=0)
    in_time = watched.notna() & (spent_before < (1 - cooldown) * budget)
    reached = in_time & ((watched >= threshold) if metric == "exact_match" else (watched <= threshold))
    found = {"take_off_censored": not reached.any()}
    for name, rows, place in (("take_off", trunk[reached], 0), ("watched", trunk[in_time], -1)):
        for spent in ("step", "flops"):
            found[f"{name}_{spent}"] = None if rows.empty else int(rows[spent].iloc[place])
    return found


def by_budget(run: Run, budgets: Iterable[float], **lost: Any) -> Iterator[dict[str, Any]]:
    """What a training run measured at each budget, as cells of rows.

    Args:
        run: from `train`.
        budgets: those it was given.
        lost: the names of what was measured, each with what stands there if the run diverged before the budget.

    Returns:
        For each budget: budget, status, what was measured, steps, tokens, flops, examples_seen and epochs.

    Raises:
        KeyboardInterrupt: if the run was interrupted.
    """
    spent = {"steps": "step", "tokens": "tokens", "flops": "flops"}
    if run.status == "interrupted":
        raise KeyboardInterrupt
    reached = {result["budget"]: result for result in run.results.to_dict("records")}
    stopped = run.history.iloc[-1].to_dict() | lost
    for budget in budgets:
        result = reached.get(budget, stopped)
        yield {
            "budget": budget,
            "status": "finished" if budget in reached else run.status,
            **{name: result.get(name, value) for name, value in lost.items()},
            **{column: int(result[name]) for column, name in spent.items()},
            **{name: result.get(name) for name in ("examples_seen", "epochs")},
        }
