"""Arrange steps; any order that keeps all the rules is right."""

import re
from dataclasses import dataclass
from typing import ClassVar

from destructure.exercises.kinds.base import Kind, Text
from destructure.exercises.markup import escape, inline
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right


@dataclass(frozen=True)
class Rule:
    """One step must come before another, and why."""

    first: str
    then: str
    why: Text


@dataclass(frozen=True)
class Order(Kind):
    """Bring steps into an order.

    Attributes:
        steps: key of each step → its text, in the order in which they are first shown.
        rules: which step must come before which; where two steps have no rule, either may come first.
        reference: one right order.
    """

    steps: dict[str, str]
    rules: tuple[Rule, ...]
    reference: list
    name: ClassVar[str] = "order"

    def __post_init__(self):
        unknown = {key for rule in self.rules for key in (rule.first, rule.then)} - set(self.steps)
        if unknown:
            raise ValueError(f"Rules name steps that do not exist: {sorted(unknown)}.")
        if not self._broken(list(self.steps)):
            raise ValueError("The steps are shown in a right order already; shuffle them.")

    def read(self, answer: Plain) -> Plain:
        """Accept the steps by key, by the number as first shown, or by text."""
        if isinstance(answer, str):
            parts = [part.strip() for part in re.split(r"[,;\n]|->|→", answer)]
            answer = parts if len(parts) > 1 else answer.split()
        numbers = {str(number): key for number, key in enumerate(self.steps, start=1)}
        texts = {name.casefold(): key for key, text in self.steps.items() for name in (key, text)}
        if not isinstance(answer, list):
            raise UnreadableAnswer(
                f"Give a list of the steps in order, such as {self.example()}, not {shown(answer)}."
            )
        keys = [numbers.get(str(one).strip("()."), texts.get(str(one).casefold(), one)) for one in answer]
        if sorted(map(str, keys)) != sorted(self.steps):
            raise UnreadableAnswer(
                f"Give each of the {len(self.steps)} steps once, by number (as first shown) or by name: "
                f"{', '.join(self.steps)}."
            )
        return keys

    def _broken(self, order: list[str]) -> list[Rule]:
        return [rule for rule in self.rules if order.index(rule.first) > order.index(rule.then)]

    def grade(self, answer: Plain) -> Verdict:
        """Each rule that is kept counts; the first step out of place is explained."""
        broken = self._broken(answer)
        if not broken:
            return right("Each step has what it needs from the steps before it.")
        # The first step, in the given order, that is out of place: repairs go from the top down.
        first = min(broken, key=lambda rule: answer.index(rule.then))
        name = "reversed" if len(broken) == len(self.rules) else f"{first.then} before {first.first}"
        return partly(1 - len(broken) / len(self.rules), first.why, name)

    def control(self, live: bool) -> str:
        """A list whose items can be moved."""
        if not live:
            return "<ol>" + "".join(f"<li>{inline(text)}</li>" for text in self.steps.values()) + "</ol>"
        rows = "".join(
            f'<li class="exercise-step" data-step="{escape(key)}" draggable="true">'
            f'<span class="exercise-grip" aria-hidden="true">⠿</span><span>{inline(text)}</span>'
            f'<span class="exercise-moves">{_move(text, "up", "▲")}{_move(text, "down", "▼")}</span></li>'
            for key, text in self.steps.items()
        )
        help_text = "Drag a step, or use its two buttons; the arrow keys up and down on a button move it too."
        return (
            f'<ol class="exercise-order" aria-label="Steps">{rows}</ol><p'
            f' class="exercise-help">{help_text}</p>'
        )

    def example(self) -> str:
        """All steps by number."""
        return "[" + ", ".join(str(number) for number in range(1, len(self.steps) + 1)) + "]"


def _move(text: str, way: str, sign: str) -> str:
    return (
        f'<button type="button" data-move="{way}" aria-label="Move {way}: {escape(text)}">'
        f'<span aria-hidden="true">{sign}</span></button>'
    )
