"""The two editions of a notebook from one source: as learners get it, and with every exercise solved.

How an exercise stands in a notebook: one code cell an exercise, whose metadata names it,
`{"destructure": {"exercise": "04.mask.decoder"}}`. Its source calls `exercise("04.mask.decoder")`; for a code
exercise it holds the starter, unchanged, and then `exercise("04.code.attention", attention)`. `exercise_cell`
makes such a cell, `misplaced` finds whatever does not fit.
"""

import copy
from typing import TYPE_CHECKING

from destructure.exercises.catalogue import every, find
from destructure.exercises.definition import Exercise

if TYPE_CHECKING:
    from nbformat import NotebookNode

METADATA = "destructure"


def exercise_cell(id: str) -> "NotebookNode":
    """A code cell that shows an unsolved exercise, with its metadata.

    Raises:
        ValueError: if there is no exercise of that id.
    """
    from nbformat.v4 import new_code_cell

    kind, source = find(id).kind, f'exercise("{id}")'
    if kind.variable:
        source = f'{kind.starter.strip()}\n\n\nexercise("{id}", {kind.variable})'
    return new_code_cell(source, metadata={METADATA: {"exercise": id}})


def exercise_of(cell: "NotebookNode") -> str | None:
    """The id of the exercise in a cell, or `None`."""
    if cell.cell_type != "code":
        return None
    return cell.metadata.get(METADATA, {}).get("exercise")


def misplaced(notebook: "NotebookNode", number: str) -> list[str]:
    """Find what is wrong with the exercises of a notebook; an empty list if nothing is.

    Args:
        notebook: an nbformat notebook.
        number: its number, such as "04".

    Returns:
        One sentence for each exercise that is missing, shown twice, foreign, or in a cell that differs from
        `exercise_cell` in what the solved edition needs.
    """
    shown = [exercise_of(cell) for cell in notebook.cells]
    known = [exercise.id for exercise in every(number)]
    problems = [f"Exercise {id} is not in the notebook." for id in known if id not in shown]
    problems += [f"Exercise {id} is shown {shown.count(id)} times." for id in known if shown.count(id) > 1]
    for cell in notebook.cells:
        id = exercise_of(cell)
        if id is None:
            if cell.cell_type == "code" and 'exercise("' in cell.source:
                problems.append(f"A cell shows an exercise its metadata does not name: {cell.source[:60]!r}.")
        elif id not in known:
            problems.append(f"Exercise {id} does not belong to notebook {number}.")
        elif missing := _lacks(find(id), cell.source):
            problems.append(f"The cell of exercise {id} lacks {missing!r}.")
    return problems


def solved(notebook: "NotebookNode") -> "NotebookNode":
    """The instructor's edition: a copy in which every exercise is answered with its reference.

    Each answered cell stops the notebook unless the answer scores 1. Execute it with DESTRUCTURE_WORK set to an empty
    folder, so that nobody's own answers are touched. Outputs of answered cells are cleared.

    Raises:
        ValueError: if a cell names an exercise that does not exist, or a code cell lacks its starter.
    """
    edition = copy.deepcopy(notebook)
    for cell in edition.cells:
        id = exercise_of(cell)
        if id is not None:
            cell.source = _solved_source(find(id), cell.source)
            cell.outputs, cell.execution_count = [], None
    return edition


def _solved_source(exercise: Exercise, source: str) -> str:
    if missing := _lacks(exercise, source):
        raise ValueError(f"The cell of exercise {exercise.id} cannot be solved: it lacks {missing!r}.")
    kind = exercise.kind
    check = (
        "from destructure.exercises import answer\n\n"
        f'solution = answer("{exercise.id}", {kind.variable or repr(exercise.reference)})\n'
        "assert solution.score == 1, solution"
    )
    if kind.variable:
        return source.replace(kind.starter.strip(), f"{kind.source.strip()}\n\n\n{check}")
    return f"{check}\n{source}"


def _lacks(exercise: Exercise, source: str) -> str | None:
    """The first part that a cell needs and does not have."""
    starter = [exercise.kind.starter.strip()] if exercise.kind.variable else []
    return next((part for part in (*starter, f'exercise("{exercise.id}"') if part not in source), None)
