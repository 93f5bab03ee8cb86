"""Every widget, without a browser: traits are set, buttons clicked, nothing is swallowed."""

import html
import importlib
import json
import linecache
import re

import pytest
from wrong_answers import wrong_answers

from destructure.exercises import answer, exercise, progress_panel, reveal
from destructure.exercises.catalogue import every, find
from destructure.exercises.kinds.code import MODULES
from destructure.exercises.markup import markdown
from destructure.exercises.store import AnswerStore
from destructure.show.live import Keeper, keeper

EXERCISES = list(every())
each = pytest.mark.parametrize("one", EXERCISES, ids=lambda one: one.id)


def defined(source, kind):
    """Define a function as a notebook cell does, so that its source can be found."""
    file = f"<cell {abs(hash(source))}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {name: importlib.import_module(MODULES[name]) for name in kind.given}
    exec(compile(source, file, "exec"), namespace)
    return namespace[kind.function]


def hand_in(one, value):
    """Answer as the front end does: put the answer into the control, click Check."""
    if one.kind.variable:
        return exercise(one.id, defined(value, one.kind) if one.kind.runs_code else value)
    widget = exercise(one.id)
    widget.draft = value
    widget.click("check")
    return widget


@pytest.mark.slow
@each
def test_answering_through_the_widget(one, capsys):
    wrong = next(each for each in wrong_answers(one).values() if one.check(each.value).counted)
    widget = hand_in(one, wrong.value)
    assert widget.verdict["score"] < 1
    assert wrong.says in widget.verdict["message"]
    assert widget.verdict["state"] in ("wrong", "partly")
    widget = hand_in(one, one.reference)
    state = "locked" if one.kind.locks else "right"
    assert widget.verdict == {"state": state, "score": 1, "message": one.check(one.reference).message}
    assert widget.locked == one.kind.locks
    assert AnswerStore().record(one.id).attempts == 2
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
@each
def test_widget_and_text_path_grade_alike(one, tmp_path, monkeypatch):
    wrong = list(wrong_answers(one).values())[: 2 if one.kind.runs_code else None]  # each costs a process
    for number, value in enumerate((one.reference, *(each.value for each in wrong))):
        monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path / str(number)))
        text = answer(one.id, value)
        assert text.verdict == one.check(value)
        if not one.kind.runs_code and not one.kind.locks:
            widget = hand_in(one, value)
            assert (widget.verdict["score"], widget.verdict["message"]) == (text.score, text.verdict.message)


@each
def test_from_the_first_look_to_the_last(one):
    """Nothing checked, hints, solution, the right answer; and all of it again when the cell runs again."""
    widget = exercise(one.id)
    assert "http" not in widget._esm, "the front end needs no network"
    assert "import " not in widget._esm
    shown = {
        name: getattr(widget, name) for name in ("page", "front", "draft", "verdict", "hints", "identity")
    }
    assert json.loads(json.dumps(shown)) == shown
    before = widget._repr_mimebundle_()[0]
    widget.click("check")
    assert widget.verdict["state"] == "unanswered"
    assert AnswerStore().read().records == {}, "checking nothing is no attempt"
    for count in (1, 2, 3, 3):
        widget.click("hint")
        assert len(widget.hints) == count
    widget.click("solution")
    waits = one.kind.locks  # the solution of a prediction tells the result
    assert (len(widget.solution) > 10) != waits
    record = AnswerStore().record(one.id)
    assert (record.hints, bool(record.solution_shown), record.is_answered) == (3, not waits, False)
    again = exercise(one.id)
    assert (again.hints, again.solution, again.verdict) == (widget.hints, widget.solution, {})
    hand_in(one, one.reference)
    again = exercise(one.id)
    assert again.verdict["state"] in ("right", "locked")
    if one.kind.variable:
        assert again.source in (str(one.reference).strip(), json.dumps(one.reference, ensure_ascii=False))
    else:
        assert one.check(again.draft).score == 1
    after = again._repr_mimebundle_()[0]
    assert {kind: before[kind] for kind in ("text/plain", "text/html")}.items() <= after.items(), (
        "what is saved in a notebook does not depend on answers"
    )
    assert before["text/plain"] == f"Exercise {one.id}: {one.title}"
    page = before["text/html"]
    for part in (one.title.replace("'", "&#x27;"), one.talk, f"answer(&quot;{one.id}&quot;"):
        assert part in page
    page = page.replace("<code>None</code>", "")  # a question may speak of it
    for forbidden in ("<input", "<button", "<script", "<select", "<svg", "None", "http://"):
        assert forbidden not in page
    assert all('alt="' in part for part in page.split("<img")[1:])


