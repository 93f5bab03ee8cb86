"""The field to type a number into, driven as a browser would: by setting values and clicking."""

import pytest

from destructure.show import spread
from destructure.show.try_it import WAITING, TryTranslator, read_digits, try_translator
from destructure.tasks import NumberTranslation

TASK = NumberTranslation(high=999)


@pytest.fixture
def widget():
    """A model that knows every number but 7."""
    return TryTranslator(lambda number: "acht" if number == 7 else TASK.target_text(number), TASK.target_text)


@pytest.mark.parametrize("typed", ["23", " 23 ", "2 3", "0,023"])
def test_a_right_answer(widget, typed):
    widget.field.value = typed
    assert "<b>dreiundzwanzig</b> ✓ right" in widget.answer.value


def test_a_wrong_answer_shows_the_right_one(widget):
    widget.field.value = "7"
    assert "<b>acht</b> ✗" in widget.answer.value
    assert "<b>sieben</b>" in widget.answer.value


@pytest.mark.parametrize(
    "typed",
    [
        "twenty",
        "-3",
        "2.5",
        "1e3",
        "²",
        "999999999999999999999999",
        "<script>alert(1)</script>",
        "9" * 10_000,
    ],
)
def test_what_is_no_number_gets_a_sentence_and_no_markup(widget, typed):
    widget.field.value = typed
    assert "999,999" in widget.answer.value
    assert "<" not in widget.answer.value


def test_the_button_translates_again_and_an_empty_field_waits(widget):
    widget.field.value = "5"
    widget.answer.value = "changed"
    widget.button.click()
    assert "fünf" in widget.answer.value
    widget.field.value = ""
    assert widget.answer.value == WAITING


def test_a_failing_model_is_not_hidden():
    def broken(number):
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        TryTranslator(broken, TASK.target_text).field.value = "3"


def test_a_real_model_answers_also_outside_its_range():
    from destructure import Transformer, TransformerConfig

    model = Transformer(
        TransformerConfig(vocabulary=len(TASK.vocabulary), width=8, layers=1, heads=1, max_length=32)
    )
    widget = try_translator(model.eval(), TASK)
    widget.field.value = "999999"
    assert "the right answer is <b>neunhundertneunundneunzigtausend" in widget.answer.value


def test_it_looks_the_same_in_every_run(widget):
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == "<TryTranslator: a field to type a number into>"
    assert "appears here" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data


def test_read_digits():
    assert read_digits("1,234") == 1234


# --- every run a dot -----------------------------------------------------------------------------------------


def test_spread_draws_every_run_and_the_live_one():
    picture = spread({"a": [0.1, 0.2, 0.9], "b": [1.0, 0.0, 0.5]}, live={"b": 0.3})
    (axes,) = picture.figure.axes
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [list(line.get_ydata()) for line in dots] == [[0.1, 0.2, 0.9], [1.0, 0.0, 0.5], [0.3]]
    assert "3 runs" in picture.summary


def test_spread_draws_a_bar_at_the_median_and_says_so():
    picture = spread({"four": [0.9, 0.1, 0.2, 0.6], "three": [0.3, 0.8, 0.5]})
    (axes,) = picture.figure.axes
    bars = [list(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "-"]
    assert bars == [pytest.approx([0.4, 0.4]), [0.5, 0.5]]  # of four: halfway between the two in the middle
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["median of the dots"]
    assert "a bar at their median" in picture.summary


@pytest.mark.parametrize("groups", [{}, {"a": []}, {"a": [1.2]}, {"a": [float("nan")]}])
def test_spread_refuses_what_is_no_share(groups):
    with pytest.raises(ValueError, match="shares, each from 0 to 1"):
        spread(groups)
