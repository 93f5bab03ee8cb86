"""The field to type a number into, driven as a browser would: by setting values and clicking."""

from types import SimpleNamespace

import pytest

from destructure.show import attention_map
from destructure.show.try_it import WAITING, TryAttention, TryTranslator, read_digits, try_translator
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


def test_a_picture_follows_what_is_typed(widget):
    assert widget.picture.value == ""
    drawn = []
    picture = SimpleNamespace(png=lambda: b"dots", alt="A picture.")
    following = TryTranslator(
        TASK.target_text, TASK.target_text, lambda number: drawn.append(number) or picture
    )
    following.field.value = "12"
    following.field.value = "nonsense"
    assert drawn == [12]
    assert 'alt="A picture."' in following.picture.value


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


def test_attention_maps_follow_what_is_typed():
    def draw(text):
        if not text:
            raise ValueError("no <such> text")
        return attention_map([[1.0] + [0.0] * (len(text) - 1)], ["?"], list(text))

    widget = TryAttention(draw, "ab")
    assert widget.saved().alt.startswith("Attention map: 1 queries (?) by 2 keys (a b).")
    first = widget.picture.value
    assert "<img" in first
    widget.field.value = "abc"
    assert widget.picture.value != first
    assert "3 keys (a b c)" in widget.picture.value
    widget.field.value = ""
    assert widget.picture.value == "no &lt;such&gt; text"
