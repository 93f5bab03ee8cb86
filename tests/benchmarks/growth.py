"""How time and memory grow with length, width and seeds, beside what `cost.py` says; and each peer's peak memory.

Every measurement is a process of its own, so that its peak memory is its own: what it grew by after a few tiny steps.
Exponents are slopes over the logarithms of size and cost, the formula's on the same sizes. A ratio
is the growth by formula over the measured one, from the smallest size to the largest; the band that it must lie in
allows the exponents to differ by `BAND`: at small sizes fixed costs hide growth, so measured exponents may be
lower.
"""

import contextlib
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch

from benchmarks.peers import STRUCTURES, Sizes, dense, learner, ours, peers, said_missing
from benchmarks.training import SIZES
from benchmarks.turns import Figure, middle_half
from destructure import cost
from destructure.generate import generate

BASE = Sizes(width=64, batch=16, source=32, target=32, heads=4)
LENGTHS, WIDTHS, SEEDS, ROUNDS = (64, 128, 256, 512), (256, 512, 1024), (1, 2, 4, 8), 3
NUMBERS_KEPT = 4 * 4  # bytes a parameter in training: weight, gradient and two moments of AdamW, fp32
BAND = -0.5, 0.15  # measured less the formula's exponent
PAGE = 4096  # bytes; less than one is not seen


