"""Notebook 03's study: the arms, the measures, the stored rows, and that an interrupted study goes on."""

import contextlib

import numpy as np
import pandas as pd
import pytest
import torch

from destructure.studies import recurrence_results as results
from destructure.studies import recurrence_study as study
from destructure.tasks import check_no_leak

TINY = 3e8  # training FLOPs: a step or two


# --- the arms ------------------------------------------------------------------------------------------------


def test_arms_differ_in_what_they_say_and_in_nothing_else():
    parameters = {
        arm: sum(p.numel() for p in study.make_model(arm, seed=0).parameters()) for arm in study.ARMS
    }
    assert parameters[study.FIXED] == parameters[study.REVERSED]
    width = 64
    assert parameters[study.ATTENTION] - parameters[study.FIXED] == 4 * width**2 + width
    assert study.make_model(study.WIDE, seed=0).config.width == 2 * width
    assert [arm for arm in study.ARMS if study.make_model(arm, 0).config.attention] == [study.ATTENTION]


def test_all_arms_learn_and_are_tested_on_the_same_numbers():
    straight, turned = study.make_task(), study.make_task(reversed_source=True)
    for split in ("train", "validation", "test"):
        assert straight.numbers(split) == turned.numbers(split)
    check_no_leak(straight)
    lengths = pd.Series([len(pair.source) for pair in straight.pairs("test")]).value_counts()
    assert dict(lengths) == dict.fromkeys(study.LENGTHS, study.NUMBERS_A_LENGTH)
    longer = pd.Series([len(pair.source) for pair in study.longer_pairs()]).value_counts()
    assert dict(longer) == dict.fromkeys(study.LONGER, study.NUMBERS_A_LENGTH)
    for pair, turned_pair in zip(study.longer_pairs(), study.longer_pairs(True), strict=True):
        assert pair.source == turned_pair.source[::-1]
        assert pair.target == turned_pair.target


def test_a_step_of_attention_costs_more_so_it_gets_fewer():
    costs = {arm: study.make_model(arm, 0).training_flops(8, 9) for arm in (study.FIXED, study.ATTENTION)}
    assert 1.2 < costs[study.ATTENTION] / costs[study.FIXED] < 1.5


def test_an_unknown_arm_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="no arm 'memory'; use one of"):
        study.train_reader("memory", 0, 0.01)


# --- measures ------------------------------------------------------------------------------------------------


def test_exact_match_by_length_counts_each_length_alone(monkeypatch):
    """Stands in for a model that writes every number right that has at most 7 digits."""
    monkeypatch.setattr(
        study, "exact_matches", lambda _, pairs: np.array([len(pair.source) <= 7 for pair in pairs])
    )
    exact = study.by_length(study.make_model(study.FIXED, 0), study.make_task().pairs("test")[:180])
    assert exact == {length: float(length <= 7) for length in study.LENGTHS}
    assert results.reach(exact) == 7


def test_a_model_whose_weights_are_no_numbers_knows_nothing():
    model = study.make_model(study.FIXED, 0)
    with torch.no_grad():
        model.output.weight[4, 2] = torch.nan
    assert set(study.by_length(model, study.make_task().pairs("test")[:90]).values()) == {0.0}


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ([1.0] * 9, 12),
        ([0.0] * 9, 3),
        ([0.5] * 9, 12),
        ([1, 1, 0.49, 1, 1, 1, 1, 1, 1], 5),
        ([1, 0.9, 0.8, 0.6, 0.51, 0.2, 0.1, 0, 0], 8),
    ],
)
def test_reach_ends_before_the_first_length_that_mostly_fails(shares, expected):
    assert results.reach(dict(zip(study.LENGTHS, shares, strict=True))) == expected


