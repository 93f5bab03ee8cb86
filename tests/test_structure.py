"""The four switches as plain data."""

import doctest

import pytest

from destructure import Structure, structure


def test_sixteen_different_corners():
    assert len(set(Structure.all())) == 16
    assert Structure.all()[0] == Structure.ENCODER_DECODER
    assert Structure.all()[-1] == Structure.DECODER_ONLY


def test_the_ladder_removes_one_structure_a_step():
    ladder = Structure.ladder()
    assert ladder[0] == Structure.ENCODER_DECODER
    assert ladder[3] == Structure.PREFIX_LM
    assert ladder[4] == Structure.DECODER_ONLY
    for before, after, switch in zip(ladder, ladder[1:], Structure.SWITCHES, strict=False):
        changed = [name for name in Structure.SWITCHES if getattr(before, name) != getattr(after, name)]
        assert changed == [switch]


def test_names_and_codes_find_their_corner():
    for corner in Structure.all():
        assert Structure.named(corner.name) == corner
        assert Structure.named(corner.code) == corner
    assert len({corner.code for corner in Structure.all()}) == 16


def test_exactly_two_corners_are_one_stack():
    assert [corner for corner in Structure.all() if corner.is_single_stack] == [
        Structure.PREFIX_LM,
        Structure.DECODER_ONLY,
    ]


@pytest.mark.parametrize("switch", Structure.SWITCHES)
def test_without_removes_only_what_it_names(switch):
    removed = Structure(tied_cross_attention=True).without(switch)
    assert not getattr(removed, switch)
    assert removed.tied_cross_attention == (switch != "separate_cross_attention")
    assert removed.without(switch) == removed


def test_the_docstring_example_is_true():
    results = doctest.testmod(structure)
    assert results.attempted > 0
    assert results.failed == 0
