"""Models that count: probabilities that are probabilities, examples worked out by hand, and the cost as counted."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from destructure.counting import NaiveBayes, NgramModel

TEXT = [[0, 1, 2, 0, 1, 1], [2, 0, 1, 2]]


@pytest.mark.parametrize("window", [0, 1, 3])
@pytest.mark.parametrize("context", [(), (0,), (2, 0), (1, 1, 1), (2, 2, 2, 2)])
def test_probabilities_sum_to_one_and_none_is_zero(window, context):
    model = NgramModel(4, window)  # token 3 was never seen
    model.learn(TEXT)
    chances = [model.probability(token, context) for token in range(4)]
    assert sum(chances) == pytest.approx(1)
    assert min(chances) > 0


def test_a_small_example_by_hand():
    model = NgramModel(vocabulary=3, window=1, discount=0.75)
    model.learn([[0, 1, 0, 1, 0]])
    # none back: 0 three times, 1 twice, of five; two kinds seen, so 0.75 · 2 / 5 is saved for the uniform 1/3
    none_back = (2 - 0.75) / 5 + 0.3 / 3
    # one back: after 0 came 1, twice of twice; one kind seen
    assert model.probability(1, [0]) == pytest.approx((2 - 0.75) / 2 + 0.75 / 2 * none_back)
    assert model.probability(1, [0], window=0) == pytest.approx(none_back)
    assert model.probability(1, [2]) == pytest.approx(none_back)  # nothing ever followed 2


def test_only_the_window_is_seen():
    model = NgramModel(3, window=2)
    model.learn(TEXT)
    assert model.probability(1, [0, 2, 0]) == model.probability(1, [1, 2, 0])
    assert model.probability(1, [2, 0]) != model.probability(1, [1, 0])


def test_bits_for_every_window_equal_models_of_their_own():
    tests = [[0, 1, 2, 2, 0], [1, 1, 0]]
    big = NgramModel(3, window=3)
    big.learn(TEXT)
    for window, bits in enumerate(big.bits(tests)):
        small = NgramModel(3, window)
        small.learn(TEXT)
        chances = [small.probability(each[i], each[:i]) for each in tests for i in range(len(each))]
        assert bits == pytest.approx(-np.mean(np.log2(chances)))


def test_it_learns_a_markov_chain_to_its_entropy():
    """Where its assumption is true, counting comes within a few per cent of what is possible."""
    generator = np.random.default_rng(0)
    chain = np.array([[0.8, 0.1, 0.1], [0.2, 0.2, 0.6], [0.1, 0.7, 0.2]])

    def draw(length):
        tokens = [0]
        for _ in range(length):
            tokens.append(int(generator.choice(3, p=chain[tokens[-1]])))
        return tokens

    model = NgramModel(3, window=1)
    model.learn([draw(8000)])
    tests = draw(8000)
    possible = -np.mean([math.log2(chain[a, b]) for a, b in itertools.pairwise(tests)])
    none_back, one_back = model.bits([tests])
    assert one_back == pytest.approx(possible, rel=0.02)
    assert none_back > 1.2 * possible


@pytest.mark.parametrize("window", [0, 2, 5])
def test_operations_are_counted_as_the_formula_says(window):
    model = NgramModel(3, window)
    for sequence in TEXT:  # in two parts, which is learning at once
        model.learn([sequence])
    assert model.operations == sum(min(window, place) + 1 for length in (6, 4) for place in range(length))


# --- naive Bayes ----------------------------------------------------------------------------------------------


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
    ("make", "says"),
    [
        (lambda: NgramModel(0, 1), "vocabulary is 0"),
        (lambda: NgramModel(3, -1), "window is -1"),
        (lambda: NgramModel(3, 1, discount=1.0), "between 0 and 1"),
        (lambda: NgramModel(3, 1).bits([]), "no token to predict"),
        (lambda: NgramModel(3, 1).probability(0, [1], window=2), "windows of 0 to 1"),
        (lambda: NaiveBayes(0), "longest is 0"),
        (lambda: NaiveBayes(2, smoothing=0), "smoothing is 0"),
        (lambda: NaiveBayes().learn([], []), "0 texts"),
        (lambda: NaiveBayes().learn(["a"], []), "1 texts and 0 classes"),
        (lambda: NaiveBayes().scores("a"), "nothing yet"),
    ],
)
def test_bad_input_gets_one_clear_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
