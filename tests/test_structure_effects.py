"""Each switch changes exactly what it should and nothing else."""

from dataclasses import replace

import pytest
import torch

from destructure import EncoderOnly, Structure, Transformer, TransformerConfig, cost
from destructure import attention as attention_module

CONFIG = TransformerConfig(vocabulary=23, width=16, layers=3, heads=4, max_length=40)
TIED = Structure(tied_cross_attention=True)
EVERY_STRUCTURE = [*Structure.all(), TIED, *(TIED.without(switch) for switch in Structure.SWITCHES[1:])]
every_structure = pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
every_position_kind = pytest.mark.parametrize("positions", ["learned", "sinusoidal", "rotary", "none"])
SAME = 1e-5


def random_ids(length, seed, batch=2):
    return torch.randint(3, CONFIG.vocabulary, (batch, length), generator=torch.Generator().manual_seed(seed))


SOURCE, TARGET = random_ids(6, seed=0), random_ids(5, seed=1)


def build(structure, **changes):
    return Transformer(replace(CONFIG, structure=structure, **changes)).eval()


def other_token(ids, place):
    """The same ids with one token changed."""
    changed = ids.clone()
    changed[:, place] = 3 + (changed[:, place] - 2) % (CONFIG.vocabulary - 3)
    return changed


def largest_change(before, after):
    return (before - after).detach().abs().max().item()


# --- the future stays hidden, in every structure -------------------------------------------------------------


@every_structure
@every_position_kind
def test_no_target_token_sees_a_later_one(structure, positions):
    model = build(structure, positions=positions)
    for place in range(1, TARGET.shape[1]):
        before, after = model(SOURCE, TARGET), model(SOURCE, other_token(TARGET, place))
        assert largest_change(before[:, :place], after[:, :place]) < SAME
        assert largest_change(before[:, place:], after[:, place:]) > 1e-3


@every_structure
def test_no_gradient_from_a_target_state_to_a_later_token(structure):
    model = build(structure, shared_embeddings=False)  # separate tables: the hook sees the target's alone
    embedded = []
    model.target_embedding.register_forward_hook(
        lambda module, inputs, output: embedded.append(output) or output.retain_grad()
    )
    model(SOURCE, TARGET, one_pass=False)[:, 2].square().sum().backward()
    gradient = embedded[-1].grad.abs().sum(dim=(0, 2))
    assert gradient[3:].max() == 0
    assert gradient[:3].min() > 0


# --- S4 ------------------------------------------------------------------------------------------------------


@every_structure
def test_later_input_reaches_earlier_input_states_only_when_bidirectional(structure):
    model = build(structure)
    before, after = model.read(SOURCE).states, model.read(other_token(SOURCE, 4)).states
    moved = largest_change(before[:, :4], after[:, :4])
    assert (moved > 1e-3) if structure.bidirectional_input else (moved < SAME)
    assert largest_change(before[:, 4:], after[:, 4:]) > 1e-3


@every_structure
def test_input_gradient_reaches_later_tokens_only_when_bidirectional(structure):
    model = build(structure)
    embedded = []
    model.embedding.register_forward_hook(
        lambda module, inputs, output: embedded.append(output) or output.retain_grad()
    )
    model.read(SOURCE).states[:, 2].square().sum().backward()
    gradient = embedded[0].grad.abs().sum(dim=(0, 2))
    assert gradient[:3].min() > 0
    assert (gradient[3:].min() > 0) if structure.bidirectional_input else (gradient[3:].max() == 0)


# --- S2 ------------------------------------------------------------------------------------------------------


@every_structure
def test_stacks_share_tensors_only_without_separate_parameters(structure):
    model = build(structure)
    of_input = {id(weights) for weights in model.input_stack.parameters()}
    of_target = {id(weights) for weights in model.target_stack.parameters()}
    if structure.separate_parameters:
        assert not of_input & of_target
    else:
        assert of_input == of_target


# --- S3 ------------------------------------------------------------------------------------------------------


@every_structure
def test_first_target_layer_depends_on_the_last_input_layer_only_with_final_layer_memory(structure):
    model = build(structure)
    memory = model.read(SOURCE)
    first_reader, last_input = memory.keys_values[0], model.input_stack.layers[-1]
    (first_reader.keys.square().sum() + first_reader.values.square().sum()).backward()
    reached = last_input.feed_forward.contract.weight.grad
    if structure.final_layer_memory:
        assert reached is not None
        assert reached.abs().max() > 0
    else:
        assert reached is None or reached.abs().max() == 0


@pytest.mark.parametrize(
    "structure", [each for each in EVERY_STRUCTURE if not each.final_layer_memory], ids=str
)
def test_without_final_layer_memory_each_layer_reads_its_own_level(structure):
    model = build(structure)
    before = model.read(SOURCE).keys_values
    with torch.no_grad():  # disturb input layer 2: only target layer 3 and up may notice
        model.input_stack.layers[1].feed_forward.contract.weight.add_(0.3)
    after = model.read(SOURCE).keys_values
    changes = [largest_change(old.values, new.values) for old, new in zip(before, after, strict=True)]
    assert changes[0] == 0
    assert changes[1] == 0
    assert changes[2] > 1e-3


# --- S1 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "structure", [each for each in EVERY_STRUCTURE if each.separate_cross_attention], ids=str
)
def test_removing_cross_attention_drops_its_parameters_and_one_softmax(structure):
    removed = structure.without("separate_cross_attention")
    config = CONFIG.with_structure(structure)
    count = sum(weights.numel() for weights in build(structure).parameters())
    without = sum(weights.numel() for weights in build(removed).parameters())
    projections = 0 if structure.tied_cross_attention else 4 * config.width**2
    assert count - without == config.layers * (projections + config.width)
    assert count == cost.parameters(config)

    with_maps, joint_maps = (build(each).attention_maps(SOURCE, TARGET) for each in (structure, removed))
    assert len(with_maps.cross) == config.layers
    assert with_maps.target[0].shape[-1] == TARGET.shape[1]
    assert joint_maps.cross == []
    assert joint_maps.target[0].shape[-1] == SOURCE.shape[1] + TARGET.shape[1]


