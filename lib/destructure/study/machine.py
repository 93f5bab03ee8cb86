"""Where a run was made: columns that explain differences and decide whether numbers must agree exactly."""

import os
import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

import torch


def choose_device(wanted: str = "auto") -> torch.device:
    """The device to run on: "cuda" where there is one and "auto" or "cuda" is wanted, else "cpu".

    Raises:
        ValueError: for another word, or if CUDA is wanted and missing.
    """
    require_device_word(wanted)
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but torch finds no CUDA device here; use auto or cpu.")
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


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


def require_device_word(wanted: str) -> None:
    """Raise ValueError unless it is auto, cpu or cuda."""
    if wanted not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is {wanted!r}; it must be auto, cpu or cuda.")


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
