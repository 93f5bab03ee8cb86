"""The role-swap probe: mostly one direction to learn from, the other one to be measured in."""

from dataclasses import replace

import pytest

from destructure.tasks import NumberTranslation, RoleSwap, check_no_leak

SMALL = RoleSwap(high=9_999, examples=300, swapped_examples=20, validation_examples=50, test_examples=60)
FORWARD, BACK = "english to german", "german to english"


def goal(pair):
    return SMALL.vocabulary.decode(pair.source)[0]


def test_training_is_mostly_forward_and_everything_else_is_back():
    train = [goal(pair) for pair in SMALL.pairs("train")]
    assert (train.count("[to german]"), train.count("[to english]")) == (300, 20)
    for split, count in (("validation", 50), ("test", 60)):
        assert [goal(pair) for pair in SMALL.pairs(split)] == ["[to english]"] * count


def test_pairs_are_those_of_number_translation():
    numbers = NumberTranslation(
        direction="both", high=9_999, train_examples=300, validation_examples=50, test_examples=60
    )
    test = [numbers.pair(number, BACK) for number in numbers.numbers("test")]
    assert list(SMALL.pairs("test")) == test
    assert SMALL.pairs("train")[0] == numbers.pair(numbers.numbers("train")[0], FORWARD)


def test_more_swapped_examples_only_add_and_nothing_leaks():
    check_no_leak(SMALL)
    assert len(set(SMALL.items("train"))) == 300  # the swapped numbers are among the forward ones
    few, many = (set(replace(SMALL, swapped_examples=count).pairs("train")) for count in (0, 300))
    assert few < many
    assert len(many) == 600


def test_text_goes_in_and_out():
    ids = SMALL.encode_source("dreiundzwanzig")
    assert SMALL.vocabulary.decode(ids)[0] == "[to english]"
    assert SMALL.decode_target(SMALL.encode_target("twenty-three")) == "twenty-three"


@pytest.mark.parametrize(
    ("dial", "value"), [("examples", 0), ("swapped_examples", 301), ("swapped_examples", -1)]
)
def test_impossible_dials_are_refused(dial, value):
    with pytest.raises(ValueError, match=f"{dial} is {value}; give a whole number from"):
        RoleSwap(**({"examples": 300} | {dial: value}))
