"""Each student's own numbers, drawn from student id and exercise id, so that a copied answer shows."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from destructure.exercises.catalogue import Exercise, find
from destructure.exercises.plain import Plain

T = TypeVar("T")

ANONYMOUS = ""


@dataclass(frozen=True)
class Draw:
    """The draws for one student and one exercise.

    Everybody who gives no student id gets the first value everywhere: the default variant, which the saved
    notebooks show. The draws hide nothing (anyone can compute anybody's); they make answers differ.

    Attributes:
        student: the student's id, "" for nobody in particular.
        exercise: the exercise's id.
        course: anything that changes from one class to the next, so that last year's answers do not fit.
    """

    student: str
    exercise: str
    course: str = ""

    def pick(self, label: str, values: Sequence[T]) -> T:
        """Choose one of the values; the same label always gives the same choice."""
        if self.student == ANONYMOUS:
            return values[0]
        text = "\x1f".join((self.course, self.student, self.exercise, label))
        number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")
        return values[number % len(values)]


@dataclass(frozen=True)
class Varied:
    """An exercise of which every student gets another variant.

    Attributes:
        id: the exercise's id.
        build: makes the exercise from a `Draw`.
    """

    id: str
    build: Callable[[Draw], Exercise]

    def for_student(self, student: str = ANONYMOUS, course: str = "") -> Exercise:
        """The exercise as this student sees it."""
        return self.build(Draw(student, self.id, course))


def varied(id: str) -> Callable[[Callable[[Draw], Exercise]], Varied]:
    """Decorate a function that builds an exercise from a `Draw`."""
    return lambda build: Varied(id, build)


def same_answer_expected(id: str, student: str, classmates: Iterable[str], course: str = "") -> list[str]:
    """The classmates whose variant has the same reference answer: an equal answer of theirs proves nothing."""
    mine: Plain = find(id, student, course).reference
    return [one for one in classmates if one != student and find(id, one, course).reference == mine]


def fits_classmate(
    id: str, value: Plain, student: str, classmates: Iterable[str], course: str = ""
) -> list[str]:
    """The classmates for whose variant a student's *wrong* answer would have been right; empty if it is right."""
    if find(id, student, course).check(value).is_right:
        return []
    return [one for one in classmates if one != student and find(id, one, course).check(value).is_right]
