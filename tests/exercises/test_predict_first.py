"""Predict first: nothing shows a result before its reveal, and no option shows that it is right."""

import math
import re
from collections import Counter
from statistics import mean

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from destructure.course.contents import LESSONS
from destructure.exercises import answer, exercise, reveal, sign_in
from destructure.exercises.catalogue import every, find
from destructure.exercises.editions import METADATA, exercise_of
from destructure.exercises.kinds.prediction import Prediction
from destructure.exercises.store import AnswerStore

# --- the notebooks -------------------------------------------------------------------------------------------

NUMBER = re.compile(r"(?<![\w.])[-−+]?(?:[1-9][\d,]*|0)(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])")
EXPONENTS = ("02.prediction.window",)
"""Predictions of a power of ten: their result shows in the number itself, too."""
HARMLESS = {
    "02.prediction.window": ("Bits per character against training compute for ",),
    "04.prediction.unseen": ("Learning curve: loss",),
    "05.prediction.ngrams": ("Confusion matrix of 26 languages",),
}
"""Pictures between a prediction and its reveal that do not show the result; a person has looked at each."""
NOTEBOOKS = {lesson.number: lesson.file for lesson in LESSONS if lesson.file}


def pictures(cell):
    """The descriptions of the pictures that a cell shows."""
    outputs = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    return [output.metadata["image/png"]["alt"] for output in outputs]


def texts(cell):
    """What a learner reads in a cell that has run: words, strings in code, lines printed, tables, descriptions."""
    if cell.cell_type == "markdown":
        return [cell.source]
    printed = [output.get("text", "") for output in cell.outputs]
    tables = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    return [*re.findall(r'"[^"\n]*"', cell.source), *printed, *tables, *pictures(cell)]


def numbers_like(outcome, text, exponent, near):
    """The numbers of a text that are the outcome, rounded as it is; `near`: also as a share of 1."""
    digits = len(outcome.partition(".")[2])
    for found in NUMBER.findall(text):
        number = float(found.replace(",", "").replace("−", "-"))
        forms = [number]
        if near and digits == 0 and abs(number) < 1:
            forms.append(100 * number)
        if exponent and number > 10:
            forms.append(math.log10(number))
        if any(round(form, digits) == float(outcome) for form in forms):
            yield found


def told_too_early(notebook):
    """What shows the result of a prediction before its reveal."""
    places = {exercise_of(cell): place for place, cell in enumerate(notebook.cells)}
    for end, cell in enumerate(notebook.cells):
        id = cell.metadata.get(METADATA, {}).get("reveal")
        if id is None:
            continue
        (description,) = pictures(cell)
        outcome = re.search(r"the result is (-?\d+(?:\.\d+)?)", description).group(1)
        for place, earlier in enumerate(notebook.cells[:end]):
            near = place >= places[id]
            # "8", "100" stand everywhere; before the question only a number of its own tells something.
            if near or len(outcome.strip("0").replace(".", "")) > 1:
                for text in texts(earlier):
                    for found in numbers_like(outcome, text, id in EXPONENTS, near):
                        yield f"{id}: cell {place} shows {found}"
            for picture in pictures(earlier) if near else ():
                if not picture.startswith(HARMLESS.get(id, ())):
                    yield f"{id}: cell {place} shows a picture, {picture[:40]!r}"


@pytest.mark.parametrize("number", NOTEBOOKS)
def test_nothing_tells_a_result_before_its_reveal(number):
    notebook = nbformat.read(NOTEBOOKS[number], nbformat.NO_CONVERT)
    assert list(told_too_early(notebook)) == []
    revealed = [cell.metadata.get(METADATA, {}).get("reveal") for cell in notebook.cells]
    predicted = [
        one.id for one in every(number) if one.kind.name == "prediction" and one.id != "01.prediction.dated"
    ]
    assert sorted(filter(None, revealed)) == sorted(predicted), "each prediction has one reveal"


