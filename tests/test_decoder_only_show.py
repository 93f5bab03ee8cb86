"""The pictures and the dials of notebook 06."""

import numpy as np
import pytest
import torch

from destructure.generate import Sampling, generate, next_token_probabilities
from destructure.show.influence_maps import influence_maps
from destructure.show.next_tokens import next_token_cuts
from destructure.show.text_pages import _wrapped, text_page
from destructure.show.try_sampling import TrySampling, try_sampling
from destructure.studies import docstring_writer

LOGITS = torch.tensor([1.0, 3.0, 0.5, 2.0, -1.0])
TOKENS = ["a", "b", " ", "\n", "$"]


def texts_of(picture):
    return [text.get_text() for axes in picture.figure.axes for text in axes.texts]


def test_cuts_are_drawn_over_the_models_own_bars():
    own = next_token_probabilities(LOGITS)
    cut = next_token_probabilities(LOGITS, top_k=2)
    picture = next_token_cuts(
        own, TOKENS, {"top-k 2": cut, "all": own, "temperature": own}, title="After “x”"
    )
    first, *_ = picture.figure.axes
    heights = [bar.get_height() for bar in first.patches]
    order = np.argsort(-own.numpy())
    assert heights == pytest.approx([*own[order].tolist(), *cut[order].tolist()])
    labels = [label.get_text() for label in first.get_xticklabels()]
    assert labels == ["b", "⏎", "a", "␣", "$"]
    assert "2 of 5 tokens" in texts_of(picture)
    assert len([axes for axes in picture.figure.axes if axes.get_visible()]) == 3
    assert picture.png().startswith(b"\x89PNG")
    assert "top-k 2" in picture.alt


@pytest.mark.parametrize(
    ("own", "cuts", "says"),
    [
        ([0.5, 0.5], {}, "no rule to draw"),
        ([0.5, 0.5], {"x": [1.0]}, "give one number for each"),
        ([0.5, 0.5], {"x": [0.5, 0.4]}, "sum to 1"),
        ([0.5, 0.6], {"x": [0.5, 0.5]}, "sum to 1"),
        ([0.5, 0.5], {"x": [1.5, -0.5]}, "0 or more"),
    ],
)
def test_what_is_no_distribution_is_refused(own, cuts, says):
    with pytest.raises(ValueError, match=says):
        next_token_cuts(own, ["a", "b"], cuts)


def test_a_page_shows_every_text_and_what_was_given():
    picture = text_page(
        {"greedy": "the $x$ of the list.\n\nSecond line", "sampled": "z" * 200}, begins="Return "
    )
    shown = texts_of(picture)
    assert {"greedy", "sampled", "Return "} <= set(shown)
    assert any("the $x$ of the list." in text for text in shown)
    assert sum(text.count("z") for text in shown) == 200
    assert picture.summary == "Texts written by the model, as a page: greedy; sampled."
    assert picture.png().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="at least one heading"):
        text_page({})


def test_wrapping_loses_no_letter():
    text = "a word, " * 40 + "x" * 100 + "\n\n    indented\n"
    assert "".join(_wrapped(text)).replace(" ", "") == text.replace("\n", "").replace(" ", "")
    assert max(map(len, _wrapped(text))) <= 76
    assert _wrapped("") == [""]


def test_influence_maps_say_in_words_what_they_show():
    causal, everything = np.tri(5, dtype=bool), np.ones((5, 5), dtype=bool)
    blocks = causal.copy()
    blocks[:3, :3] = True
    picture = influence_maps(
        {"C": causal, "B": torch.tensor(everything), "A": blocks}, boundary=3, title="Boxes"
    )
    assert picture.alt == (
        "Who reaches whom: C: no token reaches an earlier output; B: every token reaches every output; "
        "A: tokens reach earlier outputs inside the input only."
    )
    dots = [axes.collections[0].get_offsets().shape[0] for axes in picture.figure.axes[:3]]
    assert dots == [15, 25, int(blocks.sum())]
    assert picture.png().startswith(b"\x89PNG")
    for wrong, says in (({}, "at least one"), ({"a": everything[:4]}, "must be square")):
        with pytest.raises(ValueError, match=says):
            influence_maps(wrong)


