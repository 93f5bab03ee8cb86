"""Tries a learner's function on copies of inputs. Everything that can go wrong there becomes one sentence: this is
other people's code."""

import ast
import copy
import importlib
import threading
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from destructure.exercises.kinds.comparing import Inputs, Result, alike, as_result, shown_inputs, unchanged
from destructure.exercises.kinds.isolation import ABANDONED

CHANGED = (
    "The function changes the inputs it was given; others still need them. Work on new tensors or lists."
)


class Fault(Exception):
    """The learner's code could not be run to a result: a sentence, a short name, and whether it counts."""

    @property
    def counted(self) -> bool:
        """Whether this was an attempt."""
        return self.args[1] != "no function"


class Trial(NamedTuple):
    """What a function did.

    Attributes:
        results: one for each usual case: they alone decide about an answer that fails on any of them.
        broken: the number of the first property that does not hold; `None` if all hold.
        new: the results of the other cases, or why there are none.
    """

    results: list[Result]
    broken: int | None
    new: "list[Result] | Fault"


class Task(NamedTuple):
    """What is asked of a function, without the answer: its name, what it may use, inputs and properties.

    Attributes:
        name: the function's name.
        given: alias → module, for sources.
        arguments: the names of its inputs.
        cases: the inputs of every trial.
        properties: functions of (function, case).
        examples: for each case, a result of the type that is wanted, with nothing right in it.
        with_weights: whether (result, weights) stands for the result.
        usual: how many of the cases come first and are the same in every check.
    """

    name: str
    given: dict[str, str]
    arguments: tuple[str, ...]
    cases: list[Inputs]
    properties: tuple[Callable[[Callable, Inputs], bool], ...]
    example: Any
    with_weights: bool
    usual: int


def tried(task: Task, source: str, function: Callable | None = None) -> Trial | Fault:
    """Run a function, or the one that a source defines, on every case, and try the properties."""
    try:
        function = function or load(source, task.name, task.given)
        results = [run(function, case, task) for case in task.cases[: task.usual]]
        broken = _broken(function, task, results)
    except Fault as fault:
        return _alone(fault)
    try:
        new = [run(function, case, task) for case in task.cases[task.usual :]]
        for case, first in zip(task.cases[:2], results, strict=False):
            if not np.array_equal(
                run(function, case, task).array, first.array, equal_nan=first.array is not None
            ):
                called = f"Called once more with {shown_inputs(case, task.arguments)}"
                raise Fault(f"{called}, the function returns something else than at first.", "not always")
        return Trial(results, broken, new)
    except Fault as fault:
        return Trial(results, broken, _alone(fault))


def _broken(function: Callable, task: Task, results: list[Result]) -> int | None:
    if any(result.array is None or result.rounding for result in results):
        return None  # properties are about numbers, at full precision

    def converted(*inputs: Any) -> Any:
        return alike(run(function, inputs, task).array, task.example)

    for number, holds in enumerate(task.properties):
        if not all(_holds(holds, converted, case) for case in task.cases[: task.usual]):
            return number
    return None


def _alone(fault: Fault) -> Fault:
    fault.__context__ = None  # a class of the learner's, which Dask would send along
    return fault.with_traceback(None)


def _holds(holds: Callable, function: Callable, case: Inputs) -> bool:
    try:
        return bool(holds(function, case))
    except Fault:
        raise
    except Exception:
        return False  # the result has a form (a wrong shape, say) that the property cannot even look at


def parsed(source: str, name: str) -> tuple[ast.Module, str]:
    """A source, and which of its functions is meant.

    Raises:
        Fault: if the text is not Python, or holds no such function.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise Fault(f"This is not Python yet: {error.msg} in line {error.lineno}.", "syntax error") from None
    except (ValueError, RecursionError, MemoryError):
        raise Fault("This text cannot be read as Python.", "syntax error") from None
    defined = [function.name for function in functions_of(tree)]
    if not defined:
        raise Fault(f"There is no function in this text; it must define {name}.", "no function")
    if name not in defined and len(defined) > 1:
        raise Fault(f"This text has no function {name}; it defines {', '.join(defined)[:80]}.", "wrong name")
    return tree, name if name in defined else defined[0]


def load(source: str, name: str, given: dict[str, str]) -> Callable:
    """Define the function that a source text holds (raises like `parsed`, and if defining it raises)."""
    tree, name = parsed(source, name)
    namespace: dict[str, Any] = {"__name__": "answer"}
    namespace |= {alias: importlib.import_module(module) for alias, module in given.items()}
    try:
        exec(compile(tree, "<answer>", "exec"), namespace)
    except BaseException as problem:
        raise Fault(f"Defining the function raised {_sentence(problem)}", "raises an error") from None
    return namespace[name]


def functions_of(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions defined at the top of a source."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def run(function: Callable, inputs: Inputs, task: Task) -> Result:
    """Call a function on copies of the inputs and check that it left them alone.

    Raises:
        Fault: if the function raises, or changes its inputs.
    """
    if threading.current_thread().name == ABANDONED:
        raise Fault("The function could not be stopped; it is not called again.", "stopped")
    copies = copy.deepcopy(inputs)
    try:
        result = as_result(function(*copies), task.with_weights)
    except NotImplementedError:
        return as_result(None)
    except Fault:  # where it runs elsewhere
        raise
    except BaseException as problem:
        called = f"Called with {shown_inputs(inputs, task.arguments)}"
        raise Fault(f"{called}, the function raised {_sentence(problem)}", "raises an error") from None
    if not all(map(unchanged, copies, inputs)):
        raise Fault(CHANGED, "inputs changed")
    return result


def _sentence(problem: BaseException) -> str:
    frames = traceback.extract_tb(problem.__traceback__)
    theirs = [frame for frame in frames if frame.filename != __file__ and "destructure" not in frame.filename]
    where = f" (line {theirs[0].lineno} of your code)" if theirs else ""
    try:
        text = " ".join(str(problem).split())[:200]
    except BaseException:
        text = ""
    return f"{type(problem).__name__}{': ' + text if text else ''}{where}."
