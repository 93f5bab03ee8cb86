"""The registered study behind notebook 05: its methods, its rows, and what the notebook says about them."""

from dataclasses import replace
from itertools import pairwise

import pandas as pd
import pytest
import torch

from destructure import Transformer, cost
from destructure.studies import language_study as study
from destructure.studies.encoders import Classifier
from destructure.train.recipe import Recipe

ALL = study.MESSAGES[-1]

# --- the plan ------------------------------------------------------------------------------------------------


def test_amounts_of_data_are_nested_and_end_with_everything():
    originals = [set(study.make_task(messages=number).items("train")) for number in study.MESSAGES]
    assert [len(each) for each in originals] == list(study.MESSAGES)
    assert all(small < large for small, large in pairwise(originals))
    assert originals[-1] == set(study.make_task().items("train"))


def test_all_methods_read_the_same_texts():
    texts = [
        {(message.text, message.language) for message in study.make_task(method).split_messages("train")}
        for method in (study.COUNTING, *study.LAYERS)
    ]
    assert texts[0] == texts[1] == texts[2]
    assert len(study.make_task(study.DECODER).pairs("train")) == study.COPIES * len(
        study.make_task(study.COUNTING).pairs("train")
    )


def test_every_amount_has_five_seeds_and_none_is_the_lessons():
    jobs = study.jobs()
    seeds = {
        messages: {job.seed for job in jobs if (job.method, job.messages) == (study.ENCODER, messages)}
        for messages in study.MESSAGES
    }
    assert all(found == set(study.REPORTING_SEEDS) for found in seeds.values())
    assert len(study.REPORTING_SEEDS) >= 5
    assert study.LESSON_SEED not in study.REPORTING_SEEDS
    assert len(set(jobs)) == len(jobs)


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
    config = replace(study.make_config(study.DECODER), layers=layers)
    source = torch.tensor([study.make_task(study.DECODER).encode_source(text)])
    keys, values = Transformer(config, seed=3).eval().read(source).keys_values[-1]
    return torch.cat([keys, values], dim=-1)[0].transpose(0, 1).flatten(1)


# --- answers -------------------------------------------------------------------------------------------------


def few_steps(monkeypatch, steps=40):
    monkeypatch.setattr(study, "make_recipe", lambda: Recipe(steps=steps, tokens_per_batch=600))


@pytest.mark.parametrize("method", [study.COUNTING, *study.LAYERS])
def test_answers_do_not_depend_on_company(method):
    texts = [message.text for message in study.unseen_messages(split="validation")[::40]]
    model = study.train_counting(12) if method == study.COUNTING else study.make_model(method, seed=3).eval()
    alone = [answer for text in texts for answer in study.answers(model, [text])]
    assert study.answers(model, texts) == alone
    assert len(alone) == len(texts)


def test_many_texts_get_one_answer_each():
    model = study.make_model(study.DECODER, seed=3).eval()
    messages = study.unseen_messages(split="validation")
    assert len(messages) > study.AT_ONCE
    assert len(study.answers(model, [message.text for message in messages])) == len(messages)


def test_accuracy_counts_whole_answers(monkeypatch):
    messages = study.unseen_messages(split="validation")[:4]
    said = [messages[0].language, messages[1].language, messages[2].language[0], "xx"]
    monkeypatch.setattr(study, "answers", lambda model, texts: said)
    assert study.accuracy(None, messages) == 0.5


def test_flops_of_an_answer_are_the_formulas():
    encoder, decoder = (study.make_model(method, seed=0) for method in study.LAYERS)
    assert isinstance(encoder, Classifier)
    assert isinstance(decoder, Transformer)
    assert study.answer_flops(encoder, 30) == cost.encoder_flops(encoder.config, 30, labels=26)
    assert study.answer_flops(decoder, 30) == cost.forward_flops(decoder.config, 30, 3)
    counting = study.train_counting(12)
    assert study.answer_flops(counting, 30) == 26 * len(counting.ngrams("x" * 30))


def test_unseen_messages_are_long_enough():
    assert min(len(message.text) for message in study.unseen_messages()) == study.SHORTEST
    assert len(study.unseen_messages(1)) > len(study.unseen_messages())


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", study.LAYERS)
def test_a_short_run_gives_a_row(method, monkeypatch):
    few_steps(monkeypatch, 3)
    monkeypatch.setattr(study, "accuracy", lambda model, messages: 0.25)
    row = study.run_job(study.Job(method, 12, 7))
    assert tuple(row) == study.COLUMNS
    assert (row["status"], row["accuracy"], row["steps"], row["texts"]) == ("finished", 0.25, 3, 248)


