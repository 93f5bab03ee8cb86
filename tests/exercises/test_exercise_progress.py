"""The progress panel counts what is done, tried and open."""

import re

import pytest

from destructure.exercises import answer, progress_panel
from destructure.exercises.catalogue import every, find
from destructure.exercises.progress import progress
from destructure.exercises.store import AnswerStore


def rows():
    return {row.number: row for row in progress(AnswerStore().read().records)}


def test_a_fresh_start():
    exercises = list(every("04"))
    minutes = sum(one.minutes for one in exercises)
    assert rows()["04"].cells() == (0, 0, len(exercises), "0%", minutes)
    assert rows()["04"].open[0].id == exercises[0].id


def test_done_tried_and_open_are_told_apart():
    exercises = list(every("04"))
    first, second, *others = exercises
    answer(first.id, first.reference)
    answer(second.id, "11111\n11111\n11111\n11111")
    minutes = sum(one.minutes for one in (second, *others))
    assert rows()["04"].cells() == (1, 1, len(others), f"{1 / len(exercises):.0%}", minutes)
    assert rows()["04"].open[0].id == second.id


def test_partial_credit_counts_and_best_scores_stay():
    total = len(list(every("04")))
    answer("04.mask.decoder", "1111\n1111\n1111\n1111")
    assert rows()["04"].cells()[3] == f"{0.25 / total:.0%}"
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    answer("04.mask.decoder", "0000\n0000\n0000\n0000")
    assert rows()["04"].cells()[0] == 1


def test_the_last_row_is_the_whole_course():
    answer("00.choice.dominant", "c")
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    table = progress_panel().table
    foot = table.split("<tfoot>")[1]
    cells = re.findall(r">([^<]+)</t[dh]>", foot)
    assert cells[0] == "All notebooks"
    assert cells[1] == "2", "done"
    assert int(cells[-1]) == sum(row.cells()[-1] for row in rows().values()), "minutes"


def test_everything_done():
    for one in every():
        answer(one.id, one.reference)
    assert all(row.cells() == (len(row.scores), 0, 0, "100%", 0) for row in rows().values())
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


def test_the_next_thing_is_linked_to_the_notebook_beside():
    table = progress_panel().table
    assert f'Next: <a href="00_study_the_change.ipynb">{find("00.choice.dominant").title}</a>' in table


def test_damage_is_told_in_the_panel(work):
    work.mkdir()
    (work / "answers.json").write_text("{")
    (work / "student.json").write_text("{")
    table = progress_panel().table
    assert "answers.json was damaged" in table
    assert "student.json in the work folder cannot be used" in table
