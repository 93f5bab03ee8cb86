"""A number with a unit, a tolerance, partial credit for near misses, and named wrong values."""

import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from destructure.exercises.calculation import number_in
from destructure.exercises.kinds.base import Kind, Text
from destructure.exercises.markup import escape
from destructure.exercises.plain import Plain, as_plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right, wrong


@dataclass(frozen=True)
class WrongValue:
    """A wrong value that many learners find, and what it shows (recognised within the tolerance, 2% at most)."""

    name: str
    value: float
    message: Text
    credit: float = 0.0


@dataclass(frozen=True)
class Number(Kind):
    """A number.

    Attributes:
        answer: the right value, in `unit`.
        unit: what it is measured in; "" for a plain number.
        tolerance: how far (in `unit`) an answer may be off and still be right.
        reference: the right value as a learner would round it.
        mistakes: named mistakes.
        near: partial credit by relative error: (0.05, 0.7) gives 0.7 to answers within 5%.
        other_units: further units a learner may write, with the factor that turns them into `unit`.
        lowest, highest: what is possible at all; outside it the message says so.
    """

    answer: float
    reference: float
    unit: str = ""
    tolerance: float = 0.0
    mistakes: tuple[WrongValue, ...] = ()
    near: tuple[tuple[float, float], ...] = ((0.05, 0.6),)
    other_units: dict[str, float] = field(default_factory=dict)
    lowest: float | None = None
    highest: float | None = None
    name: ClassVar[str] = "number"

    def read(self, answer: Plain) -> Plain:
        """Accept a number, or a text: also arithmetic such as 60*log10(2), with a decimal comma, with its unit."""
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            return float(answer)
        if isinstance(answer, str):
            number = number_in(answer, self.unit, self.other_units, self.example())
            return float(as_plain(number))
        raise UnreadableAnswer(f"Give one number, such as {self.example()}, not {shown(answer)}.")

    def grade(self, answer: Plain) -> Verdict:
        """Right within the tolerance; then named mistakes, impossible values, near misses, wrong units."""
        # Two further parts in a billion: what rounding in binary can do to an answer at the very edge.
        slack = self.tolerance + 2e-9 * max(1.0, abs(self.answer))
        if abs(answer - self.answer) <= slack:
            return right(f"It is {self._with_unit(self.answer)}.")
        if known := [mistake for mistake in self.mistakes if self._makes(mistake, answer)]:
            nearest = min(abs(answer - mistake.value) for mistake in known)
            known = [one for one in known if abs(answer - one.value) <= nearest + 1e-9 * abs(answer)]
            message = " Or: ".join(mistake.message for mistake in known)
            return partly(max(mistake.credit for mistake in known), message, known[0].name)
        if self.lowest is not None and answer < self.lowest:
            return wrong(f"This cannot be below {self._with_unit(self.lowest)}.", "impossible")
        if self.highest is not None and answer > self.highest:
            return wrong(f"This cannot be above {self._with_unit(self.highest)}.", "impossible")
        return self._by_distance(answer)

    def _makes(self, mistake: WrongValue, answer: float) -> bool:
        reach = min(max(self.tolerance, 1e-9), 0.02 * abs(mistake.value)) + 1e-12
        return abs(answer - mistake.value) <= reach

    def _by_distance(self, answer: float) -> Verdict:
        size = abs(self.answer)
        error = abs(answer - self.answer) / size if size else math.inf
        digits = -Decimal(repr(answer)).normalize().as_tuple().exponent
        for share, credit in sorted(self.near):
            if error <= share and abs(answer - self.answer) <= 0.5 * 10.0**-digits:
                return partly(credit, "Right, but rounded too far: give one digit more.", "rounded")
            if error <= share:
                message = f"Close, within {share:.0%}, but not by rounding: something small is counted wrong."
                return partly(credit, message, "near miss")
        for power in (1000, 100, 10):
            nearest = min(abs(answer / factor - self.answer) for factor in (power, 1 / power))
            if size and nearest <= max(self.tolerance, 1e-3 * size):
                return partly(0.3, f"Off by a factor of {power}: check the unit.", "unit")
        if answer == 0:
            return wrong("It is not 0.", "zero")
        if size and (answer < 0) != (self.answer < 0):
            return wrong("The sign cannot be right: it should be on the other side of zero.", "sign")
        share = " Give it in %, not as a share of 1." * (self.unit == "%" and abs(answer) < 1 < size)
        return wrong(("Too large." if answer > self.answer else "Too small.") + share, "too far off")

    def _with_unit(self, value: float) -> str:
        # One digit more than the tolerance asks for; whole numbers in full.
        digits = 1 - math.floor(math.log10(self.tolerance)) if self.tolerance else 6
        text = f"{value:.{max(digits, 0)}f}"
        return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {self.unit}".strip()

    def control(self, live: bool) -> str:
        """One field."""
        unit = escape(self.unit)
        if not live:
            return f"<p>Your answer: ________ {unit}</p>"
        label = f"Your answer in {unit}" if unit else "Your answer"
        return (
            f'<label class="exercise-field">{label} <input type="text" inputmode="decimal" autocomplete="off"'
            ' data-field="number" size="12"></label>'
        )

    def example(self) -> str:
        """A number, with its unit if it has one."""
        return f'"12.5 {self.unit}"' if self.unit else "12.5"
