"""What a check says about one answer."""

import math
from dataclasses import dataclass


class UnreadableAnswer(ValueError):
    """An answer that is not of the form the exercise asks for; its text tells the learner what to give instead."""


@dataclass(frozen=True)
class Verdict:
    """The result of checking one answer.

    Attributes:
        score: from 0 (nothing right) to 1 (all right).
        message: one or two sentences for the learner; a wrong answer's message names the probable mistake.
        misconception: short name of that mistake, the same for every learner who makes it; else `None`.
        counted: whether this was an attempt. An empty or unreadable answer is not: it scores 0, but
            "not answered" must never be mistaken for "wrong".

    Raises:
        ValueError: if the score is not a number from 0 to 1.
    """

    score: float
    message: str
    misconception: str | None = None
    counted: bool = True

    def __post_init__(self):
        if not (isinstance(self.score, int | float) and math.isfinite(self.score) and 0 <= self.score <= 1):
            raise ValueError(f"A score is a number from 0 to 1, not {self.score!r}.")

    @property
    def is_right(self) -> bool:
        """Whether nothing is missing."""
        return self.score == 1


def right(message: str) -> Verdict:
    """Full marks."""
    return Verdict(1.0, message)


def partly(score: float, message: str, misconception: str | None = None) -> Verdict:
    """Less than full marks, whatever the sum says: an answer with a mistake in it never rounds up to right."""
    return Verdict(min(max(float(score), 0.0), 0.99), message, misconception)


def wrong(message: str, misconception: str | None = None) -> Verdict:
    """An answer with nothing right in it."""
    return Verdict(0.0, message, misconception)


def not_counted(message: str) -> Verdict:
    """No answer yet, or one that cannot be read."""
    return Verdict(0.0, message, counted=False)
