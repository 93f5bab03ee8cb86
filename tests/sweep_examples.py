"""A plan of tiny runs, and rows that look like theirs but cost nothing: what the tests of sweeps share."""

import random
import tempfile
from pathlib import Path

import pandas as pd

from destructure.structure import Structure
from destructure.studies.plans import grid
from destructure.study import COLUMNS, GAINED, Plan, ResultsFile, RunConfiguration, read_results

BASE = RunConfiguration(
    purpose="pilot",
    task="NumberTranslation",
    dials={"high": 99, "train_examples": 60, "validation_examples": 10, "test_examples": 10},
    structure=Structure.ENCODER_DECODER,
    width=8,
    layers=1,
    heads=2,
    learning_rate=1e-2,
    seed=0,
    budgets=(1e7, 2e7),
    training={"tokens_per_batch": 100},
    measuring={"watch_every": 3, "watch_examples": 5, "take_off_metric": "loss", "take_off_threshold": 3.2},
)

ARMS = (
    grid(BASE, arm=["encoder-decoder"]),
    grid(BASE, arm=["decoder-only"], structure=[Structure.DECODER_ONLY]),
)
PLAN = Plan("small", tuple(run for seed in range(3) for (arm,) in ARMS for run in grid(arm, seed=[seed])))


def fake_rows(configuration):
    """Rows that follow from the configuration's name alone."""
    luck = random.Random(configuration.run)
    made = {
        "step": 3, "tokens": 300, "flops": 12_345, "parameters": 10, "non_embedding_parameters": 5, "examples": 10,
        "exact_match": 0.5, "take_off_step": None, "take_off_flops": None, "take_off_censored": True,
        "watched_step": 2, "watched_flops": 8, "status": "finished", "seconds": 0.1, "processor_seconds": 0.1,
        "device": "cpu", "machine": "made, up", "threads": 1, "python": "3", "torch": "2", "destructure": "0",
        "commit": "",
    }  # fmt: skip
    return [
        configuration.cells() | made | {"budget": budget, "loss": luck.random()}
        for budget in configuration.budgets
    ]


def table_of(rows):
    """Rows as reading them from a file gives them."""
    with tempfile.TemporaryDirectory() as folder:
        file = ResultsFile(Path(folder) / "table.csv", COLUMNS)
        file.append(rows)
        return read_results(file.path)


def table_file(path):
    """The file of a sweep's table, as a sweep opens it."""
    return ResultsFile(path, (*COLUMNS, *GAINED), GAINED)


def runs_in(path):
    """Names of the runs that are complete in a file, read as a sweep reads it."""
    rows = table_file(path).rows()
    counted = pd.Series([row["run"] for row in rows]).value_counts() if rows else {}
    return {run for run, count in dict(counted).items() if count == len(BASE.budgets)}
