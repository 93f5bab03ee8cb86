"""Every reference in code is changed in one place, in all the ways below: the check rejects each changed program.

One that it accepts must be equal on 10,000 inputs with edges among them, and say in `equal_mutants.yaml` why it is;
of all, at most 5 in 100 may be.
"""

import ast
import copy
import signal
import time
from functools import cache, partial
from itertools import permutations
from pathlib import Path

import pytest
import yaml

from destructure.exercises.catalogue import every
from destructure.exercises.kinds.code_running import Fault, load, run, tried
from destructure.exercises.kinds.comparing import size_of
from destructure.exercises.kinds.isolation import fence

CODE = [one for one in every() if one.kind.runs_code]
EQUAL = yaml.safe_load((Path(__file__).parent / "equal_mutants.yaml").read_text(encoding="utf-8"))
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPERATORS = {ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Div), ast.Mult: (ast.Div, ast.Add)}
OPERATORS |= {ast.Div: (ast.Mult, ast.Sub), ast.Pow: (ast.Mult, ast.Div), ast.MatMult: (ast.Mult,)}
OPERATORS |= {ast.BitAnd: (ast.BitOr, ast.BitXor)}
COMMUTE = (ast.Add, ast.Mult, ast.BitAnd, ast.BitOr)
METHODS = {
    "sum": "mean",
    "max": "min",
    "tril": "triu",
    "zeros_like": "ones_like",
    "log": "exp",
    "cat": "stack",
}


def changes(node, names):
    """What may stand in a node's place."""

    def like(**fields):
        other = copy.copy(node)
        for name, value in fields.items():
            setattr(other, name, value)
        return other

    match node:
        case ast.Constant(value=bool(value)):
            yield like(value=not value)
        case ast.Constant(value=int(value)):
            yield from (like(value=other) for other in (value + 1, value - 1))
        case ast.Constant(value=float(value)):
            yield from (like(value=other) for other in (2 * value, value / 2, value + 1))
        case ast.Compare(ops=[operator]):
            yield from (like(ops=[other()]) for other in COMPARISONS if not isinstance(operator, other))
        case ast.BinOp(op=operator, left=left, right=right):
            yield from (like(op=other()) for other in OPERATORS.get(type(operator), ()))
            yield from (left, right)
            if not isinstance(operator, COMMUTE):
                yield like(left=right, right=left)
        case ast.BoolOp(values=values):
            yield from values
            yield like(op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.Name(id=name, ctx=ast.Load()) if name in names:
            yield from (like(id=other) for other in names if other != name)
        case ast.Slice(lower=lower, upper=upper):
            if lower or upper:
                yield like(lower=None, upper=None)
        case ast.Call(func=function, args=arguments, keywords=keywords):
            name = getattr(function, "attr", getattr(function, "id", ""))
            for order in list(permutations(arguments))[1:] if name not in ("max", "min") else ():
                yield like(args=list(order))
            yield from (
                like(keywords=[one for one in keywords if one is not left_out]) for left_out in keywords
            )
            if name in METHODS:
                changed = copy.copy(function)
                setattr(changed, "attr" if hasattr(function, "attr") else "id", METHODS[name])
                yield like(func=changed)
            if isinstance(function, ast.Attribute):
                yield function.value
            elif arguments:
                yield arguments[0]
        case ast.Assign() | ast.AugAssign() | ast.Expr(value=ast.Call()):
            yield ast.Pass()


@cache
def mutants(source):
    """The source with one change, in all ways: text of each."""
    tree = ast.parse(source)
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    stored = [
        node for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    names = sorted(names | {node.id for node in stored})
    found = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if field in ("args", "annotation") and isinstance(value, ast.arguments):
                continue
            children = value if isinstance(value, list) else [value]
            for place, child in enumerate(children):
                for other in changes(child, names) if isinstance(child, ast.AST) else ():
                    changed = (
                        [*children[:place], other, *children[place + 1 :]]
                        if isinstance(value, list)
                        else other
                    )
                    setattr(parent, field, changed)
                    text = ast.unparse(ast.fix_missing_locations(tree))
                    setattr(parent, field, value)
                    found[text] = difference(ast.unparse(tree), text)
    found.pop(ast.unparse(tree), None)
    return found


def difference(before, after):
    """The lines that differ, for the list of those that are equal."""
    before, after = before.splitlines(), after.splitlines()
    pairs = [(one, other) for one, other in zip(before, after, strict=False) if one != other]
    return " → ".join(" ".join(line.split()) for line in pairs[0]) if pairs else "a line less"


def accepted(kind, sources):
    """The sources whose function does all that is asked."""
    with fence():
        cases = sorted(kind.cases(), key=size_of)
        reference, task = kind._task(cases)
        began = time.process_time()
        wanted = [run(reference, case, task) for case in cases]
        seconds = 0.2 + 20 * (time.process_time() - began)  # of the processor
        trials = ((source, in_time(partial(tried, task, source), seconds)) for source in sources)
        return [
            source
            for source, trial in trials
            if not isinstance(trial, Fault)
            and trial.broken is None
            and not kind._failing(trial.results, wanted, task)
        ]


def equal(kind, sources, count=10_000):
    """The sources whose function gives what the reference gives, on the kind's cases and so many random ones."""
    with fence():
        reference, task = kind._task(cases := kind.cases(count))
        wanted, failing = [run(reference, case, task) for case in cases], {}
        for source in sources:
            function = load(source, task.name, task.given)
            failing[source] = kind._failing([run(function, case, task) for case in cases], wanted, task)
        return [source for source in sources if not failing[source]]


def in_time(work, seconds):
    """A change may make a loop endless."""

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds, 0.1)
    try:
        return work()
    except TimeoutError:  # between two calls of the function
        return Fault("It does not end.", "endless")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of changed programs
@pytest.mark.parametrize("exercise", CODE, ids=lambda one: one.id)
def test_a_changed_reference_is_rejected_or_equal_for_a_reason(exercise):
    made, reasons = mutants(exercise.reference), EQUAL.get(exercise.id, {})
    survivors = accepted(exercise.kind, made)
    unexplained = [made[source] for source in survivors if made[source] not in reasons]
    assert unexplained == [], "accepted without a reason"
    assert {made[source] for source in survivors} == set(reasons), "reasons for changes that are rejected"
    assert equal(exercise.kind, survivors) == survivors


def test_few_mutants_are_equal():
    made = sum(len(mutants(exercise.reference)) for exercise in CODE)
    assert made > 1000
    assert sum(map(len, EQUAL.values())) <= 0.05 * made
