"""How the next token is chosen: temperature, top-k, top-p, the draw itself, and beam search."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from scipy import stats

from destructure import Structure
from destructure.generate import Beam, Greedy, Sampling, beam_search, draw, generate, next_token_probabilities
from destructure.generate.loop import spins_of
from destructure.generate.request import make_requests
from random_models import EVERY_STRUCTURE, random_ids, random_model, random_prompts

every_structure = pytest.mark.parametrize("structure", EVERY_STRUCTURE, ids=str)
logit_lists = some.lists(some.integers(-8, 8), min_size=2, max_size=12)  # whole numbers: many ties
temperatures = some.floats(0.2, 5)
a_fraction = some.floats(0.01, 0.99)


def by_hand(logits, temperature):
    weights = np.exp((np.array(logits, dtype=float) - max(logits)) / temperature)
    return weights / weights.sum()


def ranked(values):
    """Ids from the most to the least probable; of equals the lower id first."""
    return sorted(range(len(values)), key=lambda index: (-values[index], index))


def kept(probabilities):
    return set(np.flatnonzero(probabilities).tolist())


# --- the probabilities ----------------------------------------------------------------------------------------


@given(logit_lists, temperatures)
def test_temperature_divides_the_logits(logits, temperature):
    found = next_token_probabilities(torch.tensor(logits, dtype=torch.float32), temperature)
    np.testing.assert_allclose(found.numpy(), by_hand(logits, temperature), rtol=1e-6)


@given(logit_lists, temperatures, some.integers(1, 15))
def test_top_k_keeps_exactly_the_k_most_probable(logits, temperature, k):
    full = by_hand(logits, temperature)
    found = next_token_probabilities(torch.tensor(logits).float(), temperature, top_k=k).numpy()
    assert kept(found) == set(ranked(logits)[:k])
    chosen = sorted(kept(found))
    np.testing.assert_allclose(found[chosen], full[chosen] / full[chosen].sum(), rtol=1e-6)  # the odds stay


@given(logit_lists, temperatures, a_fraction)
def test_top_p_keeps_the_fewest_that_reach_p(logits, temperature, p):
    full = by_hand(logits, temperature)
    found = next_token_probabilities(torch.tensor(logits).float(), temperature, top_p=p).numpy()
    chosen = kept(found)
    assert chosen == set(ranked(logits)[: len(chosen)])  # no gap: the most probable ones
    assert full[list(chosen)].sum() >= p - 1e-9  # they reach p,
    least = ranked(logits)[len(chosen) - 1]
    assert full[list(chosen - {least})].sum() < p + 1e-9  # and without the least of them would not
    np.testing.assert_allclose(
        found[sorted(chosen)], full[sorted(chosen)] / full[sorted(chosen)].sum(), rtol=1e-6
    )


@given(logit_lists, some.integers(1, 12), a_fraction)
def test_top_p_counts_what_top_k_left(logits, k, p):
    both = next_token_probabilities(torch.tensor(logits).float(), 1.0, k, p)
    after_k = next_token_probabilities(torch.tensor(logits).float(), 1.0, k)
    by_steps = next_token_probabilities(after_k.log(), 1.0, None, p)
    np.testing.assert_allclose(both.numpy(), by_steps.numpy(), rtol=1e-6)


def test_known_sets():
    logits = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    assert kept(next_token_probabilities(logits, top_k=2)) == {1, 3}
    assert kept(next_token_probabilities(logits, top_p=0.69)) == {1, 3}
    assert kept(next_token_probabilities(logits, top_p=0.71)) == {1, 2, 3}
    assert kept(next_token_probabilities(logits, top_p=1.0)) == {0, 1, 2, 3}
    assert kept(next_token_probabilities(logits, top_p=0.01)) == {1}
    assert kept(next_token_probabilities(torch.zeros(5), top_k=3)) == {0, 1, 2}  # ties: the lower ids
    assert kept(next_token_probabilities(torch.tensor([1.0, -torch.inf, 0.0]))) == {0, 2}


@pytest.mark.parametrize("temperature", [1e-300, 1e-9, 1e9])
def test_extreme_temperatures_stay_numbers(temperature):
    found = next_token_probabilities(torch.tensor([3.0, 1.0, -1000.0, 2.0]), temperature)
    expected = [1, 0, 0, 0] if temperature < 1 else [0.25] * 4
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


# --- the draw -------------------------------------------------------------------------------------------------


def test_a_draw_is_where_the_spin_falls():
    probabilities = torch.tensor([0.0, 0.5, 0.0, 0.25, 0.25, 0.0], dtype=torch.float64)
    spins = torch.tensor([0.0, 0.49, 0.5, 0.74, 0.75, 1 - 2**-53], dtype=torch.float64)
    assert draw(probabilities.expand(6, -1), spins).tolist() == [1, 1, 3, 3, 4, 4]


@given(
    some.lists(some.integers(0, 5), min_size=1, max_size=9).filter(any), some.floats(0, 1, exclude_max=True)
)
def test_what_has_no_probability_is_never_drawn(weights, spin):
    probabilities = torch.tensor(weights, dtype=torch.float64) / sum(weights)
    assert weights[int(draw(probabilities.unsqueeze(0), torch.tensor([spin], dtype=torch.float64)))] > 0


def frequencies(how, rows=20_000):
    """How often one model draws each token after the same prompt, and the probabilities it should follow."""
    model = random_model()
    written = generate(model, None, 1, prompts=[[5, 7]] * rows, how=how, end=None)
    with torch.no_grad():
        logits = model(None, torch.tensor([[1, 5, 7]]))[0, -1] / 4  # see the test: a flatter model
    logits[0] = -torch.inf
    return np.bincount([text[0] for text in written], minlength=len(logits)), logits


@pytest.mark.slow
@pytest.mark.parametrize(("top_k", "top_p"), [(None, None), (6, None), (None, 0.8)])
def test_frequencies_match_the_softmax(top_k, top_p):
    """Chi-square over 20,000 rows at temperature 4, where many tokens have a chance; the seed is fixed."""
    counts, logits = frequencies(Sampling(temperature=4.0, top_k=top_k, top_p=top_p, seed=3))
    expected = next_token_probabilities(logits, 1.0, top_k, top_p).numpy()
    possible = expected > 0
    assert counts[~possible].sum() == 0
    assert stats.chisquare(counts[possible], expected[possible] * counts.sum()).pvalue > 0.01
    if top_k is None and top_p is None:  # the test would see a temperature that is 10% off
        wrong = next_token_probabilities(logits, 1.1).numpy()[possible]
        assert stats.chisquare(counts[possible], wrong * counts.sum()).pvalue < 1e-6


def test_spins_are_even_and_rows_are_independent():
    spins = spins_of(Sampling(seed=1), list(range(400)), 50).numpy()
    assert stats.kstest(spins.ravel(), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(spins[:-1].ravel(), spins[1:].ravel())[0, 1]) < 0.03
    other = spins_of(Sampling(seed=2), list(range(400)), 50).numpy()
    assert not np.isin(other, spins).any()  # no stream of one seed is a stream of the next


def test_a_seed_fixes_the_text_and_nothing_else_does():
    model, prompts = random_model(), random_prompts(30, 3)
    how = Sampling(temperature=2.0, seed=4)
    torch.manual_seed(1)
    np.random.seed(1)  # noqa: NPY002  (the point: it must not matter)
    state = torch.get_rng_state()
    first = generate(model, None, 8, prompts=prompts, how=how)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert generate(model, None, 8, prompts=prompts, how=how) == first
    assert generate(model, None, 8, prompts=prompts, how=Sampling(temperature=2.0, seed=5)) != first
    longer = generate(model, None, 12, prompts=prompts, how=how)
    assert [text[:8] for text in longer] == first  # how long it may grow does not change how it begins
    same_prompt = generate(model, None, 8, prompts=[[5]] * 20, how=how)
    assert len(set(map(tuple, same_prompt))) > 10  # each row draws for itself


@pytest.mark.parametrize(
    "how", [Sampling(top_k=1), Sampling(temperature=1e-6), Sampling(top_p=1e-9)], ids=str
)
def test_sampling_with_one_choice_is_greedy(how):
    model, prompts = random_model(Structure.PREFIX_LM), random_prompts(50, 3)
    assert generate(model, random_ids(50, 4), 8, prompts=prompts, how=how) == generate(
        model, random_ids(50, 4), 8, prompts=prompts
    )


# --- beam search ----------------------------------------------------------------------------------------------


@every_structure
def test_width_one_is_greedy(structure):
    model, sources, prompts = random_model(structure), random_ids(40, 5, shortest=1), random_prompts(40, 4)
    assert generate(model, sources, 7, prompts=prompts, how=Beam(width=1)) == generate(
        model, sources, 7, prompts=prompts, how=Greedy()
    )


def search(model, source, longest, prompts, how):
    (request,) = make_requests(model, source, longest, prompts, begin=1, end=2)
    return beam_search(model, request, how)


def log_probabilities(model, source, prompt, text):
    """Of each next token after a text; padding is no token."""
    logits = model(source, torch.tensor([[1, *prompt, *text]]))[0, -1].clone()
    logits[0] = -torch.inf
    return logits.log_softmax(-1).tolist()


@torch.no_grad()
def all_texts(model, source, prompt, longest, length_penalty):
    """Every text that ends, or is cut off, and its score: by trying them all."""
    open_texts, done = [((), 0.0)], []
    for length in range(1, longest + 1):
        grown = []
        for text, total in open_texts:
            for index, step in enumerate(log_probabilities(model, source, prompt, text)):
                if index == 2:
                    done.append((text, (total + step) / length**length_penalty))
                elif index:
                    grown.append(((*text, index), total + step))
        open_texts = grown
    done += [(text, total / longest**length_penalty) for text, total in open_texts]
    return sorted(done, key=lambda found: -found[1])


@pytest.mark.parametrize("length_penalty", [0.0, 0.6, 1.0])
@pytest.mark.parametrize(
    "structure", [Structure.ENCODER_DECODER, Structure.PREFIX_LM, Structure.DECODER_ONLY], ids=str
)
def test_a_wide_beam_is_exhaustive_search(structure, length_penalty):
    """Five ids, three steps: 1 + 3 + 9 texts that end and 27 that are cut off. Width 64 holds them all."""
    model = random_model(structure, seed=2, vocabulary=5)
    source = torch.tensor([[3, 4, 4]])
    for prompt in ([], [4], [3, 4]):
        expected = all_texts(model, source, prompt, 3, length_penalty)
        assert len(expected) == 40
        found = search(model, source, 3, [prompt], Beam(64, length_penalty))[0]
        assert [tuple(each.ids) for each in found] == [text for text, _ in expected]
        np.testing.assert_allclose(
            [each.score for each in found], [score for _, score in expected], rtol=1e-9
        )
        assert generate(model, source, 3, prompts=[prompt], how=Beam(64, length_penalty)) == [
            list(expected[0][0])
        ]


@torch.no_grad()
def plain_beam(model, source, prompt, longest, width, length_penalty):
    """Beam search once more, with lists instead of tensors."""
    beam = [((), 0.0, False)]

    def score(entry):
        text, total, _ = entry
        return total / max(len(text), 1) ** length_penalty

    for _ in range(longest):
        grown = [entry for entry in beam if entry[2]]
        for text, total, ended in beam:
            if not ended:
                steps = log_probabilities(model, source, prompt, text)
                grown += [((*text, i), total + step, i == 2) for i, step in enumerate(steps) if i]
        beam = sorted(grown, key=score, reverse=True)[:width]
        if all(entry[2] for entry in beam):
            break
    return [(list(text[:-1]) if ended else list(text), total, ended) for text, total, ended in beam]


@pytest.mark.parametrize("width", [2, 3, 5])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
def test_a_narrow_beam_keeps_the_best_few(width, length_penalty):
    model, different = random_model(Structure.ENCODER_DECODER, seed=3), 0
    sources, prompts = random_ids(12, 4, shortest=2), random_prompts(12, 2)
    found = search(model, sources, 6, prompts, Beam(width, length_penalty))
    greedy = generate(model, sources, 6, prompts=prompts)
    for row, hypotheses in enumerate(found):
        expected = plain_beam(model, sources[row : row + 1], prompts[row], 6, width, length_penalty)
        assert [(each.ids, each.ended) for each in hypotheses] == [(ids, ended) for ids, _, ended in expected]
        np.testing.assert_allclose(
            [each.log_probability for each in hypotheses], [total for _, total, _ in expected]
        )
        different += hypotheses[0].ids != greedy[row]
    assert different > 0  # a beam that never changed anything would be greedy in disguise
    assert any(each.ended for hypotheses in found for each in hypotheses)


def test_the_length_penalty_changes_how_long_texts_are():
    model, prompts = random_model(seed=4), random_prompts(60, 3)
    lengths = [
        sum(map(len, generate(model, None, 10, prompts=prompts, how=Beam(4, penalty))))
        for penalty in (0.0, 1.0, 2.0)
    ]
    assert lengths[0] < lengths[1] < lengths[2]
