"""The studies behind notebook 11: what their tasks ask, what their models are; short runs fill their rows."""

import math
from types import SimpleNamespace

import pytest
import torch

from destructure import Transformer, TransformerConfig
from destructure.studies import causality, depth, objective, recall
from destructure.tasks import Pair, check_no_leak
from destructure.train.batches import Batches


def test_all_words_are_there_once_and_copied():
    pairs = causality.Words("abc", 3).pairs("test")
    assert len({pair.source for pair in pairs}) == len(pairs) == 27
    assert all(pair.source == pair.target for pair in pairs)


@pytest.mark.parametrize("in_order", [False, True])
def test_recall_asks_for_a_value_that_was_read(in_order):
    task = recall.Recall(pairs_read=3, in_order=in_order, train_examples=50, test_examples=9)
    for pairs, key in task.examples("train"):
        assert [pair[1] for pair in pairs if pair[0] == key] == list(task.target_text((pairs, key)))
        assert not in_order or list(pairs) == sorted(pairs)
    check_no_leak(task)


def test_a_tower_reads_its_length_only_and_a_plain_one_adds_nothing():
    config = TransformerConfig(20, width=8, layers=3, max_length=4)
    towers = [depth.Tower(config, residual, seed=1) for residual in (True, False)]
    ids, target = torch.tensor([[3, 4, 5, 6]]), torch.tensor([[1, 7]])
    first, second = (tower(ids, target) for tower in towers)
    assert first.shape == (1, 2, 20)
    assert not torch.allclose(first[:, 0], second[:, 0])
    assert (first[:, 1].argmax(dim=-1) == 2).all()  # [EOS]
    for tower in towers:
        tower.layers.requires_grad_(False).apply(lambda each: hasattr(each, "weight") and each.weight.zero_())
    first, second = (tower(ids + 1, target)[:, 0] for tower in towers)
    assert not torch.allclose(first, towers[0](ids, target)[:, 0])  # around empty layers
    assert torch.allclose(second, towers[1](ids, target)[:, 0])  # through empty layers nothing comes
    with pytest.raises(RuntimeError):
        towers[0](ids[:, :3], target)


def test_people_slip_in_three_words_of_ten_by_one_letter():
    words = objective.examples(seed=1)
    right = objective.is_right(words)
    assert right[:1400].all()
    assert not right[1400:].any()
    assert ((words[1400:] != words[1400:].flip(1)).sum(dim=1) == 2).all()
    assert (words.min(), words.max()) == (objective.FIRST, objective.FIRST + objective.LETTERS - 1)


def test_the_likelihood_of_all_words_is_one():
    sizes = {"width": 16, "layers": 1, "heads": 1, "max_length": 6}
    writer = objective.Transformer(TransformerConfig(11, **sizes, structure=objective.Structure.DECODER_ONLY))
    words = torch.cartesian_prod(*[torch.arange(3, 11)] * 2)
    assert objective.log_likelihood(writer, words).exp().sum().item() == pytest.approx(1, abs=1e-4)


def pieces(piece=64):
    """A task of as many random pieces of text as fill a batch or two."""
    ids = torch.randint(3, causality.HIDDEN, (32, piece), generator=torch.Generator().manual_seed(0))
    pairs = [Pair((), tuple(each)) for each in ids.tolist()]
    return SimpleNamespace(pairs=lambda split: pairs)


def scarce(name, training=False):
    """The loss of an untrained model on random pieces, as a function of the draw's seed; and the model."""
    structure = causality.READINGS["bidirectional" if name == "masked" else "causal"]
    config = TransformerConfig(causality.HIDDEN + 1, **causality.SIZES, structure=structure, max_length=64)
    model = Transformer(config, seed=0).train(training)
    batch = Batches(pieces().pairs("train"), 1, seed=0).of(range(32))
    return lambda seed=0: causality.scarce_loss(
        name, model, batch, torch.Generator().manual_seed(seed)
    ).item(), model


def test_inputs_are_hidden_in_training_only():
    plain, hidden, masked = causality.OBJECTIVES
    assert scarce(plain)[0]() == scarce(plain, True)[0]() == scarce(hidden)[0]() != scarce(hidden, True)[0]()
    assert scarce(masked)[0](0) != scarce(masked)[0](1)


@pytest.mark.parametrize("name", causality.OBJECTIVES)
def test_who_knows_nothing_pays_for_every_character_alike(name):
    loss, model = scarce(name, training=True)
    torch.nn.init.zeros_(model.embedding.tokens.weight)
    assert sum(map(loss, range(20))) / 20 == pytest.approx(math.log(causality.HIDDEN + 1), rel=0.02)


TOWER = {"kind": "plain", "layers": 2, "learning_rate": 1e-3, "role": "tuning"}
RUNS = {
    causality.STUDY: {"reading": "causal", "positions": "none", "budgets": (1e7,)},
    causality.SCARCE: {"objective": "masked", "budgets": (2,)},
    recall.STUDY: {"reader": "MLP", "load": 4, "in_order": True, "budgets": (1e7,)},
    depth.STUDY: TOWER | {"budgets": (2,)},
}


@pytest.mark.parametrize("study", RUNS, ids=lambda study: study.name)
def test_a_short_run_fills_its_rows(study, monkeypatch):
    eight = recall.Recall(pairs_read=7, train_examples=300, validation_examples=20, test_examples=20)
    monkeypatch.setattr(depth, "make_task", lambda: eight)  # seven pairs and a key are eight tokens, too
    monkeypatch.setattr(causality, "ScarceText", pieces)
    (row,) = study.compute(RUNS[study] | {"seed": 1})
    assert set(row) == {*study.columns, *study.gained}
    assert (row["status"], row["budget"]) == ("finished", *RUNS[study]["budgets"])


@pytest.mark.parametrize("arm", objective.ARMS)
def test_updates_change_the_writer_and_not_its_first_self(arm, monkeypatch):
    learn = objective.learn
    monkeypatch.setattr(objective, "EXAMPLES", 200)
    monkeypatch.setattr(
        objective, "learn", lambda *rest: learn(rest[0], [min(2, each) for each in rest[1]], *rest[2:])
    )
    first, last = objective.improve(arm, seed=1, updates=(0, 2))
    assert first["drift"] == 0 != last["drift"]
    assert {"arm", "seed", *first} <= {*objective.STUDY.columns}
