"""Tasks: steps that belong together, runs that are computed again, conclusions that are committed and then marked."""

import re

import numpy as np
import pandas as pd
import pytest
from wrong_answers import wrong_answers

from destructure.exercises import answer, catalogue, exercise
from destructure.exercises.catalogue import every, find, notebooks, task
from destructure.exercises.store import AnswerStore

TASKS = {number: task(number) for number in notebooks() if task(number)}
RUNS, WRITTEN = ([one for one in every() if one.kind.name == kind] for kind in ("run", "written"))
each_run, each_text = (
    pytest.mark.parametrize("one", some, ids=lambda one: one.id) for some in (RUNS, WRITTEN)
)


@pytest.mark.parametrize("number", TASKS)
def test_a_task_is_one_piece_of_work(number):
    steps = [find(id) for id in TASKS[number].steps]
    assert 20 <= sum(step.minutes for step in steps) <= 40
    assert len(TASKS[number].title) > 4
    assert len(steps) >= 3
    assert "run" in {step.kind.name for step in steps}
    assert steps[-1].kind.name == "written"


def test_steps_that_are_no_exercises_are_refused(tmp_path, monkeypatch):
    folder = tmp_path / "exercises/02"
    folder.mkdir(parents=True)
    for name in ("number.a.md", "number.b.md"):
        (folder / name).write_text("")
    text = "---\norder: [number.a, number.b]\ntask: {title: T, steps: [number.b, number.a]}\n---\n"
    (folder / "notebook.md").write_text(text)
    monkeypatch.setattr(catalogue, "notebooks_folder", lambda: tmp_path)
    for cached in ("_notebook", "_ids", "task"):
        monkeypatch.setattr(catalogue, cached, getattr(catalogue, cached).__wrapped__)
    with pytest.raises(ValueError, match=r"02/notebook.md, line 3: .* in their order"):
        catalogue.task("02")
    (folder / "notebook.md").write_text(text.replace("b, number.a]}", "a, number.b]}"))
    assert catalogue.task("02").steps == ("02.number.a", "02.number.b")


@each_run
def test_each_requirement_refuses_something(one):
    refused = {one.check(wrong.value).misconception for wrong in wrong_answers(one).values()}
    assert refused == {requirement.name for requirement in one.kind.requirements}


@each_run
def test_a_run_is_read_in_any_form_that_holds_it_and_in_no_other(one):
    rows = one.reference if one.kind.rows else [one.reference]
    if one.kind.rows:
        assert one.check(pd.DataFrame(rows)).score == one.check(rows[::-1]).score == 1, "the order is free"
    typed = [{k: np.float64(v) if type(v) is float else v for k, v in row.items()} for row in rows]
    assert one.check(typed if one.kind.rows else typed[0]).score == 1
    for value in (3, "text", [1, 2], {}, [{}], [[]]):
        verdict = one.check(value)
        assert (verdict.counted, one.kind.variable in verdict.message or value in ({}, [])) == (False, True)
    evil = rows[0] | {next(iter(one.kind.returns)): ["nonsense"]}
    assert one.check([evil] if one.kind.rows else evil).misconception


@each_text
def test_a_rubric_can_be_marked_with_and_waits_for_the_text(one):
    kind, page = one.kind, exercise(one.id).saved()
    assert len({point.name for point in kind.rubric}) == len(kind.rubric) >= 3
    assert 4 <= sum(point.points for point in kind.rubric) <= 10
    assert len(re.findall(r"\w+", kind.reference)) >= kind.words
    missed = {one.check(wrong.value).misconception for wrong in wrong_answers(one).values()}
    assert missed == {"too short", *(mention.name for mention in kind.mentions)}
    assert kind.rubric[0].text not in page
    assert kind.reference[:60] not in page


def test_a_text_is_committed_once_and_marked_afterwards():
    one = WRITTEN[0]
    points = [point.name for point in one.kind.rubric]
    assert answer(one.id, "Too short.").score == 0
    widget = exercise(one.id)
    widget.draft = {"text": "Half a thought", "met": []}
    assert exercise(one.id).draft == widget.draft, "a draft is kept"
    widget.draft = {"text": one.reference, "met": []}
    widget.click("check")
    assert (widget.verdict["state"], widget.locked) == ("locked", True)
    assert "compare it with the model answer" in widget.verdict["message"]
    widget.click("check", {"text": "Something else altogether", "met": points[:1]})
    assert "stays as it is" in widget.verdict["message"]
    widget.click("check", {"text": one.reference, "met": points[:2]})
    assert f"{sum(point.points for point in one.kind.rubric[:2])} of " in widget.verdict["message"]
    assert answer(one.id, {"met": points}).score == 1
    record = AnswerStore().record(one.id)
    assert (record.checked, record.attempts) == ({"text": one.reference, "met": points}, 2)
    assert exercise(one.id).draft == record.checked
    assert "no point of the rubric" in one.check({"met": ["brilliance"]}).message
