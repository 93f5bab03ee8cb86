"""What every kind of exercise offers: read an answer, grade it, show its control."""

from abc import ABC, abstractmethod
from enum import Enum
from typing import Annotated, Any, ClassVar, NewType

from destructure.exercises.draws import Draw
from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.verdict import UnreadableAnswer, Verdict

Rows = NewType("Rows", tuple)
"""A mask, row by row; in a sheet "100 110 111"."""
Drawing = NewType("Drawing", str)
"""SVG; in a sheet an expression."""
Shape = tuple[int, ...]


class Part(Enum):
    """The part of a record in a sheet from which a field comes; a field without one stands in backquotes."""

    TEXT = "the text behind the colon"
    QUOTE = "a quotation below, indented, after >"
    FENCE = "a block of code below"
    TICK = "a tick box"
    NESTED = "records below, indented"


Text = Annotated[str, Part.TEXT]
Quote = Annotated[str, Part.QUOTE]
Source = Annotated[str, Part.FENCE]
Tick = Annotated[bool, Part.TICK]


class Kind(ABC):
    """One form of question, with the parameters of one exercise.

    A new kind is one frozen dataclass in one file here, whose fields a sheet fills (`building`), plus, if its control
    is more than ordinary form fields, one short file of JavaScript in `front/`.
    """

    name: ClassVar[str]
    """Short name: which control the front end shows."""
    action: ClassVar[str] = "Check"
    """Text on the button that hands the answer in."""
    runs_code: ClassVar[bool] = False
    """Whether checking runs the learner's own code."""
    locks: ClassVar[bool] = False
    """Whether a right answer can no longer be changed."""
    reference: Any
    """A right answer (for code: source text): a field, or computed from the others."""

    @property
    def variable(self) -> str:
        """What the answer is called if a cell of the notebook makes it, else ""."""
        return ""

    @property
    def unanswered(self) -> str:
        """What is said when there is nothing to check."""
        return "Give an answer first, then check it."

    def plain(self, value: Any) -> Plain:
        """Turn any value into plain data (raises `UnreadableAnswer`)."""
        return as_plain(value)

    def is_empty(self, answer: Plain) -> bool:
        """Whether nothing was answered yet."""
        return answer is None or answer in ("", [], {})

    def shuffled(self, draw: Draw) -> "Kind":
        """The same question as this student sees it, where the order of its parts is free."""
        return self

    def doubt(self, answer: Plain) -> str:
        """A question back before a right answer is locked for good; "" if there is none."""
        return ""

    @abstractmethod
    def read(self, answer: Plain) -> Plain:
        """Bring plain data into this kind's one standard form, the form that is stored.

        Raises:
            UnreadableAnswer: with a sentence that says which form is wanted.
        """

    @abstractmethod
    def grade(self, answer: Plain) -> Verdict:
        """Grade an answer in standard form. Pure: the same answer always gives the same verdict."""

    def stored(self, answer: Plain) -> Plain:
        """The JSON form in which an answer in standard form is kept."""
        return answer

    def amended(self, committed: Plain, answer: Plain) -> Plain:
        """What is kept instead of a locked answer where another one follows; `None` if it stays as it is."""
        return None

    @abstractmethod
    def control(self, live: bool) -> str:
        """HTML of the control: with form fields (`live`), or as a picture of its default state."""

    @abstractmethod
    def example(self) -> str:
        """Python text of an answer of the right form (not the right answer), for the text path."""

    def front(self) -> dict:
        """Further plain data that the front end needs."""
        return {}


class Form(Kind):
    """A kind whose answer gives a value to each of several names."""

    complete: ClassVar[bool] = False
    """Whether every name must be given; otherwise a missing one counts as open."""

    @abstractmethod
    def names(self) -> list[str]:
        """The names, in order."""

    @abstractmethod
    def wanted(self) -> str:
        """What to give, for the sentence about an answer of another form."""

    @abstractmethod
    def part(self, name: str, value: Plain) -> Plain:
        """Read one value (raises `UnreadableAnswer`)."""

    def is_empty(self, answer: Plain) -> bool:
        """Whether every value is empty."""
        values = answer.values() if isinstance(answer, dict) else (answer,)
        return all(value in ("", None, []) for value in values)

    def read(self, answer: Plain) -> Plain:
        """Accept the values by name, or all of them in order."""
        names = self.names()
        if isinstance(answer, list) and len(answer) == len(names):
            answer = dict(zip(names, answer, strict=True))
        if (
            not isinstance(answer, dict)
            or not set(answer) <= set(names)
            or (self.complete and len(answer) < len(names))
        ):
            raise UnreadableAnswer(f"Give {self.wanted()}, such as {self.example()}.")
        return {name: self.part(name, answer.get(name)) for name in names}
