"""How much of what the machine can do: training FLOPs by formula, over its measured fp32 matrix products.

The peak is that of `torch.mm` at the best of several sizes with the same threads. It takes turns with whole steps
of the course's training loop at the sizes of `training.py`: dense, so all tokens are real, and `cost.py` counts
them. Promised: 50% at width 64, 70% at 128, 85% at 256. Where that is missed, a profile says where the time goes.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.peers import STRUCTURES, Sizes
from benchmarks.training import SIZES
from benchmarks.turns import Figure, Timing, compare, take_turns
from destructure import Transformer
from destructure.tasks.base import Pair
from destructure.train import Recipe
from destructure.train.fast import fast_target_loss
from destructure.train.state import TrainingState

PROMISED = {64: 0.50, 128: 0.70, 256: 0.85}  # width → share
MATRICES = (256, 512, 1024, 2048)
SMALLEST = {"sizes": [(Sizes(64, 2, 3, 3, heads=2, layers=1), 2)], "matrices": (64,)}
PEAK = "the matrix peak"
KINDS = {  # kind of work → parts of names; an operation counts for the first that names it or one around it
    "average of weights": ("foreach_lerp",),
    "optimiser": ("Optimizer.step",),
    "attention": ("scaled_dot_product", "ScaledDotProduct"),
    "norms": ("Norm", "_norm"),
    "activation": ("gelu", "Gelu"),
    "products": ("aten::mm", "aten::addmm", "aten::bmm"),
}


def figures(
    sizes: Sequence[tuple[Sizes, int]] = SIZES, matrices: Sequence[int] = MATRICES
) -> Iterator[Figure | str]:
    """The share of the peak for each width and family; a table of the profile where the promise is broken."""
    trials = {size: _products(size) for size in matrices}
    speeds = {size: _fastest(work) for size, work in trials.items()}
    best = min(speeds, key=speeds.get)
    yield f"peak: {1 / speeds[best] / 1e9:,.0f} GFLOP/s, fp32 products of {best} by {best}."
    for size, rounds in sizes:
        for family in STRUCTURES:
            step = _training_step(size, family)
            step()
            times = take_turns({"ours": step, PEAK: trials[best]}, rounds, counted=True)
            case, promised = f"{family}, width {size.width}", {PEAK: PROMISED[size.width]}
            (figure,) = compare("peak", case, times, unit="FLOPs", promised=promised)
            yield figure
            if figure.broken:
                yield _where_the_time_goes(case, step)


def _products(size: int) -> Callable[[], float]:
    """Ten products of square matrices; returns their FLOPs."""
    one, other, out = (torch.rand(size, size) for _ in range(3))

    def multiply() -> float:
        for _ in range(10):
            torch.mm(one, other, out=out)
        return 10 * 2 * size**3

    return multiply


def _fastest(work: Callable[[], float], rounds: int = 5) -> float:
    """Seconds a FLOP in the best of some rounds."""
    timing = Timing()
    for _ in range(rounds):
        timing.run(work, counted=True)
    return min(timing.clock)


def _training_step(sizes: Sizes, family: str) -> Callable[[], float]:
    """Two steps of the training loop on examples of one length; returns their FLOPs by formula."""
    draw = torch.Generator().manual_seed(0)
    ids = torch.randint(4, sizes.vocabulary, (sizes.batch, sizes.source + sizes.target - 1), generator=draw)
    pairs = [Pair(tuple(row[: sizes.source]), tuple(row[sizes.source :])) for row in ids.tolist()]
    task = SimpleNamespace(pairs=lambda split: pairs)  # the loop puts [BOS] before the target
    model, recipe = (
        Transformer(sizes.config(family), seed=0),
        Recipe(steps=10**6, tokens_per_batch=sizes.tokens),
    )
    state = TrainingState(model, task, recipe, seed=0)

    def steps() -> float:
        before = state.flops
        for _ in range(2):
            state.step(fast_target_loss, None)
        return state.flops - before

    return steps


def _where_the_time_goes(case: str, step: Callable[[], float]) -> str:
    """A table: share of the profiled time for each kind of work."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        step()
    spent = Counter()
    for event in seen.events():
        spent[_kind(event)] += event.self_cpu_time_total
    whole = max(1, sum(spent.values()))
    rows = [f"  {kind:<20}{spent[kind] / whole:6.1%}" for kind in (*KINDS, "rest")]
    return "\n".join([f"Where the time goes, {case} (share of the profiled time):", *rows])


def _kind(event) -> str:
    names = []
    while event is not None:
        names.append(event.name)
        event = event.cpu_parent
    fits = (kind for kind, parts in KINDS.items() if any(part in name for part in parts for name in names))
    return next(fits, "rest")
