"""What notebooks 03 and 04 define: edits, chains of words, reach, the crossing; each can come out otherwise."""

import random
from types import SimpleNamespace

import pandas as pd
import pytest
import torch

from destructure import Transformer, TransformerConfig
from destructure.studies import unseen_numbers
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


# --- 04 ------------------------------------------------------------------------------------------------------


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
    units, tens = (
        target.index("und", len(target) - 2) - 1,
        len(target) - 2,
    )  # after these rows they are written
    assert source[-2].endswith("ty")
    assert target[tens + 1].endswith(("zig", "ßig"))
    maps = UNTRAINED.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)])).cross
    weights = TRANSLATOR.crossing_weights([number, 20, 7, 117])  # in the others nothing crosses
    for layer, each in enumerate(maps):
        expected = each[0][:, [units - 1, tens]][..., [-1, -2]]
        torch.testing.assert_close(weights[layer], expected)
