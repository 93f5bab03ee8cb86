"""The cost of writing, against torch's own counter."""

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from destructure import Structure, Transformer, TransformerConfig
from destructure.cost import forward_flops, writing_flops
from destructure.generate import generate

SOURCE, PROMPT, NEW = 7, 4, 9
SETTINGS = {
    "course": {},
    "llama": {"positions": "rotary", "activation": "swiglu", "key_value_heads": 2, "feed_forward": 40},
    "untied": {"tied_output": False, "shared_embeddings": False, "bias": True},
}


def config_of(structure, **settings):
    return TransformerConfig(
        vocabulary=31, width=16, layers=3, heads=4, max_length=64, structure=structure, **settings
    )


CASES = [(each, "course") for each in Structure.all()]
CASES += [
    (each, name)
    for each in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)
    for name in ("llama", "untied")
]


@pytest.mark.parametrize(("structure", "settings"), CASES, ids=lambda each: getattr(each, "code", each))
@pytest.mark.parametrize("cache", [True, False])
def test_the_formula_is_what_torch_counts(structure, settings, cache):
    config = config_of(structure, **SETTINGS[settings])
    model = Transformer(config).eval()
    source = torch.randint(3, 31, (1, SOURCE), generator=torch.Generator().manual_seed(0))
    prompts = [[5] * (PROMPT - 1)]
    counted = count(lambda: generate(model, source, NEW, prompts=prompts, cache=cache, fast=False, end=None))
    if not cache:  # the plain writer reads the source once before the first step, too
        counted -= count(lambda: model.read(source))
    assert writing_flops(config, SOURCE, PROMPT, NEW, cache) == counted


def count(run):
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops()


def test_one_token_costs_the_same_either_way():
    config = config_of(Structure.DECODER_ONLY)
    assert (
        writing_flops(config, 5, 3, 1)
        == writing_flops(config, 5, 3, 1, cache=False)
        == forward_flops(config, 5, 3)
    )


def test_the_cache_saves_more_the_longer_the_text():
    config = config_of(Structure.DECODER_ONLY)
    saved = [writing_flops(config, 0, 1, new, False) / writing_flops(config, 0, 1, new) for new in (2, 8, 32)]
    assert saved == sorted(saved)
    assert saved[0] > 1


@pytest.mark.parametrize(("source", "prompt", "new"), [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_numbers_that_are_too_small_are_refused(source, prompt, new):
    with pytest.raises(ValueError, match="source must be 0 or more, the others 1 or more"):
        writing_flops(config_of(Structure.DECODER_ONLY), source, prompt, new)
