"""What an own run returned, checked by computing again from it: no number of ours decides."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar

from destructure.exercises.kinds.base import Kind, Source, Text
from destructure.exercises.markup import escape, handed_in, inline
from destructure.exercises.plain import Plain, as_plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right


@dataclass(frozen=True)
class Requirement:
    """Something that holds for whatever an honest run returns.

    Attributes:
        holds: takes the value; returns whether it holds, or a sentence that says why not.
    """

    name: str
    holds: Callable[[Plain], bool | str]
    message: Text


@dataclass(frozen=True)
class Run(Kind):
    """Hand in the object that an own run returned: one record of named values, or a list of such rows.

    Attributes:
        run: what the object is called in the notebook.
        source: the worked solution's code, which makes it there.
        returns: name → what stands there, with its unit.
        requirements: what must hold, tried in this order.
        example_run: returns such an object.
        rows: whether it is a list of rows.
    """

    run: str
    source: Source
    returns: dict[str, Text]
    requirements: tuple[Requirement, ...]
    example_run: Callable[[], Plain]
    rows: bool = False
    name: ClassVar[str] = "run"
    action: ClassVar[str] = "Check my run"

    @property
    def variable(self) -> str:
        """The object."""
        return self.run

    @property
    def reference(self) -> Plain:
        """What one run returned."""
        return as_plain(self.example_run())

    @property
    def starter(self) -> str:
        """The line of the unsolved cell that the learner replaces."""
        return f"{self.run} = ...  # your run here"

    @property
    def unanswered(self) -> str:
        """What is said when there is nothing to check."""
        return f"Let your cell compute {self.run}, run it, then check."

    def plain(self, value: Any) -> Plain:
        """A table counts as its rows."""
        if value is None or value is ...:
            return None
        table = type(value).__name__ == "DataFrame" and hasattr(type(value), "to_dict")
        return as_plain(value.to_dict("records") if table else value)

    def read(self, answer: Plain) -> Plain:
        """Accept a record, or rows, with every name asked for."""
        records = answer if self.rows else [answer]
        wanted = "a list (or a table) of rows, each" if self.rows else "a dictionary"
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise UnreadableAnswer(f"{self.run} must be {wanted} with {', '.join(self.returns)}.")
        for record in records:
            for name in self.returns:
                if name not in record:
                    raise UnreadableAnswer(f"{self.run} lacks {name!r}; it must be {wanted} with it.")
        return answer

    def grade(self, answer: Plain) -> Verdict:
        """Full marks if every requirement holds; else the first that does not."""
        for passed, one in enumerate(self.requirements):
            try:
                found = one.holds(answer)
            except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as problem:
                what = f"{type(problem).__name__}: {shown(str(problem), 80)}"
                return partly(0.1, f"{one.message} (Values of another form were found: {what}.)", one.name)
            if isinstance(found, str) or not found:
                credit = 0.1 + 0.8 * passed / len(self.requirements)
                return partly(credit, f"{one.message} {found or ''}".strip(), one.name)
        return right(f"{self.run} holds: everything in it that can be computed again agrees.")

    def control(self, live: bool) -> str:
        """What to hand in; live, also what was handed in last."""
        names = "".join(
            f"<li><code>{escape(name)}</code>: {inline(text)}</li>" for name, text in self.returns.items()
        )
        what = "rows, each with" if self.rows else "a dictionary with"
        told = f"<p>Let the code cell compute <code>{escape(self.run)}</code>, {what}</p><ul>{names}</ul>"
        return told + handed_in("Run") * live

    def example(self) -> str:
        """The object itself."""
        return self.run


def every_row(again: Callable[[Any], list[dict]], by: str) -> Callable[[list[dict]], bool | str]:
    """A requirement: one row for each that is computed `again` from those handed in, told apart `by` columns."""

    def holds(rows: list[dict]) -> bool | str:
        given, wanted = (Counter(_place(row, by) for row in some) for some in (rows, again(rows)))
        for found, what in ((wanted - given, "is missing"), (given - wanted, "is one too many")):
            if found:
                return f"The row with {next(iter(found))} {what}."
        return True

    return holds


def agrees(
    again: Callable[[Any], list[dict]], by: str, column: str, within: float = 0.0
) -> Callable[[list[dict]], bool | str]:
    """A requirement: in rows that can be computed again, the column's number is that one, `within` a distance."""

    def holds(rows: list[dict]) -> bool | str:
        values = {_place(row, by): row[column] for row in again(rows)}
        for row in rows:
            place, given = _place(row, by), row[column]
            real = values.get(place, given)
            near = not isinstance(real, str) and abs(given - real) <= within
            if given != real and not near:
                return f"With {place} you give {column} {_short(given)}; computed again it is {_short(real)}."
        return True

    return holds


def _place(row: dict, by: str) -> str:
    """What tells a row from others, in words; 100000000000 is the same place as 1e11."""
    return ", ".join(f"{name} {_same(row[name])}" for name in by.split())


def _same(value: Any) -> str:
    if not isinstance(value, Real) or isinstance(value, bool):
        return str(value)[:40]
    return next((text for text in (f"{value:.4g}", f"{value:.17g}") if float(text) == value), str(value))


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:40]
