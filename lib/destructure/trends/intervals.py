"""A number with its interval, and what an interval of a slope says about a ten-fold time."""

import math
from dataclasses import dataclass

from destructure.statistics.interval import Interval


@dataclass(frozen=True)
class MultiplyingTime:
    """How many years until a quantity has multiplied by `factor`: the slope turned upside down.

    Turning an interval upside down is safe only while it stays on one side of zero. A slope between -0.01 and
    0.05 powers of ten a year means "ten-fold in 20 years or longer, or never": `high` is then infinite and
    `settled` is false. A shrinking quantity has negative years.

    Args:
        factor: 10 for the ten-fold time, 2 for the doubling time.
        years: best value; infinite if the slope is zero.
        low: shortest time in the interval.
        high: longest time, infinite where not even growth is settled.
        level: as in `Interval`.
        settled: whether the interval of the slope leaves zero out.
    """

    factor: float
    years: float
    low: float
    high: float
    level: float
    settled: bool

    @classmethod
    def from_slope(cls, slope: Interval, factor: float = 10.0) -> "MultiplyingTime":
        """From a slope in powers of ten a year.

        Raises:
            ValueError: if `factor` is not above 1.
        """
        if factor <= 1:
            raise ValueError(f"factor is {factor}; it must be above 1, such as 2 or 10.")
        settled = slope.low > 0 or slope.high < 0
        return cls(
            factor=factor,
            years=_years(slope.estimate, factor),
            low=_years(slope.high, factor) if settled or slope.high > 0 else math.inf,
            high=_years(slope.low, factor) if settled else math.inf,
            level=slope.level,
            settled=settled,
        )

    def __str__(self) -> str:
        times = f"{self.factor:g}x"
        if not self.settled:
            growth = f"{times} in {self.low:.3g} years or longer" if math.isfinite(self.low) else "no growth"
            return (
                f"{times} every {abs(self.years):.3g} years{' downwards' if self.years < 0 else ''}, but growth "
                f"is not settled ({self.level:.0%} interval: from {growth} to no growth or decline)"
            )
        if self.years < 0:
            return (
                f"falls {times} every {-self.years:.3g} years "
                f"({self.level:.0%} interval {-self.high:.3g} to {-self.low:.3g})"
            )
        return f"{times} every {self.years:.3g} years ({self.level:.0%} interval {self.low:.3g} to {self.high:.3g})"


def _years(slope: float, factor: float) -> float:
    return math.log10(factor) / slope if slope else math.inf
