"""The registered probe of notebook 09: do the encoder's last states still say which token stands where?

The lecture asks whether it is an information bottleneck that the decoder reads the encoder's *final* layer only (CS25
V4, 31:43). If it is, the last layer should have lost what the first still had. The plan is in data/registration.md,
part B; `run_missing` runs what is missing of it and appends to data/results/bottleneck_probe.csv;
`bottleneck_probe_results` gives the verdict, and `read_outs` says what is measured.
"""

import platform
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
import torch

from destructure.files import data_folder
from destructure.studies.plans import dials as plan
from destructure.studies.plans.removal import SEEDS
from destructure.studies.plans.tuning import tuned_rate
from destructure.studies.read_outs import ReadOut, chance, read_outs
from destructure.study.configuration import RunConfiguration
from destructure.study.measure import scores
from destructure.study.one_run import build_model, build_task
from destructure.study.storage import ResultsFile
from destructure.train.loop import Run, train

DEPTHS = (2, 4, 6)
TUNED_AT = {2: 2, 4: 4, 6: 4}
"""Encoder layers → the depth whose learning rate is used."""
COLUMNS = (
    "run",
    "seed",
    "layers",
    "trained",
    "layer",
    "status",
    "accuracy",
    "accuracy_learned",
    "chance",
    "exact_match",
    "learning_rate",
    "steps",
    "flops",
    "cpu_seconds",
    "torch",
    "machine",
)
_ROW_KEY = ("seed", "layers", "trained", "layer")


def configuration(layers: int, seed: int) -> RunConfiguration:
    """One run of the plan: where part B has the same depth, its very run, by name.

    Raises:
        ValueError: if this depth is not in the plan, or its learning rate has not been tuned yet.
    """
    if layers not in DEPTHS:
        raise ValueError(f"layers is {layers!r}; the plan has {', '.join(map(str, DEPTHS))}.")
    arm, tuned = (plan.depth_setting(each).arm(plan.ALL, layers=each) for each in (layers, TUNED_AT[layers]))
    file = plan.tuning_file()
    if not file.is_file():
        raise ValueError(
            f"The learning rate for {TUNED_AT[layers]} layers is not known, for there is no table {file.name}; run "
            "python -m destructure sweep dial_tuning first."
        )
    try:
        rate = tuned_rate(tuned, file)
    except ValueError as error:
        raise ValueError(
            f"The learning rate for {TUNED_AT[layers]} layers is not known (plan dial_tuning): {error}"
        ) from None
    return replace(arm, learning_rate=rate, seed=seed)


def probe(chosen: RunConfiguration, progress: bool = False) -> list[dict]:
    """Train one model as part B trains it; read out from it, and from the same model untrained: a row a layer each.

    A run that diverged has rows without an accuracy.

    Raises:
        KeyboardInterrupt: after the current step, if Ctrl-C was pressed.
    """
    begun, task = time.process_time(), build_task(chosen.task, chosen.dials)
    make = partial(build_model, chosen, len(task.vocabulary), task.max_length)
    measured = task.pairs(chosen.split)[: dict(chosen.measuring)["examples"]]
    measure = partial(scores, pairs=measured)
    # Not watched on the way, as the sweep's run is; that changes no weight.
    recipe = replace(chosen.recipe, evaluate_every=None)
    run = train(make(), task, recipe, seed=chosen.seed, progress=progress, measure=measure)
    if run.status == "interrupted":
        raise KeyboardInterrupt
    untrained = make().eval()
    rows = [_after(run) | each for each in _layers(run.model, task, chosen.layers, run.status)]
    rows += [_before(measure(untrained)) | each for each in _layers(untrained, task, chosen.layers)]
    shared = {name: getattr(chosen, name) for name in ("run", "seed", "layers", "learning_rate")}
    shared |= {
        "chance": chance(task),
        "cpu_seconds": round(time.process_time() - begun, 1),
        "torch": torch.__version__.split("+")[0],
        "machine": f"{platform.system()} {platform.machine()} CPU",
    }
    return [{name: (shared | row)[name] for name in COLUMNS} for row in rows]


def _layers(model, task, layers: int, status: str = "finished") -> list[dict]:
    if status == "finished":
        return [each._asdict() for each in read_outs(model, task)]
    return [dict.fromkeys(ReadOut._fields) | {"layer": layer} for layer in range(layers + 1)]


def _after(run: Run) -> dict:
    last = run.history.iloc[-1]
    spent = {"trained": True, "status": run.status, "steps": int(last["step"]), "flops": int(last["flops"])}
    reached = run.status == "finished"
    return spent | {"exact_match": run.results["exact_match"].iloc[-1] if reached else None}


def _before(score: dict) -> dict:
    nothing_spent = {"trained": False, "status": "finished", "steps": 0, "flops": 0}
    return nothing_spent | {"exact_match": score["exact_match"]}


# --- the rows ------------------------------------------------------------------------------------------------


def results_file() -> Path:
    """Where the rows are."""
    return data_folder() / "results" / "bottleneck_probe.csv"


def results() -> pd.DataFrame:
    """All rows: one a run (trained, and untrained) and layer; no rows if nothing has run yet."""
    path = results_file()
    return pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(COLUMNS))


def missing_runs(rows: pd.DataFrame) -> list[tuple[int, int]]:
    """Runs of the plan without rows, as (layers, seed): seed by seed, so that an early end leaves whole seeds."""
    done = set(rows[["layers", "seed"]].itertuples(index=False, name=None))
    return [(layers, seed) for seed in SEEDS for layers in DEPTHS if (layers, seed) not in done]


def run_missing() -> int:
    """Run what has no row yet, one thread, writing each run's rows as it ends; return how many runs were added.

    Raises:
        ValueError: before anything is trained, if a learning rate is missing.
    """
    file = ResultsFile(results_file(), COLUMNS)
    file.repair()
    chosen = [configuration(layers, seed) for layers, seed in missing_runs(results())]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the sweeps do: with more, the last bits differ
    try:
        return sum(file.append(probe(each), unless=_ROW_KEY) for each in chosen)
    finally:
        torch.set_num_threads(threads)


if __name__ == "__main__":
    try:
        print(run_missing(), "runs added")
    except ValueError as error:
        raise SystemExit(str(error)) from None
