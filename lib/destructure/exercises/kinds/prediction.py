"""A guess with an interval, locked before the result is shown."""

from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar

from destructure.exercises.calculation import number_in
from destructure.exercises.kinds.base import Form
from destructure.exercises.markup import escape
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right, wrong

_PARTS = {"guess": "Best guess", "low": "At least", "high": "At most"}


@dataclass(frozen=True)
class Prediction(Form):
    """A guess and an interval that the learner is fairly sure of.

    Credit is for committing to something that can turn out wrong, never for being right: a prediction that
    is graded on its outcome teaches people to look first. Whether the interval held is told at the reveal.

    Attributes:
        quantity: what is predicted, as a noun phrase ("right answers of 100").
        lowest, highest: the possible values.
        reference: a prediction that is fair to make.
        unit: what it is measured in.
        widest: an interval wider than this share of the possible range says too little.
    """

    quantity: str
    lowest: float
    highest: float
    reference: dict[str, float]
    unit: str = ""
    widest: float = 0.7
    name: ClassVar[str] = "prediction"
    action: ClassVar[str] = "Lock my prediction"
    locks: ClassVar[bool] = True
    complete: ClassVar[bool] = True

    def names(self) -> list[str]:
        """Guess, low end, high end."""
        return list(_PARTS)

    def wanted(self) -> str:
        """Three numbers."""
        return "a guess, a low and a high end"

    def part(self, name: str, value: Plain) -> float:
        """Accept a number, as text as people write it, perhaps with its unit."""
        if isinstance(value, str):
            with suppress(UnreadableAnswer):
                value = number_in(value, self.unit, {}, "12.5")
        # NaN and infinity as text arrive here as floats; they lie in no range.
        if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e100:
            raise UnreadableAnswer(f"“{_PARTS[name]}” must be a number, not {shown(value)}.")
        return float(value)

    def grade(self, answer: Plain) -> Verdict:
        """Full credit for any prediction that could turn out wrong."""
        guess, low, high = answer["guess"], answer["low"], answer["high"]
        span = self.highest - self.lowest
        if not (self.lowest <= min(answer.values()) and max(answer.values()) <= self.highest):
            possible = f"{self.lowest:g} to {self.highest:g} {self.unit}".strip()
            return wrong(f"Part of this is impossible: the result must lie in {possible}.", "impossible")
        if low > high:
            message = "The interval is upside down: “at least” must not exceed “at most”."
            return Verdict(0.0, message, "ends swapped", counted=False)
        if not low <= guess <= high:
            return partly(0.3, "Your best guess lies outside your own interval.", "guess outside")
        if high - low < 0.001 * span:
            return partly(
                0.5,
                "An interval of next to no width claims certainty: how far off could you be and not be surprised?",
                "false certainty",
            )
        if high - low > self.widest * span:
            return partly(
                0.5,
                "This interval covers almost everything that is possible, so no result could contradict it.",
                "says nothing",
            )
        return right(f"Your prediction: {guess:g}, between {low:g} and {high:g}. It is kept for the result.")

    def doubt(self, answer: Plain) -> str:
        """Ask back if all is tiny on the scale (a share where per cent is asked), or the interval very narrow."""
        if max(map(abs, answer.values())) <= 0.01 * max(abs(self.lowest), abs(self.highest)):
            guess, low, high = (f"{100 * answer[name]:g}" for name in _PARTS)
            asked = f"The scale goes from {self.lowest:g} to {self.highest:g} {self.unit}".strip()
            question = f"Is the unit right? {asked}. Did you mean {guess}, between {low} and {high}?"
        elif answer["high"] - answer["low"] < 0.01 * (self.highest - self.lowest):
            question = "Your interval is less than a hundredth of what is possible. Are you so sure?"
        else:
            return ""
        return f"{question} If it is meant as it stands, lock it once more."

    def judge(self, answer: dict[str, float], outcome: float) -> str:
        """Compare a locked prediction with what happened."""
        result = f"{outcome:.3g} {self.unit}".strip()
        if answer["low"] <= outcome <= answer["high"]:
            return f"The result is {result}: inside your interval."
        side = "above" if outcome > answer["high"] else "below"
        return (
            f"The result is {result}: {side} your interval. Being surprised costs nothing here; "
            "ask which assumption of yours the surprise contradicts."
        )

    def control(self, live: bool) -> str:
        """Three fields and a line that shows them."""
        unit = escape(self.unit)
        quantity = escape(self.quantity[:1].upper() + self.quantity[1:])
        ask = f"{quantity}: a guess, and an interval you are 80% sure of"
        if not live:
            blanks = ", ".join(f"{label.lower()} ____" for label in _PARTS.values())
            return f"<p>{ask} ({blanks} {unit})</p>"
        fields = "".join(
            f'<label class="exercise-field">{label} <input type="text" inputmode="decimal" autocomplete="off"'
            f' data-field="{part}" size="7"> {unit}</label>'
            for part, label in _PARTS.items()
        )
        line = '<div class="exercise-line" aria-hidden="true"></div>'
        return f"<fieldset><legend>{ask}</legend>{fields}{line}</fieldset>"

    def front(self) -> dict:
        """The ends of the line."""
        return {"lowest": self.lowest, "highest": self.highest}

    def example(self) -> str:
        """A guess in the middle, with a wide interval."""
        low, high = self.lowest, self.highest
        middle = (low + high) / 2
        return f'{{"guess": {middle:g}, "low": {(low + middle) / 2:g}, "high": {(high + middle) / 2:g}}}'