def test_a_half_done_answer_survives():
    widget = exercise("04.shapes.cross")
    widget.draft = {"memory": "2, 5, 32", "queries": "", "keys": "", "scores": "", "output": ""}
    again = exercise("04.shapes.cross")
    assert again.draft == widget.draft
    assert again.verdict == {}


def test_a_verdict_goes_when_the_answer_changes():
    widget = hand_in(find("04.choice.teacher_forcing"), "sequential")
    assert widget.verdict["state"] == "wrong"
    widget.draft = "own_mistakes"
    assert widget.verdict == {}
    widget.draft = "sequential"
    widget.click("check")
    assert AnswerStore().record("04.choice.teacher_forcing").attempts == 1


def test_a_draft_that_a_check_has_overtaken_changes_nothing():
    """Kernels with subshells may handle what was sent first last: the verdict and the newer answer stay."""
    one = find("04.number.cross_share")
    widget = exercise(one.id)
    widget.set_state({"draft": "1", "turn": 1})
    widget._handle_custom_msg({"action": "check", "value": str(one.reference), "turn": 3}, [])
    assert widget.verdict["state"] == "right"
    widget.set_state({"draft": "14", "turn": 2})
    assert (widget.verdict["state"], widget.draft) == ("right", str(one.reference))
    assert one.check(AnswerStore().record(one.id).value).score == 1
    widget.set_state({"draft": str(one.reference), "turn": 3})
    assert widget.verdict["state"] == "right"
    widget.set_state({"draft": "14", "turn": 4})
    assert (widget.verdict, AnswerStore().record(one.id).value) == ({}, "14")


def test_the_same_answer_written_in_another_way_keeps_its_verdict():
    widget = hand_in(find("04.shapes.cross"), find("04.shapes.cross").reference)
    widget.draft = {
        key: " x ".join(map(str, shape)) for key, shape in find("04.shapes.cross").reference.items()
    }
    assert widget.verdict["state"] == "right"
    assert exercise("04.shapes.cross").verdict["state"] == "right"


def test_messages_from_the_front_end_do_the_same():
    widget = exercise("04.mask.cross")
    widget._handle_custom_msg({"action": "hint"}, [])
    assert len(widget.hints) == 1
    widget._handle_custom_msg({"action": "check", "value": [[1, 1, 1, 0, 0]] * 4}, [])
    assert widget.verdict["state"] == "right"
    assert widget.replies == 2
    for nonsense in ({}, {"action": "explode"}, "text", {"action": ["check"]}):
        widget._handle_custom_msg(nonsense, [])
    assert widget.replies == 2


def test_hostile_front_end_values():
    widget = exercise("04.mask.cross")
    for value in ({"a": [1]}, [[]], "x" * 30_000, [[float("nan")]]):
        widget._handle_custom_msg({"action": "check", "value": value}, [])
        assert widget.verdict["state"] == "unanswered"
    with pytest.raises(ValueError, match="no button 'explode'"):
        widget.click("explode")


