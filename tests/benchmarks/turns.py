"""What all benchmarks share: sides that take turns, their times, and one line for each ratio."""

import importlib.util
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import torch


@dataclass
class Timing:
    """Seconds of each round of one side, on the clock and of the processors; for one unit where it counts its own."""

    clock: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], float], counted: bool = False) -> None:
        """Do the work once more and note the time; `counted`: divided by what the work returns."""
        clock, processor = time.perf_counter(), time.process_time()
        result = work()
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        self.clock.append(clock / (result if counted else 1))
        self.processor.append(processor / (result if counted else 1))


@dataclass(frozen=True)
class Figure:
    """One measured ratio, made so that more is better.

    Attributes:
        work, case, side: which benchmark, what was done, and beside whom.
        ratio: how many times less ours took: the ratio of the medians.
        low, high: the middle half of the rounds' own ratios lies between them.
        rounds: how often each side had its turn.
        behind: what stands behind the ratio, for the reader of the line.
        least, most: where the promise has the ratio; without a promise it is anywhere.
        threads: of each side; those of this process unless others are named.
    """

    work: str
    case: str
    side: str
    ratio: float
    low: float
    high: float
    rounds: int
    behind: str = ""
    least: float = -math.inf
    most: float = math.inf
    threads: int = field(default_factory=torch.get_num_threads)

    @property
    def broken(self) -> bool:
        """Whether there is a promise and it is not kept."""
        return not self.least <= self.ratio <= self.most

    def __str__(self) -> str:
        line = f"{self.work}: {self.case}, beside {self.side}: {self.ratio:.2f}"
        line += f" (middle half of {self.rounds} rounds {self.low:.2f} to {self.high:.2f})"
        if math.isfinite(self.least):
            upper = f" to {self.most:.2f}" if math.isfinite(self.most) else ""
            line += f"; promised {self.least:.2f}{upper}: {'BROKEN' if self.broken else 'kept'}"
        return f"{line}; {self.behind}" if self.behind else line


def take_turns(
    sides: Mapping[str, Callable[[], float]], rounds: int, counted: bool = False
) -> dict[str, Timing]:
    """Run all sides in turns, every second round backwards, so that what else the machine does falls on all of them.

    Args:
        sides: name → work; each does its work once before anything is timed.
        counted: the work returns how many units it did, and times are those of one unit.
    """
    for work in sides.values():
        work()
    times = {name: Timing() for name in sides}
    for turn in range(rounds):
        for name in list(sides) if turn % 2 else list(sides)[::-1]:
            times[name].run(sides[name], counted)
    return times


def middle_half(values: list[float]) -> tuple[float, float]:
    """The quartiles; of one value the value itself."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, method="inclusive")
    return low, high


def compare(
    work: str,
    case: str,
    times: Mapping[str, Timing],
    *,
    ours: str = "ours",
    unit: str = "tokens",
    amount: float = 1.0,
    promised: Mapping[str, float] | None = None,
    threads: int | None = None,
) -> Iterator[Figure]:
    """One side beside each of the others that took turns with it.

    Args:
        unit, amount: how many of what one timed piece of work holds, for the rates printed; "" prints seconds.
        promised: side → how many times as fast ours must be.
    """
    mine = times[ours]
    for side, theirs in times.items():
        if side == ours:
            continue
        low, high = middle_half([theirs / my for my, theirs in zip(mine.clock, theirs.clock, strict=True)])
        medians = [statistics.median(each.clock) for each in (mine, theirs)]
        shown = [_short(amount / each) for each in medians] if unit else [f"{each:.1f} s" for each in medians]
        rate = f" {unit} a second" if unit else ""
        processor = statistics.median(theirs.processor) / max(statistics.median(mine.processor), 1e-12)
        behind = f"{' against '.join(shown)}{rate}, in processor time {processor:.2f}"
        ratio = medians[1] / medians[0]
        least = (promised or {}).get(side, -math.inf)
        rounds, other = len(mine.clock), {} if threads is None else {"threads": threads}
        yield Figure(work, case, side, ratio, low, high, rounds, behind, least, **other)


def _short(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def missing(package: str, extra: str, what: str) -> str:
    """One sentence if a package is not installed, else nothing."""
    if importlib.util.find_spec(package) is not None:
        return ""
    return f"{what}: {package} is not installed (pip install -e '.[{extra}]')."
