"""Which wrong answers in code earn partial marks: attempts at the function that was asked for, and nothing else.

A right result is right, however it was made: in the sandbox there is nothing to copy it from. A wrong one earns part
of the marks only if it comes from a function of its inputs. Its text must not reach for anything else, and called in
a process of its own, with the same inputs in another order, it must do the same again.
"""

import ast
import re

import numpy as np

from destructure.classroom.sandbox import Sandbox
from destructure.exercises.kinds.code import KNOWN_ONLY
from destructure.exercises.kinds.code_running import Fault, Task, Trial, tried
from destructure.exercises.verdict import Verdict, wrong

_MODULES = re.compile(
    "__future__|bisect|cmath|collections|copy|dataclasses|decimal|fractions|functools|heapq|itertools|math"
    "|numpy|operator|statistics|string|torch|typing"
)
_OUTSIDE = re.compile(
    "__.*|breakpoint|compile|delattr|eval|exec|exit|getattr|globals|input|locals|open|quit|setattr|vars"
)


def marked(verdict: Verdict, source: str, task: Task, trial: Trial, sandbox: Sandbox) -> Verdict:
    """The verdict itself, or no marks and the reason: for what is partly right, but no attempt."""
    if not verdict.score or (verdict.is_right and sandbox.is_closed):
        return verdict
    reason = reaches(source)
    if verdict.misconception == KNOWN_ONLY:
        reason = "it is right on the inputs that the course shows, and wrong on most others"
    elif not reason and not verdict.is_right and _differs_anew(source, task, trial, sandbox):
        reason = "the same inputs, in another order and in a new process, give other results"
    none = f"No marks: {reason}. A function makes its result of its inputs alone. {verdict.message}"
    return wrong(none, "no attempt") if reason else verdict


def reaches(source: str) -> str:
    """The first thing in a source that reaches beyond a function's inputs, as part of a sentence; "" if none does."""
    for node in ast.walk(ast.parse(source)):
        found = ""
        match node:
            case ast.Import(names=names):
                found = next((f"imports {one.name}" for one in names if not _may_import(one.name)), "")
            case ast.ImportFrom(module=module) if not _may_import(module or ""):
                found = f"imports {module}"
            case ast.Global():
                found = f"keeps {node.names[0]} between calls"
            case ast.Name(id=name) if _OUTSIDE.fullmatch(name):
                found = f"uses {name}"
            case ast.Attribute(attr=name) if name.startswith("_") and name != "__init__":
                found = f"uses {name}"
            case ast.Attribute(ctx=ast.Store() | ast.Del()) if getattr(node.value, "id", "") != "self":
                found = f"sets {getattr(node.value, 'id', '')}.{node.attr}"
        if found:
            return f"line {node.lineno} {found}"
    return ""


def _may_import(module: str) -> bool:
    return bool(_MODULES.fullmatch(module.split(".")[0]))


def _differs_anew(source: str, task: Task, trial: Trial, sandbox: Sandbox) -> bool:
    backwards = task._replace(cases=task.cases[: task.usual][::-1], properties=())
    try:
        again = tried(backwards, source, sandbox.function(source, task, anew=True))
    except Fault:
        return True
    if not isinstance(again, Trial) or isinstance(again.new, Fault):
        return True
    both = [[str(np.asarray(one.array).tolist()) for one in each.results] for each in (trial, again)]
    return both[0] != both[1][::-1]
