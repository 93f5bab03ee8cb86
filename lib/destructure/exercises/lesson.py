"""What a notebook calls: show an exercise, answer by text, reveal a result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from IPython import get_ipython

from destructure.exercises.catalogue import find
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
        right = "locked" if find(self.id).kind.locks else "right"
        head = right if verdict.is_right else wrong
        return f"{self.id}: {head}. {verdict.message}" + (f"\n{self.note}" if self.note else "")


def exercise(id: str, made: Any = None) -> ExerciseWidget:
    """Show an exercise with everything that was answered before.

    Args:
        id: such as "04.mask.decoder".
        made: for an exercise that is answered in the cell, what the learner made there, a function or an own run's
            rows. It is checked at once, unless it is still the unsolved starter; the Check button later looks for
            what then has that name.

    Raises:
        ValueError: if there is no exercise of that id, or something is given where nothing belongs.
    """
    homework = Homework.open(id)
    kind = homework.exercise.kind
    if not kind.variable:
        if made is not None:
            raise ValueError(f"Exercise {id} is answered in its widget or by answer(); it takes no function.")
        return ExerciseWidget(homework)
    name = getattr(made, "__name__", kind.variable)
    widget = ExerciseWidget(homework, answer_to_check=lambda: _newest(name, made))
    if made is not None:
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


def reveal(id: str, outcome: float, data: Sequence[float] = (), dots: str = "results") -> RevealWidget:
    """Show the result of a prediction, as soon as the learner has locked it.

    Args:
        id: a prediction exercise, such as "04.prediction.unseen".
        outcome: what happened, in the exercise's unit.
        data: single measurements behind it, in the same unit.
        dots: what each of them is, such as "stored runs"; the legend says "one dot each: stored runs".

    Raises:
        ValueError: if there is no prediction of that id, or the outcome is not one of the possible values.
    """
    homework = Homework.open(id)
    kind = homework.exercise.kind
    if kind.name != "prediction":
        raise ValueError(f"Exercise {id} is not a prediction, so there is no result to reveal.")
    if not kind.lowest <= outcome <= kind.highest:
        raise ValueError(
            f"The result {outcome} lies outside the possible values {kind.lowest:g} to {kind.highest:g}."
        )
    return RevealWidget(homework, outcome, data, dots)


def _newest(name: str, given: Any) -> Any:
    """What has that name in the notebook now; else what was given when the cell ran."""
    shell = get_ipython()
    found = shell.user_ns.get(name) if shell else None
    return found if callable(found) or (not callable(given) and found is not None) else given
