"""Both editions of every notebook: exercises where they belong, and all of them solved.

`make test` runs each notebook once, as learners get it. The instructor's edition differs from it in the exercises'
cells only, so it is not run whole: only these cells, what they need, and the cells that use what they define.
"""

import ast
import builtins

import nbformat
import pytest

from destructure.course.contents import written_lessons
from destructure.course.notebooks import execute
from destructure.exercises.editions import exercise_of, misplaced, solved

lessons = pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)


def names(source):
    """What a cell's source defines at its top level, and every name that it reads."""
    tree = ast.parse(source)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not reads(node)}
    bound |= {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    bound |= imports(source)
    read = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and reads(node)}
    return bound, read - set(dir(builtins))


def reads(name):
    return isinstance(name.ctx, ast.Load)


def imports(source):
    """Names that a cell imports."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {(one.asname or one.name).split(".")[0] for node in nodes for one in node.names}


def acts(source):
    """Whether a cell changes something without naming it anew: `loss.backward()`, `model.bias = 0`, `row[0] = 1`."""
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node.value for node in nodes if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    stored = [node for node in nodes if isinstance(node, (ast.Attribute, ast.Subscript)) and not reads(node)]
    return bool(stored) or any(isinstance(call.func, ast.Attribute) for call in calls)


def what_exercises_touch(edition):
    """Exercise cells, the cells that read what only these define, and all that either needs; in their order."""
    code = [cell for cell in edition.cells if cell.cell_type == "code"]
    uses = [names(cell.source) for cell in code]
    elsewhere = set().union(*(uses[at][0] for at, cell in enumerate(code) if not exercise_of(cell)))
    theirs = set().union(*(uses[at][0] for at, cell in enumerate(code) if exercise_of(cell))) - elsewhere
    modules = set().union(*(imports(cell.source) for cell in code))
    chosen, wanted = set(), set()
    for at in reversed(range(len(code))):
        bound, read = uses[at]
        changed = acts(code[at].source) and read & wanted - modules
        if exercise_of(code[at]) or read & theirs or bound & wanted or changed:
            chosen.add(at)
            wanted |= read
    return [cell for at, cell in enumerate(code) if at in chosen]


@lessons
def test_every_exercise_stands_once_in_its_notebook(lesson):
    assert misplaced(nbformat.read(lesson.file, 4), lesson.number) == []


@lessons
@pytest.mark.slow
def test_every_check_of_the_instructors_edition_scores_one(lesson):
    """Each answered cell stops the notebook unless its answer scores 1."""
    edition = solved(nbformat.read(lesson.file, 4))
    answered = [cell for cell in edition.cells if exercise_of(cell)]
    edition.cells = what_exercises_touch(edition)
    execute(edition, lesson.file.parent)
    assert len(answered) >= 4
    assert all(cell.execution_count for cell in answered)
    assert all("assert solution.score == 1" in cell.source for cell in answered)


def test_cells_are_left_out_only_if_no_exercise_needs_them():
    needed = [
        "import math",
        "half = [math.pi]",
        "half.append(3)",
        "half[0] = 1",
        "def mine(x):\n    return half",
    ]
    others = ["rows = [1]", "slow = rows", "rows.append(math.e)", "print(half)"]
    cells = [
        nbformat.v4.new_code_cell(source) for source in [*needed[:2], *others, *needed[2:], "mine(0)", "rows"]
    ]
    cells[-3].metadata["destructure"] = {"exercise": "00.code.mine"}
    kept = what_exercises_touch(nbformat.v4.new_notebook(cells=cells))
    assert [cell.source for cell in kept] == [*needed, "mine(0)"]
