"""Where units and tens cross on the way from English to German, and whether attention goes with them."""

import numpy as np
import pytest
import torch

from destructure.studies import unseen_numbers
from destructure.studies.crossing import clearest_head, crossing_weights, find_crossing
from destructure.study import make_model

TASK = unseen_numbers.make_task()


@pytest.mark.slow
def test_units_and_tens_cross_in_the_cross_attention():
    model = unseen_numbers.train_translator(TASK, seed=31, progress=False).model
    layer, head = clearest_head(crossing_weights(model, TASK, TASK.numbers("validation")[:200]))
    units, tens = crossing_weights(model, TASK, TASK.numbers("test")[:200])[layer, head]
    assert units[0] > 2 * units[1]
    assert tens[1] > 2 * tens[0]


def test_an_untrained_model_has_no_crossing():
    """The fact printed in the notebook can fail."""
    untrained = make_model("transformer", TASK, **unseen_numbers.MODEL).eval()
    weights = crossing_weights(untrained, TASK, TASK.numbers("test")[:100])
    units, tens = weights[clearest_head(weights)]
    assert not (units[0] > 2 * units[1] and tens[1] > 2 * tens[0])
    assert unseen_numbers.scores(untrained, TASK)["unseen"] < 0.01


@pytest.mark.parametrize("number", [23, 4_571, 99_999, 30_021])
def test_a_crossing_is_where_the_words_are(number):
    places, pair = find_crossing(TASK, number), TASK.pair(number)
    source, target = TASK.vocabulary.decode(pair.source), TASK.vocabulary.decode(pair.target)
    assert source[places.tens_word].endswith("ty")
    assert target[places.writes_tens - 1] == "und"
    after_begin = ["[BOS]", *target]
    assert after_begin[places.writes_tens + 1].endswith(("zig", "ßig"))
    assert after_begin[places.writes_units + 2] == "und"
    assert len(source) - 1 == places.units_word


@pytest.mark.parametrize("number", [0, 7, 20, 117, 340, 90_000])
def test_where_nothing_crosses_none_is_found(number):
    assert find_crossing(TASK, number) is None


def test_no_crossing_at_all_is_refused():
    untrained = make_model("transformer", TASK, **unseen_numbers.MODEL)
    with pytest.raises(ValueError, match="units and tens cross"):
        crossing_weights(untrained, TASK, [1, 20, 300])


def test_crossing_weights_are_those_of_the_attention_maps():
    model = make_model("transformer", TASK, **unseen_numbers.MODEL).eval()
    weights = crossing_weights(model, TASK, [23])
    pair = TASK.pair(23)
    maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)]))
    expected = np.stack([layer[0].detach().numpy()[:, [0, 2]][:, :, [1, 0]] for layer in maps.cross])
    np.testing.assert_allclose(weights, expected)
