"""What is done and what is open: the progress panel of notebook 00, and panels like it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import traitlets

from destructure.exercises import workplace
from destructure.exercises.catalogue import every, is_extra, notebooks, retired, title_of
from destructure.exercises.definition import Exercise
from destructure.exercises.homework import Homework, own_record
from destructure.exercises.markup import escape, front_file
from destructure.exercises.pages import run_again
from destructure.exercises.store import Answers, AnswerStore, NotSaved, Record
from destructure.exercises.widget import Panel
from destructure.files import notebooks_folder

_HEADS = ("Notebook", "Done", "Tried", "Open", "Score", "Committed", "Minutes left")
_CELL = 'style="padding: 0 0.8em; text-align: left"'


@dataclass(frozen=True)
class NotebookProgress:
    """How far a learner is with the exercises of one notebook.

    A prediction's or a conclusion's score is for having committed it, so it stands apart and in no mean.

    Attributes:
        number: of the notebook.
        scores: each exercise with its best score; `None` where none was checked yet (not answered: not wrong).
    """

    number: str
    scores: tuple[tuple[Exercise, float | None], ...]

    @property
    def open(self) -> list[Exercise]:
        """Exercises without full marks, in order."""
        return [exercise for exercise, score in self.scores if score != 1]

    def cells(self) -> tuple[int | str, ...]:
        """Done, tried, untouched, mean best score (open: 0), committed, usual minutes for what is open."""
        locked = [score == 1 for exercise, score in self.scores if exercise.kind.locks]
        scores = [score for exercise, score in self.scores if not exercise.kind.locks]
        done, untouched = scores.count(1), scores.count(None)
        mean = sum(score or 0.0 for score in scores) / max(1, len(scores))
        minutes = sum(exercise.minutes for exercise in self.open)
        committed = f"{sum(locked)} of {len(locked)}" if locked else "none"
        return done, len(scores) - done - untouched, untouched, f"{mean:.0%}", committed, minutes

    def link(self, text: str) -> str:
        """The text as a link to the notebook, which lies beside the one that shows it."""
        files = sorted(notebooks_folder().glob(f"{self.number}_*.ipynb"))
        return f'<a href="{escape(files[0].name)}">{escape(text)}</a>' if files else escape(text)


def progress(records: Mapping[str, Record]) -> list[NotebookProgress]:
    """Sum the records up, a row per notebook: what answers the present student's questions."""
    student = workplace.current_student()

    def best(one: Exercise) -> float | None:
        return own_record(one, records.get(one.id, Record())).best

    return [
        NotebookProgress(number, tuple((one, best(one)) for one in every(number, student.id, student.course)))
        for number in notebooks()
        if not is_extra(number)
    ]


def retired_answers(records: Mapping[str, Record]) -> list[str]:
    """A sentence for each answer to an exercise that the course no longer has."""
    kept = {id: why for id, why in retired().items() if id in records and records[id].is_answered}
    return [f"{id} ({records[id].best or 0:.0%}): {why}" for id, why in kept.items()]


def progress_table(rows: list[NotebookProgress], no_longer_asked: Sequence[str] = ()) -> str:
    """The progress as HTML."""
    head = "".join(f'<th scope="col" {_CELL}>{name}</th>' for name in _HEADS)
    total = NotebookProgress("", tuple(one for row in rows for one in row.scores))
    body = f"{''.join(map(_row, rows))}</tbody><tfoot>{_row(total)}</tfoot>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</table>"
    first = next((row for row in rows if row.open), None)
    if first is None:
        advice = "Everything is done."
    else:
        following = first.open[0]
        advice = f"Next: {first.link(following.title)} ({following.minutes} min, notebook {first.number})."
    kept = ""
    if no_longer_asked:
        items = "".join(f"<li>{escape(text)}</li>" for text in no_longer_asked)
        kept = f"<p>Your answers to exercises that the course no longer has are kept:</p><ul>{items}</ul>"
    return f"{table}<p>{advice}</p>{kept}"


def _page(answers: Answers) -> str:
    return progress_table(progress(answers.records), retired_answers(answers.records))


def _row(row: NotebookProgress) -> str:
    cells = "".join(f"<td {_CELL}>{value}</td>" for value in row.cells())
    name = row.link(f"{row.number} {title_of(row.number)}") if row.number else "All notebooks"
    return f'<tr><th scope="row" {_CELL}>{name}</th>{cells}</tr>'


class ProgressPanel(Panel):
    """HTML made of the answers, live: made anew whenever it is shown, after every check, and at the button."""

    _esm = front_file("progress.js")
    buttons = ("refresh", "acknowledge")
    identity = ""  # whatever is answered is waited for
    about = traitlets.Unicode().tag(sync=True)
    table = traitlets.Unicode().tag(sync=True)
    noticed = traitlets.Bool(False).tag(sync=True)

    def __init__(self, page: Callable[[Answers], str], about: str):
        self._page = page
        super().__init__(about=about)
        Homework.waiting.add(self)
        self.click("refresh")

    def refresh(self, homework: Homework) -> None:
        """Follow an answer that was given just now."""
        self.click("refresh")

    def click(self, action: str) -> None:
        """Read the answers again; or first forget the notices about the file, which the learner has read."""
        super().click(action)
        problems = [workplace.student_problem()]
        if action == "acknowledge":
            try:
                AnswerStore().acknowledge()
            except NotSaved as problem:
                problems.append(str(problem))
        answers = AnswerStore().read()
        self.noticed = bool(answers.notice)
        notice = " ".join(filter(None, (answers.notice, *problems)))
        self.table = self._page(answers) + (f"<p><b>{escape(notice)}</b></p>" if notice else "")
        self.resting = f"{self.table}{run_again('see how it stands now')}"

    def __repr__(self) -> str:
        return self.about

    def saved(self) -> str:
        """A fresh start, whoever ran the notebook."""
        return self._page(Answers({}))


def progress_panel(page: Callable[[Answers], str] = _page, about: str = "Progress panel") -> ProgressPanel:
    """Show, for each notebook, what is done, tried and open, the score, the minutes left, and what comes next.

    Args:
        page: makes other HTML of the answers; their `records` go from exercise to what is kept about it.
        about: what that is, in a few words.
    """
    return ProgressPanel(page, about)
