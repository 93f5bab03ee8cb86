"""What notebooks 03 and 04 define: edits, chains of words, reach, the crossing; each can come out otherwise."""

import random
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from destructure import Transformer, TransformerConfig
from destructure.course.contents import lesson
from destructure.studies import recurrence, unseen_numbers
from destructure.train import Batches
from destructure.train.evaluate import target_loss
from notebook_functions import functions_of

TASK = unseen_numbers.make_task()
UNTRAINED = Transformer(TransformerConfig(vocabulary=len(TASK.vocabulary), **unseen_numbers.MODEL)).eval()
WORDS = "garden window market butter doctor finger number winter summer letter".split()  # noqa: SIM905
RECURRENCE = functions_of("03", EVERYDAY=WORDS, random=random)
TRANSLATOR = SimpleNamespace(**functions_of("04", task=TASK, translator=UNTRAINED))


# --- 03 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wanted", "expected"),
    [
        ("", "", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
        (["AH", "N"], ["AH", "M", "N"], 1),
    ],
)
def test_edits_are_the_fewest(said, wanted, expected):
    assert RECURRENCE["edits"](said, wanted) == RECURRENCE["edits"](wanted, said) == expected


@pytest.mark.parametrize(
    ("answer", "error", "said", "begins"),
    [
        (list, 0, 1, 1),  # forgets nothing
        (lambda word: list(word[:12]), 1 / 3, 2 / 3, 1),  # stops after twelve letters of eighteen
        (lambda word: list(word[::-1] if len(word) > 7 else word), None, 1, 0),
    ],
)
def test_a_speller_is_measured_by_what_it_says(answer, error, said, begins, monkeypatch):
    monkeypatch.setitem(RECURRENCE, "sounds", lambda speller, word: answer(word))
    row = RECURRENCE["say_chains"](None, 3)
    assert row["letters"] == 18  # three different words of six
    assert row["error"] > 0.5 if error is None else row["error"] == pytest.approx(error)
    assert row["said"] == pytest.approx(said)
    assert row["begins"] == pytest.approx(begins, abs=0.1)


@pytest.mark.parametrize(
    ("shares", "expected"), [([0.9, 0.5, 0.49, 0.9], 5), ([0.1, 0.9, 0.9, 0.9], 3), ([0.9, 0.9, 0.9, 0.5], 7)]
)
def test_reach_ends_before_the_first_length_that_mostly_fails(shares, expected):
    assert RECURRENCE["reach"](pd.Series(shares, index=range(4, 8))) == expected


def test_pieces_are_joined_where_they_stand_together_most_often():
    assert RECURRENCE["learn_pieces"](["aab", "ab"], 1) == {"aab": " a ab ", "ab": " ab "}
    assert RECURRENCE["learn_pieces"](["aab", "ab"], 0)["ab"] == " a b "


@pytest.mark.parametrize("kind", ["right", "gates swapped"])
def test_the_step_by_hand_is_torchs_and_not_just_any(kind):
    layer, vectors = torch.nn.GRU(5, 5, batch_first=True), torch.randn(1, 7, 5)
    state = torch.zeros(5)
    with torch.no_grad():
        expected = layer(vectors)[0][0, -1]
        if kind == "gates swapped":
            for weights in layer.parameters():
                weights[:10] = weights[:10].roll(5, dims=0)
        for vector in vectors[0]:
            state = RECURRENCE["gru_step"](layer, vector, state)
    assert torch.allclose(state, expected, atol=1e-5) == (kind == "right")


@pytest.mark.parametrize("lost", [range(0), range(6, 12), range(12, 18)])
def test_a_speller_that_is_shown_the_true_sounds_is_measured_word_by_word(lost, monkeypatch):
    """Planted: letters are sounds, and those at some places of a chain cannot be told."""

    class Model:
        def __call__(self, source, target):
            told = torch.nn.functional.one_hot(source, 128).float()
            told[:, list(lost)] = torch.nn.functional.one_hot(torch.tensor(0), 128).float()
            return told

    monkeypatch.setitem(RECURRENCE, "greedy", lambda model, ids, longest: ids.tolist())
    speller = SimpleNamespace(
        model=Model(),
        encode=lambda word: torch.tensor([[ord(letter) for letter in word]]),
        phonemes=[*map(chr, range(128))],
    )
    shares = RECURRENCE["shown_by_word"](speller, 3)
    assert shares == [0.0 if place * 6 in lost else 1.0 for place in range(3)]


def test_beyond_the_training_dot_products_hold_a_little_longer():
    rows = recurrence.rows("reporting")
    at = rows[(rows.length == 14) & (rows.budget == recurrence.BUDGET)].groupby("arm").exact_match.mean()
    said = f"{at[recurrence.DOTS]:.0%} against {at[recurrence.ATTENTION]:.0%} at 14 digits"
    assert said in lesson("03").file.read_text(encoding="utf-8")


# --- 04 ------------------------------------------------------------------------------------------------------


def test_blocks_and_loss_by_hand_are_the_librarys_whatever_the_weights():
    layer = UNTRAINED.input_stack.layers[0]
    states = torch.randn(6, layer.attention_norm.weight.shape[0])
    config = TransformerConfig(vocabulary=9)
    names = functions_of("04", task=TASK, translator=UNTRAINED, config=config)
    norm = torch.nn.RMSNorm(states.shape[1], eps=config.norm_epsilon)
    with torch.no_grad():
        norm.weight.uniform_(0.5, 2)
    torch.testing.assert_close(names["normalise"](states, norm), norm(states))
    torch.testing.assert_close(names["feed_forward"](states, layer.feed_forward), layer.feed_forward(states))
    batch = Batches(TASK.pairs("train"), 200, seed=1).of([0, 7, 30])
    assert (batch.expected == 0).any(), "padding must not count"
    torch.testing.assert_close(names["loss_of"](UNTRAINED, batch), target_loss(UNTRAINED, batch))


def test_an_untrained_model_has_no_crossing():
    """The fact printed in the notebook can fail."""
    weights = TRANSLATOR.crossing_weights(TASK.numbers("test")[:100])
    layer, head = divmod(int(weights.diagonal(dim1=-2, dim2=-1).prod(dim=-1).argmax()), 4)
    units, tens = weights[layer, head]
    assert not (units[0] > 2 * units[1] and tens[1] > 2 * tens[0])


@pytest.mark.parametrize("number", [23, 4_571, 99_999, 30_021])
def test_crossing_weights_are_those_of_the_attention_maps(number):
    pair = TASK.pair(number)
    source, target = TASK.vocabulary.decode(pair.source), ["[BOS]", *TASK.vocabulary.decode(pair.target)]
    units = target.index("und", len(target) - 2) - 1  # after these rows they are written
    tens = len(target) - 2
    assert source[-2].endswith("ty")
    assert target[tens + 1].endswith(("zig", "ßig"))
    maps = UNTRAINED.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)])).cross
    weights = TRANSLATOR.crossing_weights([number, 20, 7, 117])  # in the others nothing crosses
    for layer, each in enumerate(maps):
        expected = each[0][:, [units - 1, tens]][..., [-1, -2]]
        torch.testing.assert_close(weights[layer], expected)
