"""The live exercise: one widget for every kind, a thin shell over `Homework`."""

import json
import threading
from collections.abc import Callable
from typing import Any, ClassVar

import anywidget
import traitlets

from destructure.exercises.homework import Homework
from destructure.exercises.markup import front_file, markdown
from destructure.exercises.pages import MARKS, live_page, resting_page, static_page
from destructure.exercises.plain import Plain
from destructure.exercises.verdict import Verdict
from destructure.show.live import Saved

# One module without imports, which needs no network; the last file uses the others.
_SCRIPTS = ("fields.js", "mask.js", "switchboard.js", "prediction.js", "written.js", "shell.js")


class Panel(Saved, anywidget.AnyWidget):
    """A widget with buttons. All that it shows is a trait, so a test drives it by `click`; nothing is ever printed.

    Attributes:
        buttons: what can be clicked.
    """

    _css = front_file("exercise.css")
    buttons: ClassVar[tuple[str, ...]]

    def __init__(self, **traits):
        super().__init__(**traits)
        self.on_msg(self._on_message)

    def click(self, action: str) -> None:
        """Do what a button does.

        Raises:
            ValueError: if there is no such button.
        """
        if action not in self.buttons:
            *others, last = map(repr, self.buttons)
            known = f"{', '.join(others)} or {last}" if others else last
            raise ValueError(f"There is no button {action!r}; use {known}.")

    def _on_message(self, _, content: dict, __) -> None:
        if isinstance(content, dict) and content.get("action") in self.buttons:
            self._answer(content)

    def _answer(self, content: dict) -> None:
        self.click(content["action"])


class ExerciseWidget(Panel):
    """An exercise as a learner sees and answers it.

    Attributes:
        draft: the answer in the control, as plain data; `None` while untouched.
        verdict: {"state", "score", "message"} of the latest check, {} before; state is "right", "partly",
            "wrong", "unanswered" or "locked".
        hints: HTML of the hints opened so far; solution: HTML of the solution, "" until opened.
        note: a sentence about saving, "" if all is well.
        locked: whether the answer can no longer be changed.
        turn: numbers the drafts that the front end sends, so that a draft overtaken by a later check is known.
        replies: counts answered buttons, so that the front end notices a silent kernel.
    """

    _esm = front_file(*_SCRIPTS)
    buttons = ("check", "hint", "solution")

    identity = traitlets.Unicode().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    front = traitlets.Dict().tag(sync=True)
    draft = traitlets.Any(allow_none=True, default_value=None).tag(sync=True)
    verdict = traitlets.Dict().tag(sync=True)
    hints = traitlets.List(traitlets.Unicode()).tag(sync=True)
    hint_count = traitlets.Int().tag(sync=True)
    solution = traitlets.Unicode().tag(sync=True)
    source = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    turn = traitlets.Int(0).tag(sync=True)
    replies = traitlets.Int(0).tag(sync=True)

    def __init__(self, homework: Homework, answer_to_check: Callable[[], Any] | None = None):
        """Show a learner's homework.

        Args:
            homework: the exercise, with what was answered before.
            answer_to_check: returns what to check when the control holds no answer (code exercises: the
                learner's function).
        """
        exercise = homework.exercise
        super().__init__(
            identity=exercise.id,
            title=exercise.title,
            kind=exercise.kind.name,
            page=live_page(exercise),
            front=exercise.kind.front(),
            hint_count=len(exercise.hints),
        )
        self.homework = homework
        # Kernels with subshells may run two messages at once: one at a time here, and none behind a newer one.
        self._one_at_a_time = threading.RLock()
        self._checked_turn, self._checked_draft = 0, None
        self._answer_to_check = answer_to_check
        self._restore()
        self.observe(self._on_draft, names="draft")
        homework.waiting.add(self)

    def refresh(self, homework: Homework) -> None:
        """Show what was answered elsewhere: by text, or in another cell."""
        if homework is not self.homework:
            self.homework.record = homework.record
            self._restore()

    def click(self, action: str, value: Plain = None) -> None:
        """Do what a button does; what is checked is the value given, or else the draft."""
        super().click(action)
        if action == "check":
            self._check(self.draft if value is None else value)
        else:
            (self.homework.hint if action == "hint" else self.homework.show_solution)()
            self._show_help()
        self._after_saving()
        self.replies += 1

    def _show_help(self) -> None:
        record, exercise = self.homework.record, self.homework.exercise
        self.hints = [markdown(hint) for hint in exercise.hints[: record.hints]]
        self.solution = markdown(exercise.solution) if record.solution_shown else ""

    def _show(self, verdict: Verdict) -> None:
        state = "locked" if self.homework.is_locked else _state(verdict)
        self.verdict = {"state": state, "score": verdict.score, "message": verdict.message}

    def _check(self, value: Plain) -> None:
        if self._answer_to_check is not None:
            value = self._answer_to_check()
        elif value is not None and value != self.draft:
            self.draft = value
        self._show(self.homework.check(value))
        if self.homework.exercise.kind.variable:
            self.source = _text(self.homework.record.checked)

    def _on_draft(self, change) -> None:
        with self._one_at_a_time:
            if self.turn < self._checked_turn:  # sent before the answer that was checked, and overtaken by it
                self.draft = self._checked_draft
                return
            self.homework.draft(change["new"])
            if self.verdict and not self.homework.is_locked and self.homework.stored_verdict() is None:
                self.verdict = {}  # a verdict on another answer than the one shown would mislead
            self._after_saving()

    def _answer(self, content: dict) -> None:
        action, value, turn = content["action"], content.get("value"), content.get("turn")
        try:
            with self._one_at_a_time:
                if action == "check" and isinstance(turn, int) and value is not None:
                    self._checked_turn, self._checked_draft = max(turn, self._checked_turn), value
                self.click(action, value)
        except Exception as error:
            # Jupyter would only log this; the learner must see that it is not their mistake.
            self.note = f"This exercise itself failed ({type(error).__name__}: {error}); please report it."
            raise

    def _after_saving(self) -> None:
        self.note = self.homework.note
        self.locked = self.homework.is_locked
        said = f"{MARKS[self.verdict['state']]}. {self.verdict['message']}" if self.verdict else ""
        answer = self.source or self.draft
        self.resting = resting_page(self.homework.exercise, answer, said, self.hints, self.solution)

    def _restore(self) -> None:
        record, exercise = self.homework.record, self.homework.exercise
        if exercise.kind.variable:
            self.source = _text(record.checked)
        elif record.kind == exercise.kind.name:
            self.draft = record.value
        self._show_help()
        verdict = self.homework.stored_verdict()
        if verdict is not None:
            self._show(verdict)
        self._after_saving()

    def __repr__(self) -> str:
        return f"Exercise {self.identity}: {self.title}"

    def saved(self) -> str:
        """The unanswered exercise: what is stored in the course's own notebooks is the same whoever ran it."""
        return static_page(self.homework.exercise)


def _state(verdict: Verdict) -> str:
    if not verdict.counted:
        return "unanswered"
    return "right" if verdict.is_right else "partly" if verdict.score > 0 else "wrong"


def _text(value: Plain) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) if value else ""
