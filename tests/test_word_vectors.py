"""Word vectors by counting: what a dot product means, on a small text that can be counted by hand."""

import numpy as np
import pytest

from destructure.counting import split_words, word_vectors

TEXTS = [
    "the first line of the file",
    "the last line of the text",
    "the first word of the text",
    "the last word of the file",
    "a first line",
    "a last line",
    "return the file",
    "return the text",
]


@pytest.fixture(scope="module")
def vectors():
    return word_vectors(TEXTS, words=10, width=9)


def test_words_are_small_letters_without_signs():
    assert split_words("Return True, if 'x1' is\nNOT-a number.") == [
        *("return", "true", "if", "x", "is", "not", "a", "number"),
    ]


def test_the_most_frequent_words_come_first_and_ties_by_the_alphabet(vectors):
    in_order = ("the", "line", "of", "file", "first", "last", "text", "a", "return", "word")
    assert vectors.words == in_order


def test_dot_products_are_what_follows_what(vectors):
    """With as many directions as there are, the products are the table of log(observed / expected)."""
    place = {word: number for number, word in enumerate(vectors.words)}
    scores = vectors.after @ vectors.before.T
    for first, second in (("first", "line"), ("last", "line"), ("of", "the"), ("return", "the")):
        row = scores[place[first]]
        assert row[place[second]] > 0.3, (first, second)
        assert scores[place[second], place[first]] < 0.1, (first, second)
    assert scores[place["line"]].argmax() == place["of"]
    assert scores.min() > -1e-6


def test_words_with_the_same_neighbours_are_similar(vectors):
    assert vectors.similar("first", 1) == ["last"]
    assert vectors.similar("file", 1) == ["text"]
    assert "first" not in vectors.similar("first", 9)


def test_a_sentence_has_a_row_a_word_and_repeats_are_equal(vectors):
    sentence = vectors.of("the last line of the file")
    assert sentence.shape == (6, 18)
    np.testing.assert_array_equal(sentence[0], sentence[4])
    np.testing.assert_array_equal(sentence, vectors.of(["the", "last", "line", "of", "the", "file"]))


def test_texts_are_counted_apart():
    apart = word_vectors(["x y", "z x y"], words=3, width=2)
    together = word_vectors(["x y z x y"], words=3, width=2)
    place = {word: number for number, word in enumerate(apart.words)}
    follows = (place["y"], place["z"])
    assert (together.after @ together.before.T)[follows] > 0.3 > (apart.after @ apart.before.T)[follows]


def test_bad_input_is_one_clear_sentence(vectors):
    with pytest.raises(ValueError, match="'banana' is not one of the 10 words"):
        vectors.of("the banana")
    with pytest.raises(ValueError, match="not one of"):
        vectors.of("")
    with pytest.raises(ValueError, match="width is 64 for 3 different words"):
        word_vectors(["x y z"])
    with pytest.raises(ValueError, match="width is 0"):
        word_vectors(["x y z"], width=0)