def test_a_fault_of_the_exercise_is_shown_and_raised(monkeypatch):
    widget = exercise("04.mask.cross")
    monkeypatch.setattr(widget.homework, "check", lambda value: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        widget.click("check")
    with pytest.raises(ZeroDivisionError):
        widget._on_message(widget, {"action": "check", "value": None}, [])
    assert "please report it" in widget.note


def test_a_full_disk_shows_in_the_widget(monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    widget = exercise("04.mask.cross")
    monkeypatch.setattr("os.fsync", full)
    widget.draft = [[1, 1, 1, 0, 0]] * 4
    widget.click("check")
    assert widget.verdict["state"] == "right"
    assert "No space left on device" in widget.note
    monkeypatch.undo()
    widget.click("check")
    assert widget.note == ""


# --- code ----------------------------------------------------------------------------------------------------


def test_unsolved_code_cells_run_and_count_for_nothing(work):
    for one in EXERCISES:
        if one.kind.variable:
            starter = defined(one.kind.starter, one.kind) if one.kind.runs_code else ...
            widget = exercise(one.id, starter)
            assert widget.verdict["state"] == "unanswered"
            assert "then check" in widget.verdict["message"]
            assert "not answered" in repr(answer(one.id, starter))
    assert not work.exists()


def test_running_a_solved_cell_again_is_no_new_attempt():
    one = find("04.code.shift")
    for _ in range(3):
        hand_in(one, one.reference)
    record = AnswerStore().record(one.id)
    assert (record.attempts, record.value) == (1, one.reference.strip())


def test_code_from_a_function_without_source():
    function = eval("lambda target, begin: target")
    assert "define it in a notebook cell" in answer("04.code.shift", function).verdict.message
    assert "not something of type" in answer("04.code.shift", 7).verdict.message


def test_check_finds_the_newest_function_of_the_notebook(monkeypatch):
    from IPython.core.interactiveshell import InteractiveShell

    one = find("04.code.shift")
    shell = InteractiveShell.instance()
    try:
        widget = exercise(one.id)
        widget.click("check")
        assert widget.verdict["state"] == "unanswered"
        shell.user_ns["shift_right"] = defined(wrong_answers(one)["future leak"].value, one.kind)
        widget.click("check")
        assert "Nothing is shifted" in widget.verdict["message"]
        shell.user_ns["shift_right"] = defined(one.reference, one.kind)
        widget.click("check")
        assert widget.verdict["state"] == "right"
    finally:
        InteractiveShell.clear_instance()


def test_only_code_exercises_take_a_function():
    with pytest.raises(ValueError, match="takes no function"):
        exercise("04.mask.decoder", len)


# --- predictions ---------------------------------------------------------------------------------------------


def test_the_result_waits_for_the_prediction():
    result = reveal("04.prediction.unseen", 97, [95, 97, 99])
    assert (result.shown, result.picture) == (False, "")
    widget = exercise("04.prediction.unseen")
    widget.draft = {"guess": "50", "low": "60", "high": "99"}
    widget.click("check")
    assert not result.shown
    assert not widget.locked
    widget.draft = {"guess": "90", "low": "80", "high": "99"}
    widget.click("check")
    assert widget.locked
    assert result.shown
    assert "97: inside your interval" in result.text
    assert "The prediction was 90, between 80 and 99" in result.alt
    assert result.picture.startswith("data:image/png;base64,")
    assert reveal("04.prediction.unseen", 20).text.startswith("The result is 20: below your interval")


def test_an_interval_upside_down_is_no_attempt():
    verdict = answer("04.prediction.unseen", (90, 99, 75)).verdict
    assert (verdict.counted, "upside down" in verdict.message) == (False, True)
    widget = exercise("04.prediction.unseen")
    widget.click("check", {"guess": "90", "low": "99", "high": "75"})
    assert widget.verdict["state"] == "unanswered"
    assert AnswerStore().record("04.prediction.unseen").attempts == 0


def test_a_locked_prediction_stays():
    answer("04.prediction.unseen", (90, 80, 99))
    widget = exercise("04.prediction.unseen")
    assert widget.locked
    widget.draft = {"guess": "1", "low": "0", "high": "2"}
    widget.click("check")
    assert "stays as it is" in widget.verdict["message"]
    assert "stays as it is" in repr(answer("04.prediction.unseen", (1, 0, 2)))
    record = AnswerStore().record("04.prediction.unseen")
    assert (record.checked, record.attempts) == ({"guess": 90, "low": 80, "high": 99}, 1)
    assert record.value == record.checked


def test_looking_first_is_allowed_and_recorded():
    result = reveal("04.prediction.unseen", 97)
    result._handle_custom_msg({"action": "show"}, [])
    assert result.shown
    record = AnswerStore().record("04.prediction.unseen")
    assert record.result_shown
    assert not record.is_answered


def test_text_path_opens_the_result_too():
    result = reveal("04.prediction.unseen", 97)
    answer("04.prediction.unseen", (90, 80, 99))
    assert result.shown


def test_equal_results_stand_on_each_other_and_none_on_another():
    picture = reveal("04.prediction.unseen", 97, [97] * 40 + [95, 12])._draw(None)
    dots = [tuple(line.get_xydata()[0]) for line in picture.axes[0].lines if line.get_marker() == "o"]
    assert len(dots) == len(set(dots)) == 42
    assert all(0 < height < 1 for _, height in dots)
    assert len({height for place, height in dots if place == 97}) == 40


def test_a_result_says_what_a_dot_is_and_no_line_is_cut():
    (axes,) = reveal("04.prediction.alone", 97, [95], dots="answers of one length")._draw(None).axes
    said = [text.get_text() for text in axes.get_legend().get_texts()]
    assert " ".join(said[0].split()) == "one dot each: answers of one length"
    axes.figure.canvas.draw()
    assert axes.xaxis.label.get_window_extent().x0 >= 0


def test_reveal_says_what_it_needs():
    with pytest.raises(ValueError, match="not a prediction"):
        reveal("04.mask.decoder", 1)
    with pytest.raises(ValueError, match="outside the possible values 0 to 100"):
        reveal("04.prediction.unseen", 101)
    with pytest.raises(ValueError, match="outside"):
        reveal("04.prediction.unseen", float("nan"))


# --- what a reopened notebook shows -------------------------------------------------------------------------


def texts(page):
    return " ".join(html.unescape(re.sub("<[^>]*>", " ", page)).split())


@pytest.mark.slow
@each
def test_an_exercise_at_rest_has_question_answer_verdict_and_a_way_on(one):
    widget = exercise(one.id)
    assert "No answer yet." in texts(widget.resting)
    assert texts(markdown(one.question)) in texts(widget.resting)
    widget.click("hint")
    assert texts(widget.hints[0]) in texts(widget.resting)
    wrong = next(each for each in wrong_answers(one).values() if one.check(each.value).counted)
    for value in (wrong.value, one.reference):
        widget = hand_in(one, value)
        for resting in (widget.resting, exercise(one.id).resting):  # the same when the cell runs again
            page = texts(resting)
            assert " ".join(widget.verdict["message"].split()) in page
            assert ("✓" in page) == (widget.verdict["score"] == 1)
            assert "Your last answer:" in page
            assert "No answer yet." not in page
            assert page.endswith("Run → Run All Cells to answer again.")
    for forbidden in ("<input", "<button", "<script", "<select"):
        assert forbidden not in widget.resting


def test_answers_at_rest_are_in_the_learners_words():
    for id, value, shown in (
        ("04.choice.teacher_forcing", "c", "The model never learns to go on after a mistake of its own"),
        ("04.mask.decoder", "1000\n1100\n1110\n1111", "■ □ □ □ ■ ■ □ □"),
        ("04.shapes.cross", find("04.shapes.cross").reference, "memory: 2, "),
        ("04.number.cross_share", "14.29 %", "14.29"),
        ("04.prediction.unseen", (90, 80, 99), "guess: 90"),
        ("04.code.shift", "def shift_right(target, begin):\n    return target", "return target"),
    ):
        answer(id, value)
        assert shown in texts(exercise(id).resting).split("Your last answer:")[1]


def test_what_is_answered_by_text_shows_in_the_widget():
    widget = exercise("04.number.cross_share")
    answer("04.number.cross_share", find("04.number.cross_share").reference)
    assert widget.verdict["state"] == "right"
    assert "✓ Right." in texts(widget.resting)
    widget.click("check", "1")
    assert widget.verdict["state"] != "right"
    assert AnswerStore().record("04.number.cross_share").attempts == 2


def test_results_and_progress_at_rest():
    result = reveal("04.prediction.unseen", 97, [95, 97, 99])
    assert "Lock your prediction" in result.resting
    answer("04.prediction.unseen", (90, 80, 99))
    assert "inside your interval" in result.resting
    assert 'alt="' in result.resting
    panel = progress_panel()
    assert panel.resting.startswith(panel.table)
    for page in (panel.resting, result.resting):
        assert "Run → Run All Cells to" in page


def test_a_keeper_is_there_as_soon_as_a_widget_is_shown():
    exercise("04.mask.decoder")._repr_mimebundle_()
    assert keeper.cache_info().currsize == 1
    assert keeper() is keeper()
    assert "http" not in Keeper._esm


@each
def test_the_text_path_can_be_pasted(one):
    """As it stands in the widget and in the static page; nothing is imported before, nothing left to fill in."""
    widget = exercise(one.id)
    pasted = html.unescape(re.search("<pre[^>]*>(from destructure.*?)</pre>", widget.page, re.DOTALL)[1])
    assert html.escape(pasted) in widget.saved()
    names = {one.kind.variable: defined(one.kind.starter, one.kind)} if one.kind.runs_code else {}
    *first, last = pasted.splitlines()
    if one.kind.name == "run":
        names = {one.kind.variable: one.reference}
    exec("\n".join(first), names)
    given = eval(last, names)
    assert given.verdict.counted != one.kind.runs_code, "the form is right (a starter counts as no answer)"
    assert given.score < 1 or one.kind.name in ("run", "prediction", "choice"), "and it gives nothing away"


# --- the static view -----------------------------------------------------------------------------------------


def test_a_text_is_committed_once_and_marked_afterwards():
    one = find("02.written.crossings")
    hand_in(one, {"text": one.reference, "met": []})
    assert "stays as it is" in repr(answer(one.id, "Something else altogether"))
    assert "2 of 6 points" in repr(answer(one.id, {"met": ["numbers"]}))
    assert exercise(one.id).draft == {"text": one.reference, "met": ["numbers"]}
