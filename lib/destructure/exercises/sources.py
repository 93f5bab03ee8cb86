"""The source of a learner's function together with what it uses of other cells, so that it can be run elsewhere."""

import ast
import builtins
import importlib
import inspect
import symtable
import textwrap
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any

_LONGEST_VALUE = 2_000


def standing_alone(function: Callable, source: str, given: Collection[str]) -> tuple[str, str]:
    """Put what a function uses of other cells (helpers, imports, plain values) in front of its source.

    Args:
        source: the function's own source; that of a lambda becomes a function's.
        given: names that every answer to the exercise may use without importing them.

    Returns:
        A source, and a sentence about what is missing in it, "" if it can be run anywhere.
    """
    function = getattr(function, "func", function)  # what a partial calls
    source = _without_lambda(function, source, "answer")
    names, known = getattr(function, "__globals__", {}), {*given, *dir(builtins)}
    missing = set(getattr(getattr(function, "__code__", None), "co_freevars", ()))
    parts: list[str] = []

    def collect(text: str) -> None:
        for name in sorted((_used(text) & names.keys()) - known):
            known.add(name)
            if definition := _definition(name, names[name]):
                collect(definition)
                parts.append(definition)
            else:
                missing.add(name)

    try:
        collect(source)
        is_function = any(isinstance(node, ast.FunctionDef) for node in ast.parse(source).body)
    except SyntaxError:  # a piece of a longer line
        is_function = False
    whole = "\n\n\n".join([*parts, source])
    if is_function and not missing:
        return whole, ""
    uses = f"it uses {', '.join(sorted(missing))} of another place"
    why = uses if missing else "it is not written as a function"
    return whole, (
        f"What is kept of your answer does not stand alone: {why}. To let others run it, write one function with"
        " everything it needs in its own cell."
    )


def _used(source: str) -> set[str]:
    """Names that a source reads and does not define itself."""
    top = symtable.symtable(source, "<answer>", "exec")
    tables, read = [top], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        symbols = [one for one in table.get_symbols() if one.is_referenced()]
        read |= {one.get_name() for one in symbols if one.is_global() or table is top}
    return read - {one.get_name() for one in top.get_symbols() if one.is_assigned() or one.is_imported()}


def _definition(name: str, value: Any) -> str:
    """A text that gives a name its value; "" if there is none."""
    try:
        if isinstance(value, ModuleType):
            return f"import {value.__name__} as {name}"
        module, own_name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
        if module not in (None, "__main__", "builtins"):
            found = getattr(importlib.import_module(module), own_name, None)
            return f"from {module} import {own_name} as {name}" if found is value else ""
        if inspect.isfunction(value) or inspect.isclass(value):
            text = _without_lambda(value, textwrap.dedent(inspect.getsource(value)).strip(), name)
            return text if value.__name__ in (name, "<lambda>") else f"{text}\n\n\n{name} = {value.__name__}"
        text = repr(value)
        return f"{name} = {text}" if len(text) < _LONGEST_VALUE and ast.literal_eval(text) == value else ""
    except Exception:  # any object at all, whose repr and comparison may do anything
        return ""


def _without_lambda(function: Callable, source: str, name: str) -> str:
    """The source itself, or for a lambda a function that does the same, unless its line holds several."""
    if getattr(function, "__name__", "") != "<lambda>":
        return source
    try:
        (only,) = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Lambda)]
    except (SyntaxError, ValueError):
        return source
    return f"def {name}({ast.unparse(only.args)}):\n    return {ast.unparse(only.body)}"
