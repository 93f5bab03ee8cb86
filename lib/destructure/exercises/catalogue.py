"""What an exercise is, and where every exercise of the course is found."""

import difflib
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from destructure.exercises import definitions
from destructure.exercises.kinds.base import Kind
from destructure.exercises.plain import Plain
from destructure.exercises.verdict import UnreadableAnswer, Verdict, not_counted

if TYPE_CHECKING:
    from destructure.exercises.variants import Varied

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
        effort: how much work the variant takes, in countable units; the same for every student.
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
    also_right: Mapping[str, Any]
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    effort: Mapping[str, int] = field(default_factory=dict)

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
        except Exception as problem:  # an answer may be any object, and its own methods may raise anything
            return None, not_counted(
                f"This answer cannot be read ({type(problem).__name__}); give something like"
                f" {self.kind.example()}."
            )


def check(id: str, value: Any, student: str = "", course: str = "") -> Verdict:
    """Grade an answer. Pure: nothing is stored; it never raises for any value.

    Raises:
        ValueError: if there is no exercise of that id.
    """
    return find(id, student, course).check(value)


def find(id: str, student: str = "", course: str = "") -> Exercise:
    """Return the exercise of that id, in the student's variant (the default variant for nobody).

    Raises:
        ValueError: if there is none; the message names those that come close.
    """
    entry = _entries(id[:2]).get(id) if isinstance(id, str) else None
    if entry is None:
        ids = [known for notebook in notebooks() for known in _entries(notebook)]
        close = difflib.get_close_matches(str(id)[:60], ids, n=3, cutoff=0.3) or ids[:3]
        raise ValueError(
            f"There is no exercise {str(id)[:60]!r}; did you mean {' or '.join(map(repr, close))}?"
        )
    return entry if isinstance(entry, Exercise) else entry.for_student(student, course)


def every(notebook: str | None = None, student: str = "", course: str = "") -> Iterator[Exercise]:
    """All exercises, of one notebook or of the course, in the order in which they are defined."""
    for number in notebooks() if notebook is None else (notebook,):
        for id in _entries(number):
            yield find(id, student, course)


def varying() -> list[str]:
    """Ids of the exercises that differ from student to student."""
    return [
        id
        for number in notebooks()
        for id, entry in _entries(number).items()
        if not isinstance(entry, Exercise)
    ]


def title_of(notebook: str) -> str:
    """A notebook's title, as its exercise file names it."""
    return _module(notebook).TITLE


@cache
def notebooks() -> tuple[str, ...]:
    """Numbers of the notebooks that have exercises, in order."""
    names = (module.name for module in pkgutil.iter_modules(definitions.__path__))
    return tuple(sorted(name[-2:] for name in names if re.fullmatch(r"notebook_\d\d", name)))


def _module(notebook: str):
    return importlib.import_module(f"{definitions.__name__}.notebook_{notebook}")


@cache
def _entries(notebook: str) -> "dict[str, Exercise | Varied]":
    if notebook not in notebooks():
        return {}
    entries = _module(notebook).EXERCISES
    ids = [entry.id for entry in entries]
    misplaced = [id for id in ids if id[:2] != notebook or ids.count(id) > 1]
    if misplaced:
        raise ValueError(
            f"Exercises of notebook {notebook} have a foreign or repeated id: {sorted(set(misplaced))}."
        )
    return {entry.id: entry for entry in entries}
