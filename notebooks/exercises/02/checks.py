"""A sketch of three curves, and lists of measured values, for the exercises of notebook 02."""

from functools import cache
from itertools import pairwise
from math import exp
from random import Random

from destructure.exercises.drawings import curves
from destructure.exercises.kinds.run import agrees, every_row
from destructure.files import data_folder

POWERS = [8 + 0.125 * step for step in range(41)]


def _rising(power: float, middle: float, height: float, steepness: float) -> float:
    return round(height / (1 + exp(-steepness * (power - middle))), 3)


SKETCH = curves(
    list(
        {
            "A": [(power, _rising(power, 10.2, 0.55, 3.0)) for power in POWERS],
            "B": [(power, _rising(power, 8.2, 0.30, 2.0)) for power in POWERS],
            "C": [(power, _rising(power, 12.0, 0.95, 3.5)) for power in POWERS],
        }.items()
    ),
    across="compute, powers of ten of FLOPs",
    up="performance",
)


def envelope_cases(more: int = 0) -> list[tuple]:
    """Lists of 1 to 9 values, of both signs, some of them equal."""
    random = Random("02.code.envelope")
    edges = [
        [0.4],
        [-2.3, -1.9, -2.0],
        [0.5, 0.5, 0.2, 0.5],
        [0.9, 0.4, 0.1],
        [0.1, 0.4, 0.9],
        [3, 1, 4, 1, 5],
    ]
    random_ones = [
        [
            round(random.uniform(-1, random.choice((-0.1, 1))), random.choice((1, 3)))
            for _ in range(random.randint(1, 9))
        ]
        for _ in range(8 + more)
    ]
    return [(values,) for values in edges + random_ones]


def never_falls(function, case) -> bool:
    """The best so far never gets worse."""
    best = list(function(*case))
    return all(later >= earlier - 1e-4 for earlier, later in pairwise(best))


def never_below(function, case) -> bool:
    """The best so far is at least the value itself."""
    return all(best >= value - 1e-4 for best, value in zip(function(*case), case[0], strict=True))


# --- the task: envelopes and crossings with one width left out ------------------------------------------------

WIDTHS = (0, 8, 16, 32, 64, 128)  # the width left out; 0: none


@cache
def own_envelopes() -> list[dict]:
    """The best mean so far at each budget, of two methods without one width, from the study's table."""
    import pandas as pd

    rows = pd.read_csv(data_folder() / "results/structure_compute.csv")
    rows, found = rows[rows.role == "reporting"], []
    for method in ("recurrence", "attention"):
        for width in WIDTHS:
            some = rows[(rows.method == method) & (rows["size"] != width)]
            means = some.groupby(["size", "budget"]).bits.mean().groupby("budget").min().cummin()
            place = {"method": method, "without": width}
            found += [place | {"budget": budget, "bits": bits} for budget, bits in means.items()]
    return found


def curves_fall(rows) -> bool:
    """Along rising budgets no curve rises."""
    order = sorted(rows, key=lambda row: (row["method"], row["without"], row["budget"]))
    return all(
        earlier["without"] != later["without"] or earlier["bits"] >= later["bits"] - 1e-9
        for earlier, later in pairwise(order)
    )


def own_crossings() -> list[dict]:
    """Where attention takes the lead for good, for each width left out."""
    found = []
    for width in WIDTHS:
        attention, recurrence = (
            {row["budget"]: row["bits"] for row in own_envelopes() if (row["method"], row["without"]) == case}
            for case in (("attention", width), ("recurrence", width))
        )
        behind = max(
            at for at in attention if attention[at] >= min(recurrence[b] for b in recurrence if b <= at)
        )
        ahead = min((at for at in attention if at > behind), default=0)
        found.append({"without": width, "behind": behind, "ahead": ahead})
    return found


every_envelope = every_row(lambda _: own_envelopes(), "method without budget")
means_first = agrees(lambda _: own_envelopes(), "method without budget", "bits", within=1e-3)
every_width = every_row(lambda _: own_crossings(), "without")
leads_for_good = agrees(lambda _: own_crossings(), "without", "ahead")
behind_until = agrees(lambda _: own_crossings(), "without", "behind")
