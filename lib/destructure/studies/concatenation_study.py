"""The registered study behind notebook 06: input and target in one sequence, against two stacks, at equal FLOPs.

The task is notebook 04's. The plan, with its date, its pilots and what would contradict the expectation, is in
data/results/README.md. `run_missing` runs what is missing, tuning first, and appends the rows of each run to
data/results/concatenation.csv.
"""

import platform
import time
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pandas as pd
import torch
from scipy import stats

from destructure.config import TransformerConfig
from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies import number_study
from destructure.study.storage import ResultsFile
from destructure.tasks import NumberTranslation
from destructure.train.evaluate import exact_match, mean_loss
from destructure.train.loop import Run, train
from destructure.train.recipe import Recipe
from destructure.transformer import Transformer


@dataclass(frozen=True)
class Arm:
    """One way to learn from the same pairs.

    Attributes:
        structure: two stacks, or one over input and target.
        layers: in each stack.
        loss_on_inputs: whether the input tokens are predicted, too.
    """

    structure: Structure
    layers: int
    loss_on_inputs: bool = False


ARMS = {
    "encoder-decoder": Arm(Structure.ENCODER_DECODER, 3),
    "decoder-only": Arm(Structure.DECODER_ONLY, 3),
    "loss on inputs": Arm(Structure.DECODER_ONLY, 3, loss_on_inputs=True),
    "as many parameters": Arm(Structure.DECODER_ONLY, 7),
}
"""3 + 3 layers with cross-attention have as many weights as 7 layers without: 28 · 3 = 12 · 7."""

BUDGETS = (5e10, 1e11, 2e11)
TUNING_BUDGET = 1e11
RATES = (2e-3, 4e-3, 8e-3)
TUNING_SEEDS = (100, 101)
REPORTING_SEEDS = tuple(range(200, 208))
LESSON_SEED = 0
GAP_NUMBERS = 500
MARGIN = 0.05
"""How far outside the stored seeds another seed on another machine may land, as a share of answers."""

COLUMNS = (
    "role",
    "arm",
    "learning_rate",
    "seed",
    "budget",
    "status",
    "unseen",
    "gap",
    "target_loss",
    "steps",
    "tokens",
    "flops",
    "cpu_seconds",
    "torch",
    "machine",
)
_ROW_KEY = ("role", "arm", "seed", "learning_rate", "budget")


@dataclass(frozen=True)
class Job:
    """One run: everything that decides its numbers.

    Attributes:
        role: "tuning" (measured on validation numbers) or "reporting" (measured on test numbers).
        arm: a key of `ARMS`.
        seed: decides the weights and the order of the examples.
        rate: learning rate.
    """

    role: str
    arm: str
    seed: int
    rate: float

    @property
    def budgets(self) -> tuple[float, ...]:
        """Training FLOPs at which the run is measured."""
        return (TUNING_BUDGET,) if self.role == "tuning" else BUDGETS


@cache
def make_task() -> NumberTranslation:
    """Notebook 04's numbers: below 100,000, none from 70,000 to 79,999, 5,000 to learn from."""
    return number_study.make_task()


def make_config(arm: str) -> TransformerConfig:
    """Notebook 04's model with the structure and depth of an arm."""
    chosen = ARMS[arm]
    return replace(number_study.make_config(make_task()), structure=chosen.structure, layers=chosen.layers)


def make_recipe(arm: str, rate: float, budgets: tuple[float, ...] = BUDGETS) -> Recipe:
    """How an arm is trained; the warm-up has the same length in tuning and reporting."""
    return Recipe(
        flops=budgets,
        learning_rate=rate,
        warmup=0.5 * BUDGETS[0] / budgets[0],
        tokens_per_batch=1000,
        loss_on_inputs=ARMS[arm].loss_on_inputs,
    )


def train_arm(job: Job, progress: bool = False) -> Run:
    """Train one arm; its results are measured on the split of the job's role."""
    task = make_task()
    pairs = task.pairs("validation" if job.role == "tuning" else "test")
    gap = task.held_out_pairs()[:GAP_NUMBERS]
    model = Transformer(make_config(job.arm), seed=job.seed)
    return train(
        model,
        task,
        make_recipe(job.arm, job.rate, job.budgets),
        seed=job.seed,
        progress=progress,
        measure=lambda trained: {
            "unseen": exact_match(trained, pairs),
            "gap": exact_match(trained, gap),
            "target_loss": mean_loss(trained, pairs),
        },
    )


