"""The columns of a sweep's table, what each says, and how the table is read."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from destructure.study.configuration import truth
from destructure.study.storage import ResultsFile

CONFIGURATION = {
    "run": "the run's name: the beginning of the SHA-256 of its configuration",
    "purpose": "tuning or pilot (measured on validation examples), or reporting (measured on test examples)",
    "arm": "what the plan calls this kind of run",
    "task": "class in destructure.tasks",
    "dials": "the task's arguments, JSON",
    "structure": "the four switches in short, such as S1 S2 -- --",
    "separate_cross_attention": "S1 present",
    "separate_parameters": "S2 present",
    "final_layer_memory": "S3 present",
    "bidirectional_input": "S4 present",
    "tied_cross_attention": "S1's third level: cross-attention borrows the matrices of self-attention",
    "width": "length of the vector that stands for a token",
    "layers": "layers in each stack",
    "heads": "attention heads",
    "model": "further settings of the model, JSON",
    "loss_on_inputs": "whether the run also learned to predict its input",
    "learning_rate": "AdamW's constant rate",
    "training": "further settings of the training, JSON",
    "measuring": "how the run was measured, JSON",
    "seed": "decides the weights and the order of the examples",
    "budgets": "all budgets of the run, training FLOPs, JSON",
}

RESULTS = {
    "budget": "training FLOPs of this row; one of the run's budgets",
    "step": "optimiser steps up to here, the budget's own cooldown included",
    "tokens": "real tokens trained on (input, target and [BOS]; no padding)",
    "flops": "training FLOPs spent, by formula; less than one batch above the budget",
    "parameters": "trainable numbers",
    "non_embedding_parameters": "the same without embedding tables and output layer",
    "examples": "how many examples were scored",
    "loss": "mean negative log-likelihood of the target tokens, nats a token ([EOS] included); empty if diverged",
    "exact_match": "share of answers right from the first to the last token, greedily decoded; empty if diverged",
    "take_off_step": "first step whose watched validation score reached the threshold, before this budget's "
    "cooldown; empty if none did",
    "take_off_flops": "training FLOPs spent at that step",
    "take_off_censored": "True if the run did not take off while it was watched",
    "watched_step": "last step that was watched before this budget's cooldown",
    "watched_flops": "training FLOPs spent at that step",
    "status": "finished, or diverged (a loss or gradient that was not finite, before this budget was reached)",
}

MACHINE = {
    "seconds": "wall-clock seconds from the run's beginning to this row",
    "processor_seconds": "the same in seconds of one processor core",
    "device": "cpu or cuda",
    "machine": "processor or graphics card",
    "threads": "threads of the matrix products",
    "python": "version of Python",
    "torch": "version of torch",
    "destructure": "version of the course",
    "commit": "commit of the course's repository; + if the library had changes on top of it",
}

LATER = {
    "examples_seen": "training examples up to here, repetitions counted; empty in rows from before the column",
    "epochs": "the same, divided by how many training examples there are",
}

MEANINGS = CONFIGURATION | RESULTS | MACHINE | LATER
"""What each column says."""

GAINED = tuple(LATER)
"""Columns at the end that tables from before lack."""

COLUMNS = tuple(CONFIGURATION | RESULTS | MACHINE)
MACHINE_COLUMNS = tuple(MACHINE)
"""Where and how fast a row was made: these may differ between two tables that are otherwise the same."""

_SURE = (
    0.999  # of an interval for one new run; three cells with two scores each then fail by chance once in 170
)

_SWITCHES = ("separate_cross_attention", "separate_parameters", "final_layer_memory", "bidirectional_input")
_TRUTHS = (*_SWITCHES, "tied_cross_attention", "loss_on_inputs", "take_off_censored")
_NUMBERS = ("epochs", "learning_rate", "budget", "loss", "exact_match", "seconds", "processor_seconds")
_WHOLE = (
    "width",
    "layers",
    "heads",
    "seed",
    "step",
    "tokens",
    "flops",
    "parameters",
    "non_embedding_parameters",
)
_WHOLE += (
    "examples",
    "examples_seen",
    "take_off_step",
    "take_off_flops",
    "watched_step",
    "watched_flops",
    "threads",
)


def read_results(path: str | Path) -> pd.DataFrame:
    """The table of a sweep, every float to the last bit.

    Whole numbers are `Int64` (empty: <NA>), other numbers floats (empty: NaN), True and False booleans, and
    everything else text (empty: "").

    Raises:
        ValueError: if the file is missing or is not a sweep's table.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"There is no table {path.name}; run the plan first: python -m destructure sweep {path.stem}."
        )
    rows = ResultsFile(path, (*COLUMNS, *GAINED), GAINED).rows()
    try:
        return pd.DataFrame({name: _column(name, [row[name] for row in rows]) for name in MEANINGS})
    except ValueError as error:
        raise ValueError(
            f"{path.name} has a damaged cell ({error}); restore the file from the repository, or delete that row and "
            "run the plan again."
        ) from None


def stored_interval(table: pd.DataFrame, row: Mapping[str, Any], score: str = "loss") -> tuple[float, float]:
    """Where one more run like a stored one should land: a 99.9% prediction interval over the stored seeds.

    From Student's t distribution, and never narrower than from the lowest to the highest seed. A run on another
    machine rounds otherwise, which changes it as much as another seed would.

    Args:
        table: from `read_results`.
        row: a row of it; the rows that differ from it in nothing but the seed are looked up.
        score: "loss" or "exact_match".

    Raises:
        ValueError: if fewer than two such rows have a score.
    """
    alike = [name for name in CONFIGURATION if name not in ("run", "seed")] + ["budget"]
    same = np.logical_and.reduce([(table[name] == row[name]).to_numpy(dtype=bool) for name in alike])
    values = table.loc[same, score].dropna().to_numpy(dtype=float)
    if len(values) < 2:
        raise ValueError(
            f"Only {len(values)} stored runs are like this one, so there is no interval over seeds; choose a cell of "
            "the table with at least two seeds."
        )
    reach = stats.t.ppf((1 + _SURE) / 2, len(values) - 1) * values.std(ddof=1) * np.sqrt(1 + 1 / len(values))
    low = min(values.min(), values.mean() - reach)
    high = max(values.max(), values.mean() + reach)
    return (max(0.0, float(low)), min(1.0, float(high)) if score == "exact_match" else float(high))


def _column(name: str, cells: list[str]) -> pd.Series:
    if name in _WHOLE:
        return pd.Series([int(cell) if cell else None for cell in cells], dtype="Int64")
    if name in _NUMBERS:  # by Python: pandas' own reading of floats may be off in the last bit
        return pd.Series([float(cell) if cell else math.nan for cell in cells], dtype="float64")
    if name in _TRUTHS:
        return pd.Series([truth(cell) for cell in cells], dtype="bool")
    return pd.Series(cells, dtype="str")
