"""Telephone numbers: what the pairs are, that splits share nothing, and that every dial keeps them apart."""

import hashlib
from collections import Counter

import pytest

from destructure.tasks import SPLITS, TelephoneNumbers, check_no_leak
from refusals import refused

TASK = TelephoneNumbers(
    shortest=3, longest=9, train_examples=2_000, validation_examples=300, test_examples=300
)


def test_a_word_a_digit_in_the_order_of_the_digits():
    pair = TASK.pair("4711 08-15")
    assert TASK.vocabulary.decode(pair.source) == list("47110815")
    assert TASK.decode_target(pair.target) == "vier sieben eins eins null acht eins fünf"
    assert TASK.encode_target(TASK.decode_target(pair.target)) == pair.target


def test_reversing_turns_the_source_round_and_leaves_the_answer():
    turned = TelephoneNumbers(shortest=3, longest=9, reversed_source=True, train_examples=2_000)
    assert turned.pair("123").source == TASK.pair("321").source
    assert turned.pair("123").target == TASK.pair("123").target
    assert turned.numbers("train") == TASK.numbers("train")
    assert turned.encode_source("123") == TASK.encode_source("321")


def test_lengths_take_turns_and_a_larger_split_holds_every_smaller_one():
    counts = Counter(map(len, TASK.numbers("train")))
    assert set(counts) == set(range(3, 10))
    assert max(counts.values()) - min(counts.values()) <= 1
    more = TelephoneNumbers(shortest=3, longest=9, train_examples=4_000)
    assert more.numbers("train")[:2_000] == TASK.numbers("train")
    assert len(set(more.numbers("train"))) == 4_000


def test_short_lengths_run_out_and_the_others_go_on():
    task = TelephoneNumbers(
        shortest=1, longest=4, train_examples=5_000, validation_examples=90, test_examples=90
    )
    counts = Counter(map(len, task.numbers("train")))
    assert counts[1] < 10
    assert counts[2] < 100
    assert counts[3] < 1_000 < counts[4]
    check_no_leak(task)


@pytest.mark.parametrize("split_seed", [0, 7])
def test_no_split_shares_a_number_with_another_whatever_the_dials(split_seed):
    small, large = (
        TelephoneNumbers(shortest=shortest, longest=longest, split_seed=split_seed, train_examples=20_000)
        for shortest, longest in ((5, 5), (3, 8))
    )
    check_no_leak(large)
    assert not set(small.numbers("test")) & set(large.numbers("train"))
    assert not set(small.numbers("train")) & set(large.numbers("validation"))


def test_the_same_numbers_every_time_and_everywhere():
    again = TelephoneNumbers(
        shortest=3, longest=9, train_examples=2_000, validation_examples=300, test_examples=300
    )
    for split in SPLITS:
        assert again.numbers(split) == TASK.numbers(split)
    digest = hashlib.sha256(" ".join(TASK.numbers("train")).encode()).hexdigest()
    assert digest.startswith("dbb797d5a533")


@pytest.mark.parametrize(
    ("dials", "says"),
    [
        ({"shortest": 0}, "from 1 to 100"),
        ({"shortest": 8, "longest": 5}, "the smaller number"),
        ({"longest": 101}, "from 1 to 100"),
        ({"longest": 7.0}, "longest is 7.0"),
        ({"split_seed": True}, "split_seed is True"),
        ({"split_seed": -1}, "from 0 on"),
        ({"train_examples": 0}, "from 1 to 50,000"),
        ({"train_examples": 60_000}, "from 1 to 50,000"),
        ({"shortest": 1, "longest": 2}, "only 89 numbers|only 8. numbers"),
    ],
)
def test_a_dial_that_cannot_work_is_refused_at_once(dials, says):
    with refused(says):
        TelephoneNumbers(**dials)


@pytest.mark.parametrize("text", ["", " ", "12a", "１２", "1.5", None, 12, "1" * 101])
def test_what_is_no_telephone_number_is_refused(text):
    for read in (TASK.encode_source, TASK.pair):
        with pytest.raises(ValueError, match="telephone number"):
            read(text)


@pytest.mark.parametrize("text", ["", "vier zwanzig", "four", None])
def test_what_is_no_german_digit_is_refused(text):
    with pytest.raises(ValueError, match="German digit"):
        TASK.encode_target(text)
