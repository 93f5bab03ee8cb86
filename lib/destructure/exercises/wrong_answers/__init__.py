"""Named wrong answers to every exercise: what learners really get wrong, and what the check must then say.

A file a notebook, as for the exercises. The tests demand at least three for each exercise, each with its own
message; the instructor's handout lists them as expected mistakes.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from destructure.exercises.catalogue import Exercise


@dataclass(frozen=True)
class Wrong:
    """One wrong answer.

    Attributes:
        value: the answer (for code: source text).
        says: a part of the message that the learner must then read.
    """

    value: Any
    says: str


WrongAnswers = Mapping[str, Wrong] | Callable[[Exercise], Mapping[str, Wrong]]


def wrong_answers(exercise: Exercise) -> dict[str, Wrong]:
    """Name → wrong answer, for an exercise in the variant given; empty if none are written down yet."""
    try:
        module = importlib.import_module(f"{__name__}.notebook_{exercise.notebook}")
    except ModuleNotFoundError:
        return {}
    entry = module.WRONG.get(exercise.id, {})
    return dict(entry(exercise) if callable(entry) else entry)