def test_a_short_run_measures_every_length_at_every_budget():
    run = study.train_reader(study.FIXED, 5, 0.005, budgets=(TINY, 2 * TINY), progress=False)
    first, last = study.exact_by_length(run, TINY), study.exact_by_length(run)
    assert set(first) == set(last) == {*study.LENGTHS, *study.LONGER}
    assert all(0 <= share <= 1 for share in last.values())
    assert study.exact_by_length(run, 99) == dict.fromkeys((*study.LENGTHS, *study.LONGER), 0.0)


def test_weights_of_looking_back_are_those_the_answer_is_made_of():
    """Force all weight on one digit, and the weights say so."""
    model = study.make_model(study.ATTENTION, seed=3).eval()
    pairs = [pair for pair in study.make_task().pairs("test") if len(pair.source) == 6][:5]
    weights = study.where_it_looks(model, pairs)
    assert weights.shape == (5, 7, 6)
    assert torch.allclose(weights.sum(-1), torch.ones(5, 7))
    alone = study.where_it_looks(model, pairs[:1])
    assert torch.allclose(alone[0], weights[0], atol=1e-6)
    with torch.no_grad():
        model.attention.score.weight.zero_()
    assert torch.allclose(study.where_it_looks(model, pairs), torch.full((5, 7, 6), 1 / 6))
    assert not model.attention.score._forward_hooks


def test_places_are_judged_one_by_one(monkeypatch):
    """Stands in for a model that gets the first three words right, then writes a 0, and stops before the end."""
    pairs = [pair for pair in study.make_task().pairs("test") if len(pair.source) == 6][:20]
    zero = study.make_task().encode_target("null")[0]
    written = [[*pair.target[:3], zero, zero] for pair in pairs]
    monkeypatch.setattr(study, "greedy", lambda model, source, longest: written)
    shares = study.by_place(None, pairs)
    zeros = [sum(pair.target[place] == zero for pair in pairs) / 20 for place in (3, 4)]
    assert shares == [1, 1, 1, *zeros, 0]
    with pytest.raises(ValueError, match="different lengths"):
        study.by_place(None, study.make_task().pairs("test")[:3])


def test_looking_where_there_is_nothing_is_refused():
    pairs = study.make_task().pairs("test")
    with pytest.raises(ValueError, match="has no attention"):
        study.where_it_looks(study.make_model(study.FIXED, 0), pairs[:1])
    with pytest.raises(ValueError, match="different lengths"):
        study.where_it_looks(study.make_model(study.ATTENTION, 0), pairs[:2])


# --- the stored rows -----------------------------------------------------------------------------------------


def test_every_registered_run_is_stored_once():
    table = results.results()
    assert tuple(table.columns) == results.COLUMNS
    rates = results.chosen_rates()
    expected = {
        ("tuning", arm, rate, seed, study.ARMS[arm].budgets[0], length)
        for arm in study.ARMS
        for rate in results.RATES
        for seed in results.TUNING_SEEDS
        for length in study.LENGTHS
    } | {
        ("reporting", arm, rates[arm], seed, budget, length)
        for arm in study.ARMS
        for seed in results.REPORTING_SEEDS
        for budget in study.ARMS[arm].budgets
        for length in (*study.LENGTHS, *study.LONGER)
    }
    rows = [
        *table[["role", "arm", "learning_rate", "seed", "budget", "length"]].itertuples(
            index=False, name=None
        )
    ]
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


def test_rows_are_shares_of_finished_or_failed_runs_within_their_budget():
    table = results.results()
    assert set(table.status) <= {"finished", "diverged"}
    assert table.exact_match.between(0, 1).all()
    finished = table[table.status == "finished"]
    assert (finished.flops / finished.budget).between(1, 1.01).all()


def test_rates_are_chosen_by_tuning_rows_alone():
    table = results.results()
    spoiled = table.assign(exact_match=table.exact_match.where(table.role == "tuning", 0))
    assert results.chosen_rates(spoiled) == results.chosen_rates(table)
    with pytest.raises(ValueError, match=r"no tuning rows for .*attention"):
        results.chosen_rates(table[table.role == "reporting"])


