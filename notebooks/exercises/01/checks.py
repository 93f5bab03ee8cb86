"""Growth, for the exercises of notebook 01."""

from math import log10
from random import Random

import numpy as np

from destructure.exercises.drawings import curves

YEARS = list(range(61))
SHAPES = {
    "A": [0.1 * year for year in YEARS],
    "B": [0.02 * year + 0.0017 * year**2 for year in YEARS],
    "C": [0.18 * year if year < 25 else 4.5 + 0.02 * (year - 25) for year in YEARS],
    "D": [log10(1 + 30 * year) for year in YEARS],
}

GROWTH = curves(
    [(label, list(zip(YEARS, heights, strict=True))) for label, heights in SHAPES.items()],
    across="years",
    up="powers of ten",
)


def growth_cases(more: int = 0) -> list[tuple]:
    """Years and values that grow exponentially: exactly or with scatter, from two dots on, in any order."""
    random = Random("01.code.ten_fold_time")
    cases = [
        (np.array([2000.0, 2010.0]), np.array([1.0, 1000.0])),
        (np.array([0, 1, 2]), np.array([2, 4, 16])),
    ]
    for number in range(8 + more):
        years = np.array([random.uniform(1950, 2020) for _ in range(random.choice((3, 8, 20)))])
        slope, start = 1 / random.uniform(1, 12), random.uniform(-6, 6)
        scatter = np.array([random.gauss(0, 0.02 * (number % 3)) for _ in years])
        cases.append((years, 10.0 ** (start + slope * (years - 1950) + scatter)))
    return cases


def grows(function, case) -> bool:
    """These values grow, so the time is positive."""
    return function(*case) > 0


def unit_does_not_matter(function, case) -> bool:
    """All values a thousand times larger: the same pace."""
    return abs(function(case[0], 1000 * case[1]) - function(*case)) < 1e-4
