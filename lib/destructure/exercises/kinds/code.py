"""A function written in the notebook, checked by running it on inputs that tell right from wrong."""

import ast
import copy
import inspect
import secrets
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from destructure.exercises.kinds.base import Kind, Source, Text
from destructure.exercises.kinds.code_running import (
    Fault,
    Task,
    Trial,
    functions_of,
    load,
    parsed,
    run,
    tried,
)
from destructure.exercises.kinds.comparing import Inputs, Result, astray, counterexample, misshapen, size_of
from destructure.exercises.kinds.isolation import Report, fence, isolated
from destructure.exercises.markup import escape, handed_in
from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.verdict import UnreadableAnswer, Verdict, not_counted, partly, right, wrong

KNOWN_ONLY = "right on known inputs only"
"""The misconception of an answer that is right on every input which the course shows, and on few others."""
_NEW, _AMONG = 6, 500
"""So many inputs of a check are new, drawn from so many: a table of right results cannot know them."""

MODULES = {
    "torch": "torch",
    "functional": "torch.nn.functional",
    "np": "numpy",
    "math": "math",
    "itertools": "itertools",
}
"""What a source may use without importing it, if its exercise gives it: name → module."""


@dataclass(frozen=True)
class Flaw:
    """A named mistake, with a function that makes it: an answer that always does the same is recognised by it."""

    name: str
    message: Text
    source: Source
    credit: float = 0.4


@dataclass(frozen=True)
class Property:
    """Something that every right answer does; names mistakes that no imitation foresaw.

    Attributes:
        holds: takes the learner's function and one case's inputs; returns whether the property holds.
    """

    name: str
    holds: Callable[[Callable, Inputs], bool]
    message: Text


@dataclass(frozen=True)
class CodeAnswer:
    """The learner's function: its source, and (if it was handed over alive) the function itself."""

    source: str
    function: Callable | None = None


