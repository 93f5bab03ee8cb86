"""Where a run was made: columns that explain differences and decide whether numbers must agree exactly."""

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import torch

DEVICES = ("cpu", "cuda", "mps")
"""Where runs can be computed; "mps" is Apple's GPU, where nobody has run the course yet."""


def choose_device(wanted: str = "auto") -> torch.device:
    """The device to run on: the one that is wanted; for "auto" CUDA where there is one, else the processor.

    Raises:
        ValueError: for another word, or if what is wanted is missing.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        wanted = "cuda" if there["cuda"] else "cpu"
    if wanted not in there:
        raise ValueError(f"device is {wanted!r}; it must be auto, {', '.join(DEVICES)}.")
    if not there[wanted]:
        raise ValueError(f"device is {wanted!r}, but torch finds none here; use auto or cpu.")
    return torch.device(wanted)


def machine_facts(device: torch.device) -> dict[str, str | int]:
    """The columns that say where a row was made, for the thread that calls."""
    return {
        "device": device.type,
        "machine": torch.cuda.get_device_name(device) if device.type == "cuda" else processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "destructure": metadata.version("destructure"),
        "commit": commit(),
    }


@cache
def processor() -> str:
    """Name of the processor and the widest instructions that torch uses on it."""
    return f"{_processor_name()}, {torch.backends.cpu.get_cpu_capability()}"


def _processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    if not names and platform.system() == "Darwin":
        names = _output(["sysctl", "-n", "machdep.cpu.brand_string"]).splitlines()
    return (names or [platform.processor()])[0] or platform.machine()


@cache
def commit() -> str:
    """The first twelve digits of the repository's commit, with + if files of the library differ from it; or ""."""
    library = Path(__file__).resolve().parents[2]
    head = _output(["git", "rev-parse", "--short=12", "HEAD"], library).strip()
    changed = _output(["git", "status", "--porcelain", "--", "."], library).strip() if head else ""
    return head + ("+" if changed else "")


def _output(command: list[str], folder: Path | None = None) -> str:
    # Without optional locks, looking at the repository changes nothing in it.
    quiet = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