@dataclass(frozen=True)
class Job:
    """What one process measures.

    Attributes:
        work: "train" or "write".
        family, side: whose model; ours, or a peer's name.
        repeats: trainings one after the other, as a sweep has them.
        libraries: import those of all peers first, so that it is in nobody's peak.
        threads: of the process.
    """

    sizes: Sizes
    work: str = "train"
    family: str = "decoder-only"
    side: str = "ours"
    repeats: int = 1
    libraries: bool = False
    threads: int = field(default_factory=torch.get_num_threads)

    def formula(self) -> dict[str, float]:
        """What stands for seconds, training FLOPs; and bytes kept: the cache, or parameters and optimiser."""
        config, lengths = self.sizes.config(self.family), (self.sizes.source, self.sizes.target)
        kept = cost.parameters(config) * NUMBERS_KEPT
        if self.work == "write":
            kept = cost.cache_bytes(config, *lengths) * self.sizes.batch
        return {"seconds": cost.training_flops(config, *lengths) * self.repeats, "bytes": kept}

    def measure(self) -> dict[str, float]:
        """Seconds, and bytes by which the peak of this process grew."""
        torch.set_num_threads(self.threads)
        for package in ("transformers", "x_transformers") * self.libraries:
            with contextlib.suppress(ImportError):
                __import__(package)
        tiny = Sizes(16, 2, 3, 3, heads=2, layers=1)
        _learn(Job(tiny, family=self.family, side=self.side), steps=2)
        _forget_peak()
        before = _peak_bytes()
        # Of several trainings each counts by its middle step, so that starting up is in none of them.
        seconds = _write(self) if self.work == "write" else sum(_learn(self, 5) for _ in range(self.repeats))
        return {"seconds": seconds, "bytes": max(PAGE, _peak_bytes() - before)}

    def apart(self) -> dict[str, float]:
        """`measure` in a process of its own."""
        there = os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])}
        command = [sys.executable, "-m", "benchmarks.growth", json.dumps(asdict(self))]
        done = subprocess.run(command, env=there, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ValueError(f"A measurement failed: {done.stderr.strip().splitlines()[-1]}")
        return json.loads(done.stdout.splitlines()[-1])


SMALLEST = {
    "base": Sizes(16, 2, 4, 4, heads=2, layers=1),
    "lengths": (8, 16),
    "widths": (16, 32),
    "seeds": (1, 2),
    "rounds": 1,
    "sizes": [(Sizes(16, 2, 3, 3, heads=2, layers=1), 1)],
    "measure": Job.measure,
}


def figures(
    base: Sizes = BASE,
    lengths: Sequence[int] = LENGTHS,
    widths: Sequence[int] = WIDTHS,
    seeds: Sequence[int] = SEEDS,
    rounds: int = ROUNDS,
    sizes: Sequence[tuple[Sizes, int]] = SIZES,
    measure: Callable[[Job], dict[str, float]] = Job.apart,
) -> Iterator[Figure | str]:
    """Growth over each of the three, then the peers' memory at the sizes of `training.py`."""
    if importlib.util.find_spec("resource") is None:
        yield "growth: no memory is measured, since this system does not tell a process its peak (module resource)."
        return
    yield from said_missing()
    longer = [replace(base, source=length // 2, target=length // 2) for length in lengths]
    written = [Job(replace(each, batch=4 * base.batch), "write") for each in longer]
    wider = [Job(replace(base, width=width, batch=1)) for width in widths]
    seeded = [Job(base, repeats=number) for number in seeds]
    for over, values, jobs, kinds in (
        ("length", lengths, [Job(each) for each in longer], ("seconds",)),
        ("length", lengths, written, ("bytes",)),
        ("width", widths, wider, ("seconds", "bytes")),
        ("seeds", seeds, seeded, ("seconds", "bytes")),
    ):
        found = [[measure(job) for job in jobs] for _ in range(rounds)]
        for kind in kinds:
            costs = [[each[kind] for each in one] for one in found]
            yield _growth(f"{kind} over {over}", values, jobs, costs, kind)
    for size, _ in sizes:
        for family in STRUCTURES:
            yield from _beside_peers(size, family, rounds, measure)


def _exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    logarithms = (torch.tensor(each, dtype=torch.double).log().tolist() for each in (sizes, costs))
    return statistics.linear_regression(*logarithms).slope


def _growth(case, values, jobs, costs, kind) -> Figure:
    formula = _exponent(values, [job.formula()[kind] for job in jobs])
    found = [_exponent(values, each) for each in costs]
    span = max(values) / min(values)
    ratios = [span ** (formula - each) for each in found]
    work = {"write": "writing", "train": "training"}[jobs[0].work]
    behind = f"exponent {statistics.median(found):.2f}, by formula {formula:.2f}, from {min(values)} to {max(values)}"
    band = {"least": span ** -BAND[1], "most": span ** -BAND[0]}
    spread = *middle_half(ratios), len(ratios)
    return Figure(
        "growth", f"{work}, {case}", "the formula", statistics.median(ratios), *spread, behind, **band
    )


def _beside_peers(sizes, family, rounds, measure) -> Iterator[Figure]:
    jobs = {name: Job(sizes, family=family, side=name, libraries=True) for name in ("ours", *peers(family))}
    found = [{name: measure(job)["bytes"] for name, job in jobs.items()} for _ in range(rounds)]
    middle = {name: statistics.median(each[name] for each in found) for name in jobs}
    for name in peers(family):
        spread = *middle_half([each[name] / each["ours"] for each in found]), rounds
        case = f"peak memory in training, {family}, width {sizes.width}"
        behind = f"{middle['ours'] / 1e6:,.1f} against {middle[name] / 1e6:,.1f} MB"
        yield Figure("growth", case, name, middle[name] / middle["ours"], *spread, behind)


# --- inside the process that is measured ------------------------------------------------------------------------


def _forget_peak() -> None:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _peak_bytes() -> float:
    """Of this process since `_forget_peak`. On Linux `ru_maxrss` will not do: it begins with the parent's."""
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        return 1024 * int(found[1])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _learn(job: Job, steps: int) -> float:
    """Train a new model; returns the seconds of the middle step."""
    build = peers(job.family).get(job.side)
    step, batch = learner(*(build(job.sizes) if build else ours(job.sizes, job.family))), dense(job.sizes)
    times = []
    for _ in range(steps):
        started = time.perf_counter()
        step(batch)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _write(job: Job) -> float:
    """Write with a cache; returns the seconds."""
    model, _ = ours(job.sizes, job.family)
    prompts = torch.full((job.sizes.batch, job.sizes.source), 5)
    started = time.perf_counter()
    generate(model.eval(), None, job.sizes.target, prompts=prompts, begin=None, end=None)
    return time.perf_counter() - started


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    print(json.dumps(Job(Sizes(**given.pop("sizes")), **given).measure()))
