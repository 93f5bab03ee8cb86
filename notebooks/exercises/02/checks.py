"""A sketch of three curves, and lists of measured values, for the exercises of notebook 02."""

from itertools import pairwise
from math import exp
from random import Random

from destructure.exercises.drawings import curves

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