def test_tied_cross_attention_borrows_the_projections_but_keeps_its_softmax():
    model = build(TIED)
    for layer in model.target_stack.layers:
        assert layer.cross_attention is layer.attention
    assert len(model.attention_maps(SOURCE, TARGET).cross) == CONFIG.layers


@every_structure
def test_the_target_depends_on_the_source(structure):
    model = build(structure)
    assert largest_change(model(SOURCE, TARGET), model(other_token(SOURCE, 0), TARGET)) > 1e-3


# --- padding -------------------------------------------------------------------------------------------------


@every_structure
@every_position_kind
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_never_changes_a_real_position(structure, positions, side):
    model = build(structure, positions=positions)
    padding = torch.zeros(2, 3, dtype=torch.long)
    padded = torch.cat([padding, SOURCE] if side == "left" else [SOURCE, padding], dim=1)
    target = torch.cat([TARGET, padding], dim=1)
    alone = model(SOURCE, TARGET)
    assert largest_change(alone, model(padded, target)[:, : TARGET.shape[1]]) < SAME
    left_target = torch.cat([padding, TARGET], dim=1)
    assert largest_change(alone, model(padded, left_target)[:, 3:]) < SAME


def test_a_source_of_padding_only_is_refused_where_it_cannot_be_read():
    with pytest.raises(ValueError, match="source is empty"):
        build(Structure.ENCODER_DECODER)(torch.zeros_like(SOURCE), TARGET)


# --- positions -----------------------------------------------------------------------------------------------


@every_structure
@every_position_kind
def test_only_a_bidirectional_input_without_positions_is_order_blind(structure, positions):
    model = build(structure, positions=positions)
    change = largest_change(model(SOURCE, TARGET), model(SOURCE.flip(1), TARGET))
    if positions == "none" and structure.bidirectional_input:
        assert change < SAME
    else:
        assert change > 1e-3


# --- paths that must agree -----------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [Structure.PREFIX_LM, Structure.DECODER_ONLY], ids=str)
@every_position_kind
def test_one_pass_equals_two(structure, positions):
    model = build(structure, positions=positions)
    source = torch.cat([SOURCE, torch.zeros(2, 2, dtype=torch.long)], dim=1)
    assert largest_change(model(source, TARGET, one_pass=True), model(source, TARGET, one_pass=False)) < SAME


@every_structure
@every_position_kind
def test_writing_token_by_token_with_a_cache_equals_writing_at_once(structure, positions):
    model = build(structure, positions=positions)
    memory, cache, pieces = model.read(SOURCE), None, []
    for length in range(1, TARGET.shape[1] + 1):
        logits, cache, _ = model.write(memory, TARGET[:, :length], cache)
        pieces.append(logits)
    assert largest_change(torch.cat(pieces, dim=1), model(SOURCE, TARGET, one_pass=False)) < SAME


@every_structure
def test_attention_maps_are_the_weights_in_use(structure, monkeypatch):
    """Fused and plain attention agree, and each map's rows sum to 1 under the right mask."""
    model = build(structure)
    fused = model(SOURCE, TARGET, one_pass=False)
    monkeypatch.setattr(
        attention_module,
        "fast_attention",
        lambda *tensors: attention_module.scaled_dot_product_attention(*tensors)[0],
    )
    assert largest_change(fused, model(SOURCE, TARGET, one_pass=False)) < SAME
    maps = model.attention_maps(SOURCE, TARGET)
    for weights in [*maps.source, *maps.target, *maps.cross]:
        torch.testing.assert_close(weights.sum(-1), torch.ones_like(weights.sum(-1)))
    for weights in maps.source:  # every layer, not the first alone
        hidden = weights.triu(diagonal=1)
        assert (hidden.max() > 0) == structure.bidirectional_input
    for weights in maps.target:
        assert weights[..., -TARGET.shape[1] :].triu(diagonal=1).max() == 0


def test_loss_on_inputs_needs_a_causal_input():
    causal = build(Structure.DECODER_ONLY)
    assert causal.input_logits(SOURCE).shape == (*SOURCE.shape, CONFIG.vocabulary)
    with pytest.raises(ValueError, match="causal input"):
        build(Structure.PREFIX_LM).input_logits(SOURCE)


def test_a_single_stack_model_runs_without_input():
    model = build(Structure.DECODER_ONLY)
    assert largest_change(model(None, TARGET), model(None, TARGET, one_pass=False)) < SAME


def test_encoder_only_sees_both_directions_and_ignores_padding():
    model = EncoderOnly(CONFIG, labels=3).eval()
    assert largest_change(model(SOURCE)[:, :3], model(other_token(SOURCE, 5))[:, :3]) > 1e-3
    padded = torch.cat([SOURCE, torch.zeros(2, 3, dtype=torch.long)], dim=1)
    assert largest_change(model.classify(SOURCE), model.classify(padded)) < SAME
    assert model.masked_logits(SOURCE).shape == (*SOURCE.shape, CONFIG.vocabulary)


def test_same_seed_same_weights_and_the_global_random_state_is_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second, third = (Transformer(CONFIG, seed=seed) for seed in (1, 1, 2))
    for one, same, other in zip(first.parameters(), second.parameters(), third.parameters(), strict=True):
        assert torch.equal(one, same)
        assert one.dim() < 2 or not torch.equal(one, other)
    assert torch.equal(torch.rand(3), expected)
