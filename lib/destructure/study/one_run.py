"""One run: from a frozen configuration to the rows of the table."""

import inspect
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import torch

from destructure import cost
from destructure import tasks as all_tasks
from destructure.study.configuration import Options, RunConfiguration
from destructure.study.machine import choose_device, machine_facts
from destructure.study.measure import SCORES, by_budget, scores, take_off, text_scores
from destructure.study.models import build_model
from destructure.tasks.base import Task
from destructure.train.fast import fast_target_loss
from destructure.train.loop import Run, train


def build_task(name: str, dials: Options = ()) -> Task:
    """The task a configuration names; made once in a process, then remembered.

    Args:
        name: a class in `destructure.tasks`.
        dials: its arguments.

    Raises:
        ValueError: if there is no such task or dial, or the task refuses a dial's value.
    """
    classes = inspect.getmembers(all_tasks, inspect.isclass)
    tasks = {each: found for each, found in classes if issubclass(found, Task) and found is not Task}
    if name not in tasks:
        raise ValueError(f"There is no task {name!r}; the tasks are {', '.join(sorted(tasks))}.")
    known = [each for each in inspect.signature(tasks[name]).parameters if each != "self"]
    unknown = [dial for dial, _ in dials if dial not in known]
    if unknown:
        raise ValueError(f"{name} has no dial {unknown[0]!r}; its dials are {', '.join(known)}.")
    return _make_task(tasks[name], dials)


@lru_cache(maxsize=16)
def _make_task(task: Callable[..., Task], dials: Options) -> Task:
    return task(**dict(dials))


def run_configuration(
    configuration: RunConfiguration,
    device: str = "auto",
    progress: bool = False,
    then: Callable | None = None,
) -> list[dict[str, Any]]:
    """Train and measure one run with one thread; return one row a budget, with the columns of the table.

    A run that diverges has rows, too: those of the budgets it did not reach have the status "diverged" and no score.

    Args:
        device: "auto" (CUDA where there is one), "cpu", "cuda" or "mps".
        progress: show a bar over the training steps.
        then: called with the model as it is measured at the last budget, where its weights are wanted.

    Raises:
        ValueError: if the task or the device cannot be had.
        KeyboardInterrupt: after the current step, if Ctrl-C was pressed.
    """
    threads = 2 if configuration.numerics == "two threads" else 1
    with use_threads(threads), _same_bits(place := choose_device(device)):
        task, measuring = build_task(configuration.task, configuration.dials), dict(configuration.measuring)
        measured = task.pairs(configuration.split)[: measuring["examples"]]
        watching = task.pairs("validation")[: measuring["watch_examples"]]
        _ = task.pairs("train"), task.max_length  # made by the task's first run, which should not look slower
        clock = _Clock()
        model = build_model(configuration, len(task.vocabulary), task.max_length).to(place)
        run = train(
            model,
            task,
            configuration.recipe,
            seed=configuration.seed,
            progress=progress,
            measure=lambda trained: (
                scores(trained, measured) | text_scores(trained, task, measured) | clock.read()
            ),
            watch=lambda trained: {"watched": scores(trained, watching)[measuring["take_off_metric"]]},
            objective=fast_target_loss if configuration.numerics == "fast" else None,
        )
        about = {
            "parameters": cost.parameters(model.config),
            "non_embedding_parameters": cost.non_embedding_parameters(model.config),
            "examples": len(measured),
        }
        if then:
            then(run.model)
        return list(_rows(configuration, run, about | machine_facts(place), clock))


def _rows(
    configuration: RunConfiguration, run: Run, about: dict[str, Any], clock: "_Clock"
) -> Iterator[dict[str, Any]]:
    measuring, cooldown = dict(configuration.measuring), dict(configuration.training)["cooldown"]
    wanted = measuring["take_off_metric"], measuring["take_off_threshold"]
    for row in by_budget(run, configuration.budgets, **dict.fromkeys(SCORES), **clock.read()):
        took_off = take_off(run.history, row["budget"], cooldown, *wanted)
        yield configuration.cells() | {"step": row.pop("steps")} | row | took_off | about


class _Clock:
    """Seconds since it was made: on the wall, and of this thread's processor core."""

    def __init__(self):
        self._wall, self._processor = time.perf_counter(), time.thread_time()

    def read(self) -> dict[str, float]:
        return {
            "seconds": round(time.perf_counter() - self._wall, 3),
            "processor_seconds": round(time.thread_time() - self._processor, 3),
        }


@contextmanager
def use_threads(number: int = 1) -> Iterator[None]:
    """Compute with so many threads (one gives the same bits each time), and then with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _same_bits(device: torch.device) -> Iterator[None]:
    """On CUDA, choose operations that give the same bits each time; on the CPU one thread is enough."""
    if device.type != "cuda":
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
