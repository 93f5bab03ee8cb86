"""An encoder behind the trainer's interface: the right places count, padding never does, costs are the formula's."""

import math

import pytest
import torch
from torch.nn import functional

from destructure import TransformerConfig, cost
from destructure.config import END
from destructure.encoders import Classifier, GapFiller, mean_state
from destructure.tasks import HiddenCharacters, LanguageIdentification
from destructure.tasks.base import Pair
from destructure.train import Recipe, train
from destructure.train.batches import Batches
from destructure.train.evaluate import target_loss


@pytest.fixture(scope="module")
def task():
    return LanguageIdentification(messages=20)


@pytest.fixture(scope="module")
def gaps():
    return HiddenCharacters(messages=20)


def make_config(task, **changes):
    sizes = {"width": 16, "layers": 2, "heads": 2, "positions": "rotary"}
    return TransformerConfig(vocabulary=len(task.vocabulary), **(sizes | changes))


def batch_of(pairs):
    return Batches(pairs, 10_000, seed=0).of(torch.arange(len(pairs)).numpy())


def test_a_classifier_is_a_writer_of_one_label(task):
    model = Classifier(make_config(task), task, seed=1)
    batch = batch_of(task.pairs("train")[:6])
    logits = model(batch.source, batch.target)
    assert logits.shape == (6, 2, len(task.vocabulary))
    chances = logits.softmax(dim=-1)
    torch.testing.assert_close(chances[:, 0, list(task.label_tokens)].sum(dim=-1), torch.ones(6))
    torch.testing.assert_close(chances[:, 1, END], torch.ones(6))
    labels = torch.tensor([task.label_tokens.index(pair.target[0]) for pair in task.pairs("train")[:6]])
    own = functional.cross_entropy(model.label_logits(batch.source), labels)
    torch.testing.assert_close(target_loss(model, batch), own / 2)


def test_other_texts_of_the_batch_change_nothing(task):
    model = Classifier(make_config(task), task, seed=1).eval()
    short, long = (
        Pair(task.encode_source("Ja, tak"), ()),
        Pair(task.encode_source("ein viel längerer Text"), ()),
    )
    together = model.label_logits(batch_of([short, long]).source)
    torch.testing.assert_close(together[:1], model.label_logits(batch_of([short]).source))


def test_a_classifier_reads_both_ways(task):
    """Every character, first and last, reaches the answer."""
    model = Classifier(make_config(task), task, seed=1).eval()
    text = torch.tensor([task.encode_source("abcdef")])
    before = model.label_logits(text)
    for place in range(text.shape[1]):
        changed = text.clone()
        changed[0, place] = task.encode_source("z")[0]
        assert not torch.allclose(model.label_logits(changed), before)


def test_mean_state_counts_real_tokens_only():
    states = torch.tensor([[[1.0], [3.0], [100.0]], [[2.0], [4.0], [6.0]]])
    ids = torch.tensor([[5, 6, 0], [5, 6, 7]])
    assert mean_state(states, ids).tolist() == [[2.0], [4.0]]


def test_only_hidden_characters_teach_a_gap_filler(gaps):
    model = GapFiller(make_config(gaps), gaps, seed=1)
    batch = batch_of(gaps.pairs("train")[:5])
    hidden = batch.source == gaps.hidden_token
    guesses = model.guesses(batch.source)[hidden]
    true = batch.expected[:, : batch.source.shape[1]][hidden]
    whole = target_loss(model, batch) * (batch.expected != 0).sum()
    torch.testing.assert_close(whole, functional.cross_entropy(guesses, true, reduction="sum"))
    assert true.numel() == sum(pair.source.count(gaps.hidden_token) for pair in gaps.pairs("train")[:5])


def test_a_gap_filler_gives_back_what_it_was_shown(gaps):
    model = GapFiller(make_config(gaps), gaps, seed=1).eval()
    batch = batch_of(gaps.pairs("train")[:5])
    chosen = model(batch.source, batch.target).argmax(dim=-1)
    real, hidden = batch.expected != 0, functional.pad(batch.source == gaps.hidden_token, (0, 1))
    assert (chosen == batch.expected)[real & ~hidden].all()
    assert not (chosen == batch.expected)[hidden].all()


def test_a_guess_looks_at_both_sides(gaps):
    model = GapFiller(make_config(gaps), gaps, seed=1).eval()
    ids = list(gaps.encode_source("abcdefgh"))
    ids[4] = gaps.hidden_token
    before = model.guesses(torch.tensor([ids]))[0, 4]
    for place in (0, 3, 5, 7):
        changed = list(ids)
        changed[place] = gaps.encode_source("z")[0]
        assert not torch.allclose(model.guesses(torch.tensor([changed]))[0, 4], before)


def test_costs_are_those_of_the_formulas(task, gaps):
    config = make_config(task)
    model = Classifier(config, task)
    assert model.answer_flops(10) == cost.encoder_flops(config, 10, labels=26)
    assert model.training_flops(10, 2) == 3 * model.answer_flops(10)
    logits = 2 * 11 * config.width * config.vocabulary
    assert GapFiller(config, gaps).training_flops(10, 11) == 3 * (cost.encoder_flops(config, 11) + logits)


@pytest.mark.parametrize("make", ["classifier", "gap filler"])
def test_the_one_trainer_trains_them(task, gaps, make):
    """A few steps on few messages: the loss falls well below what knowing nothing would cost."""
    chosen = task if make == "classifier" else gaps
    config = make_config(chosen, width=32)
    model = Classifier(config, task, seed=0) if make == "classifier" else GapFiller(config, gaps, seed=0)
    run = train(
        model,
        chosen,
        Recipe(steps=60, tokens_per_batch=500),
        progress=False,
        measure=lambda trained: {"seen": 1.0},
    )
    assert run.status == "finished"
    first, last = run.history.loss.iloc[:5].mean(), run.history.loss.iloc[-10:].mean()
    assert last < first - 0.1
    if make == "classifier":
        assert first == pytest.approx(math.log(26) / 2, rel=0.25)
