"""What notebook 07 rests on: weights carried over, the pictures of the cube, the switchboard."""

import re

import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig, carry_over, cost
from destructure.show import flip_structures, structure_cube, structure_mask
from destructure.show.masks import mask_parts, visibility
from destructure.show.structure_cube import corner_place
from destructure.show.structure_sketches import structure_description, structure_drawing
from destructure.show.structure_switches import mask_drawing

TIED = Structure(tied_cross_attention=True)
EVERY = [*Structure.all(), TIED, *(TIED.without(switch) for switch in Structure.SWITCHES[1:])]
every_structure = pytest.mark.parametrize("structure", EVERY, ids=str)
SMALL = TransformerConfig(vocabulary=20, width=16, layers=3, heads=2, max_length=16)
LARGE = TransformerConfig(vocabulary=1, width=64, layers=3, heads=4, max_length=256)


def random_ids(length, seed=0, vocabulary=20):
    return torch.randint(3, vocabulary, (2, length), generator=torch.Generator().manual_seed(seed))


SOURCE, TARGET = random_ids(5), random_ids(4, seed=1)


# --- weights carried over ------------------------------------------------------------------------------------


def largest_change(one, other):
    with torch.no_grad():
        first, second = (model(SOURCE, TARGET, one_pass=False) for model in (one, other))
    return float((first - second).abs().max())


@every_structure
def test_carrying_over_to_the_same_structure_changes_nothing(structure):
    model = Transformer(SMALL.with_structure(structure), seed=2)
    assert largest_change(model, carry_over(model, structure)) == 0


@every_structure
def test_only_the_removal_of_separate_parameters_can_be_undone_by_equal_weights(structure):
    """A given model after the edit, its weights put into the structure before: S2 alone gives the same logits."""
    for switch in Structure.SWITCHES:
        if not getattr(structure, switch):
            continue
        after = Transformer(SMALL.with_structure(structure.without(switch)), seed=3)
        change = largest_change(after, carry_over(after, structure))
        if switch == "separate_parameters":
            assert change < 1e-5
        else:
            assert change > 1e-3, switch


def test_one_stack_gets_the_inputs_weights():
    model = Transformer(SMALL, seed=5)
    shared = carry_over(model, Structure.ENCODER_DECODER.without("separate_parameters"))
    name = "layers.1.feed_forward.expand.weight"
    assert torch.equal(shared.target_stack.get_parameter(name), model.input_stack.get_parameter(name))


# --- the cube ------------------------------------------------------------------------------------------------


def test_corners_stand_apart_and_edges_of_one_switch_are_parallel():
    places = {corner: corner_place(corner) for corner in Structure.all()}
    for corner, (x, y) in places.items():
        for other, (across, up) in places.items():
            assert corner == other or abs(x - across) >= 1.5 or abs(y - up) >= 0.42 + 0.05
        assert y <= 0
    for switch in Structure.SWITCHES:
        steps = {
            tuple(round(b - a, 9) for a, b in zip(places[each], places[each.without(switch)], strict=True))
            for each in Structure.all()
            if getattr(each, switch)
        }
        assert len(steps) == 1
        assert next(iter(steps))[1] < 0


def test_the_cube_has_32_edges_and_the_path_four():
    picture = structure_cube()
    (axes,) = picture.figure.axes
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths.count(1.8) == 32
    assert widths.count(6) == 4
    texts = [text.get_text() for text in axes.texts]
    assert {"encoder-decoder", "prefix LM", "decoder-only", "1", "2", "3", "4"} <= set(texts)
    assert texts.count("S1") == texts.count("S4") == 8
    assert "tesseract" in picture.alt


# --- sketches ------------------------------------------------------------------------------------------------


@every_structure
def test_the_small_mask_agrees_with_the_large_one(structure):
    drawing = mask_drawing(structure, ("a", "b", "c"), ("d", "e"))
    assert drawing.count("<circle") == visibility(structure, 3, 2).sum()
    assert drawing.count('stroke-width="2.5"') == len(mask_parts(structure, 3, 2))
    assert structure_mask(structure).figure  # the large one draws every structure, too


def test_every_structure_has_a_sketch_and_a_description_of_its_own():
    assert len({structure_drawing(structure) for structure in EVERY}) == len(EVERY)
    assert len({structure_description(structure) for structure in EVERY}) == len(EVERY)


# --- the switchboard -----------------------------------------------------------------------------------------


@pytest.fixture
def board():
    return flip_structures(LARGE, 16, 16)


def test_flipping_redraws_numbers_and_drawings(board):
    first = board.drawn.value
    board.switches["separate_parameters"].value = False
    second = board.drawn.value
    assert second != first
    shared = LARGE.with_structure(Structure.ENCODER_DECODER.without("separate_parameters"))
    assert f"<b>{cost.non_embedding_parameters(shared):,}</b>" in second
    assert f"{cost.non_embedding_parameters(LARGE):,}" in second  # the reference stays
    assert second.count("<img") == 4
    assert second.count('alt=""') == 0
    board.switches["separate_parameters"].value = True
    assert board.drawn.value == first


def test_all_sixteen_settings_give_different_pages(board):
    pages = set()
    for corner in Structure.all():
        board.set(corner)
        assert board.structure == corner
        pages.add(board.drawn.value)
    assert len(pages) == 16


def test_borrowed_matrices_need_a_cross_attention(board):
    board.switches["tied_cross_attention"].value = True
    assert board.structure.code == "S1t S2 S3 S4"
    board.switches["separate_cross_attention"].value = False
    assert board.structure.code == "-- S2 S3 S4"
    assert board.switches["tied_cross_attention"].disabled
    board.steps[0].click()
    assert board.structure == Structure.ENCODER_DECODER
    assert not board.switches["tied_cross_attention"].disabled


def test_the_buttons_walk_the_ladder_and_lengths_change_the_flops(board):
    for button, step in zip(board.steps, Structure.ladder(), strict=True):
        button.click()
        assert board.structure == step
    before = board.drawn.value
    board.source.value = 100
    flops = cost.forward_flops(LARGE.with_structure(Structure.DECODER_ONLY), 100, 16) / 1e6
    assert f"{flops:,.0f}" in board.drawn.value
    assert board.drawn.value != before


def test_it_looks_the_same_in_every_run(board):
    bundle = board._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == "<StructureSwitches: four switches, and the model that they make>"
    rows = re.findall(r"<tr><th scope=\"row\"[^>]*>([^<]*)<", data["text/html"])
    assert rows[1:] == [
        corner.code + (f", {corner.name}" if corner.name != corner.code else "") for corner in Structure.all()
    ]
    assert "application/vnd.jupyter.widget-view+json" in data


@pytest.mark.parametrize("length", [0, 129, 2.5, True])
def test_a_length_that_does_not_fit_is_refused(length):
    with pytest.raises(ValueError, match="from 1 to 128"):
        flip_structures(LARGE, length, 16)
