"""Structures found out from outside: the tests that notebook 06 runs on hidden models."""

import pytest
import torch

from destructure import EncoderOnly, Structure, Transformer, TransformerConfig
from destructure.pretrained.black_box import VOCABULARY, BlackBox
from notebook_functions import functions_of

IDS, BOUNDARY = [5, 17, 8, 30, 11, 42, 23], 4
changed, influence, later_tokens_matter, boundary_matters = map(
    functions_of("06", points=None).get, ("changed", "influence", "later_tokens_matter", "boundary_matters")
)
CONFIG = TransformerConfig(vocabulary=VOCABULARY, width=32, layers=2, heads=2, max_length=64)


def box(structure, seed=0, **settings):
    settings = {"vocabulary": VOCABULARY, "width": 32, "layers": 2, "heads": 2, "max_length": 64} | settings
    return BlackBox(Transformer(TransformerConfig(structure=structure, **settings), seed=seed).eval(), "X")


def mask_of(structure):
    """Who reaches whom, from the structure alone."""
    length = len(IDS)
    mask = torch.ones(length, length, dtype=torch.bool).tril()
    if structure.bidirectional_input:
        mask[:BOUNDARY, :BOUNDARY] = True
    return mask


@pytest.mark.parametrize("structure", Structure.all(), ids=lambda each: each.code)
@pytest.mark.parametrize("seed", range(3))
def test_the_mask_of_every_structure_is_found_from_outside(structure, seed):
    found = influence(box(structure, seed), IDS, BOUNDARY)
    assert torch.equal(found, mask_of(structure))
    assert later_tokens_matter(found) == structure.bidirectional_input


@pytest.mark.parametrize("positions", ["learned", "rotary", "sinusoidal", "none"])
def test_it_is_found_whatever_the_block(positions):
    for structure in (Structure.DECODER_ONLY, Structure.PREFIX_LM, Structure.ENCODER_DECODER):
        one = box(structure, positions=positions, norm="layer", activation="relu", layers=3)
        assert torch.equal(influence(one, IDS, BOUNDARY), mask_of(structure))


def test_an_encoder_lets_everything_reach_everything_and_cannot_write():
    encoder = BlackBox(EncoderOnly(CONFIG).eval(), "E")
    assert influence(encoder, IDS).all()
    with pytest.raises(ValueError, match="Box E cannot write"):
        encoder.next_token(IDS)


def test_the_boundary_matters_to_all_writers_but_decoder_only():
    for seed in range(5):
        decoder, prefix, pair = (
            box(each, seed)
            for each in (Structure.DECODER_ONLY, Structure.PREFIX_LM, Structure.ENCODER_DECODER)
        )
        assert not any(
            boundary_matters(decoder, IDS, first, second) for first, second in ((0, 1), (1, 4), (3, 6))
        )
        assert boundary_matters(prefix, IDS, 3, 4)
        assert not boundary_matters(prefix, IDS, 0, 1)  # one token has nobody else to look at
        assert boundary_matters(pair, IDS, 3, 4)
        with pytest.raises(ValueError, match="must be given at least one token"):
            boundary_matters(pair, IDS, 0, 1)


def test_what_the_exercise_says_of_the_boundary_is_so():
    from destructure.exercises.catalogue import find

    moved = {each: boundary_matters(box(each), IDS, 3, 4) for each in Structure.all()}
    causal = [moves for each, moves in moved.items() if not each.bidirectional_input]
    both_ways = [moves for each, moves in moved.items() if each.bidirectional_input]
    assert all(both_ways)  # so no change would settle it
    assert any(causal)  # but a change does not
    exercise = find("06.choice.interface")
    assert exercise.kind.grade("prompt").score == 1
    assert "a causal encoder with weights of its own changes" in exercise.kind.grade("boundary").message


def test_the_mystery_boxes_are_one_of_each_kind_in_the_order_of_the_exercise():
    from destructure.exercises.catalogue import find

    kinds = find("06.match.boxes").reference
    kind_of = {}
    for one in BlackBox.mysteries():
        reached = influence(one, IDS, BOUNDARY)
        if reached.all():
            kind_of[one.name] = "encoder-only"
        elif not later_tokens_matter(reached):
            kind_of[one.name] = "decoder-only"
        else:
            try:
                boundary_matters(one, IDS, 0, 1)
                kind_of[one.name] = "prefix LM"
            except ValueError:
                kind_of[one.name] = "encoder-decoder"
    assert kind_of == kinds


def test_the_drawings_of_the_exercise_are_what_the_boxes_do():
    from destructure.exercises.expressions import checks
    from destructure.files import notebooks_folder

    drawn = checks(notebooks_folder() / "exercises" / "06")
    assert (len(IDS), BOUNDARY) == (drawn["LENGTH"], drawn["BOUNDARY"])
    for one, kind in zip(BlackBox.mysteries(), ("blocks", "all", "causal", "blocks"), strict=True):
        assert influence(one, IDS, BOUNDARY).int().tolist() == [list(row) for row in drawn["reached"](kind)]


def test_names_say_nothing():
    assert [repr(one) for one in BlackBox.mysteries()] == [f"<black box {name}>" for name in "ABCD"]


def test_rounding_is_no_change_and_a_small_change_is_one():
    before = torch.randn(3, 8)
    assert not changed(before, before * (1 + 1e-6)).any()
    after = before.clone()
    after[1] *= 1.001
    assert changed(before, after).tolist() == [False, True, False]


@pytest.mark.parametrize("ids", [[5], [5, 2], [5, VOCABULARY], [5, 6.0], []])
def test_ids_that_make_no_sense_are_refused(ids):
    with pytest.raises(ValueError, match="give two or more whole numbers from 3 to 49"):
        BlackBox.mysteries()[0].outputs(ids)


@pytest.mark.parametrize("boundary", [-1, 7, 8, 2.0])
def test_a_boundary_outside_the_sequence_is_refused(boundary):
    with pytest.raises(ValueError, match="how many of the 7 ids are input: from 0 to 6"):
        BlackBox.mysteries()[0].outputs(IDS, boundary)
