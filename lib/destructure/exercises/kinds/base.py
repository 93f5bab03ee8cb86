"""What every kind of exercise offers: read an answer, grade it, show its control."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.verdict import Verdict


class Kind(ABC):
    """One form of question, with the parameters of one exercise.

    A new kind is one subclass in one file here, plus, if its control is more than ordinary form fields, one
    short file of JavaScript in `front/`.
    """

    name: ClassVar[str]
    """Short name: which control the front end shows."""
    action: ClassVar[str] = "Check"
    """Text on the button that hands the answer in."""
    runs_code: ClassVar[bool] = False
    """Whether checking runs the learner's own code."""
    locks: ClassVar[bool] = False
    """Whether a right answer can no longer be changed."""

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

    @abstractmethod
    def control(self, live: bool) -> str:
        """HTML of the control: with form fields (`live`), or as a picture of its default state."""

    @abstractmethod
    def example(self) -> str:
        """Python text of an answer of the right form (not the right answer), for the text path."""

    def front(self) -> dict:
        """Further plain data that the front end needs."""
        return {}