def test_a_diverged_run_keeps_its_row_and_knows_nothing(monkeypatch):
    class Diverged:
        status, model = "diverged", study.make_model(study.ENCODER, seed=0)
        history = pd.DataFrame([{"step": 3, "flops": 27}])

    monkeypatch.setattr(study, "train_model", lambda *arguments, **more: Diverged)
    row = study.run_job(study.Job(study.ENCODER, 12, 7))
    assert (row["status"], row["accuracy"], row["accuracy_all"], row["flops"]) == ("diverged", 0.0, 0.0, 27)


def test_training_learns_something(monkeypatch):
    few_steps(monkeypatch)
    model = study.train_model(study.ENCODER, seed=1, messages=47, progress=False).model
    assert study.accuracy(model, study.unseen_messages(split="validation")) > 3 / 26


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "results_file", lambda: tmp_path / "results" / "language_identification.csv")
    ran = []

    def run(job):
        ran.append(job)
        if len(ran) % 7 == 0:
            raise KeyboardInterrupt
        about = {"method": job.method, "messages": job.messages, "seed": job.seed, "status": "finished"}
        return dict.fromkeys(study.COLUMNS, 0) | about

    monkeypatch.setattr(study, "run_job", run)
    for _ in range(20):
        try:
            study.run_missing()
            break
        except KeyboardInterrupt:
            continue
    rows = study.results()
    assert len(rows) == len(study.jobs())
    assert not rows.duplicated(["method", "messages", "seed"]).any()
    assert study.run_missing() == 0


# --- the stored rows -----------------------------------------------------------------------------------------


def test_every_registered_run_is_reported_once():
    rows = study.results()
    assert tuple(rows.columns) == study.COLUMNS
    assert study.missing_jobs(rows) == []
    assert len(rows) == len(study.jobs())
    assert not rows.duplicated(["method", "messages", "seed"]).any()
    assert set(rows.status) <= {"finished", "diverged"}
    assert rows[["accuracy", "accuracy_all"]].apply(lambda column: column.between(0, 1)).all(axis=None)
    trained = rows[(rows.method != study.COUNTING) & (rows.status == "finished")]
    assert (trained.flops / study.BUDGET).between(1, 1.01).all()
    assert rows.cpu_seconds.sum() < 40 * 60


def test_the_stored_rows_of_counting_are_what_counting_gives():
    (row,) = study.runs_of(study.results(), study.COUNTING, study.MESSAGES[0]).to_dict("records")
    model = study.train_counting(study.MESSAGES[0])
    assert study.accuracy(model, study.unseen_messages()) == pytest.approx(row["accuracy"], abs=1e-4)


def test_the_promise_of_seventy_in_a_hundred_holds_for_every_seed():
    assert (study.runs_of(study.results(), study.ENCODER).accuracy >= 0.7).all()


# --- what is said about them -----------------------------------------------------------------------------------


def rows_of(**accuracies):
    """Rows with all data: method → accuracy of each seed."""
    names = {"counting": study.COUNTING, "encoder": study.ENCODER, "decoder": study.DECODER}
    return pd.DataFrame(
        [
            {"method": names[name], "messages": ALL, "texts": 9, "seed": seed, "accuracy": value}
            for name, values in accuracies.items()
            for seed, value in enumerate(values)
        ]
    )


def test_a_difference_is_paired_by_seed():
    rows = rows_of(encoder=[0.5, 0.6, 0.7, 0.8], decoder=[0.4, 0.51, 0.6, 0.7])
    mean, low, high = study.difference(rows, study.ENCODER, study.DECODER)
    assert mean == pytest.approx(0.0975)
    assert 0.08 < low < mean < high < 0.11  # unpaired, the seeds' own spread would drown it


def test_gaps_are_counting_minus_encoder():
    (gap,) = study.gaps(rows_of(counting=[0.9], encoder=[0.6, 0.7, 0.8])).itertuples()
    assert gap.gap == pytest.approx(0.2)
    assert gap.low < 0.2 < gap.high
    assert gap.texts == 9


def test_the_stored_interval_is_the_seeds_and_a_margin():
    low, high = study.stored_interval(rows_of(encoder=[0.6, 0.99]), study.ENCODER)
    assert (low, high) == (pytest.approx(0.6 - study.MARGIN), 1.0)


def test_the_same_seed_gives_the_same_model():
    first, second = (study.make_model(study.ENCODER, seed=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
