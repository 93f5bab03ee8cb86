"""Bad input gets one clear sentence: what was given, what is allowed, what to do."""

import re
from dataclasses import replace

import pytest
import torch

from destructure import EncoderOnly, Structure, Transformer, TransformerConfig
from destructure.attention import fast_attention, scaled_dot_product_attention
from destructure.train.recipe import Recipe

CONFIG = TransformerConfig(vocabulary=10, width=8, layers=1, heads=2, max_length=12)
GOOD = torch.tensor([[3, 4, 5]])


def one_sentence(error) -> str:
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({"width": 10, "heads": 4}, "cannot be split into 4 heads"),
        ({"width": 0}, "width is 0"),
        ({"layers": 2.5}, "layers is 2.5"),
        ({"heads": True}, "heads is True"),
        ({"key_value_heads": 3, "heads": 4}, "cannot share 3 key-value heads"),
        ({"norm": "batch"}, "must be one of 'rms', 'layer'"),
        ({"activation": "tanh"}, "'swiglu'"),
        ({"positions": "absolute"}, "'rotary'"),
        ({"norm_placement": "middle"}, "'before', 'after'"),
        ({"positions": "rotary", "width": 12, "heads": 4}, "one head is 3 wide"),
        ({"structure": "decoder-only"}, "must be a Structure"),
        ({"segments": -1}, "segments is -1"),
        ({"segments": 1.5}, "segments is 1.5"),
        ({"bias": "no"}, "bias is 'no'; it must be True or False"),
        ({"has_padding": "False"}, "has_padding is 'False'"),
        ({"query_key_norm": 1}, "query_key_norm is 1"),
        ({"rotary_base": 0}, "rotary_base is 0; it must be a finite number above 0"),
        ({"rotary_base": -1.0}, "rotary_base is -1.0"),
        ({"rotary_base": float("nan")}, "rotary_base is nan"),
        ({"norm_epsilon": -1e-5}, "norm_epsilon is -1e-05"),
        ({"norm_epsilon": float("inf")}, "norm_epsilon is inf"),
        ({"norm_epsilon": "1e-5"}, "norm_epsilon is '1e-5'"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_impossible_configurations(changes, fragment):
    with pytest.raises(ValueError, match=re.escape(fragment)) as error:
        TransformerConfig(**({"vocabulary": 10} | changes))
    one_sentence(error)


@pytest.mark.parametrize(
    ("source", "target", "fragment"),
    [
        (torch.tensor([[3, 10]]), GOOD, "contains id 10, but the vocabulary has ids 0 to 9"),
        (GOOD, torch.tensor([[3, -1]]), "contains id -1"),
        (torch.zeros(0, 3, dtype=torch.long), GOOD, "at least one sequence"),
        (GOOD, torch.zeros(1, 0, dtype=torch.long), "at least one sequence"),
        (torch.full((1, 11), 3), GOOD, "need 14 positions, but this model has 12"),
        (torch.full((1, 13), 3), GOOD, "need 16 positions"),
        (GOOD.expand(2, 3), GOOD, "2 sequences and the target 1"),
        (GOOD.float(), GOOD, "torch.float32"),
        ([[3, 4]], GOOD, "is a list"),
        (GOOD[0], GOOD, "shape (3,)"),
        (None, GOOD, "source is empty"),
    ],
    ids=lambda value: str(value)[:40].replace("\n", " "),
)
def test_impossible_batches(source, target, fragment):
    with pytest.raises(ValueError, match=re.escape(fragment)) as error:
        Transformer(CONFIG)(source, target)
    one_sentence(error)


@pytest.mark.parametrize(
    ("rows", "segments", "fragment"),
    [
        (2, torch.tensor([[0, 7, 1]]), "[[0, 7, 1]]; give whole numbers from 0 to 1"),
        (2, -1, "The segments are -1"),
        (2, GOOD * 0.0, "[[0.0, 0.0, 0.0]]; give whole numbers"),
        (2, torch.tensor([0, 1]), "as many as the ids, (1, 3), or one for all"),
        (0, 1, "from 0 to 0"),
    ],
    ids=str,
)
def test_impossible_segments(rows, segments, fragment):
    with pytest.raises(ValueError, match=re.escape(fragment)) as error:
        EncoderOnly(replace(CONFIG, segments=rows))(GOOD, segments)
    one_sentence(error)


def test_a_segment_for_each_id_or_one_for_all():
    model = EncoderOnly(replace(CONFIG, segments=2))
    assert torch.equal(model(GOOD, 1), model(GOOD, torch.ones_like(GOOD)))
    assert not torch.equal(model(GOOD, 1), model(GOOD))


def test_a_query_that_sees_nothing_averages_to_zero_in_both_forms():
    queries, mask = torch.randn(2, 2, 3, 4), torch.ones(2, 1, 3, 3, dtype=torch.bool)
    mask[1, :, 2] = False
    mixed, weights = scaled_dot_product_attention(queries, queries, queries, mask)
    torch.testing.assert_close(mixed, fast_attention(queries, queries, queries, mask))
    assert not mixed[1, :, 2].any()
    assert weights[0].sum(dim=-1).allclose(torch.ones(2, 3))


def test_one_pass_needs_one_stack():
    with pytest.raises(ValueError, match="cannot run in one pass") as error:
        Transformer(CONFIG)(GOOD, GOOD, one_pass=True)
    one_sentence(error)


def test_classifying_needs_labels():
    with pytest.raises(ValueError, match="labels=") as error:
        EncoderOnly(CONFIG).classify(GOOD)
    one_sentence(error)


@pytest.mark.parametrize("name", ["decoder only", "GPT", "", 3, None])
def test_unknown_structure_name(name):
    with pytest.raises(ValueError, match="There is no structure named") as error:
        Structure.named(name)
    assert "'prefix LM'" in one_sentence(error)


def test_unknown_switch():
    with pytest.raises(ValueError, match="There is no switch 'S5'") as error:
        Structure().without("S5")
    one_sentence(error)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_a_switch_is_true_or_false(value):
    with pytest.raises(ValueError, match="must be True or False") as error:
        Structure(bidirectional_input=value)
    one_sentence(error)


def test_tied_cross_attention_needs_cross_attention():
    with pytest.raises(ValueError, match="needs separate_cross_attention") as error:
        Structure(separate_cross_attention=False, tied_cross_attention=True)
    one_sentence(error)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: TransformerConfig(vocabulary=9, n_heads=4),
            r"has no 'n_heads' \(did you mean heads\?\); it has",
        ),
        (lambda: Recipe(step=3), r"Recipe has no 'step' \(did you mean steps\?\)"),
        (lambda: Structure(bidirectional=True), r"did you mean bidirectional_input\?"),
        (lambda: replace(CONFIG, colour=3), "TransformerConfig has no 'colour'; it has vocabulary, width"),
        (lambda: Structure.DECODER_ONYL, r"Structure has no 'DECODER_ONYL' \(did you mean DECODER_ONLY\?\)"),
        (lambda: Recipe(learning_rate="fast"), "learning_rate is 'fast'; it must be a positive number"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(call, says):
    with pytest.raises((TypeError, AttributeError, ValueError), match=says) as error:
        call()
    one_sentence(error)
