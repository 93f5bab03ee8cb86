"""`cost.py` against the real models and torch's own FLOP counter."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from destructure import EncoderOnly, Structure, Transformer, TransformerConfig, cost
from destructure.generate import generate

SMALL = TransformerConfig(vocabulary=31, width=16, layers=3, heads=4, max_length=64)
EVERY_STRUCTURE = [
    *Structure.all(),
    Structure(tied_cross_attention=True),
    Structure(True, False, False, True, True),
]
BLOCKS = {
    "course": SMALL,
    "2017": replace(
        SMALL,
        norm="layer",
        norm_placement="after",
        activation="relu",
        bias=True,
        positions="sinusoidal",
        shared_embeddings=False,
        tied_output=False,
        output_bias=True,
    ),
    "llama": replace(SMALL, positions="rotary", activation="swiglu", key_value_heads=2, feed_forward=40),
    "bert": replace(SMALL, norm="layer", norm_placement="after", bias=True, segments=2, embedding_norm=True),
    "query-key norm": replace(SMALL, query_key_norm=True, positions="none"),
    "layer mix": replace(SMALL, final_memory="layer_mix"),
    "feed-forward memory": replace(SMALL, final_memory="feed_forward"),
}
CASES = [
    pytest.param(block, structure, id=f"{name}-{structure}")
    for name, block in BLOCKS.items()
    for structure in EVERY_STRUCTURE
    if structure.final_layer_memory or block.final_memory == "plain"
]
SOURCE, TARGET, BATCH = 13, 9, 2


def ids(length):
    return torch.randint(3, SMALL.vocabulary, (BATCH, length), generator=torch.Generator().manual_seed(0))


@pytest.fixture
def counted_attention(monkeypatch):
    """Torch's counter does not see the fused CPU kernel; the plain form has the same products."""
    from destructure import attention

    def plain(queries, keys, values, mask):
        return attention.scaled_dot_product_attention(queries, keys, values, mask)[0]

    monkeypatch.setattr(attention, "fast_attention", plain)


def count_flops(run):
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


@pytest.mark.parametrize(("block", "structure"), CASES)
def test_parameters_and_forward_flops_are_what_is_counted(block, structure, counted_attention):
    config = block.with_structure(structure)
    model = Transformer(config)
    assert sum(weights.numel() for weights in model.parameters()) == cost.parameters(config)
    counted = count_flops(lambda: model(ids(SOURCE), ids(TARGET), one_pass=False))
    assert counted == pytest.approx(BATCH * cost.forward_flops(config, SOURCE, TARGET), rel=0.02)


@pytest.mark.parametrize("structure", [Structure.PREFIX_LM, Structure.DECODER_ONLY], ids=str)
def test_one_pass_flops_match_the_counter(structure, counted_attention):
    config = SMALL.with_structure(structure)
    counted = count_flops(lambda: Transformer(config)(ids(SOURCE), ids(TARGET), one_pass=True))
    assert counted == BATCH * cost.forward_flops(config, SOURCE, TARGET, one_pass=True)
    assert counted > BATCH * cost.forward_flops(config, SOURCE, TARGET)


@pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
def test_training_flops_match_the_counter(structure, counted_attention):
    """Three forward passes, except that nobody reads the last input layer's output without S3: no backward there."""
    config = SMALL.with_structure(structure)
    model = Transformer(config)
    counted = count_flops(lambda: model(ids(SOURCE), ids(TARGET), one_pass=False).sum().backward())
    expected = cost.training_flops(config, SOURCE, TARGET)
    if not structure.final_layer_memory:
        keys_and_values = 4 * SOURCE * config.width**2
        expected -= 2 * (cost._layer_flops(config, SOURCE, SOURCE) - keys_and_values)
    assert counted == pytest.approx(BATCH * expected, rel=0.02)


@pytest.mark.parametrize("labels", [None, 5])
def test_encoder_only(labels, counted_attention):
    model = EncoderOnly(SMALL, labels=labels)
    assert sum(weights.numel() for weights in model.parameters()) == cost.encoder_parameters(SMALL, labels)
    counted = count_flops(lambda: model.classify(ids(SOURCE)) if labels else model(ids(SOURCE)))
    assert counted == pytest.approx(BATCH * cost.encoder_flops(SMALL, SOURCE, labels), rel=0.02)


