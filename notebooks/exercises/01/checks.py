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


def growth_cases() -> list[tuple]:
    """Years and values that grow exponentially, with scatter."""
    random = Random("01.code.ten_fold_time")
    cases = []
    for _ in range(8):
        years = sorted(random.uniform(1950, 2020) for _ in range(20))
        slope, start = 1 / random.uniform(3, 12), random.uniform(-3, 3)
        heights = [start + slope * (year - 1950) + random.gauss(0, 0.4) for year in years]
        cases.append((np.array(years), 10.0 ** np.array(heights)))
    return cases


def grows(function, case) -> bool:
    """These values grow, so the time is positive."""
    return function(*case) > 0


def unit_does_not_matter(function, case) -> bool:
    """All values a thousand times larger: the same pace."""
    return abs(function(case[0], 1000 * case[1]) - function(*case)) < 1e-6
