"""Exercises stand where they belong, and the instructor's edition solves them while a notebook is compared."""

import json
from types import SimpleNamespace

import nbformat
import pytest

import solve_exercises
from destructure.course.contents import written_lessons
from destructure.exercises.editions import misplaced


@pytest.mark.parametrize("lesson", written_lessons(), ids=lambda lesson: lesson.number)
def test_every_exercise_stands_once_in_its_notebook(lesson):
    assert misplaced(nbformat.read(lesson.file, 4), lesson.number) == []


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """What `solve_exercises` sees of a kernel: a function that runs a cell as learners have it."""
    names, handlers, written = {}, [], tmp_path / "solved.jsonl"
    monkeypatch.setenv("DESTRUCTURE_SOLVED", str(written))
    monkeypatch.setattr(solve_exercises, "names", [])
    monkeypatch.setattr(solve_exercises, "solved", {})
    events = SimpleNamespace(register=lambda event, handler: handlers.append(handler))
    solve_exercises.load_ipython_extension(SimpleNamespace(user_ns=names, events=events))

    def run(source, success=True):
        exec(source.replace("exercise(", "("), names)
        written.write_text("")
        handlers[0](SimpleNamespace(info=SimpleNamespace(raw_cell=source), success=success))
        lines = written.read_text().splitlines()
        return [(one["id"], one["problem"]) for one in map(json.loads, lines)]

    run.names = names
    return run


CELL = """def best_so_far(values):
    ...  # your code here


exercise("02.code.envelope", best_so_far)"""


def test_a_solution_is_tried_and_leaves_no_trace(kernel):
    kernel("rows = [3, 1, 2]\ncount = lambda: len(best_so_far(rows) or [])")
    assert kernel(CELL) == [("02.code.envelope", "")]
    assert kernel.names["best_so_far"]([1]) is None  # the learner's own
    assert kernel("found = best_so_far(rows)") == [(None, "")]
    assert kernel.names["found"] is None
    assert kernel("assert found in (None, [3, 3, 3])") == [
        (None, "")
    ]  # what was made of it is the instructor's
    assert kernel("assert best_so_far(rows) is None") == [(None, "AssertionError: ")]
    assert kernel("assert count() == 0 if best_so_far([1]) is None else count() == 3") == [(None, "")]
    assert kernel("rows.sort()") == []


def test_a_solution_that_does_not_score_is_reported(kernel, monkeypatch):
    from destructure.exercises.catalogue import find

    exercise = find("02.code.envelope")
    monkeypatch.setattr(type(exercise.kind), "source", "def best_so_far(losses):\n    return losses")
    ((id, problem),) = kernel(CELL)
    assert id == "02.code.envelope"
    assert "scores 0" in problem
    assert kernel(CELL, success=False) == []


def test_notebooks_are_solved_wherever_they_lie(request):
    """A conftest's hooks would not be called for files outside its folder."""
    plugins = request.config.pluginmanager
    assert plugins.hasplugin("solving")
    (call,) = [
        one for one in plugins.hook.pytest_runtest_call.get_hookimpls() if one.plugin_name == "solving"
    ]
    assert call.plugin is plugins.get_plugin("solving")
