"""The progress panel counts what is done, tried and open."""

import pytest

from destructure.exercises import answer, progress_panel
from destructure.exercises.catalogue import every, find
from destructure.exercises.progress import progress
from destructure.exercises.store import AnswerStore


def rows():
    return {row.number: row for row in progress(AnswerStore().read().records)}


def test_a_fresh_start():
    row = rows()["04"]
    exercises = list(every("04"))
    assert (row.total, row.done, row.tried, row.untouched) == (len(exercises), 0, 0, len(exercises))
    assert row.score == 0
    assert row.minutes_left == sum(one.minutes for one in exercises)
    assert row.following == exercises[0]


def test_done_tried_and_open_are_told_apart():
    first, second = list(every("04"))[:2]
    answer(first.id, first.reference)
    answer(second.id, "11111\n11111\n11111\n11111")
    row = rows()["04"]
    assert (row.done, row.tried, row.untouched) == (1, 1, row.total - 2)
    assert row.following.id == second.id
    assert row.score == pytest.approx(1 / row.total)
    fresh = sum(one.minutes for one in every("04"))
    assert row.minutes_left == fresh - first.minutes


def test_partial_credit_counts_and_best_scores_stay():
    answer("04.mask.decoder", "1111\n1111\n1111\n1111")
    assert rows()["04"].score == pytest.approx(0.25 / rows()["04"].total)
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    answer("04.mask.decoder", "0000\n0000\n0000\n0000")
    assert rows()["04"].done == 1


def test_everything_done():
    for one in every():
        answer(one.id, one.reference)
    assert all(row.done == row.total and row.score == 1 and row.minutes_left == 0 for row in rows().values())
    assert "Everything is done." in progress_panel().table


def test_the_panel_follows_at_the_button():
    panel = progress_panel()
    before = panel.table
    answer("00.choice.dominant", "c")
    panel._handle_custom_msg({"action": "refresh"}, [])
    assert panel.table != before
    assert find("00.order.method").title in panel.table
    with pytest.raises(ValueError, match="no button"):
        panel.click("explode")


def test_the_next_thing_is_linked_where_the_notebooks_are(tmp_path, monkeypatch):
    folder = tmp_path / "course" / "notebooks"
    folder.mkdir(parents=True)
    (folder / "00_study_the_change.ipynb").touch()
    monkeypatch.chdir(folder)
    table = progress_panel().table
    assert f'Next: <a href="00_study_the_change.ipynb">{find("00.choice.dominant").title}</a>' in table


def test_damage_is_told_in_the_panel(work):
    work.mkdir()
    (work / "answers.json").write_text("{")
    (work / "student.json").write_text("{")
    table = progress_panel().table
    assert "answers.json was damaged" in table
    assert "student.json in the work folder cannot be used" in table