@pytest.mark.parametrize(
    "planted",
    [
        new_markdown_cell("It needs 6.9 years."),
        new_code_cell("fact", outputs=[new_output("stream", text="10x every 6.87 years (95% interval")]),
        new_code_cell('fact("the line rises ten-fold in 6.91 years", True)'),
        new_code_cell(
            outputs=[
                new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": "A line."}})
            ]
        ),
        new_code_cell(outputs=[new_output("display_data", {"text/plain": "years  6.874"})]),
    ],
)
def test_a_result_planted_above_its_reveal_is_found(planted):
    notebook = nbformat.read(NOTEBOOKS["01"], nbformat.NO_CONVERT)
    place = next(
        place for place, cell in enumerate(notebook.cells) if exercise_of(cell) == "01.prediction.tenfold"
    )
    notebook.cells.insert(place + 1, planted)
    assert list(told_too_early(notebook)), "between the prediction and its reveal"
    if "years" in str(planted):
        notebook.cells.insert(3, notebook.cells.pop(place + 1))
        assert list(told_too_early(notebook)), "before the prediction"


def test_a_result_planted_as_another_number_is_found():
    window = nbformat.read(NOTEBOOKS["02"], nbformat.NO_CONVERT)
    window.cells.insert(1, new_code_cell(outputs=[new_output("stream", text="crossing at 4.0e+09 FLOPs")]))
    assert list(told_too_early(window)) == ["02.prediction.window: cell 1 shows 4.0e+09"]
    unseen = nbformat.read(NOTEBOOKS["06"], nbformat.NO_CONVERT)
    place = next(
        place for place, cell in enumerate(unseen.cells) if exercise_of(cell) == "06.prediction.same_flops"
    )
    unseen.cells.insert(place + 1, new_markdown_cell("A share of 0.94 is right."))
    assert list(told_too_early(unseen)) == [f"06.prediction.same_flops: cell {place + 1} shows 0.94"]


# --- locking -------------------------------------------------------------------------------------------------


def test_a_learners_saved_notebook_holds_no_result_before_the_lock():
    result = reveal("04.prediction.unseen", 97)
    kept = result._repr_mimebundle_()[0]
    assert "image/png" not in kept
    assert "Lock your prediction" in kept["text/html"]
    answer("04.prediction.unseen", (90, 80, 99))
    assert reveal("04.prediction.unseen", 97)._repr_mimebundle_()[0]["image/png"]


def test_the_solution_waits_for_the_lock():
    widget = exercise("04.prediction.unseen")
    widget.click("solution")
    assert widget.solution == ""
    assert "opens after “Lock my prediction”" in widget.note
    assert AnswerStore().read().records == {}
    answer("04.prediction.unseen", (90, 80, 99))
    widget = exercise("04.prediction.unseen")
    widget.click("solution")
    assert len(widget.solution) > 10
    assert widget.note == ""


@pytest.mark.parametrize(
    ("id", "slip", "meant"),
    [
        ("07.prediction.closer", (0.9, 0.5, 1.2), "90, between 50 and 120"),
        ("06.prediction.same_flops", (0.4, 0.2, 0.7), "40, between 20 and 70"),
        ("01.prediction.coverage", (0.95, 0.8, 1), "95, between 80 and 100"),
        ("09.prediction.role_swap", (0.1, -0.1, 0.3), "10, between -10 and 30"),
        ("00.prediction.paper", (2, 1.97, 2.03), "Are you so sure?"),
    ],
)
def test_a_slip_of_the_unit_is_asked_back_before_it_locks(id, slip, meant):
    first = answer(id, slip)
    assert first.score < 1
    assert meant in first.verdict.message
    widget = exercise(id)
    assert not widget.locked
    widget.click("check")  # as it stands
    assert widget.locked
    record = AnswerStore().record(id)
    assert (record.score, record.attempts) == (1, 1)


def test_another_slip_is_asked_back_too_and_a_mended_one_locks():
    id = "06.prediction.same_flops"
    answer(id, (0.4, 0.2, 0.7))
    assert answer(id, (0.5, 0.2, 0.7)).score < 1
    assert repr(answer(id, (40, 20, 70))).startswith(f"{id}: locked.")