def run_job(job: Job, progress: bool = False) -> list[dict]:
    """Run one job; return one row a budget. A diverged run has rows, with nothing right."""
    started = time.process_time()
    run = train_arm(job, progress)
    if run.status == "interrupted":
        raise KeyboardInterrupt
    seconds = round(time.process_time() - started, 1)
    measured = {result["budget"]: result for result in run.results.to_dict("records")}
    last = run.history.iloc[-1].to_dict() | {"unseen": 0.0, "gap": 0.0, "target_loss": None}
    rows = []
    for budget in job.budgets:
        result = measured.get(budget, last)
        rows.append(
            {
                "role": job.role,
                "arm": job.arm,
                "learning_rate": job.rate,
                "seed": job.seed,
                "budget": budget,
                "status": "finished" if budget in measured else run.status,
                **{name: result[name] for name in ("unseen", "gap", "target_loss")},
                "steps": int(result["step"]),
                "tokens": int(result["tokens"]),
                "flops": int(result["flops"]),
                "cpu_seconds": seconds,
                "torch": torch.__version__.split("+")[0],
                "machine": f"{platform.system()} {platform.machine()} CPU",
            }
        )
    return rows


# --- the rows ------------------------------------------------------------------------------------------------


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "concatenation.csv"


def results() -> pd.DataFrame:
    """All rows: one a budget of a run; no rows if nothing has run yet."""
    path = results_file()
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def reported() -> pd.DataFrame:
    """The reporting rows."""
    rows = results()
    return rows[rows["role"] == "reporting"]


def tuning_jobs() -> list[Job]:
    """Every arm with every rate on the tuning seeds."""
    return [Job("tuning", arm, seed, rate) for seed in TUNING_SEEDS for arm in ARMS for rate in RATES]


def chosen_rates(rows: pd.DataFrame) -> dict[str, float]:
    """For each arm the rate with the lowest mean loss on the target; none before tuning is complete."""
    tuning = rows[rows["role"] == "tuning"]
    if len(tuning) < len(tuning_jobs()):
        return {}
    failed = tuning["target_loss"].isna()
    losses = tuning.assign(target_loss=tuning["target_loss"].where(~failed, float("inf")))
    means = losses.groupby(["arm", "learning_rate"])["target_loss"].mean()
    return {arm: float(means[arm].idxmin()) for arm in ARMS}


def missing_jobs(rows: pd.DataFrame) -> list[Job]:
    """What has no row yet: tuning first, then the reports, seed by seed."""
    rates = chosen_rates(rows)
    reports = [Job("reporting", arm, seed, rates[arm]) for seed in REPORTING_SEEDS for arm in ARMS if rates]
    keys = rows[["role", "arm", "seed", "learning_rate"]].itertuples(index=False, name=None)
    done = {(role, arm, seed, rate if role == "tuning" else None) for role, arm, seed, rate in keys}
    return [
        job
        for job in reports or tuning_jobs()
        if (job.role, job.arm, job.seed, job.rate if job.role == "tuning" else None) not in done
    ]


def run_missing() -> int:
    """Run what has no row yet, writing each run's rows as it ends; return how many runs were added."""
    added, file = 0, ResultsFile(results_file(), COLUMNS)
    file.repair()
    while jobs := missing_jobs(results()):
        for job in jobs:
            added += file.append(run_job(job), unless=_ROW_KEY)
    return added


def difference(points: pd.DataFrame, arm: str, other: str, budget: float, metric: str = "unseen"):
    """How much better one arm is than another at a budget: mean over seeds of the paired difference.

    Args:
        points: from `reported()`.
        arm, other: keys of `ARMS`; a positive difference means that `arm` has more of the metric.
        budget: one of `BUDGETS`.
        metric: "unseen" or "gap" (shares of right answers) or "target_loss" (nats a token).

    Returns:
        The mean, and the low and high end of its 95% interval (Student's t over seeds).
    """
    at = points[points["budget"] == budget].pivot(index="seed", columns="arm", values=metric)
    differences = (at[arm] - at[other]).dropna()
    interval = stats.ttest_1samp(differences, 0.0).confidence_interval(0.95)
    return float(differences.mean()), float(interval.low), float(interval.high)


def stored_interval(points: pd.DataFrame, arm: str, budget: float) -> tuple[float, float]:
    """Where another seed's share of right unseen numbers should land: between the stored seeds, and a margin more."""
    stored = points.loc[(points["arm"] == arm) & (points["budget"] == budget), "unseen"]
    return float(stored.min() - MARGIN), min(1.0, float(stored.max() + MARGIN))


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(run_missing(), "runs added")
