"""A whole small sweep: two one-thread workers beside one, and the engine beside bare calls of the run function.

Sixteen equal short runs. Promised: two workers finish at least 1.7 times as soon, their start included, and the
engine (claims, table, resume) costs less than 3% of the time.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.turns import Figure, compare, take_turns
from destructure import Structure
from destructure.study import Plan, RunConfiguration, run_configuration

RUNS, ROUNDS, FLOPS = 16, 5, 1e11  # a run of about four seconds on one core
SMALLEST = {"runs": 2, "rounds": 1, "width": 8, "flops": 2e6, "examples": 60, "workers": 1}
TWO_WORKERS, ENGINE = 1.7, 1 / 1.03


def figures(
    runs: int = RUNS,
    rounds: int = ROUNDS,
    width: int = 64,
    flops: float = FLOPS,
    examples: int = 20_000,
    workers: int = 2,
) -> Iterator[Figure]:
    """Each way runs the same configurations into an empty table, in turns."""
    first = RunConfiguration(
        purpose="pilot",
        task="NumberTranslation",
        dials={"train_examples": examples, "validation_examples": 200},
        structure=Structure.ENCODER_DECODER,
        width=width,
        layers=3,
        heads=4,
        learning_rate=4e-3,
        seed=0,
        budgets=(flops,),
        measuring={"examples": 200, "watch_every": None},
        numerics="fast",
    )
    plan = Plan("sweep_of_equal_runs", [replace(first, seed=seed) for seed in range(runs)])

    def sweep(workers: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            report = plan.run(workers=workers, device="cpu", file=Path(folder) / "rows.csv", progress=False)
        if report.failures or report.added != runs:
            raise ValueError(f"The sweep did not finish, so its time says nothing: {report}")

    more, one, bare = f"{workers} workers", "one worker", "bare calls"
    sides = {more: lambda: sweep(workers), one: lambda: sweep(1)}
    sides[bare] = lambda: [run_configuration(run, "cpu") for run in plan.runs]
    times = take_turns(sides, rounds)
    for ours, theirs, promise in ((more, one, TWO_WORKERS), (one, bare, ENGINE)):
        pair, case = {name: times[name] for name in (ours, theirs)}, f"{runs} runs, {ours}"
        settings = {"unit": "", "promised": {theirs: promise}, "threads": 1}
        yield from compare("sweeps", case, pair, ours=ours, **settings)
