"""The progress panel counts what is done, tried and open."""

import re

import pytest

from destructure.exercises import answer, progress_panel, reveal
from destructure.exercises.catalogue import every, find, notebooks, retired
from destructure.exercises.progress import progress
from destructure.exercises.store import AnswerStore, Record
from notebook_cells import code_cells, run_cells

OLD = Record(kind="choice", value="direction", score=1, best=1, checked="direction", attempts=2)


def rows():
    return {row.number: row for row in progress(AnswerStore().read().records)}


def graded(number):
    """The exercises of a notebook in which nothing is committed."""
    return [one for one in every(number) if not one.kind.locks]


def committed(number):
    return f"0 of {sum(one.kind.locks for one in every(number))}"


def test_a_fresh_start():
    minutes = sum(one.minutes for one in every("04"))
    assert rows()["04"].cells() == (0, 0, len(graded("04")), "0%", committed("04"), minutes)
    assert rows()["04"].open[0].id == next(every("04")).id
    assert sorted(rows()) == [number for number in notebooks() if number != "90"], "beside the course"


def test_done_tried_and_open_are_told_apart():
    first, second, *others = graded("04")
    answer(first.id, first.reference)
    answer(second.id, "11111\n11111\n11111\n11111")
    minutes = sum(one.minutes for one in every("04") if one != first)
    score = f"{1 / len(graded('04')):.0%}"
    assert rows()["04"].cells() == (1, 1, len(others), score, committed("04"), minutes)
    assert rows()["04"].open[0].id == second.id


def test_a_prediction_stands_apart_and_in_no_score():
    answer("01.prediction.coverage", (80, 60, 95))
    answer("01.prediction.tenfold", (5, 8, 3))  # upside down: not locked
    done, tried, untouched, score, predicted, _ = rows()["01"].cells()
    assert (done, tried, untouched, score, predicted) == (0, 0, len(graded("01")), "0%", "1 of 4")
    assert ">Committed<" in progress_panel().table


def test_partial_credit_counts_and_best_scores_stay():
    total = len(graded("04"))
    answer("04.mask.decoder", "1111\n1111\n1111\n1111")
    assert rows()["04"].cells()[3] == f"{0.25 / total:.0%}"
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    answer("04.mask.decoder", "0000\n0000\n0000\n0000")
    assert rows()["04"].cells()[0] == 1


def test_the_last_row_is_the_whole_course():
    answer("00.number.hit", find("00.number.hit").reference)
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    table = progress_panel().table
    foot = table.split("<tfoot>")[1]
    cells = re.findall(r">([^<]+)</t[dh]>", foot)
    assert cells[0] == "All notebooks"
    assert cells[1] == "2", "done"
    assert int(cells[-1]) == sum(row.cells()[-1] for row in rows().values()), "minutes"


@pytest.mark.slow
def test_everything_done_and_static_views_tell_nothing_of_it(monkeypatch):
    def static():
        with monkeypatch.context() as nobody:  # as in notebooks that are executed without a learner
            nobody.setenv("DESTRUCTURE_NOBODY", "1")
            views = progress_panel(), reveal("00.prediction.paper", 2.0)
            bundles = [view._repr_mimebundle_()[0] for view in views]
        return [{key: value for key, value in one.items() if "widget" not in key} for one in bundles]

    before = static()
    for one in every():
        answer(one.id, one.reference)
    for row in rows().values():
        locked = len(row.scores) - len(graded(row.number))
        assert row.cells() == (len(graded(row.number)), 0, 0, "100%", f"{locked} of {locked}", 0)
    assert "Everything is done." in progress_panel().table
    assert static() == before
    assert before[1]["text/plain"] == "Result of exercise 00.prediction.paper"
    assert before[1]["image/png"]
    assert "text/html" not in before[1]


def test_answers_to_exercises_that_are_no_more_are_kept_and_shown():
    before = AnswerStore().update("00.choice.dominant", lambda record: OLD)[0]
    AnswerStore().update("08.switchboard.t5", lambda record: Record(kind="switchboard", value="S1 S2 S3 S4"))
    answer("04.mask.decoder", "1000\n1100\n1110\n1111")
    table = progress_panel().table
    assert "00.choice.dominant (100%): “Why the dominant force?” asked for what" in table
    assert "08.switchboard.t5" not in table, "it was never checked"
    assert AnswerStore().record("00.choice.dominant") == before == OLD
    with pytest.raises(ValueError, match=r"00.choice.dominant is gone from the course, its answers are kept"):
        answer("00.choice.dominant", "c")


def test_what_is_retired_is_no_exercise_and_says_why():
    assert len(retired()) == 9
    for id, why in retired().items():
        assert id not in [one.id for one in every(id[:2])]
        assert why[0] == "“"
        assert why[-1] == "."
    assert all(len(list(every(number))) >= 5 for number in notebooks())


def test_the_panel_follows_at_the_button():
    panel = progress_panel()
    before = panel.table
    answer("00.number.hit", find("00.number.hit").reference)
    panel._handle_custom_msg({"action": "refresh"}, [])
    assert panel.table != before
    assert find("00.number.fall").title in panel.table
    with pytest.raises(ValueError, match="no button"):
        panel.click("explode")


def test_the_next_thing_is_linked_to_the_notebook_beside():
    table = progress_panel().table
    assert f'Next: <a href="00_study_the_change.ipynb">{find("00.number.hit").title}</a>' in table


def test_damage_is_told_in_the_panel(work):
    work.mkdir()
    (work / "answers.json").write_text("{")
    (work / "student.json").write_text("{")
    table = progress_panel().table
    assert "answers.json was damaged" in table
    assert "student.json in the work folder cannot be used" in table


PLACES = {"refresher": "Do the refresher", "begin": "Begin at <a", "later": "You may begin at <a"}
FIRST_TRIES = {  # right at first: matrices, numbers, training
    (True, True, True): "later",
    (True, True, False): "begin",
    (True, False, True): "refresher",
    (False, True, True): "refresher",
    (False, False, False): "refresher",
}


@pytest.mark.parametrize("right", FIRST_TRIES, ids=str)
def test_the_check_says_where_to_begin(right):
    """By the first answer to each question; a later one changes nothing, and the panel follows by itself."""
    names = {"progress_panel": progress_panel}
    cells = [source for source in code_cells("90") if "QUESTIONS" in source]
    run_cells(cells, names)
    panel = progress_panel(names["where_to_begin"], "Where to begin")
    assert "Not answered yet: matrices, numbers, training" in panel.table
    for good, id in zip(right, names["QUESTIONS"].values(), strict=True):
        part = {} if good else {find(id).kind.names()[0]: ""}
        answer(id, find(id).reference | part)
        answer(id, find(id).reference)
    said = {place for place, text in PLACES.items() if text in panel.table}
    assert said == {FIRST_TRIES[right]}
    assert panel.table in panel.resting, "what the notebook shows on the second day"
    assert "Not answered yet" in panel.saved(), "what is stored in the course's own"


def test_an_answer_after_its_solution_is_no_knowledge():
    names = {"progress_panel": progress_panel}
    run_cells([source for source in code_cells("90") if "QUESTIONS" in source], names)
    first = {"time": "2026-11-29T10:00:05+00:00", "score": 1}
    assert names["known"](Record(history=[first]))
    assert names["known"](Record(history=[first], solution_shown="2026-11-29T10:01:00+00:00"))
    assert not names["known"](Record(history=[first], solution_shown="2026-11-29T10:00:00+00:00"))
    assert not names["known"](Record(history=[first | {"score": 0.5}, first]))
    assert names["known"](None) is None
