"""Read-outs: what a linear classifier can tell from an encoder's states, and what it refuses."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from destructure import Structure, Transformer, TransformerConfig
from destructure.studies import read_outs as reading
from destructure.studies.read_outs import accuracy, chance, encoder_states, learn_read_out, read_outs
from destructure.tasks import NumberTranslation

SMALL = NumberTranslation(high=999)
FEW = (300, 90)


@pytest.fixture(autouse=True)
def few_examples(monkeypatch):
    monkeypatch.setattr(reading, "LEARNED_FROM", FEW[0])
    monkeypatch.setattr(reading, "MEASURED_ON", FEW[1])


def make_model(structure=Structure.ENCODER_DECODER, layers=2, seed=0, **settings):
    config = TransformerConfig(
        vocabulary=len(SMALL.vocabulary), width=32, layers=layers, heads=2, structure=structure, max_length=32,
        query_key_norm=True, segments=2, **settings,
    )  # fmt: skip
    return Transformer(config, seed=seed).eval()


def planted_states(tokens, width=16, noise=0.05):
    """States that hold the token, each token in a direction of its own, seen through a random turn."""
    luck = torch.Generator().manual_seed(3)
    states = functional.one_hot(tokens, width).float() + noise * torch.randn(
        len(tokens), width, generator=luck
    )
    return states @ torch.randn(width, width, generator=luck)


def drawn_tokens(count=600, seed=0):
    """Ids 0 to 9, the last one as often as all others together."""
    luck = np.random.default_rng(seed)
    return torch.from_numpy(luck.choice(10, size=count, p=[*[0.5 / 9] * 9, 0.5]))


# --- read-outs -----------------------------------------------------------------------------------------------


def test_states_that_hold_the_token_are_read_without_error():
    tokens = drawn_tokens()
    states = planted_states(tokens)
    read = learn_read_out(states[:400], tokens[:400])
    assert accuracy(read, states[400:], tokens[400:]) == 1.0
    assert accuracy(read, states[400:], tokens[400:].roll(1)) < 0.6


def test_states_without_the_token_are_read_at_chance():
    tokens = drawn_tokens(3000)
    states = planted_states(tokens)
    means = torch.stack([states[tokens == each].mean(dim=0) for each in range(10)])
    emptied = states - means[tokens]
    read = learn_read_out(emptied[:2000], tokens[:2000])
    most_common = (tokens[2000:] == 9).double().mean().item()
    assert accuracy(read, emptied[2000:], tokens[2000:]) == pytest.approx(most_common, abs=0.03)


def test_what_one_matrix_cannot_read_does_not_count():
    """Two bits and their exclusive or: the information is all there, but not for a linear map."""
    bits = torch.randint(0, 2, (400, 2), generator=torch.Generator().manual_seed(1))
    tokens = bits[:, 0] ^ bits[:, 1]
    assert accuracy(learn_read_out(bits.float(), tokens), bits.float(), tokens) < 0.7


def test_a_read_out_is_the_optimum_and_the_same_every_time():
    tokens = drawn_tokens()
    states = planted_states(tokens, noise=0.5)  # overlapping, so that the optimum is finite
    read, again = learn_read_out(states, tokens), learn_read_out(states, tokens)
    assert torch.equal(read(states), again(states))
    scores = read(states)
    gradient = states.double().T @ (scores.softmax(dim=-1) - functional.one_hot(tokens, 10)) / len(tokens)
    assert gradient.abs().max() < 1e-3


def test_the_scale_and_the_turn_of_the_states_do_not_matter():
    tokens = drawn_tokens()
    states = planted_states(tokens, noise=0.5)
    turned = states @ torch.randn(16, 16, generator=torch.Generator().manual_seed(8)) * 1e3 + 5
    assert accuracy(learn_read_out(states, tokens), states, tokens) == pytest.approx(
        accuracy(learn_read_out(turned, tokens), turned, tokens), abs=0.01
    )
    flat = torch.cat([states, torch.ones(len(states), 2)], dim=1)  # directions that never vary
    assert torch.isfinite(learn_read_out(flat, tokens)(flat)).all()


@pytest.mark.parametrize(
    ("states", "tokens", "said"),
    [
        (torch.zeros(3, 2), torch.zeros(4, dtype=torch.long), r"shape \(3, 2\) and the tokens \(4,\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), "one or more positions"),
        (torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.long), "the model diverged"),
    ],
)
def test_states_that_cannot_be_read_are_one_sentence(states, tokens, said):
    with pytest.raises(ValueError, match=said):
        learn_read_out(states, tokens)


# --- the states of a model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [Structure.ENCODER_DECODER, Structure.DECODER_ONLY], ids=str)
def test_the_last_states_are_those_that_the_decoder_reads(structure):
    model, pairs = make_model(structure), SMALL.pairs("test")[:30]
    by_layer, tokens = encoder_states(model, pairs)
    assert [states.shape for states in by_layer] == [(sum(len(pair.source) for pair in pairs), 32)] * 3
    assert tokens.tolist() == [token for pair in pairs for token in pair.source]  # no padding among them
    with torch.no_grad():
        alone = torch.cat([model.read(torch.tensor([pair.source])).states[0] for pair in pairs])
        start = model.embedding(torch.tensor([pairs[0].source]), torch.arange(len(pairs[0].source))[None])
    assert torch.allclose(by_layer[-1], alone, atol=1e-5)
    assert not torch.allclose(by_layer[-2], alone, atol=1e-2)
    expected = model.input_stack.final_norm(start)[0].detach()
    assert torch.allclose(by_layer[0][: len(expected)], expected, atol=1e-5)
    assert not any(layer._forward_hooks for layer in model.input_stack.layers)


def test_read_outs_measure_numbers_that_they_did_not_learn_from(monkeypatch):
    seen = []

    def spy(model, pairs):
        seen.append([pair.source for pair in pairs])
        return encoder_states(model, pairs)

    monkeypatch.setattr(reading, "encoder_states", spy)
    found = read_outs(make_model(), SMALL)
    learned, measured = seen
    assert (len(learned), len(measured)) == FEW
    assert not set(learned) & set(measured)
    assert [each.layer for each in found] == [0, 1, 2]
    assert found[0].accuracy == 1.0  # the embedding is the token
    assert found[2].accuracy < found[2].accuracy_learned <= 1


def test_a_model_that_hands_over_less_is_seen_by_the_read_outs():
    whole, narrow = make_model(), make_model()
    with torch.no_grad():
        narrow.input_stack.final_norm.weight[1:] = 0  # the decoder gets one number a position
    scores = [read_outs(each, SMALL)[-1].accuracy for each in (whole, narrow)]
    assert scores[0] > 0.8
    assert scores[1] < 0.6


def test_reading_out_leaves_the_model_as_it_is():
    model = make_model()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    with torch.no_grad():
        read_outs(model, SMALL)
    assert all(torch.equal(before[name], values) for name, values in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_chance_is_the_most_common_token():
    tokens = [token for pair in SMALL.pairs("train")[: FEW[0]] for token in pair.source]
    most_common = max(sorted(set(tokens)), key=tokens.count)
    measured = [token for pair in SMALL.pairs("test")[: FEW[1]] for token in pair.source]
    assert chance(SMALL) == pytest.approx(measured.count(most_common) / len(measured))


@pytest.mark.parametrize(
    ("model", "few", "said"),
    [
        (make_model(), 10**6, "train examples, but a read-out needs 1,000,000"),
        (torch.nn.Linear(2, 2), 20, "A Linear has no encoder"),
        (Transformer(TransformerConfig(vocabulary=5)), 20, "The model knows 5 token ids"),
    ],
)
def test_bad_input_of_read_outs_is_one_sentence(model, few, said, monkeypatch):
    monkeypatch.setattr(reading, "LEARNED_FROM", few)
    with pytest.raises(ValueError, match=said) as caught:
        read_outs(model, SMALL)
    assert "\n" not in str(caught.value)
