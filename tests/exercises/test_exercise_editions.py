"""Unsolved notebooks run; the instructor's edition answers everything rightly."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from destructure.exercises.catalogue import every, find
from destructure.exercises.editions import exercise_cell, exercise_of, misplaced, solved
from destructure.exercises.kinds.code import MODULES


def notebook_with(ids):
    given = sorted({name for id in ids for name in getattr(find(id).kind, "given", ())})
    imports = [f"import {MODULES[name]} as {name}" for name in given]
    imports.append("from destructure.exercises import answer, exercise, progress_panel, reveal")
    first = [new_markdown_cell("# Exercises"), new_code_cell("\n".join(imports))]
    return new_notebook(cells=[*first, *(exercise_cell(id) for id in ids), new_code_cell("progress_panel()")])


def every_exercise():
    """But for own runs, which need what their notebook computes; tests/test_editions.py runs them there."""
    return notebook_with([one.id for one in every() if one.kind.name != "run"])


def run(notebook, folder):
    NotebookClient(
        notebook, timeout=120, store_widget_state=False, resources={"metadata": {"path": folder}}
    ).execute()
    nbformat.validate(notebook)
    return notebook


@pytest.fixture
def kernel_path(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.mark.slow
def test_unsolved_and_solved_editions_execute(work, tmp_path, kernel_path):
    unsolved = run(every_exercise(), tmp_path)
    assert not work.exists(), "an unsolved notebook writes nothing"
    edition = run(solved(unsolved), tmp_path)
    assert (work / "answers.json").exists()
    for before, after in zip(unsolved.cells, edition.cells, strict=True):
        if exercise_of(before):
            shown = [output.data for output in before.outputs]
            assert shown, exercise_of(before)
            assert [output.output_type for output in after.outputs] == ["execute_result"]
            # What a strict comparison looks at is the same whether answers are stored or not.
            for kind in ("text/plain", "text/html"):
                assert shown[0][kind] == after.outputs[0].data[kind]


def test_solved_leaves_the_original_alone():
    notebook = every_exercise()
    before = nbformat.writes(notebook)
    edition = solved(notebook)
    assert nbformat.writes(notebook) == before
    assert all(cell.execution_count is None for cell in edition.cells if exercise_of(cell))


def test_a_wrong_reference_would_stop_the_edition():
    source = solved(notebook_with(["04.mask.decoder"])).cells[2].source
    namespace = {"exercise": lambda id: None}
    exec(source, namespace)
    with pytest.raises(AssertionError, match=r"04.mask.decoder: score 0.75"):
        exec(source.replace("[1, 0, 0, 0]", "[0, 0, 0, 0]"), namespace)


def test_code_cells_keep_what_stands_around_the_starter():
    notebook = notebook_with(["04.code.shift"])
    cell = notebook.cells[2]
    cell.source = "# Your turn\n" + cell.source + "\n# end"
    source = solved(notebook).cells[2].source
    assert source.startswith("# Your turn\ndef shift_right(target, begin):")
    assert source.endswith('exercise("04.code.shift", shift_right)\n# end')
    assert "..." not in source


def test_misplaced_exercises_are_found():
    ids = [one.id for one in every("04")]
    assert misplaced(notebook_with(ids), "04") == []
    assert misplaced(notebook_with(ids[1:]), "04") == [f"Exercise {ids[0]} is not in the notebook."]
    assert "2 times" in misplaced(notebook_with([ids[0], *ids]), "04")[0]
    assert "does not belong" in misplaced(notebook_with([*ids, "00.match.falls"]), "04")[0]
    edited = notebook_with(ids)
    next(
        cell for cell in edited.cells if exercise_of(cell) == "04.code.shift"
    ).source = 'exercise("04.code.shift")'
    assert "lacks 'def shift_right" in misplaced(edited, "04")[0]
    with pytest.raises(ValueError, match="cannot be solved"):
        solved(edited)
    unnamed = notebook_with(ids)
    unnamed.cells.append(new_code_cell('exercise("04.mask.decoder")'))
    assert "does not name" in misplaced(unnamed, "04")[0]


def test_sources_name_unknown_exercises():
    with pytest.raises(ValueError, match="no exercise"):
        exercise_cell("04.mask.nothing")
