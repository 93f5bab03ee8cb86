"""Falling through air (CS25 V4, 4:25), for the exercises of notebook 00: one dominant force, and drag."""

from itertools import product
from math import acosh, cosh, exp, log, sqrt, tanh
from random import Random

from destructure.exercises import Variants
from destructure.exercises.drawings import curves

GRAVITY = 9.81
"""Metres per second squared."""

TERMINAL_SPEEDS = {"pen": 12.0, "paper ball": 7.6, "flat sheet": 1.04}
"""Metres per second. From mass and area, with drag ½ · 1.2 kg/m³ · drag coefficient · area · speed²: a pen of 10 g
falling level, a sheet of A4 paper (5 g) crumpled to a ball of 6 cm, and the same sheet falling flat."""


def distance_fallen(time: float, terminal_speed: float) -> float:
    """Metres fallen from rest under gravity and drag that grows with the square of the speed (closed form)."""
    return terminal_speed**2 / GRAVITY * log(cosh(GRAVITY * time / terminal_speed))


def speed(time: float, terminal_speed: float | None) -> float:
    """Metres per second after `time` seconds; `None` for no air at all."""
    return (
        GRAVITY * time if terminal_speed is None else terminal_speed * tanh(GRAVITY * time / terminal_speed)
    )


def fall_time(height: float, terminal_speed: float | None = None) -> float:
    """Seconds to fall from rest, through air or (`None`) without it."""
    if terminal_speed is None:
        return sqrt(2 * height / GRAVITY)
    return terminal_speed / GRAVITY * acosh(exp(GRAVITY * height / terminal_speed**2))


FALLS = curves(
    [
        (label, [(0.05 * step, speed(0.05 * step, TERMINAL_SPEEDS.get(name))) for step in range(31)])
        for label, name in {"A": "flat sheet", "B": None, "C": "paper ball", "D": "pen"}.items()
    ],
    across="time in seconds",
    up="speed in m/s",
)

HEIGHTS = Variants("height", "height", [1.5, *(round(0.7 + 0.07 * step, 2) for step in range(40))])

HITS = Variants(
    "accuracy and count",
    "percent count",
    [(1, 100)]
    + [
        (percent, count)
        for percent, count in product((1, 2, 3, 4), (30, 36, 42, 48, 54, 60, 72, 80))
        if 20 < 100 * (1 - (1 - percent / 100) ** count) < 90
        and abs(100 * (1 - percent / 100) ** count - 50) > 3
        and percent * count - 100 * (1 - (1 - percent / 100) ** count) > 2
    ],
)
"""Chances between 20% and 90%, where neither adding up nor a single attempt comes near the right value."""


def fall_cases(more: int = 0) -> list[tuple]:
    """Times and terminal speeds: no time, hardly any drag, hardly anything but drag, and random ones."""
    random = Random("00.code.fallen")
    edges = [(0.0, 5.0), (0.5, 40.0), (3.0, 1.0), (8.0, 12.0), (2, 3)]
    return edges + [(random.uniform(0, 5), random.uniform(0.5, 40)) for _ in range(8 + more)]


def not_beyond_free_fall(function, case) -> bool:
    """Drag never makes a fall longer than without air."""
    return function(*case) <= 9.9 * case[0] ** 2 / 2


def not_beyond_terminal_speed(function, case) -> bool:
    """Nothing falls faster than at terminal speed."""
    return function(*case) <= 1.01 * case[0] * case[1]


def goes_on_falling(function, case) -> bool:
    """After more time it has fallen farther."""
    return function(case[0] + 0.5, case[1]) > function(*case)
