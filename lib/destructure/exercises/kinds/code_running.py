"""Runs a learner's function on copies of inputs and compares what comes out. Everything that can go wrong there
becomes one sentence: this is other people's code."""

import ast
import copy
import importlib
import traceback
from collections.abc import Callable, Iterable
from itertools import zip_longest
from typing import Any

import numpy as np

from destructure.exercises.verdict import not_counted, wrong

Inputs = tuple


class Fault(Exception):
    """The learner's code could not be run to a result; carries the verdict that says so."""

    def __init__(self, message: str, name: str, counted: bool = True):
        super().__init__(message)
        self.verdict = wrong(message, name) if counted else not_counted(message)


def load(source: str, name: str, given: dict[str, str]) -> Callable:
    """Define the function that a source text holds.

    Raises:
        Fault: if the text is not Python, raises while it is defined, or holds no such function.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as problem:
        raise Fault(
            f"This is not Python yet: {problem.msg} in line {problem.lineno}.", "syntax error"
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise Fault("This text cannot be read as Python.", "syntax error") from None
    defined = [function.name for function in functions_of(tree)]
    if not defined:
        raise Fault(
            f"There is no function in this text; it must define {name}.", "no function", counted=False
        )
    if name not in defined and len(defined) > 1:
        raise Fault(
            f"There is no function {name} in this text; it defines {', '.join(defined)[:80]}.", "wrong name"
        )
    namespace: dict[str, Any] = {"__name__": "answer"}
    namespace |= {alias: importlib.import_module(module) for alias, module in given.items()}
    try:
        exec(compile(tree, "<answer>", "exec"), namespace)
    except (Exception, SystemExit) as problem:
        raise Fault(f"Defining the function raised {_sentence(problem)}", "raises an error") from None
    return namespace[name if name in defined else defined[0]]


def functions_of(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions defined at the top of a source."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def run(function: Callable, inputs: Inputs, names: Iterable[str] = ()) -> Any:
    """Call a function on copies of the inputs and check that it left them alone.

    Args:
        names: what the inputs are called, for messages.

    Raises:
        Fault: if the function raises, or changes its inputs.
    """
    copies = copy.deepcopy(inputs)
    try:
        result = function(*copies)
    except NotImplementedError:
        return None
    except (Exception, SystemExit) as problem:
        raise Fault(
            f"Called with {describe(inputs, names)}, the function raised {_sentence(problem)}",
            "raises an error",
        ) from None
    if not all(_unchanged(mine, original) for mine, original in zip(copies, inputs, strict=True)):
        raise Fault(
            "The function changes the inputs it was given; whoever called it still needs them. Work on new"
            " tensors.",
            "inputs changed",
        )
    return result


def _unchanged(mine: Any, original: Any) -> bool:
    if isinstance(original, dict):
        return set(mine) == set(original) and all(_unchanged(mine[key], original[key]) for key in original)
    if hasattr(original, "shape"):
        return mine.shape == original.shape and bool((mine == original).all())
    return mine == original


def agree(result: Any, expected: Any, tolerance: float) -> str:
    """Compare two results; "" if they agree, else a sentence that says how they differ.

    Where `expected` is NaN, anything agrees: some mistakes leave an entry undefined, and what then stands there
    depends on how exactly −∞ was written.
    """
    problem = misshapen(result, expected)
    if problem:
        return problem
    mine, wanted = _array(result).astype(float), _array(expected).astype(float)
    if np.isnan(mine[~np.isnan(wanted)]).any():
        return "The result contains NaN (not a number): is a softmax taken where nothing is visible?"
    usual = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    near = np.isclose(mine, wanted, rtol=0.0, atol=tolerance * usual) | np.isnan(wanted)
    if near.all():
        return ""
    if _array(expected).dtype == bool:
        return f"{int((~near).sum())} of {near.size} entries differ from the reference."
    return f"The result differs from the reference by up to {np.abs(mine - wanted)[~near].max():.2g}."


def misshapen(result: Any, expected: Any) -> str:
    """Say what is wrong with a result's form (type, shape, truth values or numbers); "" if nothing is."""
    mine, wanted = _array(result), _array(expected)
    if mine is None:
        return (
            f"The function returned something of type {type(result).__name__}; it should return"
            f" {_kind(wanted)}."
        )
    if mine.shape != wanted.shape:
        return f"The result has shape {mine.shape}; it should have {wanted.shape}."
    if wanted.dtype == bool and not np.isin(mine, (0, 1)).all():
        return f"The result holds numbers such as {mine.ravel()[0]:.3g}; it should hold only True and False."
    if wanted.dtype != bool and mine.dtype == bool:
        return "The result holds only True and False; it should hold numbers."
    return ""


def undefined(result: Any) -> float:
    """The share of a result's entries that are NaN."""
    array = _array(result)
    return 0.0 if array is None or array.size == 0 else float(np.isnan(array.astype(float)).mean())


def _array(value: Any) -> np.ndarray | None:
    if isinstance(value, tuple) and value and hasattr(value[0], "shape"):
        value = value[0]  # (averages, weights), as the library returns them, is an answer too
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        array = np.asarray(value)
        return array if array.dtype.kind in "biuf" else None
    except Exception:
        return None


def _kind(array: np.ndarray) -> str:
    return "a number" if array.shape == () else f"an array of shape {array.shape}"


def describe(inputs: Inputs, names: Iterable[str] = ()) -> str:
    """Inputs by name and shape, for a message."""
    texts = []
    for name, value in zip_longest(names, inputs, fillvalue=""):
        if hasattr(value, "shape"):
            text = f"of shape {tuple(value.shape)}"
        else:
            text = "a dictionary" if isinstance(value, dict) else repr(value)
        texts.append(f"{name} {text}".strip())
    return ", ".join(texts)


def _sentence(problem: BaseException) -> str:
    frames = [
        frame for frame in traceback.extract_tb(problem.__traceback__) if "code_running" not in frame.filename
    ]
    where = f" (line {frames[0].lineno} of your code)" if frames else ""
    try:
        text = " ".join(str(problem).split())[:200]
    except Exception:
        text = ""
    return f"{type(problem).__name__}{': ' + text if text else ''}{where}."
