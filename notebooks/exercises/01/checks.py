"""Growth, for the exercises of notebook 01."""

from functools import cache
from math import log10
from random import Random

import numpy as np

from destructure.exercises.drawings import curves
from destructure.exercises.kinds.run import agrees, every_row

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


# --- the task: an own break, and forecasts that could have failed ---------------------------------------------------

LONG_SERIES = ("Slide 7", "Moravec", "Nordhaus")


@cache
def _dots(series: str):
    from destructure import trends

    return trends.price_dots()[series]


def _line(dots) -> tuple[float, float, float]:
    """Ten-fold time, mean year and mean height (powers of ten) of a least-squares line."""
    years, powers = dots.year.to_numpy(), np.log10(dots.value.to_numpy())
    return (
        1 / float(np.polyfit(years - years.mean(), powers, 1)[0]),
        float(years.mean()),
        float(powers.mean()),
    )


def _breaks(rows) -> list[dict]:
    found = []
    for row in rows:
        dots = _dots(row["series"])
        early, late = dots[dots.year <= row["break_year"]], dots[dots.year > row["break_year"]]
        found.append({**row, "before": _line(early)[0], "after": _line(late)[0]})
    return found


def own_breaks() -> list[dict]:
    """An example: one break in each long series."""
    return _breaks([{"series": name, "break_year": 1960} for name in LONG_SERIES])


def enough_dots(rows) -> bool | str:
    """Seven dots or more on each side."""
    for row in rows:
        late = int((_dots(row["series"]).year > row["break_year"]).sum())
        early = len(_dots(row["series"])) - late
        if min(early, late) < 7:
            return f"{row['series']} has {early} dots until {row['break_year']:g} and {late} after it."
    return True


every_series = every_row(lambda rows: [{"series": name} for name in LONG_SERIES], "series")
pace_before = agrees(_breaks, "series", "before", within=0.05)
pace_after = agrees(_breaks, "series", "after", within=0.05)


def _forecasts(rows) -> list[dict]:
    dots, found = _dots("Slide 7"), []
    measured = float(np.log10(dots[dots.year >= 2003].value).mean())
    for row in rows:
        known = dots[(dots.year > row["stand"] - 20) & (dots.year <= row["stand"])]
        time, year, height = _line(known)
        guess = height + (2008 - year) / time
        found.append({"stand": row["stand"], "time": time, "forecast": guess, "missed": guess - measured})
    return found


def own_forecasts() -> list[dict]:
    """An example: three years to stand in."""
    return _forecasts([{"stand": year} for year in (1970, 1985, 2000)])


def three_stands(rows) -> bool:
    """Three different years, each before what is forecast."""
    years = {row["stand"] for row in rows}
    return len(years) == len(rows) >= 3 and all(1950 <= year <= 2000 for year in years)


pace_known = agrees(_forecasts, "stand", "time", within=0.05)
forecast_for_2008 = agrees(_forecasts, "stand", "forecast", within=0.05)
miss = agrees(_forecasts, "stand", "missed", within=0.05)
