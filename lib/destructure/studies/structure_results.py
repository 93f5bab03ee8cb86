"""The rows of the study of structure and compute: filled in by `run_missing`, read and judged here."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from destructure.files import data_folder
from destructure.statistics.overtaking import Overtaking, overtaking
from destructure.studies.structure_compute_before import (
    BUDGETS,
    METHODS,
    OPERATION_FLOPS,
    REPORTING_SEEDS,
    SECOND_STAGE,
    Job,
    reporting_jobs,
    run_job,
    tuning_jobs,
)
from destructure.study.storage import ResultsFile

COLUMNS = (
    "role",
    "method",
    "size",
    "learning_rate",
    "seed",
    "budget",
    "compute",
    "bits",
    "status",
    "steps",
    "characters",
    "seconds",
    "python",
    "text",
    "torch",
    "machine",
)

_ROW_KEY = ("role", "method", "size", "seed", "learning_rate", "budget")

MARGIN = 0.15
"""Bits that a run on another machine may lie outside the stored seeds; see `stored_interval`."""


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "structure_compute.csv"


def results() -> pd.DataFrame:
    """All rows: one a budget of a run; no rows if nothing has run yet."""
    path = results_file()
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def chosen_rates(rows: pd.DataFrame) -> dict[tuple[str, int], float]:
    """The learning rate with the lowest mean bits on the tuning seeds, for each size whose tuning is complete."""
    tuning = rows[rows["role"] == "tuning"]
    lacking = {(job.method, job.size) for job in tuning_jobs() if _key(job) not in _done(tuning)}
    means = tuning.groupby(["method", "size", "learning_rate"])["bits"].mean()
    return {case: float(means[case].idxmin()) for case in {**BUDGETS, **SECOND_STAGE} if case not in lacking}


def missing_jobs(rows: pd.DataFrame) -> list[Job]:
    """What has no row yet: reports whose rate is known, and when there are none, tuning."""
    done = _done(rows)
    reports = [job for job in reporting_jobs(chosen_rates(rows)) if _key(job) not in done]
    return reports or [job for job in tuning_jobs() if _key(job) not in done]


def missing_reports(rows: pd.DataFrame) -> int:
    """How many reporting runs are missing."""
    done = _done(rows)
    return sum(_key(job) not in done for job in reporting_jobs(_NO_RATES))


def run_missing(workers: int = 1) -> int:
    """Run what has no row yet, writing each run's rows as it ends; return how many runs were added."""
    added, file = 0, ResultsFile(results_file(), COLUMNS)
    file.repair()
    while jobs := missing_jobs(results()):
        for rows in _run_all(jobs, workers):
            added += file.append(rows, unless=_ROW_KEY)
    return added


def _run_all(jobs: list[Job], workers: int):
    if workers == 1:
        yield from map(run_job, jobs)
        return
    from joblib import Parallel, delayed

    yield from Parallel(n_jobs=workers, return_as="generator_unordered", pre_dispatch=workers)(
        delayed(_run_alone)(job) for job in jobs
    )


def _run_alone(job: Job) -> list[dict]:
    torch.set_num_threads(1)
    return run_job(job)


def _key(job: Job) -> tuple:
    """A run is known by its last budget: when that one has a row, the run is complete."""
    if job.method == "counting":
        return job.role, job.method, 0, job.seed, 0.0, 0.0
    return job.role, job.method, job.size, job.seed, _rate(job.role, job.rate), float(job.budgets[-1])


def _rate(role: str, rate: float) -> float:
    return rate if role == "tuning" else 0.0  # a reporting run is the same run whichever rate tuning gave it


def _done(rows: pd.DataFrame) -> set[tuple]:
    done = set()
    for row in rows[["role", "method", "size", "seed", "learning_rate", "budget"]].itertuples(index=False):
        counting = row.method == "counting"
        size, budget = (0, 0.0) if counting else (row.size, float(row.budget))
        done.add((row.role, row.method, size, row.seed, _rate(row.role, row.learning_rate), budget))
    return done


_NO_RATES = dict.fromkeys({**BUDGETS, **SECOND_STAGE}, 0.0)  # to list runs before rates are chosen


