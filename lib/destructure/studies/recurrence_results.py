"""Rows and verdicts of the study in `recurrence_study`: data/results/telephone_numbers.csv.

`run_missing()` runs what is missing and appends the rows of each run as it ends.
"""

import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import torch

from destructure.files import data_folder
from destructure.studies import recurrence_study as study
from destructure.study.storage import ResultsFile

TUNING_SEEDS = (100, 101)
REPORTING_SEEDS = tuple(range(200, 208))
RATES = (0.0025, 0.005, 0.01)
MARGIN = 0.1
COLUMNS = (
    "role",
    "arm",
    "learning_rate",
    "seed",
    "budget",
    "length",
    "exact_match",
    "status",
    "steps",
    "flops",
    "cpu_seconds",
    "torch",
    "machine",
)
Job = tuple[str, str, float, int]  # role, arm, learning rate, seed


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "telephone_numbers.csv"


def results() -> pd.DataFrame:
    """All rows, tuning included: one a run, budget and length."""
    return pd.read_csv(results_file())


def reported() -> pd.DataFrame:
    """The reporting rows."""
    table = results()
    return table[table.role == "reporting"]


def chosen_rates(table: pd.DataFrame | None = None) -> dict[str, float]:
    """For each arm the learning rate with the highest mean exact match in its tuning runs; the lower one if equal.

    Raises:
        ValueError: if an arm has no tuning rows.
    """
    table = results() if table is None else table
    means = table[table.role == "tuning"].groupby(["arm", "learning_rate"]).exact_match.mean()
    missing = [arm for arm in study.ARMS if arm not in means.index.get_level_values(0)]
    if missing:
        raise ValueError(f"There are no tuning rows for {', '.join(missing)}; run the study first.")
    return {arm: float(means[arm].idxmax()) for arm in study.ARMS}


# --- verdicts ------------------------------------------------------------------------------------------------


def reach(exact: Mapping[int, float]) -> int:
    """How many digits a model can carry: the longest trained length up to which half of each length is right.

    One less than the shortest length if even those fail.
    """
    for length in study.LENGTHS:
        if exact[length] < 0.5:
            return length - 1
    return study.LENGTHS[-1]


def each_run(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a run and budget: arm, budget, seed, `reach`, and `mean`, the exact match over the trained lengths."""
    found = []
    trained = rows[rows.length.isin(study.LENGTHS)]
    for (arm, budget, seed), run in trained.groupby(["arm", "budget", "seed"], sort=False):
        exact = run.set_index("length").exact_match
        found.append(
            {"arm": arm, "budget": budget, "seed": seed, "reach": reach(exact), "mean": exact.mean()}
        )
    return pd.DataFrame(found)


def stored_interval(arm: str, budget: float = study.BUDGET, margin: float = MARGIN) -> tuple[float, float]:
    """Where a run made elsewhere with another seed should land: between the stored seeds, and a margin more.

    The margin is for what the seeds do not vary: another machine rounds otherwise, and after some hundred steps that
    is as much as another seed.

    Args:
        arm, budget: of the stored runs to compare with.
        margin: added at both ends.

    Returns:
        Lowest and highest mean exact match over the trained lengths.

    Raises:
        ValueError: if there are no such rows.
    """
    runs = each_run(reported())
    means = runs[(runs.arm == arm) & (runs.budget == budget)]["mean"]
    if means.empty:
        raise ValueError(
            f"No stored run is of the arm {arm!r} with {budget:g} FLOPs; use one of "
            f"{list(study.ARMS)} with its budgets."
        )
    return float(means.min() - margin), float(means.max() + margin)


# --- running -------------------------------------------------------------------------------------------------


def run_missing(report: Callable[[str], object] = lambda line: None) -> int:
    """Run what has no rows yet, appending the rows of each run as it ends; return how many were run.

    Args:
        report: called with one line before each run.
    """
    tuning = [("tuning", arm, rate, seed) for arm in study.ARMS for rate in RATES for seed in TUNING_SEEDS]
    ran = _run_all(tuning, report)
    rates = chosen_rates()
    return ran + _run_all(
        [("reporting", arm, rates[arm], seed) for seed in REPORTING_SEEDS for arm in study.ARMS], report
    )


def _run_all(jobs: list[Job], report: Callable[[str], object]) -> int:
    file = ResultsFile(results_file(), COLUMNS)
    file.repair()
    columns = ["role", "arm", "learning_rate", "seed"]
    done = set(results()[columns].itertuples(index=False, name=None)) if results_file().exists() else set()
    missing = [job for job in jobs if job not in done]
    added = 0
    for number, job in enumerate(missing, start=1):
        report(f"{number} of {len(missing)}: {job}")
        added += file.append(_rows(*job), unless=(*columns, "budget", "length"))
    return added


def _rows(role: str, arm: str, rate: float, seed: int) -> list[dict]:
    tuning = role == "tuning"
    budgets = study.ARMS[arm].budgets[:1] if tuning else study.ARMS[arm].budgets
    started = time.process_time()
    split = "validation" if tuning else "test"
    run = study.train_reader(arm, seed, rate, budgets, split, progress=False)
    shared = {
        "role": role,
        "arm": arm,
        "learning_rate": rate,
        "seed": seed,
        "cpu_seconds": round(time.process_time() - started, 1),
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()} CPU",
    }
    measured = {row["budget"]: row for row in run.results.to_dict("records")}
    rows = []
    for budget in budgets:
        end = measured.get(budget, run.history.iloc[-1])
        shared |= {"budget": budget, "status": "finished" if budget in measured else run.status}
        shared |= {"steps": int(end["step"]), "flops": int(end["flops"])}
        exact = study.exact_by_length(run, budget)
        lengths = study.LENGTHS if tuning else (*study.LENGTHS, *study.LONGER)
        rows += [shared | {"length": length, "exact_match": round(exact[length], 4)} for length in lengths]
    return rows