def test_plausible_predictions_are_not_asked_back():
    for one in every():
        if one.kind.name == "prediction":
            assert one.kind.doubt(one.reference) == "", one.id


@pytest.mark.parametrize("interval", [(2, 1.9999999, 2.0000001), (2, 2, 2), (2, 2, 2.005)])
def test_an_interval_of_next_to_no_width_is_false_certainty(interval):
    kind = Prediction("seconds", 0, 10, {})
    assert kind.grade(kind.read(list(interval))).misconception == "false certainty"


# --- options -------------------------------------------------------------------------------------------------

CHOICES = [one for one in every() if one.kind.name == "choice"]
SINGLE = [one for one in CHOICES if not one.kind.several]
LETTERS = "abcdefgh"


def longest(kind):
    return max(kind.options, key=lambda option: len(option.text))


def test_the_length_of_an_option_does_not_tell():
    assert [one.id for one in SINGLE if longest(one.kind).is_right] == []
    shortest = [min(one.kind.options, key=lambda option: len(option.text)).is_right for one in SINGLE]
    assert sum(shortest) <= len(SINGLE) / 2
    for one in CHOICES:
        lengths = {
            right: [len(each.text) for each in one.kind.options if each.is_right == right] for right in (0, 1)
        }
        assert 0.6 < mean(lengths[1]) / mean(lengths[0]) < 1.5, one.id


def test_the_letter_of_an_option_does_not_tell():
    letters = [
        [LETTERS[place] for place, each in enumerate(one.kind.options) if each.is_right] for one in CHOICES
    ]
    single = Counter(each[0] for each, one in zip(letters, CHOICES, strict=True) if not one.kind.several)
    assert len(single) >= 4
    assert max(single.values()) <= 2
    sets = Counter("".join(each) for each, one in zip(letters, CHOICES, strict=True) if one.kind.several)
    assert max(sets.values()) == 1


def test_no_option_leans_on_its_place():
    for one in CHOICES:
        for option in one.kind.options:
            assert not re.search(
                r"\b(former|latter|previous|all of the|none of the|the same with)\b", option.text
            ), one.id


def shown_letters(page, kind):
    """Option key → letter, as a page shows them."""
    return {
        each.key: re.search(rf"(\w)\)(?:</b>)? {re.escape(each.text[:12])}", page).group(1)
        for each in kind.options
    }


def test_options_have_an_order_for_each_student_in_the_widget_the_picture_and_the_text():
    id, orders = "04.choice.teacher_forcing", set()
    for number in range(12):
        sign_in(f"student {number}", "spring")
        widget = exercise(id)
        kind = widget.homework.exercise.kind
        letters = shown_letters(widget.page, kind)
        assert letters == shown_letters(widget.saved(), kind)
        assert sorted(letters.values()) == list("abcd")
        orders.add("".join(letters[key] for key in sorted(letters)))
        for key, letter in letters.items():
            assert answer(id, letter).verdict.misconception == (None if key == "own_mistakes" else key)
            assert AnswerStore().record(id).value == key, "what is stored is the same for all"
    assert len(orders) > 6


def test_a_stored_choice_outlives_a_change_of_name():
    id = "05.choice.wrap_up"
    answer(id, find(id).reference)
    for student in ("", "ada", "grace"):
        if student:
            sign_in(student)
        widget = exercise(id)
        assert widget.verdict["state"] == "right"
        assert sorted(widget.draft) == find(id).reference


def test_an_order_hangs_on_student_course_and_exercise():
    def order(student, course="", id="05.choice.wrap_up"):
        return [each.key for each in find(id, student, course).kind.options]

    assert order("") == order("", "spring")
    assert order("ada") == order("ada") != order("ada", "spring")
    assert len({tuple(order(f"student {number}")) for number in range(50)}) > 30
    first = Counter(order(f"student {number}")[0] for number in range(500))
    assert min(first.values()) > 60, "each option stands first about as often"
