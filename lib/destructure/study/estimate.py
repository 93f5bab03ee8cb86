"""How long runs will take: by the speed of stored runs, and of a short training on this machine."""

import time
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from destructure.files import data_folder

STEPS, TRIALS = 8, 3
WIDTH, STACKS = 64, 2
"""The short training: steps, how often it is measured, and the size at which stored machines are compared with it."""
_COLUMNS = ("run", "device", "machine", "width", "separate_parameters", "status", "flops")
_CLOCKS = ("seconds", "processor_seconds")


def short_training(clock: Callable[[], float] = time.perf_counter) -> tuple[float, float]:
    """Train a small translator for a few steps, which is what most of the course's time goes into.

    Args:
        clock: by default one on the wall, which tells how long a learner waits on this machine as busy as it is.

    Returns:
        Seconds, the median of three trainings, and the FLOPs of one.
    """
    from destructure.config import TransformerConfig  # torch takes seconds to import: only when measuring
    from destructure.tasks import NumberTranslation
    from destructure.train import Recipe, train
    from destructure.transformer import Transformer

    task, times = NumberTranslation(), []
    config = TransformerConfig(vocabulary=len(task.vocabulary), width=WIDTH, layers=3, heads=4)
    recipe = Recipe(steps=STEPS, tokens_per_batch=1000, evaluation_examples=20)
    for _ in range(1 + TRIALS):  # the first one warms up
        started = clock()
        run = train(Transformer(config, seed=0), task, recipe, progress=False)
        times.append(clock() - started)
    return sorted(times[1:])[TRIALS // 2], float(run.history.flops.iloc[-1])


def seconds(table: str, device: str, width: int, stacks: int, flops: float) -> float | None:
    """Seconds of a run of a plan, on one core of this machine or on another device; `None` if nothing stored tells.

    Stored runs say how much slower each size is than the short training's, machine by machine; the short training
    says how fast that is here. Medians, and between two widths what lies between; the same table's runs come first.

    Args:
        table: the plan's name.
        device: "cpu"; of another one the stored runs' speed is taken as it is.
    """
    speeds = _speeds(table, device)
    if speeds.empty:
        return None
    known = speeds[stacks if stacks in speeds else speeds.columns[0]]
    return flops / float(np.exp(np.interp(np.log(width), np.log(known.index), np.log(known))))


@cache
def _speeds(table: str, device: str) -> pd.DataFrame:
    """FLOPs a second here: a row a width, a column for one stack and one for two."""
    rows = _stored().query("device == @device")
    if device == "cpu":
        alike = rows.query("width == @WIDTH and stacks == @STACKS").groupby("machine")["speed"].median()
        rows = rows.assign(speed=rows["speed"] / rows["machine"].map(alike) * _speed_here())
    every, own = (
        each.groupby(["width", "stacks"])["speed"].median() for each in (rows, rows[rows["table"] == table])
    )
    return own.combine_first(every).dropna().unstack().ffill(axis=1).bfill(axis=1)


@cache
def _speed_here() -> float:
    from destructure.study.one_run import use_threads

    with use_threads():
        seconds, flops = short_training(time.process_time)
    return flops / seconds


@cache
def _stored() -> pd.DataFrame:
    """A row a finished run of the plans' tables: table, device, machine, width, stacks, and speed: FLOPs a second."""
    tables = {path.stem: pd.read_csv(path) for path in (data_folder() / "results").glob("*.csv")}
    found = [
        rows[[*_COLUMNS, *_CLOCKS]].drop_duplicates("run", keep="last").assign(table=name)
        for name, rows in tables.items()
        if {*_COLUMNS, *_CLOCKS} <= {*rows}
    ]
    rows = pd.concat(found).query("status == 'finished'")
    taken = rows["processor_seconds"].where(rows["device"] == "cpu", rows["seconds"])
    return rows.assign(stacks=1 + rows["separate_parameters"], speed=rows["flops"] / taken)
