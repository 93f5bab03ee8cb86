"""One learner at one exercise: what happens when an answer changes, is checked, a hint or the solution is opened.

Without any widget in it, so that the widget and the text path do exactly the same.
"""

import weakref
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from destructure.exercises.catalogue import find
from destructure.exercises.definition import Exercise
from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.store import AnswerStore, NotSaved, Record, now
from destructure.exercises.verdict import UnreadableAnswer, Verdict
from destructure.exercises.workplace import current_student

_KEPT_ATTEMPTS = 20


@dataclass
class Homework:
    """One exercise in one learner's hands.

    Attributes:
        exercise: the exercise, in this learner's variant.
        store: where answers are kept.
        record: what is kept about this exercise, as last read or written.
        notice: what reading the file had to say (it was damaged, say), "" if nothing.
        problem: why the last change could not be saved, "" if it was.
        waiting: the results that wait for a prediction; each has `identity` and `refresh(homework)`.
    """

    waiting: ClassVar[weakref.WeakSet] = weakref.WeakSet()
    exercise: Exercise
    store: AnswerStore
    record: Record
    notice: str = ""
    problem: str = ""

    @classmethod
    def open(cls, id: str) -> "Homework":
        """Fetch the exercise in the current student's variant, with what was answered before.

        Raises:
            ValueError: if there is no exercise of that id.
        """
        student = current_student()
        exercise = find(id, student.id, student.course)
        store = AnswerStore()
        answers = store.read()
        return cls(exercise, store, answers.records.get(id, Record()), answers.notice)

    @property
    def note(self) -> str:
        """What the learner must know about saving; "" if all is well."""
        return self.problem or self.notice

    @property
    def is_locked(self) -> bool:
        """Whether the answer can no longer be changed (a prediction that was locked)."""
        return self.exercise.kind.locks and self.record.score == 1

    def draft(self, value: Any) -> None:
        """Keep an answer that is not checked yet."""
        if self.is_locked:
            return
        try:
            plain = as_plain(value)
        except UnreadableAnswer:
            return
        if plain != self.record.value:
            self._save(lambda record: record.touched(kind=self.exercise.kind.name, value=plain))

    def check(self, value: Any) -> Verdict:
        """Grade an answer and keep it; results that wait for it look at it."""
        verdict = self._judge(value)
        for result in [one for one in self.waiting if one.identity == self.exercise.id]:
            result.refresh(self)
        return verdict

    def _judge(self, value: Any) -> Verdict:
        stored, verdict = self.exercise.read(value)
        if self.is_locked:
            amended = self.exercise.kind.amended(self.record.checked, stored) if stored else None
            if amended:
                verdict = self.exercise.check(amended)
                self._save(
                    lambda record: replace(record, value=amended, checked=amended, message=verdict.message)
                )
            if amended or stored == self.record.checked:
                return Verdict(1.0, self.record.message)
            return Verdict(
                1.0, f"Your answer is locked and stays as it is. {self.record.message}", counted=False
            )
        if self.exercise.kind.locks and verdict.is_right and self.record.result_shown:
            verdict = replace(verdict, message=f"{verdict.message} (You had opened the result before.)")
        if verdict.counted:
            self._save(lambda record: self._with_attempt(record, stored, verdict))
        return verdict

    def _with_attempt(self, record: Record, stored: Plain, verdict: Verdict) -> Record:
        found = {"value": stored, "score": verdict.score, "misconception": verdict.misconception}
        best = max(verdict.score, record.best or 0.0)
        kind = self.exercise.kind.name
        changed = replace(record, **found, kind=kind, checked=stored, best=best, message=verdict.message)
        if record.is_answered and record.checked == stored:
            return changed  # the same answer once more is no further attempt
        history = [*record.history, {"time": now(), **found}][-_KEPT_ATTEMPTS:]
        return changed.touched(attempts=record.attempts + 1, history=history)

    def hint(self) -> None:
        """Open one more hint."""
        self._save(lambda record: replace(record, hints=min(record.hints + 1, len(self.exercise.hints))))

    def show_solution(self) -> None:
        """Keep that the worked solution was opened."""
        self._save(lambda record: replace(record, solution_shown=record.solution_shown or now()))

    def show_result(self) -> None:
        """Keep that the result of a prediction was opened before the prediction was locked."""
        self._save(lambda record: replace(record, result_shown=record.result_shown or now()))

    def stored_verdict(self) -> Verdict | None:
        """The verdict on the answer that was checked last, if that is still the answer shown."""
        record = self.record
        # The same answer may be written in another way: "14.29" was typed, 14.29 was checked.
        standard = None if self.exercise.kind.variable else self.exercise.read(record.value)[0]
        if not record.is_answered or record.checked not in (record.value, standard):
            return None
        return Verdict(record.score, record.message, record.misconception)

    def _save(self, change) -> None:
        try:
            self.record, notice = self.store.update(self.exercise.id, change)
            self.notice, self.problem = notice or self.notice, ""
        except NotSaved as problem:
            self.record, self.problem = change(self.record), str(problem)
