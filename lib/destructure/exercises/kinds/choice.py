"""Choose one option, or all that are true; every wrong option explains itself."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from destructure.exercises.draws import Draw
from destructure.exercises.kinds.base import Kind, Quote, Text, Tick
from destructure.exercises.markup import inline
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right, wrong

_LETTERS = "abcdefgh"


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        key: stable name; it is what gets stored, and the name of the misconception if the option is wrong.
        text: what the learner reads.
        feedback: what it means to have chosen this option (or, with several right ones, to have missed it).
        is_right: whether it belongs to the right answer.
        credit: score of choosing this wrong option, for one that is not wholly wrong.
    """

    key: str
    text: Text
    feedback: Quote
    is_right: Tick = False
    credit: float = 0.0


@dataclass(frozen=True)
class Choice(Kind):
    """One right option, or (`several`) every option that is true.

    Each student has an order of the options of their own. Letters go by that order, in the widget, in the saved
    picture and in an answer by text alike; what is stored is the option's key, which is the same for all.
    """

    options: tuple[Option, ...]
    several: bool = False
    name: ClassVar[str] = "choice"

    def __post_init__(self):
        keys = [option.key for option in self.options]
        rights = sum(option.is_right for option in self.options)
        if len(set(keys)) != len(keys) or not 2 <= len(keys) <= len(_LETTERS):
            raise ValueError(f"A choice needs 2 to {len(_LETTERS)} options with different keys, not {keys}.")
        if rights < 1 or (rights > 1 and not self.several):
            raise ValueError(f"{rights} options are right; use exactly one, or several=True.")

    @property
    def reference(self) -> Plain:
        """The key of the right option; where several may be right, a list."""
        rights = sorted(option.key for option in self.options if option.is_right)
        return rights if self.several else rights[0]

    def shuffled(self, draw: Draw) -> "Choice":
        """With the options in the student's order (for nobody in particular: the sheet's)."""
        return replace(self, options=draw.shuffle(self.options, name=lambda option: option.key))

    def read(self, answer: Plain) -> Plain:
        """Accept an option by letter, key or text; where several are right, a list of them."""
        if not self.several:
            return self._option(answer[0] if isinstance(answer, list) and len(answer) == 1 else answer).key
        if isinstance(answer, str):
            answer = answer.strip().casefold()
            run_together = set(answer) <= set(_LETTERS[: len(self.options)])
            apart = list(answer) if run_together else re.split(r"[\s,;/&+]+(?:and\s+)?", answer)
            answer = apart if all(len(one.strip("()[].'\"")) == 1 for one in apart) else answer.split(",")
        if not isinstance(answer, list):
            raise UnreadableAnswer(f"Give a list of options, such as {self.example()}, not {shown(answer)}.")
        return sorted({self._option(one).key for one in answer})

    def _option(self, answer: Plain) -> Option:
        wanted = str(answer).strip().casefold() if type(answer) in (str, int) else None
        for number, (letter, option) in enumerate(zip(_LETTERS, self.options, strict=False), start=1):
            known = (letter, str(number), option.key.casefold(), option.text.casefold())
            if wanted is not None and (wanted in known or wanted.strip("()[].'\"") in known):
                return option
        letters = "one or more letters" if self.several else "one letter"
        letters += f" of {', '.join(_LETTERS[: len(self.options)])}"
        raise UnreadableAnswer(f"{shown(answer)} is not one of the options; give {letters}.")

    def grade(self, answer: Plain) -> Verdict:
        """A wrong option gives its own credit; where several are right, every option counts."""
        chosen = set(answer) if self.several else {answer}
        rights = {option.key for option in self.options if option.is_right}
        if chosen == rights:
            return right(" ".join(option.feedback for option in self.options if option.is_right))
        astray = [option for option in self.options if option.key in chosen - rights]
        if not self.several:
            return partly(astray[0].credit, astray[0].feedback, astray[0].key)
        judged_right = sum((option.key in chosen) == option.is_right for option in self.options)
        score = max(0.0, 2 * judged_right / len(self.options) - 1)
        if astray:
            return partly(score, astray[0].feedback, astray[0].key)
        if not chosen:
            return wrong("No true statement is chosen yet.", "none chosen")
        missed = f"Not all true statements are chosen: {len(rights - chosen)} still missing."
        return partly(score, missed, "incomplete")

    def control(self, live: bool) -> str:
        """Radio buttons or check boxes."""
        ask = "Choose all that are true" if self.several else "Choose one"
        if not live:
            box = "☐" if self.several else "○"
            rows = [f"<li>{box} {letter}) {text}</li>" for letter, text in self._rows()]
            return f'<p>{ask}:</p><ul style="list-style: none; padding-left: 1em">{"".join(rows)}</ul>'
        field = "checkbox" if self.several else "radio"
        rows = [
            f'<label class="exercise-option"><input type="{field}" name="option" value="{option.key}">'
            f"<span><b>{letter})</b> {text}</span></label>"
            for option, (letter, text) in zip(self.options, self._rows(), strict=True)
        ]
        return f"<fieldset><legend>{ask}</legend>{''.join(rows)}</fieldset>"

    def _rows(self):
        return [(letter, inline(option.text)) for letter, option in zip(_LETTERS, self.options, strict=False)]

    def example(self) -> str:
        """One letter, or a list of letters."""
        return '["a", "b"]' if self.several else '"a"'
