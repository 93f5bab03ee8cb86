"""What is done and what is open: the progress panel of notebook 00."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import anywidget
import traitlets

from destructure.exercises import workplace
from destructure.exercises.catalogue import every, notebooks, title_of
from destructure.exercises.definition import Exercise
from destructure.exercises.markup import escape
from destructure.exercises.records import Record
from destructure.exercises.store import AnswerStore


@dataclass(frozen=True)
class NotebookProgress:
    """How far a learner is with the exercises of one notebook.

    Attributes:
        number, title: of the notebook.
        file: its file name, "" if it is not found nearby.
        total, done, tried: exercises in all, with full marks, and checked but not yet right.
        score: mean best score over all exercises, from 0 to 1; open ones count 0.
        minutes_left: the usual time for whatever is not done.
        following: the first exercise that is not done; `None` if all are.
    """

    number: str
    title: str
    file: str
    total: int
    done: int
    tried: int
    score: float
    minutes_left: int
    following: Exercise | None

    @property
    def untouched(self) -> int:
        """Exercises that were never checked: not answered, which is not the same as wrong."""
        return self.total - self.done - self.tried


def progress(records: Mapping[str, Record]) -> list[NotebookProgress]:
    """Sum the records up, a row a notebook."""
    return [_of_notebook(number, records) for number in notebooks()]


def _of_notebook(number: str, records: Mapping[str, Record]) -> NotebookProgress:
    exercises = list(every(number))
    best = {one.id: records[one.id].best if one.id in records else None for one in exercises}
    not_done = [one for one in exercises if best[one.id] != 1]
    return NotebookProgress(
        number=number,
        title=title_of(number),
        file=_file(number),
        total=len(exercises),
        done=len(exercises) - len(not_done),
        tried=sum(best[one.id] is not None for one in not_done),
        score=sum(best[one.id] or 0.0 for one in exercises) / len(exercises),
        minutes_left=sum(one.minutes for one in not_done),
        following=not_done[0] if not_done else None,
    )


def _file(number: str) -> str:
    folder = workplace.notebooks_folder()
    found = sorted(folder.glob(f"{number}_*.ipynb")) if folder else []
    return found[0].name if found else ""


def progress_table(rows: list[NotebookProgress], notice: str = "") -> str:
    """The progress as HTML."""
    heads = ("Notebook", "Done", "Tried", "Open", "Score", "Minutes left")
    head = "".join(
        f'<th scope="col" style="padding: 0 0.8em; text-align: left">{name}</th>' for name in heads
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table>"
    first = next((row for row in rows if row.following), None)
    if first is None:
        advice = "Everything is done."
    else:
        advice = (
            f"Next: {_link(first, first.following.title)} ({first.following.minutes} min, notebook"
            f" {first.number})."
        )
    warning = f"<p><b>{escape(notice)}</b></p>" if notice else ""
    return f"{table}<p>{advice}</p>{warning}"


def _row(row: NotebookProgress) -> str:
    values = (row.done, row.tried, row.untouched, f"{row.score:.0%}", row.minutes_left)
    cells = "".join(f'<td style="padding: 0 0.8em; text-align: left">{value}</td>' for value in values)
    return (
        '<tr><th scope="row" style="padding: 0 0.8em; text-align:'
        f' left">{_link(row, f"{row.number} {row.title}")}</th>{cells}</tr>'
    )


def _link(row: NotebookProgress, text: str) -> str:
    return f'<a href="{escape(row.file)}">{escape(text)}</a>' if row.file else escape(text)


class ProgressPanel(anywidget.AnyWidget):
    """The table, live: it is read again whenever it is shown and at the button."""

    _esm = (files("destructure.exercises") / "front" / "progress.js").read_text(encoding="utf-8")
    _css = (files("destructure.exercises") / "front" / "exercise.css").read_text(encoding="utf-8")

    table = traitlets.Unicode().tag(sync=True)

    def __init__(self, store: AnswerStore | None = None):
        super().__init__()
        self.store = store or AnswerStore()
        self.on_msg(self._on_message)
        self.click("refresh")

    def click(self, action: str) -> None:
        """Do what the button does ("refresh")."""
        if action != "refresh":
            raise ValueError(f"There is no button {action!r}; use 'refresh'.")
        answers = self.store.read()
        notice = " ".join(text for text in (answers.notice, workplace.student_problem()) if text)
        self.table = progress_table(progress(answers.records), notice)

    def _on_message(self, _, content: dict, __) -> None:
        if isinstance(content, dict) and content.get("action") == "refresh":
            self.click("refresh")

    def __repr__(self) -> str:
        return "Progress panel"

    def _repr_mimebundle_(self, **options):
        # The saved picture shows a fresh start, whoever ran the notebook.
        data, metadata = super()._repr_mimebundle_(**options)
        data["text/plain"] = repr(self)
        data["text/html"] = progress_table(progress({}))
        return data, metadata


def progress_panel(store: AnswerStore | None = None) -> ProgressPanel:
    """Show, for each notebook, what is done, tried and open, the score, the minutes left, and what comes next."""
    return ProgressPanel(store)