def test_the_stored_interval_holds_every_stored_run_and_not_everything():
    runs = results.each_run(results.reported())
    for (arm, budget), means in runs.groupby(["arm", "budget"])["mean"]:
        low, high = results.stored_interval(arm, budget)
        assert low < means.min() <= means.max() < high
        assert high - low < 0.4
    fixed, attention = results.stored_interval(study.FIXED), results.stored_interval(study.ATTENTION)
    assert fixed[1] < attention[0], "a run of one arm would pass for one of the other"
    with pytest.raises(ValueError, match="No stored run"):
        results.stored_interval(study.ATTENTION, study.LONG_BUDGET)


def test_a_second_run_of_the_study_adds_nothing(monkeypatch):
    monkeypatch.setattr(results, "_rows", lambda *_: pytest.fail("a finished run was repeated"))
    before = results.results_file().read_bytes()
    assert results.run_missing() == 0
    assert results.results_file().read_bytes() == before


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path = tmp_path / "results" / "telephone_numbers.csv"
    monkeypatch.setattr(results, "results_file", lambda: path)
    ran = []

    def rows(role, arm, rate, seed):
        if len(ran) == 7:
            raise KeyboardInterrupt
        ran.append((role, arm, rate, seed))
        row = dict.fromkeys(results.COLUMNS, 0)
        row |= {"role": role, "arm": arm, "learning_rate": rate, "seed": seed, "exact_match": rate}
        return [row | {"length": length} for length in (4, 5)]

    monkeypatch.setattr(results, "_rows", rows)
    everything = []
    for _ in range(20):
        with contextlib.suppress(KeyboardInterrupt):
            results.run_missing()
        everything += ran
        if len(ran) < 7:
            break
        ran.clear()
    tuning = len(study.ARMS) * len(results.RATES) * len(results.TUNING_SEEDS)
    assert len(everything) == len(set(everything)) == tuning + len(study.ARMS) * len(results.REPORTING_SEEDS)
    assert len(results.results()) == 2 * len(everything)
    assert {rate for role, _, rate, _ in everything if role == "reporting"} == {max(results.RATES)}


def test_a_run_becomes_one_row_a_budget_and_length(monkeypatch):
    short = {arm: study.Arm(budgets=(TINY, 2 * TINY)) for arm in study.ARMS}
    monkeypatch.setattr(study, "ARMS", short)
    rows = results._rows("reporting", study.FIXED, 0.005, 5)
    assert [(row["budget"], row["length"]) for row in rows] == [
        (budget, length) for budget in (TINY, 2 * TINY) for length in (*study.LENGTHS, *study.LONGER)
    ]
    assert {row["status"] for row in rows} == {"finished"}
    assert all(set(row) == set(results.COLUMNS) for row in rows)
    tuning = results._rows("tuning", study.FIXED, 0.005, 5)
    assert [row["length"] for row in tuning] == list(study.LENGTHS)
    wild = results._rows("tuning", study.FIXED, 1e30, 5)
    assert {(row["status"], row["exact_match"]) for row in wild} <= {("diverged", 0.0), ("finished", 0.0)}


@pytest.mark.slow
def test_a_new_run_lands_where_the_stored_ones_are():
    """Notebook 03's promise, with a seed that no plan, pilot or notebook uses."""
    arm = study.ATTENTION
    run = study.train_reader(arm, 41, results.chosen_rates()[arm], [study.BUDGET], progress=False)
    exact = study.exact_by_length(run)
    low, high = results.stored_interval(arm)
    assert low <= sum(exact[length] for length in study.LENGTHS) / len(study.LENGTHS) <= high
    longest = [pair for pair in study.make_task().pairs("test") if len(pair.source) == 12]
    looks = study.where_it_looks(run.model, longest)[:, :-1].argmax(-1)
    assert (looks == torch.arange(12)).float().mean() > 0.9
