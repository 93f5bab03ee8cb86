"""Is this machine fit for the course, and how long will the notebooks take here?"""

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Iterator

from destructure.course.contents import LESSONS, measured_times
from destructure.course.speed import gflop_per_second
from destructure.pretrained import PACKAGES, what_is_missing

OPTIONAL = {
    "test": ("pytest", "nbval", "ruff", "transformers", "num2words", "playwright"),
}


def report() -> Iterator[str]:
    """Lines on Python, torch, threads, measured speed, optional extras and expected run times."""
    import torch

    yield f"Python      {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"torch       {torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()} processors"
    yield f"accelerator {_accelerator(torch)}"
    speed = gflop_per_second()
    yield f"speed       {speed:.0f} GFLOP/s in fp32 matrix products"
    for extra, packages in OPTIONAL.items():
        missing = [name for name in packages if importlib.util.find_spec(name) is None]
        state = f"missing {', '.join(missing)}: pip install -e '.[{extra}]'" if missing else "present"
        yield f"extra       [{extra}] {state}"
    for name in PACKAGES:
        yield f"weights     [{name}] {what_is_missing(name) or 'present'}"
    yield "notebooks   expected here, from the times measured when they were made:"
    times = measured_times()
    for lesson in LESSONS:
        if lesson.number in times:
            seconds, there = times[lesson.number]
            yield f"  {lesson.number} {lesson.title:<24} {_duration(expected_seconds(seconds, there, speed))}"


def expected_seconds(seconds: float, speed_there: float, speed_here: float) -> float:
    """Scale a measured run time to this machine; small models gain less from speed than large matrices do.

    A notebook spends part of its time on work that matrix speed does not change, so at most a factor of four
    is credited to either side.
    """
    return seconds * min(4.0, max(0.25, speed_there / speed_here))


def _accelerator(torch) -> str:
    if torch.cuda.is_available():
        return f"{torch.cuda.get_device_name()} (the course needs none)"
    if getattr(torch.backends, "mps", None) and torch.backends.mps.is_available():
        return "Apple GPU (the course uses the processor, where results repeat)"
    return "none (the course needs none)"


def _duration(seconds: float) -> str:
    return f"about {max(1, round(seconds))} s" if seconds < 90 else f"about {seconds / 60:.0f} min"
