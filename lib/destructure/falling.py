"""The talk's pen (4:25): falling with gravity alone, and with the air's drag. When may one force be all?"""

import math
from dataclasses import dataclass

import numpy as np

from destructure.tables import load_table

GRAVITY = 9.80665  # m/s², standard gravity (3rd General Conference on Weights and Measures, 1901)
AIR_DENSITY = 1.225  # kg/m³, International Standard Atmosphere at sea level (ISO 2533)


@dataclass(frozen=True)
class FallingObject:
    """A thing that falls without turning.

    Args:
        name: what it is.
        mass: kilograms.
        area: square metres that meet the air.
        drag_coefficient: drag force / (½ × air density × speed² × area).
        source: where mass and area come from, a key of `data/sources.csv`.
        verified: whether they do come from there; false for our own rough estimates.
        drag_source: where the drag coefficient comes from, a key of the same table.

    Raises:
        ValueError: if mass, area or drag coefficient is not above zero.
    """

    name: str
    mass: float
    area: float
    drag_coefficient: float
    source: str = "own estimate"
    verified: bool = False
    drag_source: str = "own estimate"

    def __post_init__(self):
        for what in ("mass", "area", "drag_coefficient"):
            if not (value := getattr(self, what)) > 0 or not math.isfinite(value):
                raise ValueError(f"{what} of {self.name} is {value}; it must be a number above 0.")

    @property
    def label(self) -> str:
        """The name for a figure's legend, which says so when the thing is our estimate."""
        return self.name if self.verified else f"{self.name} (our estimate)"

    @property
    def sources(self) -> tuple[str, ...]:
        """Keys of `data/sources.csv` behind the numbers."""
        return (self.source, self.drag_source)

    @property
    def terminal_speed(self) -> float:
        """Speed in m/s at which drag equals weight: √(2mg / (ρ A C))."""
        return math.sqrt(2 * self.mass * GRAVITY / (AIR_DENSITY * self.area * self.drag_coefficient))

    @property
    def drag_time(self) -> float:
        """Terminal speed / gravity, in seconds: long before it gravity rules, long after it drag rules too."""
        return self.terminal_speed / GRAVITY


def falling_objects() -> dict[str, FallingObject]:
    """A pen, a sheet of paper and a feather, from `data/falling_objects.csv`, by name."""
    table = load_table("falling_objects").drop(columns="note")
    table = table.rename(columns={"mass_kg": "mass", "area_m2": "area"})
    return {row["name"]: FallingObject(**row) for row in table.to_dict("records")}


def fall_without_drag(seconds: np.ndarray | float) -> np.ndarray:
    """Metres fallen from rest with gravity alone, ½ g t²; the shape of `seconds`."""
    return GRAVITY * _times(seconds) ** 2 / 2


def fall_with_drag(thing: FallingObject, seconds: np.ndarray | float) -> np.ndarray:
    """Metres fallen from rest with drag that grows as speed², (v²/g) ln cosh(g t / v), v the terminal speed.

    Left out: turning, fluttering and gliding, which a sheet of paper does at once.

    Raises:
        ValueError: if a time is negative.
    """
    reduced = _times(seconds) / thing.drag_time
    # ln cosh x = ln(eˣ + e⁻ˣ) - ln 2 written so that a long fall does not overflow.
    return thing.terminal_speed**2 / GRAVITY * (np.logaddexp(reduced, -reduced) - math.log(2))


def speed_with_drag(thing: FallingObject, seconds: np.ndarray | float) -> np.ndarray:
    """Speed in m/s after falling from rest with drag: v tanh(g t / v), v the terminal speed."""
    return thing.terminal_speed * np.tanh(_times(seconds) / thing.drag_time)


def time_to_fall(thing: FallingObject | None, metres: float) -> float:
    """Seconds to fall `metres` from rest; `None` for gravity alone.

    Raises:
        ValueError: if the height is negative.
    """
    if not metres >= 0:
        raise ValueError(f"The height is {metres} m; it must be 0 or more.")
    if thing is None:
        return math.sqrt(2 * metres / GRAVITY)
    depth = metres * GRAVITY / thing.terminal_speed**2
    # arcosh(e^depth) = depth + ln(1 + √(1 - e^(-2 depth))), which stays finite for a long fall.
    return thing.drag_time * (depth + math.log1p(math.sqrt(-math.expm1(-2 * depth))))


def neglect_error(thing: FallingObject, metres: float) -> float:
    """How much too short the time without drag is, as a share of the real one: 0 (drag is nothing) to 1.

    Raises:
        ValueError: if the height is not above zero.
    """
    if not metres > 0:
        raise ValueError(f"The height is {metres} m; it must be above 0.")
    return 1 - time_to_fall(None, metres) / time_to_fall(thing, metres)


def _times(seconds: np.ndarray | float) -> np.ndarray:
    seconds = np.asarray(seconds, dtype=float)
    if (seconds < 0).any():
        raise ValueError(f"A time of {seconds.min()} s was given; times must be 0 or more.")
    return seconds