def test_the_papers_rules_of_thumb():
    """28 L d² against 12 L d², and 7/6 of the weight FLOPs: the "2P parameters at cost M" of T5, table 2."""
    wide = TransformerConfig(vocabulary=1, width=1024, layers=2, heads=16, max_length=1)
    encoder_decoder, decoder_only = (
        cost.non_embedding_parameters(wide.with_structure(structure))
        for structure in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)
    )
    assert encoder_decoder == pytest.approx(28 * 2 * 1024**2, rel=0.001)
    assert decoder_only == pytest.approx(12 * 2 * 1024**2, rel=0.001)
    dear, cheap = (
        cost.forward_flops(wide.with_structure(structure), 16, 16)
        for structure in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)
    )
    assert dear / cheap == pytest.approx(28 / 24, rel=0.01)


@pytest.mark.parametrize("key_value_heads", [None, 2])
@pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
def test_cache_bytes_are_what_the_model_keeps(structure, key_value_heads):
    config = replace(SMALL, structure=structure, key_value_heads=key_value_heads)
    model = Transformer(config)
    memory = model.read(ids(SOURCE))
    _, cache, _ = model.write(memory, ids(TARGET))
    kept = [*memory.keys_values, *cache]
    measured = sum(part.numel() * part.element_size() for pair in kept for part in pair)
    assert measured == BATCH * cost.cache_bytes(config, SOURCE, TARGET)


def test_removing_s4_changes_no_cost_and_s3_no_parameters():
    for structure in Structure.all():
        full, causal = (
            SMALL.with_structure(structure),
            SMALL.with_structure(structure.without("bidirectional_input")),
        )
        for each in (cost.forward_flops, cost.training_flops, cost.cache_bytes):
            assert each(full, SOURCE, TARGET) == each(causal, SOURCE, TARGET)
        assert cost.parameters(full) == cost.parameters(causal)
        layer_wise = SMALL.with_structure(structure.without("final_layer_memory"))
        assert cost.parameters(full) == cost.parameters(layer_wise)


# --- writing ---------------------------------------------------------------------------------------------------

WRITERS = [("course", each) for each in Structure.all()]
WRITERS += [
    (name, each) for name in ("llama", "2017") for each in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)
]


@pytest.mark.slow
@pytest.mark.parametrize(("block", "structure"), WRITERS, ids=str)
@pytest.mark.parametrize("cache", [True, False])
def test_writing_costs_what_is_counted(block, structure, cache, counted_attention):
    config = BLOCKS[block].with_structure(structure)
    model = Transformer(config).eval()
    source, prompts = ids(7)[:1], [[5, 5, 5]]
    counted = count_flops(
        lambda: generate(model, source, 9, prompts=prompts, cache=cache, fast=False, end=None)
    )
    if not cache:  # the plain writer reads the source once before the first step, too
        counted -= count_flops(lambda: model.read(source))
    assert cost.writing_flops(config, 7, 4, 9, cache) == counted


def test_one_token_costs_the_same_either_way():
    config = SMALL.with_structure(Structure.DECODER_ONLY)
    assert (
        cost.writing_flops(config, 5, 3, 1)
        == cost.writing_flops(config, 5, 3, 1, cache=False)
        == cost.forward_flops(config, 5, 3)
    )


def test_the_cache_saves_more_the_longer_the_text():
    config = SMALL.with_structure(Structure.DECODER_ONLY)
    saved = [
        cost.writing_flops(config, 0, 1, new, False) / cost.writing_flops(config, 0, 1, new)
        for new in (2, 8, 32)
    ]
    assert saved == sorted(saved)
    assert saved[0] > 1


@pytest.mark.parametrize(("source", "prompt", "new"), [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_numbers_that_are_too_small_are_refused(source, prompt, new):
    with pytest.raises(ValueError, match="source must be 0 or more, the others 1 or more"):
        cost.writing_flops(SMALL.with_structure(Structure.DECODER_ONLY), source, prompt, new)


# --- bad input and imports -------------------------------------------------------------------------------------


def test_negative_length_is_refused():
    with pytest.raises(ValueError, match="must be 0 or more"):
        cost.forward_flops(SMALL, -1, 3)


@pytest.mark.parametrize("module", ["structure", "config", "cost"])
def test_imports_without_torch(module):
    program = f"import sys; import destructure.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
