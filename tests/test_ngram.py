"""Counting: probabilities that are probabilities, a hand-computed example, and the cost as counted."""

import itertools
import math

import numpy as np
import pytest

from destructure.counting import NgramModel, counting_operations

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
    model.learn(TEXT)
    assert model.operations == counting_operations([6, 4], window)
    assert counting_operations([1000], 0) == 1000


def test_learning_in_two_parts_is_learning_at_once():
    whole, parts = NgramModel(3, 2), NgramModel(3, 2)
    whole.learn(TEXT)
    for sequence in TEXT:
        parts.learn([sequence])
    assert whole.bits(TEXT) == parts.bits(TEXT)
    assert whole.operations == parts.operations


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: NgramModel(0, 1), "vocabulary is 0"),
        (lambda: NgramModel(3, -1), "window is -1"),
        (lambda: NgramModel(3, 1, discount=1.0), "between 0 and 1"),
        (lambda: NgramModel(3, 1).bits([]), "no token to predict"),
        (lambda: NgramModel(3, 1).probability(0, [1], window=2), "windows of 0 to 1"),
    ],
)
def test_bad_input_gets_one_clear_sentence(make, says):
    with pytest.raises(ValueError, match=says):
        make()