# --- what the rows say ---------------------------------------------------------------------------------------


def reported(rows: pd.DataFrame | None = None, operation_flops: float = OPERATION_FLOPS) -> pd.DataFrame:
    """The reporting rows with `compute` in FLOPs for every method, counting included.

    Args:
        rows: from `results()`, which is the default.
        operation_flops: what one counting operation counts for.
    """
    rows = results() if rows is None else rows
    rows = rows[rows["role"] == "reporting"].copy()
    price = np.where(rows["method"] == "counting", operation_flops, 1.0)
    return rows.assign(compute=rows["compute"] * price)


def settled(points: pd.DataFrame) -> pd.DataFrame:
    """The rows that verdicts may use: those of the second stage only when it is complete for every seed."""
    second = in_second_stage(points)
    lacking = [
        seed
        for seed in REPORTING_SEEDS
        for (method, size), budgets in SECOND_STAGE.items()
        for budget in budgets
        if not (
            second
            & (points["seed"] == seed)
            & (points["method"] == method)
            & (points["size"] == size)
            & (points["budget"] == budget)
        ).any()
    ]
    return points[~second] if lacking else points


def in_second_stage(points: pd.DataFrame) -> pd.Series:
    """Which rows belong to the second stage, with its larger budgets."""
    cases = {(method, size, budget) for (method, size), each in SECOND_STAGE.items() for budget in each}
    keys = zip(points["method"], points["size"], points["budget"], strict=True)
    return pd.Series([key in cases for key in keys], index=points.index, dtype=bool)


def budgets(points: pd.DataFrame) -> np.ndarray:
    """The budgets at which methods are compared: all that some trained model was measured at."""
    return np.sort(points.loc[points["method"] != "counting", "budget"].astype(float).unique())


def verdicts(points: pd.DataFrame) -> list[Overtaking]:
    """The three registered questions: does each method with less structure overtake each with more?

    Args:
        points: from `reported()`.
    """
    points = settled(points)
    pairs = [(METHODS[1], METHODS[0]), (METHODS[2], METHODS[1]), (METHODS[2], METHODS[0])]
    return [overtaking(points, later, earlier, budgets(points)) for later, earlier in pairs]


def verdicts_by_window(points: pd.DataFrame, later: str) -> dict[int, Overtaking]:
    """When a trained method overtakes counting with a fixed window, for each window.

    Args:
        points: from `reported()`.
        later: the trained method.
    """
    points = settled(points)
    counting = points["method"] == "counting"
    found = {}
    for window in sorted(points.loc[counting, "size"].unique()):
        some = points[~counting | (points["size"] == window)]
        found[int(window)] = overtaking(some, later, "counting", budgets(points))
    return found


def overtaken_early(points: pd.DataFrame, later: str) -> list[int]:
    """Windows of counting that a trained method overtakes before it overtakes some shorter window, or without that.

    A longer window is less structure, so the lecture's figure has none of them.
    """
    verdicts = verdicts_by_window(points, later)
    places = {window: verdict.at or math.inf for window, verdict in verdicts.items()}
    return [each for each in places if any(places[each] < places[shorter] for shorter in range(each))]


def stored_interval(points: pd.DataFrame, row: dict, margin: float = MARGIN) -> tuple[float, float]:
    """Where a run made elsewhere with another seed should land: between the stored seeds, and a margin more.

    The margin is for what the seeds do not vary: another Python version has other docstrings, another machine
    rounds otherwise.

    Args:
        points: from `reported()`.
        row: what `run_job` returned; the stored rows with its method, size and budget are looked up.
        margin: bits added at both ends.

    Raises:
        ValueError: if there are no such rows.
    """
    same = points[
        (points["method"] == row["method"])
        & (points["size"] == row["size"])
        & (points["budget"] == row["budget"])
    ]
    if same.empty:
        raise ValueError(
            f"No stored run is like this one ({row['method']}, size {row['size']}, budget {row['budget']:g}); "
            "use a method, size and budget of the study."
        )
    return float(same["bits"].min() - margin), float(same["bits"].max() + margin)
