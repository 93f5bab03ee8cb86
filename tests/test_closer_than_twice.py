"""The registered study behind notebook 07: distances, its plan, its rows, and the verdicts."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig
from destructure.statistics import Interval
from destructure.studies import closer_than_twice as study
from destructure.studies.closer_than_twice_results import (
    MARGIN,
    Ratio,
    like_for_like,
    ratio,
    seed_distances,
)
from destructure.studies.model_distance import Answers, answers, distance
from destructure.tasks import NumberTranslation

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


def test_answers_to_other_pairs_are_refused():
    with pytest.raises(ValueError, match="the same pairs"):
        distance(said([[0.5, 0.5]]), said([[0.5, 0.5], [0.5, 0.5]]))


def test_a_model_is_asked_at_every_real_target_position():
    task = NumberTranslation(high=999)
    model = Transformer(
        TransformerConfig(vocabulary=len(task.vocabulary), width=8, layers=1, heads=1, max_length=32)
    )
    pairs = task.pairs("test")[:20]
    found = answers(model.eval(), pairs)
    assert found.log_probabilities.shape == (
        sum(len(pair.target) + 1 for pair in pairs),
        len(task.vocabulary),
    )
    assert np.allclose(np.exp(found.log_probabilities).sum(axis=1), 1)
    pair = pairs[0]  # alone, without padding: the same
    logits = model(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)]))[0]
    alone = logits.double().log_softmax(-1).detach().numpy()
    assert np.allclose(found.log_probabilities[: len(alone)], alone, atol=1e-5)
    with pytest.raises(ValueError, match="at least one"):
        answers(model, [])


# --- the plan ------------------------------------------------------------------------------------------------


def test_the_two_models_are_those_of_the_lecture():
    assert study.STRUCTURES[study.EDITED].code == "S1t -- -- --"
    assert study.STRUCTURES[study.DECODER_ONLY] == Structure.DECODER_ONLY


@pytest.mark.parametrize("seed", [0, 200])
def test_equal_seeds_give_equal_first_weights(seed):
    edited, plain = (
        study.first_model(name, seed).state_dict() for name in (study.EDITED, study.DECODER_ONLY)
    )
    assert all(torch.equal(values, edited[name]) for name, values in plain.items())
    other = study.first_model(study.DECODER_ONLY, seed + 1).state_dict()
    assert not torch.equal(other["embedding.tokens.weight"], plain["embedding.tokens.weight"])


def test_every_comparison_of_the_plan_is_listed_once():
    pairs = list(study.registered_pairs())
    counts = pd.Series([pair.comparison for pair in pairs]).value_counts().to_dict()
    assert counts == {
        study.SAME_SEED: 8,
        study.SAME_START: 8,
        study.TRANSPLANTED: 8,
        study.TWICE: 56,
        study.OTHER_BOTH: 56,
    }
    assert len(set(pairs)) == len(pairs)
    assert study.LESSON_SEED not in study.SEEDS
    assert study.LESSON_SEED + 1 not in study.SEEDS


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(study, "STEPS", (2, 4))
    monkeypatch.setattr(study, "WARMUP_STEPS", 1)
    study.train_model.cache_clear()
    yield
    study.train_model.cache_clear()


def test_a_short_comparison_has_a_row_for_each_budget_and_for_the_start(short):
    rows = study.compare(study.Pair(study.SAME_START, study.DECODER_ONLY, 3, study.OTHER_ORDER, 3))
    assert [row["steps"] for row in rows] == [0, 2, 4]
    assert all(tuple(row) == study.COLUMNS for row in rows)
    assert rows[0]["total_variation"] == 0  # the same start
    assert rows[2]["total_variation"] > 0  # another order
    (moved,) = study.compare(study.Pair(study.TRANSPLANTED, study.DECODER_ONLY, 3, study.EDITED, 3))
    assert moved["steps"] == 4
    assert moved["total_variation"] > 0
    assert study.train_model.cache_info().misses == 2  # nothing is trained twice


def test_training_does_not_touch_the_answers_before_it(short):
    rows = study.compare(study.Pair(study.SAME_SEED, study.EDITED, 3, study.DECODER_ONLY, 3))
    models = (study.first_model(name, 3).eval() for name in (study.EDITED, study.DECODER_ONLY))
    asked = [answers(model, study.measured_pairs()) for model in models]
    assert rows[0]["total_variation"] == pytest.approx(distance(*asked).total_variation)


def test_a_diverged_run_keeps_its_rows():
    good = study.Trained({0: said([[0.5, 0.5]]), 2: said([[0.4, 0.6]])}, {0: 0.0, 2: 0.5}, None, "finished")
    broken = study.Trained({0: said([[0.5, 0.5]])}, {0: 0.0}, None, "diverged")
    pair = study.Pair(study.TWICE, study.EDITED, 1, study.EDITED, 2)
    row = study._row(pair, 2, good, broken)
    assert row["status"] == "diverged"
    assert row["total_variation"] is None
    assert row["second_exact_match"] is None


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(study, "results_file", lambda: tmp_path / "results" / "rows.csv")
    calls = []

    def compare(pair, progress=False):
        calls.append(pair)
        if len(calls) % 30 == 0:
            raise KeyboardInterrupt
        about = {name: getattr(pair, name) for name in ("comparison", *study._PAIR)}
        return [dict.fromkeys(study.COLUMNS, 0) | about | {"steps": steps} for steps in (0, 100, 300)]

    monkeypatch.setattr(study, "compare", compare)
    for _ in range(20):
        try:
            study.run_missing()
            break
        except KeyboardInterrupt:
            continue
    rows = study.results()
    assert len(rows) == 3 * 136
    assert not rows.duplicated(list(study._ROW_KEY)).any()
    assert study.missing_pairs(rows) == []


# --- verdicts ------------------------------------------------------------------------------------------------


def planted(same, crossed, seeds=8, noise=0.05, twice=0.01):
    """Distances around given multiples of "twice"."""
    random = np.random.default_rng(5)
    rows = []

    def add(comparison, first, second, mean):
        value = mean * twice * math.exp(noise * random.standard_normal())
        rows.append((comparison, first, second, 300, "finished", value, 0.9, 0.9))

    for second in range(seeds):
        add(study.SAME_SEED, second, second, same)
        for first in range(second):
            for _ in range(2):
                add(study.TWICE, first, second, 1.0)
                add(study.OTHER_BOTH, first, second, crossed)
    columns = ["comparison", "first_seed", "second_seed", "steps", "status", "total_variation"]
    return pd.DataFrame(rows, columns=[*columns, "first_exact_match", "second_exact_match"])


@pytest.mark.parametrize(("same", "verdict"), [(0.5, "closer"), (1.0, "undecided"), (2.0, "further")])
def test_planted_distances_are_found_closer(same, verdict):
    found = ratio(planted(same, 1.0), study.SAME_SEED)
    assert found.closer == verdict
    assert found.interval.estimate == pytest.approx(same, rel=0.1)
    assert found.seeds == 8


@pytest.mark.parametrize(
    ("crossed", "verdict"), [(1.0, "within noise"), (2.0, "further"), (0.5, "undecided")]
)
def test_planted_distances_are_found_within_noise(crossed, verdict):
    assert ratio(planted(1.0, crossed), study.OTHER_BOTH).within_noise == verdict


def test_a_few_seeds_settle_nothing():
    found = ratio(planted(0.1, 1.0, seeds=4), study.SAME_SEED)
    assert found.closer == "undecided"
    assert found.interval.high == math.inf


def test_a_seed_that_diverged_is_left_out():
    rows = planted(0.5, 1.0)
    rows.loc[(rows.first_seed == 3) | (rows.second_seed == 3), "status"] = "diverged"
    rows.loc[rows.status == "diverged", "total_variation"] = np.nan
    for side in ("first", "second"):
        rows.loc[rows[f"{side}_seed"] == 3, f"{side}_exact_match"] = np.nan
    assert ratio(rows, study.SAME_SEED).seeds == 7


def test_a_noisy_seed_widens_the_interval():
    """One odd run is in many distances; an interval over pairs as if they were independent would not notice."""
    rows = planted(1.0, 1.0)
    odd = rows.copy()
    touched = ((odd.first_seed == 2) | (odd.second_seed == 2)) & (odd.comparison == study.TWICE)
    odd.loc[touched, "total_variation"] *= 4
    plain, wide = (ratio(each, study.OTHER_BOTH).interval for each in (rows, odd))
    assert wide.high - wide.low > 5 * (plain.high - plain.low)


def test_verdicts_follow_the_intervals():
    inside, wide = Interval(1.0, 0.9, 1.1), Interval(1.0, 0.7, 1.4)
    assert Ratio("x", wide, inside, 8).within_noise == "within noise"
    assert Ratio("x", wide, wide, 8).within_noise == "undecided"
    assert Ratio("x", Interval(1.3, 1.01, 1.6), wide, 8).within_noise == "further"
    assert Ratio("x", Interval(0.9, 0.8, 0.99), wide, 8).closer == "closer"
    assert MARGIN == (0.8, 1.25)


def test_a_comparison_without_rows_is_refused():
    with pytest.raises(ValueError, match="no finished row"):
        ratio(planted(1, 1), study.SAME_START)


# --- the stored rows -----------------------------------------------------------------------------------------


def test_every_registered_comparison_is_reported_once():
    rows = study.results()
    assert tuple(rows.columns) == study.COLUMNS
    assert study.missing_pairs(rows) == []
    assert not rows.duplicated(list(study._ROW_KEY)).any()
    assert len(rows) == 3 * (8 + 8 + 56 + 56) + 8
    shares = rows[["total_variation", "different_answers", "first_exact_match", "second_exact_match"]]
    assert shares.apply(lambda column: column.between(0, 1)).all(axis=None)


def test_the_notebooks_sentences_are_in_the_rows():
    rows = study.results()
    same, crossed = ratio(rows, study.SAME_SEED), ratio(rows, study.OTHER_BOTH)
    assert same.closer == "undecided"
    assert crossed.within_noise == "within noise"
    assert same.interval.low < 1 < same.interval.high  # "What this does not show"
    assert len(seed_distances(rows, study.TWICE)) == 56


def test_like_for_like_keeps_twice_of_one_softmax_only():
    rows = planted(same=1.0, crossed=1.0).assign(first_model=study.DECODER_ONLY)
    noisy = rows[rows.comparison == study.TWICE].assign(first_model=study.EDITED)
    noisy["total_variation"] *= 3
    both = pd.concat([rows, noisy])
    assert ratio(both, study.SAME_SEED).interval.estimate == pytest.approx(
        ratio(rows, study.SAME_SEED).interval.estimate / 2
    )
    assert ratio(like_for_like(both), study.SAME_SEED) == ratio(rows, study.SAME_SEED)


@pytest.mark.parametrize("model", [study.EDITED, study.DECODER_ONLY])
def test_a_run_gives_the_stored_row_again(model, monkeypatch):
    """The first budget of one seed: how many of the 500 numbers are right; exact on the same kind of machine."""
    monkeypatch.setattr(study, "STEPS", study.STEPS[:1])
    study.train_model.cache_clear()
    try:
        again = study.train_model(model, 200).exact_match[100]
    finally:
        study.train_model.cache_clear()
    rows = study.results()
    chosen = rows[(rows.comparison == study.SAME_SEED) & (rows.first_seed == 200) & (rows.steps == 100)].iloc[
        0
    ]
    stored = chosen.first_exact_match if model == study.EDITED else chosen.second_exact_match
    same_kind = chosen.torch == torch.__version__.split("+")[0]
    assert again == pytest.approx(stored, abs=0.01 if same_kind else 0.2)
