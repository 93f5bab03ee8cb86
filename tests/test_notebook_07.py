"""What notebook 07 defines: looking at models finds their structure, and planted distances get the right verdict."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig, carry_over
from destructure.statistics import Interval
from destructure.studies import closer_than_twice as study
from destructure.studies.model_distance import Answers, distance
from notebook_functions import functions_of

TIED = Structure(tied_cross_attention=True)
SMALL = TransformerConfig(vocabulary=30, width=16, layers=3, heads=2, max_length=16)
SOURCE, TARGET = torch.tensor([[5, 9, 14, 7]]), torch.tensor([[1, 11, 6]])
CHANGED = torch.tensor([[5, 9, 14, 3]])
LESSON = SimpleNamespace(**functions_of("07", source=SOURCE, target=TARGET, changed=CHANGED, study=study))


# --- looking at a model --------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [*Structure.all(), TIED], ids=str)
@pytest.mark.parametrize("blocks", [{}, {"norm": "layer", "bias": True}, {"positions": "rotary"}], ids=str)
def test_a_model_shows_its_structure_and_is_left_as_it_was(structure, blocks):
    model = Transformer(replace(SMALL, structure=structure, **blocks), seed=4)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    assert LESSON.find_structure(model) == replace(structure, tied_cross_attention=False)
    assert LESSON.count_attention(model)[0] == (
        8 if structure.separate_cross_attention and structure != TIED else 4
    )
    assert all(torch.equal(values, before[name]) for name, values in model.state_dict().items())


def test_looking_does_not_read_the_configuration():
    """A model that says one thing and does another is found out."""
    liar = Transformer(SMALL.with_structure(Structure.ENCODER_DECODER.without("bidirectional_input")))
    liar.config = SMALL.with_structure(Structure.ENCODER_DECODER)  # its mask now follows this one
    assert LESSON.find_structure(liar) == Structure.ENCODER_DECODER


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_the_edited_model_is_a_plain_causal_model_in_every_weight(activation):
    config = replace(SMALL, norm="layer", bias=True, activation=activation)
    model = Transformer(config, seed=6)
    with torch.no_grad():
        for values in model.parameters():  # biases and norms, too
            values.add_(
                0.2 * torch.randn(values.shape, generator=torch.Generator().manual_seed(values.numel()))
            )
    edited = carry_over(model, Structure.DECODER_ONLY)
    plain = LESSON.PlainCausalModel(edited.config).eval()
    for name in ("tokens", "positions"):
        getattr(plain, name).load_state_dict(getattr(edited.embedding, name).state_dict())
    plain.layers.norm.load_state_dict(edited.input_stack.final_norm.state_dict())
    for to, layer in zip(plain.layers.layers, edited.input_stack.layers, strict=True):
        LESSON.copy_weights(to, layer)
    with torch.no_grad():
        found = edited(SOURCE, TARGET)
        assert largest(plain, found) <= 1e-5
        for parameter in plain.layers.parameters():  # none was forgotten
            parameter.mul_(1.5)
            assert largest(plain, found) > 1e-4
            parameter.div_(1.5)


def largest(plain, found):
    return (plain(torch.cat([SOURCE, TARGET], dim=1))[:, SOURCE.shape[1] :] - found).abs().max()


# --- distances -----------------------------------------------------------------------------------------------


def said(probabilities, written=((5,),)):
    return Answers(np.log(np.array(probabilities)), written)


def test_distances_by_hand():
    one, other = said([[0.5, 0.5], [0.9, 0.1]]), said([[0.25, 0.75], [0.9, 0.1]], ((6,),))
    found = distance(one, other)
    assert found.total_variation == pytest.approx((0.25 + 0) / 2)
    kl = 0.5 * math.log(2) + 0.5 * math.log(0.5 / 0.75)
    back = 0.25 * math.log(0.5) + 0.75 * math.log(0.75 / 0.5)
    assert found.symmetric_kl == pytest.approx((kl + back) / 2 / 2)
    assert found.different_answers == 1
    assert distance(other, one) == pytest.approx(found)
    assert distance(one, one) == (0, 0, 0)
    with pytest.raises(ValueError, match="the same pairs"):
        distance(said([[0.5, 0.5]]), said([[0.5, 0.5], [0.5, 0.5]]))


def planted(same, crossed, noise=0.05, twice=0.01):
    """Distances around given multiples of "twice"."""
    random, rows = np.random.default_rng(5), []

    def add(comparison, first, second, mean):
        rows.append(
            (comparison, first, second, 300, mean * twice * math.exp(noise * random.standard_normal()))
        )

    for place, second in enumerate(study.SEEDS):
        add(study.SAME_SEED, second, second, same)
        for first in 2 * study.SEEDS[:place]:
            add(study.TWICE, first, second, 1.0)
            add(study.OTHER_BOTH, first, second, crossed)
    return pd.DataFrame(rows, columns=["comparison", "first_seed", "second_seed", "steps", "total_variation"])


@pytest.mark.parametrize(("same", "verdict"), [(0.5, "closer"), (1.0, "undecided"), (2.0, "further")])
def test_planted_distances_are_found_closer(same, verdict):
    found = LESSON.ratio(planted(same, 1.0), study.SAME_SEED)
    assert LESSON.side(found) == verdict
    assert found.estimate == pytest.approx(same, rel=0.1)


@pytest.mark.parametrize(
    ("crossed", "verdict"), [(1.0, "within noise"), (2.0, "not settled"), (0.5, "not settled")]
)
def test_planted_distances_are_found_within_noise(crossed, verdict):
    assert LESSON.noise(LESSON.ratio(planted(1.0, crossed), study.OTHER_BOTH, level=0.9)) == verdict


def test_a_noisy_seed_widens_the_interval():
    """One odd run is in many distances; an interval over pairs as if they were independent would not notice."""
    rows = planted(1.0, 1.0)
    odd = rows.copy()
    touched = ((odd.first_seed == 202) | (odd.second_seed == 202)) & (odd.comparison == study.TWICE)
    odd.loc[touched, "total_variation"] *= 4
    plain, wide = (LESSON.ratio(each, study.OTHER_BOTH) for each in (rows, odd))
    assert wide.high - wide.low > 5 * (plain.high - plain.low)


def test_verdicts_follow_the_ends_of_the_intervals():
    assert LESSON.side(Interval(1.3, 1.01, 1.6)) == "further"
    assert LESSON.side(Interval(0.9, 0.8, 0.99)) == "closer"
    assert LESSON.noise(Interval(1.0, 0.8, 1.25)) == "within noise"
    assert LESSON.noise(Interval(1.0, 0.7, 1.2)) == LESSON.noise(Interval(1.0, 0.9, 1.3)) == "not settled"
