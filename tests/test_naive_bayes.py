"""Naive Bayes: equal to the rule worked out by hand, and to a slow plain computation."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destructure.counting import NaiveBayes


def test_scores_are_the_rule_worked_out_by_hand():
    model = NaiveBayes(longest=1, smoothing=1.0)
    model.learn(["aab", "b"], ["x", "y"])
    # n-grams of one token, two end marks included: x has a2 b1 end2, y has b1 end2; three different n-grams.
    expected = {
        "x": math.log(1 / 2) + math.log(3 / 8) + 2 * math.log(3 / 8),
        "y": math.log(1 / 2) + math.log(1 / 6) + 2 * math.log(3 / 6),
    }
    assert model.scores("a") == pytest.approx([expected["x"], expected["y"]])
    assert model.operations == 8


texts = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=6), st.sampled_from("xyz")), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(texts, st.text("abcd", max_size=6), st.integers(1, 3))
def test_scores_equal_a_plain_computation(examples, text, longest):
    model = NaiveBayes(longest, smoothing=0.3)
    model.learn(*zip(*examples, strict=True))
    counts = {one: Counter() for one in model.classes}
    for learned, one in examples:
        counts[one].update(model.ngrams(learned))
    known = set().union(*counts.values())
    for place, one in enumerate(model.classes):
        total = sum(counts[one].values()) + 0.3 * len(known)
        prior = sum(label == one for _, label in examples) / len(examples)
        evidence = sum(math.log((counts[one][g] + 0.3) / total) for g in model.ngrams(text) if g in known)
        assert model.scores(text)[place] == pytest.approx(math.log(prior) + evidence)


def test_ngrams_and_the_price_of_an_answer():
    model = NaiveBayes(longest=3)
    assert model.ngrams("ab") == [
        (None,), ("a",), ("b",), (None,), (None, "a"), ("a", "b"), ("b", None), (None, "a", "b"), ("a", "b", None),
    ]  # fmt: skip
    model.learn(["ab", "cd"], [0, 1])
    assert model.answer_operations(2) == 2 * len(model.ngrams("ab"))
    assert model.answer_operations(0) == 2 * len(model.ngrams(""))


def test_learning_again_forgets():
    model = NaiveBayes(1)
    model.learn(["a"], ["x"])
    model.learn(["b"], ["y"])
    assert model.predict(["a", "b"]) == ["y", "y"]
    assert model.classes == ["y"]


def test_clear_languages_are_told_apart():
    model = NaiveBayes(3)
    model.learn(["the dog is here", "der Hund ist hier"], ["en", "de"])
    assert model.predict(["is the dog there", "wo ist der Hund"]) == ["en", "de"]
    assert np.isfinite(model.scores("ωψ")).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: NaiveBayes(0), "longest is 0"),
        (lambda: NaiveBayes(2, smoothing=0), "smoothing is 0"),
        (lambda: NaiveBayes().learn([], []), "0 texts"),
        (lambda: NaiveBayes().learn(["a"], []), "1 texts and 0 classes"),
        (lambda: NaiveBayes().scores("a"), "nothing yet"),
    ],
)
def test_bad_input_gets_one_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()
