"""Solves every exercise while a notebook is compared: an extension of the kernels in which nbval executes cells.

Each notebook is run once, as learners get it. After each of its cells this looks whether the instructor's edition has
another one there: the worked solution of an exercise, or a cell that uses what a solution defines. That one is run as
well, at the same place and with the same names, and afterwards everything is as if it had not been. What became of it
is written down; `solving.py` reads it and lets the exercise's own cell fail.
"""

import ast
import json
import os
import re
import weakref

EXERCISE = re.compile(r'^exercise\("([0-9a-z_.]+)"', re.MULTILINE)
solved = {}
"""What the solutions have defined so far."""
names = []
"""The notebook's own."""


def after_cell(result):
    """Run the instructor's cell where it differs, and put everything back."""
    source = result.info.raw_cell
    found = EXERCISE.search(source)
    if result.success and (found or reads(source) & solved.keys()):
        try:
            problem = run_apart(lambda: solve(found[1]) if found else run(source))
        except BaseException as raised:
            problem = f"{type(raised).__name__}: {raised}"
        with open(os.environ["DESTRUCTURE_SOLVED"], "a", encoding="utf-8") as file:
            file.write(json.dumps({"id": found and found[1], "cell": source[:80], "problem": problem}) + "\n")


def reads(source):
    try:
        return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    except SyntaxError:  # a line for IPython alone
        return set()


def run(source):
    exec(compile(source, "<instructor's edition>", "exec"), names[0])


def solve(id):
    """Answer an exercise by its worked solution; a sentence if that does not earn all."""
    from destructure.exercises.catalogue import find

    exercise = find(id)
    kind, value = exercise.kind, exercise.reference
    if kind.variable:
        run(kind.source)
        value = kind.source if kind.runs_code else names[0][kind.variable]
    verdict = exercise.check(value)
    return "" if verdict.is_right else f"scores {verdict.score}: {verdict.message}"


def run_apart(work):
    """Do something to the notebook's names, and keep only in `solved` what it defines."""
    from IPython.utils.capture import capture_output

    from destructure.exercises.homework import Homework
    from destructure.exercises.kinds.isolation import fence

    now = names[0]
    before, waiting = dict(now), Homework.waiting
    now.update(solved)
    Homework.waiting = weakref.WeakSet()  # widgets of the learner's edition show nothing of this
    try:
        with fence(), capture_output():
            return work() or ""
    finally:
        Homework.waiting = waiting
        solved.update({name: value for name, value in now.items() if before.get(name) is not value})
        now.clear()
        now.update(before)


def load_ipython_extension(ipython):
    names.append(ipython.user_ns)
    ipython.events.register("post_run_cell", after_cell)
