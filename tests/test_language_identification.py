"""The registered study behind notebook 05: its methods, what they answer, what an answer costs."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from destructure import Transformer, cost
from destructure.encoders import Classifier
from destructure.studies import language_identification as study

# --- the plan ------------------------------------------------------------------------------------------------


def test_amounts_of_data_are_nested_and_end_with_everything():
    originals = [set(study.make_task(messages=number).items("train")) for number in study.MESSAGES]
    assert [len(each) for each in originals] == list(study.MESSAGES)
    assert all(small < large for small, large in pairwise(originals))
    assert originals[-1] == set(study.make_task().items("train"))


def test_all_methods_read_the_same_texts():
    methods = (study.COUNTING, study.ENCODER, study.DECODER)
    texts = [{*map(str, study.make_task(method).split_messages("train"))} for method in methods]
    assert texts[0] == texts[1] == texts[2]
    pairs = [len(study.make_task(method).pairs("train")) for method in methods]
    assert pairs == [pairs[0], 4 * pairs[0], 4 * pairs[0]]


def test_a_decoder_needs_its_second_layer_to_see_more_than_single_characters():
    """What a place hands to the place that writes: with one layer its own character, with two its neighbours too."""
    assert study.LAYERS[study.DECODER] == 2
    text, swapped, other = (
        "a long way",
        "a lnog way",
        "turn round",
    )  # "o" and "n" change places; the same "n" alone
    place = 3
    assert other[place] == swapped[place] == "n"
    for layers, single in ((1, True), (2, False)):
        before, after, elsewhere = (handed_over(layers, each) for each in (text, swapped, other))
        assert not torch.allclose(before[place], after[place], atol=0.01)  # another character
        assert (
            torch.allclose(after[place], elsewhere[place], atol=1e-5) == single
        )  # the same one, in another text
        assert torch.allclose(before[place + 2 :], after[place + 2 :], atol=1e-5) == single  # after the swap


@torch.no_grad()
def handed_over(layers, text):
    """Keys and values of the last layer, a row for each character."""
    config = replace(study.namer(study.DECODER).config, layers=layers)
    source = torch.tensor([study.make_task(study.DECODER).encode_source(text)])
    keys, values = Transformer(config, seed=3).eval().read(source).keys_values[-1]
    return torch.cat([keys, values], dim=-1)[0].transpose(0, 1).flatten(1)


# --- answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [study.COUNTING, *study.LAYERS])
def test_answers_do_not_depend_on_company(method):
    texts = [message.text for message in study.unseen_messages(split="validation")[::40]]
    model = study.count(12) if method == study.COUNTING else study.namer(method, seed=3).eval()
    alone = [answer for text in texts for answer in study.answers(model, [text])]
    assert study.answers(model, texts) == alone
    assert len(alone) == len(texts)


def test_many_texts_get_one_answer_each():
    model = study.namer(study.DECODER, seed=3).eval()
    messages = study.unseen_messages(split="validation")
    assert len(messages) > 100
    assert len(study.answers(model, [message.text for message in messages])) == len(messages)


def test_accuracy_counts_whole_answers(monkeypatch):
    messages = study.unseen_messages(split="validation")[:4]
    said = [messages[0].language, messages[1].language, messages[2].language[0], "xx"]
    monkeypatch.setattr(study, "answers", lambda model, texts: said)
    assert study.accuracy(None, messages) == 0.5


def test_flops_of_an_answer_are_the_formulas():
    class Message:
        text = "x" * 30

    encoder, decoder = (study.namer(method, seed=0) for method in study.LAYERS)
    assert isinstance(encoder, Classifier)
    assert isinstance(decoder, Transformer)
    assert study.mean_answer_flops(encoder, [Message]) == cost.encoder_flops(encoder.config, 30, labels=26)
    assert study.mean_answer_flops(decoder, [Message]) == cost.forward_flops(decoder.config, 30, 3)
    counting = study.count(12)
    assert study.mean_answer_flops(counting, [Message]) == 26 * len(counting.ngrams("x" * 30))


def test_unseen_messages_are_long_enough():
    assert min(len(message.text) for message in study.unseen_messages()) == study.SHORTEST
    assert len(study.unseen_messages(1)) > len(study.unseen_messages())


# --- training ------------------------------------------------------------------------------------------------


def test_training_learns_something():
    short = replace(study.RECIPE, flops=4e10)
    model = study.train_namer(study.ENCODER, seed=1, messages=47, progress=False, recipe=short).model
    assert study.accuracy(model, study.unseen_messages(split="validation")) > 3 / 26


def test_the_same_seed_gives_the_same_model():
    first, second = (study.namer(study.ENCODER, seed=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


# --- the stored rows -----------------------------------------------------------------------------------------


def test_the_stored_rows_of_counting_are_what_counting_gives():
    rows = study.rows()
    (row,) = rows[(rows.method == study.COUNTING) & (rows.messages == study.MESSAGES[0])].to_dict("records")
    model = study.count(study.MESSAGES[0])
    assert study.accuracy(model, study.unseen_messages()) == pytest.approx(row["accuracy"], abs=1e-4)
    assert study.mean_answer_flops(model, study.unseen_messages()) == pytest.approx(
        row["answer_flops"], abs=0.5
    )


# --- the second plan -----------------------------------------------------------------------------------------


def test_the_second_plan_has_compute_in_proportion_to_the_texts():
    for run in study.COMPUTE.planned():
        texts = len(study.make_task(messages=run["messages"]).split_messages("train"))
        assert run["budgets"][-1] == pytest.approx(texts * 4 * study.RECIPE.budgets[0] / 15_726, rel=1e-3)
    assert study.LESSON_RECIPE.budgets == run["budgets"][:1]


def test_a_short_run_of_the_second_plan_has_a_row_per_budget(monkeypatch):
    monkeypatch.setattr(study, "unseen_messages", lambda: study.make_task().split_messages("test")[:200])
    few, more = study.COMPUTE.compute(study.COMPUTE.planned()[0] | {"budgets": (2e9, 4e9)})
    assert (few["texts"], few["status"], few["learning_rate"]) == (248, "finished", 6e-3)
    assert 2e9 <= few["flops"] < more["flops"]
    assert more["accuracy_learned"] > 1 / 26
    assert more["epochs"] == pytest.approx(more["examples_seen"] / (4 * 248), abs=0.01)
