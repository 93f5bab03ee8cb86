"""A function written in the notebook, checked by running it on random inputs."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from destructure.exercises.kinds.base import Kind, Source, Text
from destructure.exercises.kinds.code_running import (
    Fault,
    Inputs,
    agree,
    functions_of,
    load,
    misshapen,
    run,
    undefined,
)
from destructure.exercises.markup import escape
from destructure.exercises.plain import Plain, as_plain
from destructure.exercises.verdict import UnreadableAnswer, Verdict, not_counted, partly, right

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
    """Something that every right answer does; catches mistakes that no imitation foresaw.

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
        cases: returns the inputs of every trial, the same in every call.
        mistakes: recognised because the answer agrees with what their source does in every case.
        properties: what is tried, in this order, when no mistake agrees.
        given: names of `MODULES` that the source may use without importing them.
        expected: a function that gives the right results, if not the reference.
        tidy: applied to every result before it is compared; blanks out what the question leaves open.
        tolerance: largest difference that still counts as rounding.
    """

    reference: Source
    cases: Callable[[], list[Inputs]]
    mistakes: tuple[Flaw, ...] = ()
    properties: tuple[Property, ...] = ()
    given: tuple[str, ...] = ()
    expected: Callable | None = None
    tidy: Callable[[Any, Inputs], Any] = lambda result, inputs: result
    tolerance: float = 1e-4
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
        """Take a function or its source."""
        if value is None or type(value) is CodeAnswer:
            return value
        if inspect.isfunction(value):
            return CodeAnswer(self._source(value), value)
        if type(value) is str:
            return CodeAnswer(textwrap.dedent(as_plain(value)).strip())
        raise UnreadableAnswer(
            f"Give the function {self.function} itself (without brackets) or its source, "
            f"not something of type {type(value).__name__}."
        )

    def _source(self, function: Callable) -> str:
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
        """Run the function on random inputs; a known mistake gives its own credit."""
        try:
            function = answer.function or self._load(answer.source)
            return self._judge(function)
        except Fault as fault:
            return fault.verdict

    def _load(self, source: str) -> Callable:
        return load(source, self.function, {name: MODULES[name] for name in self.given})

    def _judge(self, function: Callable) -> Verdict:
        cases = self.cases()
        right_one = self.expected or self._load(self.reference)
        names = inspect.signature(right_one).parameters
        results = [run(function, case, names) for case in cases]
        if all(result is None or result is Ellipsis for result in results):
            return not_counted(f"{self.function} returns {results[0]} so far; let it return the result.")
        expected = [run(right_one, case) for case in cases]
        problems = self._compare(results, expected, cases)
        if not any(problems):
            return right(f"{self.function} agrees with the reference on {len(cases)} random inputs.")
        for flaw in self.mistakes:
            if self._imitates(flaw, results, cases):
                return partly(flaw.credit, flaw.message, flaw.name)
        for result, wanted in zip(results, expected, strict=True):
            if misshapen(result, wanted):
                return partly(0.1, misshapen(result, wanted), "wrong form")
        for passed, prop in enumerate(self.properties):
            if not all(self._holds(prop, function, case) for case in cases):
                return partly(0.1 + 0.3 * passed / len(self.properties), prop.message, prop.name)
        return partly(0.4, next(problem for problem in problems if problem), "other")

    def _compare(self, results: list, wanted: list, cases: list[Inputs]) -> list[str]:
        """For each case: "" if the result is the one wanted, else how it differs."""
        return [
            agree(self._tidied(result, case), self._tidied(one, case), self.tolerance)
            for result, one, case in zip(results, wanted, cases, strict=True)
        ]

    def _imitates(self, flaw: Flaw, results: list, cases: list[Inputs]) -> bool:
        try:
            imitation = self._load(flaw.source)
            imitated = [run(imitation, case) for case in cases]
        except Fault:
            return False
        # Entries that the mistake leaves undefined say nothing; enough others must agree.
        mostly_undefined = sum(undefined(one) for one in imitated) > 0.75 * len(imitated)
        return not mostly_undefined and not any(self._compare(results, imitated, cases))

    def _tidied(self, result: Any, case: Inputs) -> Any:
        try:
            return self.tidy(result, case)
        except Exception:
            return result  # of a form that cannot be tidied; the comparison says what is wrong with it

    def _holds(self, prop: Property, function: Callable, case: Inputs) -> bool:
        try:
            return bool(prop.holds(lambda *inputs: run(function, inputs), case))
        except Fault:
            raise
        except Exception:
            # The result has a form (a wrong shape, say) that the property cannot even look at.
            return False

    def control(self, live: bool) -> str:
        """The function's name and the source handed in last; statically, its name alone."""
        if not live:
            return f"<p>Write <code>{escape(self.function)}</code> in the code cell.</p>"
        return (
            f"<p>Write <code>{escape(self.function)}</code> in a code cell, run the cell, then check it"
            ' here.</p><details class="exercise-source" hidden><summary>What you handed in'
            ' last</summary><pre tabindex="0" aria-label="Source handed in last"></pre></details>'
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
