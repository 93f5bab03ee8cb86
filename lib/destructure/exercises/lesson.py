"""What a notebook calls: show an exercise, answer by text, reveal a result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from IPython import get_ipython

from destructure.exercises.homework import Homework
from destructure.exercises.result_widget import RevealWidget
from destructure.exercises.verdict import Verdict
from destructure.exercises.widget import ExerciseWidget


@dataclass(frozen=True)
class Answered:
    """What `answer` returns: the verdict on an answer, readable as the last line of a cell.

    Attributes:
        id: the exercise.
        verdict: score, message, misconception.
        note: a sentence if something about saving needs attention, else "".
    """

    id: str
    verdict: Verdict
    note: str = ""

    @property
    def score(self) -> float:
        """From 0 to 1."""
        return self.verdict.score

    def __repr__(self) -> str:
        verdict = self.verdict
        wrong = f"score {verdict.score:.2f}" if verdict.counted else "not answered"
        head = "right" if verdict.is_right else wrong
        return f"{self.id}: {head}. {verdict.message}" + (f"\n{self.note}" if self.note else "")


def exercise(id: str, function: Callable | None = None) -> ExerciseWidget:
    """Show an exercise with everything that was answered before.

    Args:
        id: such as "04.mask.decoder".
        function: for a code exercise, the learner's function. It is checked at once, unless it is still the
            unsolved starter; the Check button later looks for the newest function of that name.

    Raises:
        ValueError: if there is no exercise of that id, or a function is given where none belongs.
    """
    homework = Homework.open(id)
    kind = homework.exercise.kind
    if not kind.runs_code:
        if function is not None:
            raise ValueError(f"Exercise {id} is answered in its widget or by answer(); it takes no function.")
        return ExerciseWidget(homework)
    name = getattr(function, "__name__", kind.function)
    widget = ExerciseWidget(homework, answer_to_check=lambda: _newest(name, function))
    if function is not None:
        widget.click("check")
    return widget


def answer(id: str, value: Any) -> Answered:
    """Answer an exercise by text: graded and kept exactly as if it came from the widget.

    Never raises for any value; what cannot be read is explained and not kept.

    Args:
        id: such as "04.mask.decoder".
        value: the answer as plain data; each exercise says which form it wants.

    Raises:
        ValueError: if there is no exercise of that id.
    """
    homework = Homework.open(id)
    verdict = homework.check(value)
    return Answered(id, verdict, homework.note)


def reveal(id: str, outcome: float, data: Sequence[float] = ()) -> RevealWidget:
    """Show the result of a prediction, as soon as the learner has locked it.

    Args:
        id: a prediction exercise, such as "04.prediction.unseen".
        outcome: what happened, in the exercise's unit.
        data: single measurements behind it (one dot each), in the same unit.

    Raises:
        ValueError: if there is no prediction of that id, or the outcome is not one of the possible values.
    """
    homework = Homework.open(id)
    kind = homework.exercise.kind
    if not kind.locks:
        raise ValueError(f"Exercise {id} is not a prediction, so there is no result to reveal.")
    if not kind.lowest <= outcome <= kind.highest:
        raise ValueError(
            f"The result {outcome} lies outside the possible values {kind.lowest:g} to {kind.highest:g}."
        )
    return RevealWidget(homework, outcome, data)


def _newest(name: str, given: Callable | None) -> Callable | None:
    """The function of that name as it now stands in the notebook; else the one given when the cell ran."""
    shell = get_ipython()
    found = shell.user_ns.get(name) if shell else None
    return found if callable(found) else given
