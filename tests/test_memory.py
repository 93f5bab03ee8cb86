"""What final-layer memory can consist of: each kind changes what it should, and costs what the formulas say."""

import math
from dataclasses import replace

import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig, cost
from destructure.generate import greedy

CONFIG = TransformerConfig(vocabulary=23, width=16, layers=3, heads=4, max_length=40)
KINDS = ("plain", "layer_mix", "feed_forward")
WITH_S3 = [each for each in Structure.all() if each.final_layer_memory]
every_structure = pytest.mark.parametrize("structure", WITH_S3, ids=str)
every_kind = pytest.mark.parametrize("kind", KINDS)
SOURCE, TARGET = (
    torch.randint(3, 23, (2, length), generator=torch.Generator().manual_seed(length)) for length in (7, 5)
)


def build(structure=Structure.ENCODER_DECODER, **changes):
    return Transformer(replace(CONFIG, structure=structure, **changes)).eval()


def test_each_kind_costs_more_than_the_plain_one():
    plain, *others = (
        (cost.non_embedding_parameters(config), cost.forward_flops(config, 7, 5))
        for config in (replace(CONFIG, final_memory=kind) for kind in ("plain", "layer_mix", "feed_forward"))
    )
    for parameters, flops in others:
        assert parameters > plain[0]
        assert flops > plain[1]


@every_structure
def test_a_mix_of_the_last_layer_alone_is_plain_memory(structure):
    plain, mixed = build(structure), build(structure, final_memory="layer_mix")
    weights = torch.full((CONFIG.layers, CONFIG.layers), -math.inf)
    weights[:, -1] = 0.0
    mixed.final_memory.mix.data = weights.flatten()
    torch.testing.assert_close(mixed(SOURCE, TARGET), plain(SOURCE, TARGET))


@every_structure
def test_a_mix_reads_every_layer_and_begins_equal(structure):
    model = build(structure, final_memory="layer_mix")
    torch.testing.assert_close(
        model.final_memory.weights(), torch.full((CONFIG.layers, CONFIG.layers), 1 / CONFIG.layers)
    )
    model(SOURCE, TARGET).square().sum().backward()
    gradient = model.final_memory.mix.grad
    assert gradient.abs().min() > 0, "some target layer does not read some input layer"


def test_a_mix_of_the_first_layer_alone_forgets_the_last():
    model = build(final_memory="layer_mix")
    weights = torch.full((CONFIG.layers, CONFIG.layers), -math.inf)
    weights[:, 0] = 0.0
    model.final_memory.mix.data = weights.flatten()
    before = model(SOURCE, TARGET)
    with torch.no_grad():
        model.input_stack.layers[-1].feed_forward.contract.weight.mul_(3)
    torch.testing.assert_close(model(SOURCE, TARGET), before)
    with torch.no_grad():
        model.input_stack.layers[0].feed_forward.contract.weight.mul_(3)
    assert (model(SOURCE, TARGET) - before).abs().max() > 1e-3


def test_the_feed_forward_block_is_used():
    model = build(final_memory="feed_forward")
    before = model(SOURCE, TARGET)
    with torch.no_grad():
        model.final_memory.feed_forward.contract.weight.zero_()
    assert (model(SOURCE, TARGET) - before).abs().max() > 1e-3


@every_kind
@every_structure
def test_generation_with_a_cache_equals_generation_without(structure, kind):
    model = build(structure, final_memory=kind)
    assert greedy(model, SOURCE, 6) == greedy(model, SOURCE, 6, cache=False)


@pytest.mark.parametrize("kind", ["layer_mix", "feed_forward"])
def test_it_needs_final_layer_memory(kind):
    with pytest.raises(ValueError, match="has no final-layer memory; use a structure with"):
        replace(CONFIG, structure=Structure.PREFIX_LM, final_memory=kind)


def test_another_word_is_refused():
    with pytest.raises(ValueError, match="it must be one of 'plain', 'layer_mix', 'feed_forward'"):
        replace(CONFIG, final_memory="everything")
