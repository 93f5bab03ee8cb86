"""One learner at one exercise: what happens when an answer changes, is checked, a hint or the solution is opened.

Without any widget in it, so that the widget and the text path do exactly the same.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from destructure.exercises.catalogue import find
from destructure.exercises.definition import Exercise
from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.sources import standing_alone
from destructure.exercises.store import AnswerStore, NotSaved, Record, now
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly
from destructure.exercises.workplace import Student, current_student

_KEPT_ATTEMPTS = 20
_ASKED_BACK = "asked back"
_PATIENCE = 1.0
"""Seconds that keeping a draft waits for another program that writes: nobody has pressed a button."""


@dataclass
class Homework:
    """One exercise in one learner's hands.

    Attributes:
        exercise: the exercise, in this learner's variant.
        store: where answers are kept.
        record: what is kept about this exercise, as last read or written.
        notice: what reading the file had to say (it was damaged, say), "" if nothing.
        problem: why the last change could not be saved, "" if it was.
        remark: what the stored source of a function lacks, "" if nothing.
        student: who answers.
        waiting: what shows an exercise or waits for its answer (identity "": for any); each has `identity` and
            `refresh(homework)`.
    """

    waiting: ClassVar[weakref.WeakSet] = weakref.WeakSet()
    exercise: Exercise
    store: AnswerStore
    record: Record
    notice: str = ""
    problem: str = ""
    remark: str = ""
    student: Student = field(default_factory=Student)

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
        record = own_record(exercise, answers.records.get(id, Record()))
        return cls(exercise, store, record, answers.notice, student=student)

    @property
    def note(self) -> str:
        """What the learner must know about saving; "" if all is well."""
        return " ".join(filter(None, (self.problem or self.notice, self.remark)))

    @property
    def is_locked(self) -> bool:
        """Whether the answer can no longer be changed (a prediction that was locked)."""
        return self._locks(self.record)

    def _locks(self, record: Record) -> bool:
        return self.exercise.kind.locks and record.score == 1

    def draft(self, value: Any) -> None:
        """Keep an answer that is not checked yet."""
        if self.is_locked:
            return
        try:
            plain = as_plain(value)
        except UnreadableAnswer:
            return
        if plain != self.record.value:
            self._save(lambda record: self._with_draft(record, plain), _PATIENCE)

    def _with_draft(self, record: Record, value: Plain) -> Record:
        return record if self._locks(record) else record.touched(kind=self.exercise.kind.name, value=value)

    def check(self, value: Any) -> Verdict:
        """Grade an answer and keep it; whatever shows it or waits for it looks at it."""
        verdict = self._judge(value)
        for result in [one for one in self.waiting if one.identity in (self.exercise.id, "")]:
            result.refresh(self)
        return verdict

    def _judge(self, value: Any) -> Verdict:
        stored, verdict = self.exercise.read(value)
        self.remark = ""
        if callable(value) and isinstance(stored, str):
            stored, self.remark = standing_alone(value, stored, self.exercise.kind.given)
        if not verdict.counted and not self.is_locked:
            return verdict
        said = verdict

        def decide(record: Record) -> Record:
            nonlocal said
            changed, said = self._decided(record, stored, verdict)
            return changed

        self._save(decide)
        return said

    def _decided(self, record: Record, stored: Plain, verdict: Verdict) -> tuple[Record, Verdict]:
        """What becomes of the record as it is in the file at this moment, and what the learner is told."""
        if self._locks(record):
            amended = self.exercise.kind.amended(record.checked, stored) if stored else None
            if amended:
                message = self.exercise.check(amended).message
                return replace(record, value=amended, checked=amended, message=message), Verdict(1.0, message)
            if stored == record.checked:
                return record, Verdict(1.0, record.message)
            message = f"Your answer is locked and stays as it is. {record.message}"
            return record, Verdict(1.0, message, counted=False)
        if self.exercise.kind.locks and verdict.is_right:
            verdict = self._before_locking(record, stored, verdict)
        return self._with_attempt(record, stored, verdict) if verdict.counted else record, verdict

    def _before_locking(self, record: Record, stored: Plain, verdict: Verdict) -> Verdict:
        """A question back, once for each answer; or a word on what was opened before."""
        doubt = self.exercise.kind.doubt(stored)
        if doubt and (record.checked, record.misconception) != (stored, _ASKED_BACK):
            return partly(0.5, doubt, _ASKED_BACK)
        opened = "result" if record.result_shown else "solution" if record.solution_shown else ""
        told = f" (You had opened the {opened} before.)" if opened else ""
        return replace(verdict, message=verdict.message + told)

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
        """Keep that the worked solution was opened. What locks does so first: its solution tells the result."""
        if self.exercise.kind.locks and not (self.is_locked or self.record.result_shown):
            self.problem = f"The solution opens after “{self.exercise.kind.action}”."
            return
        self._save(lambda record: replace(record, solution_shown=record.solution_shown or now()))

    def show_result(self) -> None:
        """Keep that the result of a prediction was opened before the prediction was locked."""
        self._save(lambda record: replace(record, result_shown=record.result_shown or now()))

    def keep_outcome(self, outcome: float) -> None:
        """Keep what came of a locked prediction."""
        self._save(lambda record: replace(record, outcome=outcome), _PATIENCE)

    def stored_verdict(self) -> Verdict | None:
        """The verdict on the answer that was checked last, if that is still the answer shown."""
        record = self.record
        # The same answer may be written in another way: "14.29" was typed, 14.29 was checked.
        standard = None if self.exercise.kind.variable else self.exercise.read(record.value)[0]
        if not record.is_answered or record.checked not in (record.value, standard):
            return None
        return Verdict(record.score, record.message, record.misconception)

    def _save(self, change: Callable[[Record], Record], patience: float | None = None) -> None:
        def signed(record: Record) -> Record:
            own = own_record(self.exercise, record)
            changed = change(own)
            if changed == own:
                return record
            who = {"student": self.student.id, "course": self.student.course}
            return replace(changed, variant=variant_of(self.exercise), **who)

        try:
            record, notice = self.store.update(self.exercise.id, signed, patience)
            self.notice, self.problem = notice or self.notice, ""
        except NotSaved as problem:
            record, self.problem = signed(self.record), str(problem)
        self.record = own_record(self.exercise, record)


def variant_of(exercise: Exercise) -> dict:
    """What was drawn for this question, as plain data; {} if it is the same for everybody."""
    return {name: repr(value) for name, value in exercise.parameters.items()}


def own_record(exercise: Exercise, record: Record) -> Record:
    """The record that answers this question: of another variant's record nothing is shown, and nothing lost."""
    if _answers(exercise, record):
        return record
    others = [(record, record.as_plain()), *((Record.from_plain(one)[0], one) for one in record.earlier)]
    own = next((one for one, _ in others if one is not None and _answers(exercise, one)), Record())
    earlier = [plain | {"earlier": []} for one, plain in others if one is not own and isinstance(plain, dict)]
    return replace(own, earlier=earlier)


def _answers(exercise: Exercise, record: Record) -> bool:
    """Whether a record is about this question; one of the first edition is, if its score is still the score."""
    variant, kind = variant_of(exercise), exercise.kind
    if record.variant not in (None, variant) or record.kind not in ("", kind.name):
        return False
    if not record.is_answered:
        return True
    try:
        answer = kind.read(kind.plain(record.checked))
        return record.variant == variant or not variant or kind.grade(answer).score == record.score
    except Exception:  # what stands in the file is no answer to anything
        return False
