"""A number with a unit, a tolerance, partial credit for near misses, and named wrong values."""

import math
import re
from dataclasses import dataclass, field
from typing import ClassVar

from destructure.exercises.kinds.base import Kind, Text
from destructure.exercises.markup import escape
from destructure.exercises.plain import Plain, as_plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right, wrong

_NUMBER = r"[-+−]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?"
_PATTERN = re.compile(rf"\s*({_NUMBER})\s*(?:/\s*({_NUMBER}))?\s*(.*?)\s*", re.DOTALL)
_ALSO = {"%": {"percent": 1.0, "per cent": 1.0}}


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
        """Accept a number, a text with or without unit, or a division such as 1/7."""
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            return float(answer)
        if isinstance(answer, str):
            return self._from_text(answer)
        raise UnreadableAnswer(f"Give one number, such as {self.example()}, not {shown(answer)}.")

    def _from_text(self, text: str) -> float:
        if len(text) > 60:
            raise UnreadableAnswer(f"Give one number, such as {self.example()}, not a long text.")
        if re.search(r"\d,\d", text):
            raise UnreadableAnswer(
                f"Write {shown(text)} with a point for decimals and no commas, such as 1234.5."
            )
        found = _PATTERN.fullmatch(text)
        if not found:
            raise UnreadableAnswer(f"{shown(text)} is not a number; give one such as {self.example()}.")
        number, divisor = (float((part or "1").replace("−", "-")) for part in found.groups()[:2])
        if divisor == 0:
            raise UnreadableAnswer(f"{shown(text)} divides by zero; give an ordinary number.")
        factors = self.other_units | _ALSO.get(self.unit, {}) | {"": 1.0, self.unit: 1.0}
        if found[3] not in factors:
            wanted = f"in {self.unit}" if self.unit else "without a unit"
            raise UnreadableAnswer(f"The unit in {shown(text)} is not understood; give the number {wanted}.")
        return float(as_plain(number / divisor * factors[found[3]]))

    def grade(self, answer: Plain) -> Verdict:
        """Right within the tolerance; then named mistakes, impossible values, near misses, wrong units."""
        # Two further parts in a billion: what rounding in binary can do to an answer at the very edge.
        slack = self.tolerance + 2e-9 * max(1.0, abs(self.answer))
        if abs(answer - self.answer) <= slack:
            return right(f"It is {self._with_unit(self.answer)}.")
        for mistake in self.mistakes:
            reach = min(max(self.tolerance, 1e-9), 0.02 * abs(mistake.value)) + 1e-12
            if abs(answer - mistake.value) <= reach:
                return partly(mistake.credit, mistake.message, mistake.name)
        if self.lowest is not None and answer < self.lowest:
            return wrong(f"This cannot be below {self._with_unit(self.lowest)}.", "impossible")
        if self.highest is not None and answer > self.highest:
            return wrong(f"This cannot be above {self._with_unit(self.highest)}.", "impossible")
        return self._by_distance(answer)

    def _by_distance(self, answer: float) -> Verdict:
        size = abs(self.answer)
        error = abs(answer - self.answer) / size if size else math.inf
        for share, credit in sorted(self.near):
            if error <= share:
                message = f"Close, within {share:.0%}, but not exact: check the rounding."
                return partly(credit, message, "near miss")
        for power in (1000, 100, 10):
            nearest = min(abs(answer / factor - self.answer) for factor in (power, 1 / power))
            if size and nearest <= max(self.tolerance, 1e-3 * size):
                return partly(0.3, f"Off by a factor of {power}: check the unit.", "unit")
        if answer == 0 or (size and (answer < 0) != (self.answer < 0)):
            message = "The size or the sign cannot be right: it should be on the other side of zero."
            return wrong(message, "sign")
        return wrong("Too large." if answer > self.answer else "Too small.", "too far off")

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
