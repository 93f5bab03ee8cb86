"""Each student's own numbers, drawn from student id and exercise id, so that a copied answer shows."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


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
        return values[self._number(label) % len(values)] if self.student else values[0]

    def shuffle(self, values: Sequence[T], name: Callable[[T], str]) -> tuple[T, ...]:
        """The values in this student's order, which hangs on their names and not on the order given."""
        return tuple(sorted(values, key=lambda one: self._number(name(one))) if self.student else values)

    def _number(self, label: str) -> int:
        text = "\x1f".join((self.course, self.student, self.exercise, label))
        return int.from_bytes(hashlib.sha256(text.encode("utf-8", "replace")).digest()[:8], "big")


@dataclass(frozen=True)
class Variants:
    """The variants of an exercise, for its sheet's `vary`.

    Attributes:
        label: names the draw; another label deals the variants out anew.
        names: what the values of a variant are called, with blanks between ("percent count").
        values: a value for each name, a tuple a variant; the first is everybody's.
    """

    label: str
    names: str
    values: Sequence[Any]

    def parameters(self, draw: Draw) -> dict[str, Any]:
        """Name → value, as drawn."""
        drawn = draw.pick(self.label, self.values)
        names = self.names.split()
        return dict(zip(names, drawn if len(names) > 1 else (drawn,), strict=True))
