"""The ledger, a task kept in conversation, and the study of four ways to hold one."""

import doctest

import numpy as np
import pytest
import torch

from destructure.studies import multi_turn as study
from destructure.tasks import Ledger, check_no_leak, ledger
from destructure.train.batches import Batches
from refusals import refused

# --- the ledger --------------------------------------------------------------------------------------------------


def test_the_ledger_gives_back_what_its_lines_say():
    assert doctest.testmod(ledger).failed == 0
    task = Ledger(turns=5, train_examples=400, validation_examples=50, test_examples=50)
    check_no_leak(task)
    for example in task.examples("train"):
        places = {}
        for turn, (_, how, what) in enumerate(example, start=1):
            step = 1 if how == "after" else 0
            from_place = ledger.PLACES.index(what) if how == "in" else places[int(what)]
            places[turn] = (from_place + step) % 8
        pair = task.pair(example)
        written = task.vocabulary.decode((1, *pair.target))
        assert written == [w for place in places.values() for w in ("[BOS]", ledger.PLACES[place])]
        assert len(pair.source) == 15


@pytest.mark.parametrize("distance", [1, 3, 5])
def test_the_distance_is_that_of_the_last_message(distance):
    task = Ledger(turns=6, distance=distance, train_examples=50, validation_examples=5, test_examples=5)
    assert {example[-1][2] for example in task.examples("train")} == {str(6 - distance)}
    assert {example[-1][1] for example in task.examples("train")} == {"by", "after"}


def test_dials_that_cannot_be_are_refused():
    for dials, fragment in (({"turns": 11}, "turns is 11"), ({"turns": 4, "distance": 4}, "distance is 4")):
        with refused(fragment):
            Ledger(**dials)


# --- the study ---------------------------------------------------------------------------------------------------


@pytest.fixture
def batch():
    pairs = Ledger(turns=3, train_examples=5, validation_examples=1, test_examples=1).pairs("train")
    return Batches(pairs, 10_000, seed=0).of(np.arange(5))


@pytest.mark.parametrize("arm", study.ARMS)
def test_no_arm_sees_what_comes_later(arm, batch):
    talker = study.Talker(arm, seed=1).eval()
    logits = talker.reply_logits(batch.source, batch.target)
    assert logits.shape == (5, 3, 2, len(Ledger.vocabulary))
    source, target = batch.source.clone(), batch.target.clone()
    source[:, 6:], target[:, 5:] = 5, 14  # the last message, and its reply
    changed = talker.reply_logits(source, target)
    torch.testing.assert_close(changed[:, :2], logits[:, :2])
    assert not torch.allclose(changed[:, 2, 0], logits[:, 2, 0])
    target[:, 1] = 15  # the first reply: all later ones may use it
    assert not torch.allclose(talker.reply_logits(source, target)[:, 1], changed[:, 1])


def test_flops_are_the_sum_over_replies_and_examples_are_the_same():
    for turns in study.TURNS:
        most = study.BUDGET / study.conversation_flops(study.ALL, turns)
        for arm in study.ARMS:
            seen = study.same_examples(arm, turns) / study.conversation_flops(arm, turns)
            assert seen == pytest.approx(most, rel=1e-6)
    ratio = study.conversation_flops(study.ALL, 8) / study.conversation_flops(study.CAUSAL, 8)
    assert ratio == pytest.approx(4.5, rel=0.1)  # (n + 1) / 2, a little less for pairs and logits
    planned = [run for run in study.STUDY.planned() if run["role"] == "reporting"]
    assert len(planned) == 8 * (5 + 4)
    assert all(study.BUDGET in run["budgets"] for run in planned)


def test_within_a_message_only_one_arm_reads_both_ways(batch):
    changed = batch.source.clone()
    changed[:, 2] = 9  # the last word of the first message
    for arm, looks in ((study.CAUSAL, False), (study.BY_MESSAGE, True)):
        talker, places = study.Talker(arm, seed=1).eval(), batch.source[:, :3].shape[1]
        before, after = (talker._read_once(each[:, :3])[:, : places - 1] for each in (batch.source, changed))
        assert torch.allclose(before, after) != looks


def test_a_short_run_has_a_row_per_budget(monkeypatch):
    monkeypatch.setattr(study, "BUDGET", 4e9)
    run = study.STUDY.planned()[-1] | {"budgets": (2e9, 4e9), "learning_rate": 0.008, "turns": 4}
    first, second = study.STUDY.compute(run)
    assert (first["status"], first["turns"], first["distance_1"]) == ("finished", 4, None)
    assert 2e9 <= first["flops"] < second["flops"]
    assert second["turn_1"] >= 0
