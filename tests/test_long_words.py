"""Glued words: counting edits, and what is measured on a speller whose answers are known."""

from types import SimpleNamespace

import pytest

from destructure.studies import long_words
from destructure.studies.long_words import WORDS, chains, edits, glued


@pytest.mark.parametrize(
    ("said", "wanted", "expected"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("abc", "", 3),
        ("", "ab", 2),
        ("kitten", "sitting", 3),
        ("ab", "ba", 2),
        (["AH", "N"], ["AH", "M", "N"], 1),
    ],
)
def test_edits_are_the_fewest(said, wanted, expected):
    assert edits(said, wanted) == edits(wanted, said) == expected


def test_chains_are_the_same_each_time_and_repeat_no_word():
    assert chains(3) == chains(3)
    assert len(chains(3)) == long_words.CHAINS
    assert all(len(set(chain)) == 3 for chain in chains(3))
    with pytest.raises(ValueError, match="25 words"):
        chains(len(WORDS) + 1)


def spells(answer):
    """Stand in for the speller: every letter sounds as `answer` says."""
    return lambda speller, word: answer(word)


def test_a_speller_that_forgets_nothing_makes_no_mistake(monkeypatch):
    monkeypatch.setattr(long_words, "sounds", spells(list))
    rows = glued(SimpleNamespace(), most=4, how_many=10)
    assert [row["words"] for row in rows] == [1, 2, 3, 4]
    assert all((row["error"], row["said"], row["begins"]) == (0, 1, 1) for row in rows)
    assert rows[3]["letters"] == pytest.approx(sum(len("".join(chain)) for chain in chains(4, 10)) / 10)


def test_a_speller_that_stops_after_ten_letters_misses_the_rest(monkeypatch):
    monkeypatch.setattr(long_words, "sounds", spells(lambda word: list(word[:10])))
    rows = glued(SimpleNamespace(), most=3, how_many=10)
    letters = [sum(len("".join(chain)) for chain in chains(words, 10)) for words in (1, 2, 3)]
    assert [row["error"] for row in rows] == pytest.approx(
        [0, (letters[1] - 100) / letters[1], (letters[2] - 100) / letters[2]]
    )
    assert [row["begins"] for row in rows] == [1, 1, 1]


def test_a_speller_that_reads_backwards_begins_wrong(monkeypatch):
    monkeypatch.setattr(
        long_words, "sounds", spells(lambda word: list(word[::-1] if len(word) > 7 else word))
    )
    rows = glued(SimpleNamespace(), most=2, how_many=10)
    assert rows[1]["begins"] < 0.5
    assert rows[1]["error"] > 0.5