@dataclass(frozen=True)
class Code(Kind):
    """Write a function.

    Attributes:
        reference: source of a right function; its name is the one asked for.
        cases: returns the inputs of every trial, the same in every call, edges among them; takes how many random
            ones to add.
        mistakes: recognised because the answer agrees with what their source does in every case.
        properties: what every answer must do, too, in this order.
        given: names of `MODULES` that the source may use without importing them.
        expected: a function that gives the right results, if not the reference.
        tidy: applied to every result before it is compared; blanks out what the question leaves open.
        tolerance: largest difference that still counts as rounding, relative to the largest result (1 at least).
        with_weights: whether an answer may be (result, weights), as libraries return it.
    """

    reference: Source
    cases: Callable[..., list[Inputs]]
    mistakes: tuple[Flaw, ...] = ()
    properties: tuple[Property, ...] = ()
    given: tuple[str, ...] = ()
    expected: Callable | None = None
    tidy: Callable[[Any, Inputs], Any] = lambda result, inputs: result
    tolerance: float = 1e-4
    with_weights: bool = False
    name: ClassVar[str] = "code"
    runs_code: ClassVar[bool] = True
    action: ClassVar[str] = "Check my function"

    def __post_init__(self):
        if unknown := set(self.given) - set(MODULES):
            raise ValueError(f"given has {sorted(unknown)}, but it must be of {', '.join(MODULES)}.")
        for source in (self.reference, *(flaw.source for flaw in self.mistakes)):
            if self.function not in _defined(source):
                raise ValueError(f"The code of the solution and of each mistake must define {self.function}.")

    @property
    def function(self) -> str:
        """The name asked for."""
        return _defined(self.reference)[-1]

    @property
    def variable(self) -> str:
        """The function."""
        return self.function

    @property
    def source(self) -> str:
        """What stands in the solved cell."""
        return self.reference

    @property
    def starter(self) -> str:
        """The unsolved cell's source; it runs."""
        arguments = ast.unparse(functions_of(ast.parse(self.reference))[-1].args)
        return f"def {self.function}({arguments}):\n    ...  # your code here\n"

    @property
    def unanswered(self) -> str:
        """What is said when there is no function to check."""
        return f"Write {self.function}, run its cell, then check."

    def plain(self, value: Any) -> CodeAnswer | None:
        """Take a function, anything else that can be called, or a source."""
        if value is None or type(value) is CodeAnswer:
            return value
        if type(value) is str:
            return CodeAnswer(textwrap.dedent(as_plain(value)).strip())
        if callable(value) and not inspect.isclass(value):
            return CodeAnswer(self._source(value), value)
        raise UnreadableAnswer(
            f"Give the function {self.function} itself (without brackets) or its source, "
            f"not something of type {type(value).__name__}."
        )

    def _source(self, function: Callable) -> str:
        function = getattr(function, "func", function)  # what a partial calls
        function = function if inspect.isroutine(function) else type(function)
        try:
            return textwrap.dedent(as_plain(inspect.getsource(function))).strip()
        except (OSError, TypeError):
            raise UnreadableAnswer(
                "The source of this function cannot be found; define it in a notebook cell and run that cell."
            ) from None

    def is_empty(self, answer: CodeAnswer | None) -> bool:
        """Whether the function is missing or still the starter."""
        return answer is None or not answer.source or _tree(answer.source) == _tree(self.starter)

    def read(self, answer: CodeAnswer) -> CodeAnswer:
        """A function is not changed by reading it."""
        return answer

    def stored(self, answer: CodeAnswer) -> Plain:
        """Keep the source."""
        return answer.source

    def grade(self, answer: CodeAnswer) -> Verdict:
        """Run the function, apart, on inputs with edges; a known mistake gives its own credit."""

        def attempt(task: Task) -> Report:
            return isolated(partial(tried, task, answer.source, answer.function))

        with fence():
            cases = self.cases()
        return self.judged(answer, cases, attempt)

    def judged(self, answer: CodeAnswer, cases: list, attempt: Callable, new: Sequence = ()) -> Verdict:
        """Judge by what an attempt at a `Task` reports, also on new cases; wanted results are computed before it."""
        try:
            if answer.function is None:
                parsed(answer.source, self.function)
        except Fault as fault:
            return self._refused(fault)
        with fence():
            new = new or self.cases(_NEW + secrets.randbelow(_AMONG))[-_NEW:]
            reference, task = self._task(sorted(cases, key=size_of), sorted(new, key=size_of))
            wanted = [run(reference, case, task) for case in task.cases]
            wanted, wanted_new = wanted[: task.usual], wanted[task.usual :]
        report = attempt(task)
        if report.stopped:
            return wrong(report.stopped, "stopped") if report.counted else not_counted(report.stopped)
        if isinstance(report.value, Fault):
            return self._refused(report.value, report.printed)
        if not isinstance(report.value, Trial):
            return wrong(f"The function could not be tried: {type(report.value).__name__}.", "stopped")
        with fence():
            verdict = self._judged(report.value, wanted, wanted_new, task)
        return replace(verdict, message=verdict.message + report.printed)

    def _refused(self, fault: Fault, printed: str = "") -> Verdict:
        message, name = fault.args
        return wrong(message + printed, name) if fault.counted else not_counted(message + printed)

    def _task(self, cases: list[Inputs], new: Sequence[Inputs] = ()) -> tuple[Callable, Task]:
        """A right function, and what is asked of others."""
        given = {name: MODULES[name] for name in self.given}
        reference = self.expected or load(self.reference, self.function, given)
        arguments = tuple(inspect.signature(reference).parameters)
        properties = tuple(prop.holds for prop in self.properties)
        example = reference(*copy.deepcopy(cases[0]))
        example = example * 0 if not isinstance(example, list) else []
        asked = self.function, given, arguments, [*cases, *new], properties, example
        return reference, Task(*asked, self.with_weights, len(cases))

    def _judged(self, trial: Trial, wanted: list, wanted_new: list, task: Task) -> Verdict:
        results = trial.results
        if all(result.is_nothing for result in results):
            text = "None" if results[0].kind == "NoneType" else "..."
            return not_counted(f"{self.function} returns {text} so far; let it return the result.")
        failing = known = self._failing(results, wanted, task)
        if not failing and trial.broken is None:
            if isinstance(trial.new, Fault):
                return self._refused(trial.new)
            new = task._replace(cases=task.cases[task.usual :])
            results, wanted = [*results, *trial.new], [*wanted, *wanted_new]
            failing = self._failing(trial.new, wanted_new, new)
        if not failing and trial.broken is None:
            remark = ""
            if wanted[0].array.dtype == bool and any(result.array.dtype != bool for result in results):
                remark = " As truth values it would be safer: torch adds a mask of numbers to the scores."
            found = f"{self.function} agrees with the reference on {len(wanted)} inputs, edges and new ones included."
            return right(found + remark)
        example = failing.get(min(failing, default=0), "")
        for flaw in self.mistakes:
            if known and self._imitates(flaw, trial.results, task):
                return partly(flaw.credit, f"{flaw.message} {example}".strip(), flaw.name)
        for result, one in zip(results, wanted, strict=True):
            if problem := misshapen(result, one):
                return partly(0.1, problem, "wrong form")
        if any(np.isnan(result.array.astype(float)).any() for result in results):
            example = f"The result contains NaN (not a number). {example}"
        if trial.broken is not None:
            prop = self.properties[trial.broken]
            credit = 0.1 + 0.3 * trial.broken / len(self.properties)
            return partly(credit, f"{prop.message} {example}".strip(), prop.name)
        is_known = not known and 2 * len(failing) > len(trial.new)
        return partly(0.4, example, KNOWN_ONLY if is_known else "other")

    def _failing(self, results: list[Result], wanted: list[Result], task: Task) -> dict[int, str]:
        """Number of each case whose result is not the one wanted → a sentence that shows it, "" if by its form."""
        found = {}
        for number, (case, *both) in enumerate(zip(task.cases, results, wanted, strict=False)):
            mine, right_one = (one._replace(array=self._tidied(one.array, case)) for one in both)
            where = astray(mine, right_one, self.tolerance)
            if where is None:
                found[number] = ""
            elif where.any():
                found[number] = counterexample(case, task.arguments, mine, right_one, where)
        return found

    def _tidied(self, array: Any, case: Inputs) -> Any:
        try:
            return np.asarray(self.tidy(array, case))
        except Exception:
            return array  # of a form that cannot be tidied; the comparison says what is wrong with it

    def _imitates(self, flaw: Flaw, results: list[Result], task: Task) -> bool:
        trial = tried(task._replace(properties=(), cases=task.cases[: task.usual]), flaw.source)
        if isinstance(trial, Fault):
            return False
        # Entries that the mistake leaves undefined say nothing; enough others must agree.
        undefined = np.mean(
            [one.array is None or np.isnan(one.array.astype(float)).mean() for one in trial.results]
        )
        return undefined <= 0.75 and not self._failing(results, trial.results, task)

    def control(self, live: bool) -> str:
        """The function's name and the source handed in last; statically, its name alone."""
        if not live:
            return f"<p>Write <code>{escape(self.function)}</code> in the code cell.</p>"
        return (
            f"<p>Write <code>{escape(self.function)}</code> in a code cell, run the cell, then check it"
            f" here.</p>{handed_in('Source')}"
        )

    def example(self) -> str:
        """The function itself (its source as text would do too)."""
        return self.function


def _defined(source: str) -> list[str]:
    return [function.name for function in functions_of(ast.parse(source))] or [""]


def _tree(source: str) -> str:
    """What a source does, without comments and layout; "" if it is not Python yet."""
    try:
        functions = functions_of(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return ast.dump(functions[0]) if functions else ""