# --- dials ---------------------------------------------------------------------------------------------------


def test_dials_reach_the_sampling():
    asked = []

    def write(*arguments):
        asked.append(arguments)
        return "<b>text</b>"

    dials = TrySampling(write, "Return the ")
    assert not asked  # nothing is written before something is changed
    dials.temperature.value = 0.5
    dials.top_k.value = 7
    dials.top_p.value = 0.9
    dials.field.value = "A <class> "
    assert asked == [
        ("Return the ", 0.5, None, None, 0),
        ("Return the ", 0.5, 7, None, 0),
        ("Return the ", 0.5, 7, 0.9, 0),
        ("A <class> ", 0.5, 7, 0.9, 0),
    ]
    dials.button.click()
    assert asked[-1][-1] == 1
    assert "&lt;b&gt;text&lt;/b&gt;" in dials.written.value
    assert "A &lt;class&gt;" in dials.written.value


def test_what_cannot_be_written_is_said_in_the_field():
    def refuse(*_):
        raise ValueError("no <such> text")

    dials = TrySampling(refuse, "x")
    dials.submit()
    assert dials.written.value == "no &lt;such&gt; text"
    assert repr(dials) == "<TrySampling: a text to begin with, and dials for temperature, top-k and top-p>"
    assert "In JupyterLab" in dials._repr_mimebundle_()["text/html"]


def test_the_dials_write_with_a_real_model():
    task = docstring_writer.make_task()
    model = docstring_writer.stored_writer()
    dials = try_sampling(model, task)
    dials.top_k.value = 1
    greedy = dials.written.value
    dials.button.click()
    assert dials.written.value == greedy
    dials.top_k.value = 0
    assert dials.written.value != greedy
    dials.field.value = ""
    assert "<pre" in dials.written.value


# --- the stored writer ---------------------------------------------------------------------------------------


def test_the_stored_writer_is_as_good_as_its_table_says():
    measured = docstring_writer.results()
    assert tuple(measured.budget) == docstring_writer.RECIPE.flops
    assert measured.bits.is_monotonic_decreasing
    bits = docstring_writer.bits_per_character(
        docstring_writer.stored_writer(), docstring_writer.held_out()[::4]
    )
    assert bits == pytest.approx(
        measured.bits.iloc[-1], abs=docstring_writer.MARGIN + 0.1
    )  # a quarter of the pieces


def test_greedy_is_less_varied_than_sampling():
    model = docstring_writer.stored_writer()
    greedy, drawn = (
        docstring_writer.quality(model, how, texts=16) for how in (Sampling(top_k=1), Sampling(seed=5))
    )
    assert greedy["distinct words"] < drawn["distinct words"]
    assert greedy["known words"] > drawn["known words"]


def test_a_damaged_or_missing_weights_file_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "docstring_writer.safetensors"
    monkeypatch.setattr(docstring_writer, "weights_file", lambda: path)
    for content in (None, b"", b"not weights"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=r"docstring_writer\.safetensors cannot be read"):
            docstring_writer.stored_writer()


def test_the_lesson_trains_the_first_part_of_the_stored_run():
    lesson, stored = docstring_writer.LESSON_RECIPE, docstring_writer.RECIPE
    assert lesson.budgets == stored.budgets[:1]
    assert lesson.warmup * lesson.budgets[0] == stored.warmup * stored.budgets[0]


def test_text_goes_on_from_where_it_was_given():
    model, task = docstring_writer.stored_writer(), docstring_writer.make_task()
    (ids,) = generate(model, None, 30, prompts=[task.encode_target("Return the ")])
    assert task.decode_target(ids).isprintable() or "\n" in task.decode_target(ids)
