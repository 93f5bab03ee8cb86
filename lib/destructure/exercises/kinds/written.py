"""A conclusion in the learner's own words: committed once, then marked with a rubric beside a model answer."""

import re
from dataclasses import dataclass
from typing import ClassVar

from destructure.exercises.kinds.base import Kind, Text
from destructure.exercises.markup import escape, inline
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right, wrong


@dataclass(frozen=True)
class Mention:
    """Something that no conclusion can leave out; `pattern` is a regular expression, upper or lower case."""

    name: str
    pattern: str
    message: Text


@dataclass(frozen=True)
class Point:
    """One line of the rubric: what earns the points."""

    name: str
    points: int
    text: Text


@dataclass(frozen=True)
class Written(Kind):
    """Free text. A machine sees only whether it can be a conclusion at all: its length, and what it mentions.

    Committing it earns the exercise's point, whatever it says. The rubric's points are for the reader: an instructor,
    or the learner, who ticks what the text holds once it can no longer be changed. They are kept and shown apart.

    Attributes:
        reference: the model answer, shown after committing.
        rubric: what a reader looks for.
        mentions: what the text must mention.
        words: how many words it has at least; half as many different ones.
    """

    reference: Text
    rubric: tuple[Point, ...]
    mentions: tuple[Mention, ...]
    words: int = 40
    name: ClassVar[str] = "written"
    action: ClassVar[str] = "Commit my text"
    locks: ClassVar[bool] = True

    def read(self, answer: Plain) -> Plain:
        """Accept a text, or {"text": ..., "met": names of the rubric's points that the text earns}."""
        answer = {"text": answer} if isinstance(answer, str) else answer
        if not isinstance(answer, dict) or not set(answer) <= {"text", "met"}:
            raise UnreadableAnswer(f"Give a text of at least {self.words} words, such as {self.example()}.")
        text, met = answer.get("text") or "", answer.get("met") or []
        known = [point.name for point in self.rubric]
        if not isinstance(text, str) or not isinstance(met, list):
            raise UnreadableAnswer(f"Give one text, such as {self.example()}, not {shown(answer)}.")
        for name in met:
            if name not in known:
                raise UnreadableAnswer(f"{shown(name)} is no point of the rubric; it has {', '.join(known)}.")
        return {"text": text.strip(), "met": [name for name in known if name in met]}

    def is_empty(self, answer: Plain) -> bool:
        """Whether nothing was written or ticked."""
        parts = answer.values() if isinstance(answer, dict) else (answer,)
        return not any(part.strip() if isinstance(part, str) else part for part in parts)

    def grade(self, answer: Plain) -> Verdict:
        """Whether the text can be committed; never whether it is true."""
        words = re.findall(r"\w+", answer["text"].lower())
        if len(words) < self.words or len(set(words)) < self.words / 2:
            few = f"{len(words)} words, {len(set(words))} of them different"
            return wrong(f"This has {few}; write at least {self.words} in whole sentences.", "too short")
        for found, mention in enumerate(self.mentions):
            if not re.search(mention.pattern, answer["text"], re.IGNORECASE):
                return partly(0.5 * found / len(self.mentions), mention.message, mention.name)
        if not answer["met"]:
            return right("Your text is kept. Now compare it with the model answer and tick what it holds.")
        total, reached = (
            sum(point.points for point in self.rubric if every or point.name in answer["met"])
            for every in (True, False)
        )
        return right(f"Your text is kept. By your own marking: {reached} of {total} points.")

    def amended(self, committed: Plain, answer: Plain) -> Plain:
        """Ticks may change after committing, the text may not."""
        return {**committed, "met": answer["met"]} if answer["text"] in ("", committed["text"]) else None

    def control(self, live: bool) -> str:
        """A text area, and the rubric, hidden until the text is committed."""
        if not live:
            return f"<p>Your conclusion, in at least {self.words} words: ________</p>"
        boxes = "".join(
            f'<label class="exercise-option"><input type="checkbox" value="{escape(point.name)}"><span>'
            f"{inline(point.text)} ({point.points} point{'s' * (point.points > 1)})</span></label>"
            for point in self.rubric
        )
        return (
            f'<label>Your conclusion, in at least {self.words} words<textarea data-field="text" rows="9"></textarea>'
            f"</label><fieldset hidden><legend>What does your text hold?</legend>{boxes}</fieldset>"
        )

    def example(self) -> str:
        """The beginning of a text."""
        return '"In my run …"'
