"""Match items on the left (often drawn curves) with items on the right."""

from dataclasses import dataclass, field
from typing import ClassVar

from destructure.exercises.kinds.base import Drawing, Form, Quote, Text
from destructure.exercises.markup import escape, image, inline
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right


@dataclass(frozen=True)
class Item:
    """Something to be matched: a text, and perhaps an SVG drawing with its description in words."""

    text: Text
    drawing: Drawing = ""
    description: Quote = ""


@dataclass(frozen=True)
class Match(Form):
    """Give every left item its right item.

    Attributes:
        left, right: key → item.
        pairs: the right answer, left key → right key.
        mistakes: (left key, right key) → what this pair shows.
        drawing, description: one SVG for all left items together (several curves in one figure).
    """

    left: dict[str, Item]
    right: dict[str, Item]
    pairs: dict[str, str]
    mistakes: dict[tuple[str, str], str] = field(default_factory=dict)
    drawing: Drawing = ""
    description: str = ""
    name: ClassVar[str] = "match"

    def __post_init__(self):
        if set(self.pairs) != set(self.left) or not set(self.pairs.values()) <= set(self.right):
            raise ValueError("pairs must give every left key one of the right keys.")

    @property
    def reference(self) -> Plain:
        """The right pairs."""
        return dict(self.pairs)

    def names(self) -> list[str]:
        """The left keys."""
        return list(self.left)

    def read(self, answer: Plain) -> Plain:
        """Accept left items by key or text, in any case."""
        if isinstance(answer, dict):
            known = {name.casefold(): key for key, item in self.left.items() for name in (item.text, key)}
            answer = {known.get(name.strip().casefold(), name): value for name, value in answer.items()}
        return super().read(answer)

    def wanted(self) -> str:
        """A partner for each."""
        return f"a partner to each of {', '.join(self.left)}"

    def part(self, name: str, value: Plain) -> str:
        """Accept a partner by key or text."""
        if value is None or value == "":
            return ""
        for key, item in self.right.items():
            if isinstance(value, str) and value.strip().casefold() in (key.casefold(), item.text.casefold()):
                return key
        raise UnreadableAnswer(f"{shown(value)} is not one of {', '.join(self.right)}.")

    def grade(self, answer: Plain) -> Verdict:
        """Each right pair counts; a known wrong pair is explained first."""
        astray = [key for key in self.left if answer[key] != self.pairs[key]]
        if not astray:
            return right("Every pair fits.")
        score = 1 - len(astray) / len(self.left)
        named = [key for key in astray if (key, answer[key]) in self.mistakes]
        if named:
            key = named[0]
            return partly(score, self.mistakes[key, answer[key]], f"{key} taken for {answer[key]}")
        filled = [key for key in astray if answer[key]]
        if not filled:
            return partly(score, f"Not matched yet: {', '.join(astray)}.", "incomplete")
        chosen = [answer[key] for key in self.left if answer[key]]
        if len(set(self.pairs.values())) == len(self.pairs) and len(set(chosen)) < len(chosen):
            return partly(score, "One partner is used twice; each belongs to one item only.", "used twice")
        return partly(score, f"“{filled[0]}” does not belong to “{answer[filled[0]]}”.", "wrong pair")

    def control(self, live: bool) -> str:
        """A drop-down list for each item."""
        figure = image(self.drawing, self.description) if self.drawing else ""
        rows = "".join(self._row(key, item, live) for key, item in self.left.items())
        if live:
            return (
                f'{figure}<fieldset class="exercise-match"><legend>Match each one</legend>{rows}</fieldset>'
            )
        partners = "".join(f"<li>{_picture(item)}{inline(item.text)}</li>" for item in self.right.values())
        return f"{figure}<p>Match each one:</p><ul>{rows}</ul><p>with one of:</p><ul>{partners}</ul>"

    def _row(self, key: str, item: Item, live: bool) -> str:
        if not live:
            return f"<li>{_picture(item)}{inline(item.text)} → ____</li>"
        options = "".join(
            f'<option value="{escape(partner)}">{escape(other.text)}</option>'
            for partner, other in self.right.items()
        )
        return (
            f'<label class="exercise-pair">{_picture(item)}<span>{inline(item.text)}</span> '
            f'<select data-field="{escape(key)}"><option value="">choose …</option>{options}</select></label>'
        )

    def example(self) -> str:
        """The same partner for all."""
        return str(dict.fromkeys(self.left, next(iter(self.right))))


def _picture(item: Item) -> str:
    return image(item.drawing, item.description, "exercise-thumbnail") if item.drawing else ""
