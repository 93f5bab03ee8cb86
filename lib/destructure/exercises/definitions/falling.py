"""Falling through air, for the exercises of notebook 00 (CS25 V4, 4:25): one dominant force, and drag."""

from math import acosh, cosh, exp, log, sqrt, tan, tanh

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


# --- imitations of mistakes, for the code exercise -----------------------------------------------------------


def without_drag(time: float, terminal_speed: float) -> float:
    """Gravity alone."""
    return GRAVITY * time**2 / 2


def at_once_at_terminal_speed(time: float, terminal_speed: float) -> float:
    """No acceleration phase."""
    return terminal_speed * time


def linear_drag(time: float, terminal_speed: float) -> float:
    """Drag in proportion to the speed, not to its square."""
    rate = GRAVITY / terminal_speed
    return terminal_speed * (time - (1 - exp(-rate * time)) / rate)


def speed_instead(time: float, terminal_speed: float) -> float:
    """The speed, not the distance."""
    return speed(time, terminal_speed)


def drag_pushes(time: float, terminal_speed: float) -> float:
    """Drag with the wrong sign: it speeds the fall up."""
    distance, now, step = 0.0, 0.0, 1e-3
    for _ in range(round(time / step)):
        now += step * (GRAVITY + GRAVITY * min(now / terminal_speed, tan(1.5)) ** 2)
        distance += step * now
    return distance
