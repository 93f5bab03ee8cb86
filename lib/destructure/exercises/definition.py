"""What an exercise is: data, and a pure check."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from destructure.exercises.kinds.base import Kind, Source
from destructure.exercises.plain import Plain
from destructure.exercises.verdict import UnreadableAnswer, Verdict, not_counted

_ID = re.compile(r"\d\d(\.[a-z][a-z0-9_]*){2,}")
_TALK = re.compile(r"(\d{1,2}):([0-5]\d)")
_VIDEO = "https://www.youtube.com/watch?v=orDKvo8h71o"


@dataclass(frozen=True)
class Exercise:
    """One exercise: data, and a pure check.

    Attributes:
        id: notebook, kind and subject: "04.mask.decoder".
        title: a few words.
        question: Markdown; all that a learner needs to know, without the notebook.
        talk: where the lecture speaks of it, minutes and seconds ("17:29").
        objective: what the learner can do afterwards, as a verb phrase.
        difficulty: 1 (read and remember), 2 (apply), 3 (build or derive).
        minutes: how long it takes most learners.
        hints: three, from a nudge to almost the answer.
        solution: Markdown; the worked solution.
        kind: the form of the question with its parameters.
        reference: a right answer (for code: source text).
        also_right: name → another form of a right answer.
        parameters: what was drawn for this student, if the exercise varies.
    """

    id: str
    title: str
    question: str
    talk: str
    objective: str
    difficulty: int
    minutes: int
    hints: tuple[str, str, str]
    solution: str
    kind: Kind
    reference: Any
    also_right: dict[str, Source] = field(default_factory=dict)
    parameters: Mapping[str, Plain] = field(default_factory=dict)

    def __post_init__(self):
        if not _ID.fullmatch(self.id):
            raise ValueError(f"The id {self.id!r} is not of the form '04.mask.decoder'.")
        if not _TALK.fullmatch(self.talk):
            raise ValueError(f"{self.id}: talk is {self.talk!r}; give minutes and seconds, such as '17:29'.")
        if self.difficulty not in (1, 2, 3) or len(self.hints) != 3 or self.minutes < 1:
            raise ValueError(f"{self.id}: needs a difficulty of 1 to 3, three hints and at least one minute.")

    @property
    def notebook(self) -> str:
        """Number of the notebook it belongs to: "04"."""
        return self.id[:2]

    @property
    def talk_address(self) -> str:
        """Address of the talk at the right second."""
        minutes, seconds = _TALK.fullmatch(self.talk).groups()
        return f"{_VIDEO}&t={60 * int(minutes) + int(seconds)}s"

    def check(self, value: Any) -> Verdict:
        """Grade any value whatever; never raises."""
        return self.read(value)[1]

    def read(self, value: Any) -> tuple[Plain, Verdict]:
        """Grade any value; also return it in the form in which it is stored, `None` if it cannot be read."""
        try:
            answer = self.kind.plain(value)
            if self.kind.is_empty(answer):
                return None, not_counted(self.kind.unanswered)
            answer = self.kind.read(answer)
            return self.kind.stored(answer), self.kind.grade(answer)
        except UnreadableAnswer as problem:
            return None, not_counted(str(problem))
        except BaseException as problem:  # an answer may be any object whose methods raise anything
            return None, not_counted(
                f"This answer cannot be read ({type(problem).__name__}); give something like"
                f" {self.kind.example()}."
            )
