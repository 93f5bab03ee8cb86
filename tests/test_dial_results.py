"""Part B's results: advantages, words, dial effects, verdicts, predictions and figures, on planted tables."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from destructure import Structure, cost
from destructure.show import dial_pictures, scorecard_grid
from destructure.statistics import Interval
from destructure.studies import bottleneck_probe
from destructure.studies.dial_results import (
    DIALS,
    Arm,
    DialResults,
    advantages,
    contrast_word,
    dial_effect,
    load_dials,
    primary_tests,
    rates_differ,
    report,
    score_predictions,
    scorecard,
)
from destructure.studies.dial_results.contrasts import final_lead
from destructure.studies.dial_results.effects import smallest_corrected_p
from destructure.studies.dial_results.reports import contrast_lines, secondary_lines, weak_note
from destructure.studies.dial_results.reports import test_lines as lines_of
from destructure.studies.dial_results.secondary import contrast_factors
from destructure.studies.dial_results.tables import SHARED
from destructure.studies.plans import dials as plan
from destructure.studies.plans.tuning import TUNING_SEEDS, arm_key
from destructure.studies.removal_results.predictions import registered
from destructure.studies.removal_results.results import Results
from destructure.study import COLUMNS, ResultsFile
from destructure.tables import load_table
from dial_examples import arms, made_tables
from sweep_examples import fake_rows

ENCODER_DECODER = Structure.ENCODER_DECODER
WITH, WITHOUT = Arm("a", ENCODER_DECODER), Arm("a", Structure.DECODER_ONLY)


# --- the plan ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dial", DIALS.values(), ids=DIALS)
def test_a_dial_compares_arms_that_differ_in_its_switch_only(dial):
    with_structure, without = plan.pair(dial.switch, dial.surroundings)
    assert with_structure.without(dial.switch) == without
    others = [getattr(without, each) for each in Structure.SWITCHES if each != dial.switch]
    assert set(others) == {dial.surroundings == plan.PRESENT}
    assert dial.first != dial.second


def test_every_arm_of_every_dial_is_planned_once_or_shared_with_part_a():
    planned = [(arm.arm, arm.structure) for arm in arms()]
    assert len(set(planned)) == len(planned)
    shared = [(name, each) for name, where, switch in SHARED for each in plan.pair(switch, where)]
    assert not set(planned) & set(shared)
    wanted = {
        (name, each)
        for dial in DIALS.values()
        for name in (dial.first, dial.second)
        for each in plan.pair(dial.switch, dial.surroundings)
    }
    assert wanted <= set(planned) | set(shared)


def test_arms_of_one_setting_differ_in_nothing_but_what_is_compared():
    for first in arms():
        for second in arms():
            if first.arm == second.arm:
                assert replace(first, structure=second.structure) == second


def test_the_arm_of_equal_parameters_has_equal_parameters():
    one = plan.with_equal_parameters(plan.BOTH_WAYS).model_config(vocabulary=1)
    two = plan.BOTH_WAYS.arm(plan.pair("separate_parameters", plan.ABSENT)[0]).model_config(vocabulary=1)
    # Biases and norms aside, which the formula of the plan leaves out.
    assert cost.non_embedding_parameters(one) == pytest.approx(cost.non_embedding_parameters(two), rel=0.01)


def test_every_arm_is_tuned_on_its_own_and_never_on_a_reporting_seed():
    assert len({arm_key(arm) for arm in arms()}) == len(arms())
    assert not set(TUNING_SEEDS) & set(plan.SEEDS)


def test_both_ends_of_the_length_dial_need_as_many_letters():
    ends = plan.LONG_TO_SHORT.dials, plan.SHORT_TO_LONG.dials
    assert ends[0] == {"read": ends[1]["write"], "write": ends[1]["read"]}


# --- advantages and words --------------------------------------------------------------------------------------


def rows(losses):
    """Rows of the two arms from (structure, seed) → losses at rising budgets."""
    return pd.DataFrame(
        [
            {"arm": "a", "structure": structure.code, "seed": seed, "budget": float(budget), "loss": loss}
            for (structure, seed), given in losses.items()
            for budget, loss in enumerate(given, start=1)
        ]
    )


@pytest.mark.parametrize(
    ("with_losses", "without", "expected"),
    [
        ((1.0, 0.5), (2.0, 1.0), math.log(2)),
        ((2.0, 1.0), (1.0, 0.5), -math.log(2)),
        ((1.0, 0.5), (2.0, 0.5), math.log(2) / 2),
        ((0.04, 0.001), (0.04, 0.02), 0.0),
        ((0.02, 1e-9), (0.04, 0.04), math.log(2)),
        ((1.0, 1.0), (1.0, None), math.log(math.log(65)) / 2),
    ],
    ids=[
        "twice the loss",
        "the other way round",
        "at one budget",
        "both at the floor",
        "one at it",
        "diverged",
    ],
)
def test_advantages_by_hand(with_losses, without, expected):
    given = {
        (structure, seed): losses
        for seed in (1, 2)
        for structure, losses in ((ENCODER_DECODER, with_losses), (Structure.DECODER_ONLY, without))
    }
    assert advantages(rows(given), WITH, WITHOUT).tolist() == pytest.approx([expected] * 2)


def test_advantages_pair_seeds_and_drop_none_in_silence():
    given = {
        (ENCODER_DECODER, 1): (1.0,),
        (ENCODER_DECODER, 2): (3.0,),
        (Structure.DECODER_ONLY, 1): (2.0,),
        (Structure.DECODER_ONLY, 2): (3.0,),
    }
    assert advantages(rows(given), WITH, WITHOUT).to_dict() == pytest.approx({1: math.log(2), 2: 0.0})


def test_a_lead_at_the_end_pairs_seeds_and_a_failed_run_has_nothing():
    scores = {
        (ENCODER_DECODER, 201): (0.9, 0.5),
        (ENCODER_DECODER, 200): (0.0, 1.0),
        (Structure.DECODER_ONLY, 200): (0.0, 0.25),
        (Structure.DECODER_ONLY, 201): (0.9, None),
    }
    table = rows(scores).rename(columns={"loss": "exact_match"})
    assert final_lead(table, WITH, WITHOUT).to_dict() == {200: 75.0, 201: 50.0}
    assert final_lead(table, WITHOUT, WITH).to_dict() == {200: -75.0, 201: -50.0}


def test_arms_of_two_settings_are_refused():
    given = {(ENCODER_DECODER, 1): (1.0, 0.5), (Structure.DECODER_ONLY, 1): (2.0,)}
    with pytest.raises(ValueError, match="measured at other budgets; compare arms of one setting"):
        advantages(rows(given), WITH, WITHOUT)


def test_an_arm_without_rows_is_named():
    given = {(ENCODER_DECODER, 1): (1.0,)}
    with pytest.raises(ValueError, match="no rows of the arm 'a' with -- -- -- --"):
        advantages(rows(given), WITH, WITHOUT)


@pytest.mark.parametrize(
    ("wide", "narrow", "word"),
    [
        ((0.01, 0.08), (0.02, 0.07), "free"),
        ((0.01, 0.2), (0.02, 0.19), "helps"),
        ((-0.2, -0.01), (-0.19, -0.02), "hurts"),
        ((-0.12, 0.12), (-0.1, 0.1), "unsettled"),
        ((-0.12, 0.12), (-0.09, 0.09), "free"),
        ((-math.inf, math.inf), (-math.inf, math.inf), "unsettled"),
    ],
)
def test_words(wide, narrow, word):
    assert contrast_word(Interval(0.0, *wide), Interval(0.0, *narrow, 0.9)) == word


# --- dials ---------------------------------------------------------------------------------------------------


def test_a_planted_effect_gives_its_verdict_and_its_opposite_the_opposite():
    for name, sign in (("S2 length", 1), ("S2 likeness", 1), ("S3 depth", -1), ("S4 position", 1)):
        dial = DIALS[name]
        _, without = plan.pair(dial.switch, dial.surroundings)
        for end, expected in ((dial.first, "supports"), (dial.second, "contradicts")):
            if end == "one direction":  # its rows are those of part A, planted under that name
                assert without.code == "S1 -- S3 S4"
            found = dial_effect(DialResults(made_tables({(end, without.code): sign * 0.5})).rows, dial)
            assert found.verdict == expected, (name, end)
            assert found.p_value == pytest.approx(2 / 2**8)


def test_without_an_effect_a_dial_complicates_and_s1_supports():
    results = DialResults(made_tables(noise=0.03))
    verdicts = {name: effect.verdict for name, effect in results.effects.items()}
    assert verdicts["S1 length"] == "supports"
    assert {effect.first.word for effect in results.effects.values()} == {"free"}
    assert list(verdicts.values()).count("complicates") >= 3  # at 5% each, one may come out by chance


@pytest.mark.parametrize(("worse", "word"), [(0.5, "helps"), (-0.5, "hurts")])
def test_s1_contradicts_as_soon_as_it_does_anything(worse, word):
    effect = dial_effect(
        DialResults(made_tables({("long to short", "-- S2 S3 S4"): worse})).rows, DIALS["S1 length"]
    )
    assert (effect.verdict, effect.first.word, effect.second.word) == ("contradicts", word, "free")


def test_five_seeds_settle_nothing():
    results = DialResults(made_tables({("4 layers", "S1 S2 -- S4"): -2.0}, seeds=range(200, 205)))
    assert results.progress.label == "interim: 5 of 8 seeds"
    assert {effect.verdict for effect in results.effects.values()} == {"not settled"}
    assert {effect.first.word for effect in results.effects.values()} == {"unsettled"}


def test_the_five_tests_can_come_out_with_eight_seeds_and_not_with_seven():
    assert smallest_corrected_p(8) == pytest.approx(5 / 128)
    assert smallest_corrected_p(8) < 0.05 < smallest_corrected_p(7)
    everything = {
        (DIALS[name].first, plan.pair(DIALS[name].switch, DIALS[name].surroundings)[1].code): 0.5
        for name in DIALS
    }
    results = DialResults(made_tables(everything))
    tests = primary_tests(results.effects)
    assert tests["corrected"].tolist() == pytest.approx([5 / 128] * 5)
    assert tests["significant"].all()
    assert any(
        line.startswith(f"below 5% after correction: {', '.join(DIALS)};") for line in lines_of(results)
    )
    assert any("below 5% after correction: none;" in line for line in lines_of(DialResults(made_tables())))


def test_secondary_measures_follow_the_rows():
    results = DialResults(made_tables({("long to short", "-- S2 S3 S4"): 0.5}))
    found = contrast_factors(results.rows, results.effects["S1 length"].first)
    first = found.factors.factors[0]
    # The planted loss falls as compute^-0.5, so half as much again in log loss is e times the compute.
    assert first.censored == "above" or first.interval.estimate == pytest.approx(math.e, rel=0.1)
    lines = "\n".join(secondary_lines(results))
    assert lines.count("take-off with: 0 of 8, median beyond what was watched") == 10
    runs = results.tables.runs.assign(take_off_flops=5e10)
    lines = "\n".join(secondary_lines(DialResults(replace(results.tables, runs=runs))))
    assert "take-off with: 8 of 8, median 5e10" in lines


# --- completeness ----------------------------------------------------------------------------------------------


def test_a_seed_counts_only_if_every_run_of_it_is_there_part_a_included():
    whole = made_tables()
    assert DialResults(whole).progress.is_complete
    fewer = replace(whole, runs=whole.runs.drop(whole.runs.index[whole.runs["seed"] == 203][0]))
    assert 203 not in DialResults(fewer).progress.complete
    corners = whole.corners
    missing = corners[~((corners["seed"] == 205) & (corners["structure"] == "S1 S2 -- S4"))]
    results = DialResults(replace(whole, corners=missing))
    assert 205 not in results.progress.complete
    assert 205 not in set(results.rows["seed"])


def test_without_tables_everything_says_so(tmp_path):
    results = DialResults(tmp_path)
    assert results.rows is None
    assert results.effects is None
    assert "nothing can be said" in report(results)
    assert dial_pictures.all_pictures(results) == {}
    assert {each.came_true for each in score_predictions(results)} == {"undecided"}
    with pytest.raises(ValueError, match="There is no folder"):
        load_dials(tmp_path / "none")


# --- predictions and report --------------------------------------------------------------------------------------

ALL_S2 = "S1 -- S3 S4"
LAST, FIRST = "instruction last, width 32", "instruction first, width 32"
PLANTED = {
    "B1": ({}, {("long to short", "-- S2 S3 S4"): 0.5}),
    "B2": ({("one direction", ALL_S2): 0.5}, {}),
    "B3": ({("long to short", ALL_S2): 0.5}, {("short to long", ALL_S2): 0.5}),
    "B4": ({("role swap", ALL_S2): -0.5}, {("role swap", ALL_S2): 0.5}),
    "B5": ({("turns", ALL_S2): -0.5}, {("turns", ALL_S2): 0.5}),
    "B6": (
        {("both directions, same parameters", "-- -- -- --"): -0.5},
        {("both directions, same parameters", "-- -- -- --"): 0.5},
    ),
    "B7": ({("4 layers", "S1 S2 -- S4"): -0.5}, {}),
    "B8": ({(f"{layers} layers", "S1 S2 -- S4"): -0.5 for layers in (2, 3, 4)}, {}),
    "B9": ({("4 layers, layer mix", "S1 S2 S3 S4"): -0.5}, {}),
    "B10": ({("4 layers", "S1 S2 -- S4"): -0.5}, {("4 layers", "S1 S2 -- S4"): 0.5}),
    "B12": ({(LAST, "-- -- -- --"): 0.5}, {(FIRST, "-- -- -- --"): 0.5}),
    "B13": (
        {("instruction last, width 16", "-- -- -- --"): 0.5},
        {("instruction last, width 64", "-- -- -- --"): 0.5},
    ),
    "B14": ({(f"{LAST}, input twice", "-- -- -- --"): -0.5}, {(f"{LAST}, input twice", "-- -- -- --"): 0.5}),
    "B15": (
        {(f"{LAST}, loss on inputs", "-- -- -- --"): 0.5},
        {(f"{LAST}, loss on inputs", "-- -- -- --"): -0.5},
    ),
    "B16": ({}, {"all": -3.0}),
}


def decided(planted, name):
    if "all" in planted:
        worse = planted["all"]
        planted = {(arm.arm, arm.structure.code): worse for arm in arms()}
        planted |= {
            (setting, each.code): worse
            for setting, where, switch in SHARED
            for each in plan.pair(switch, where)
        }
    scored = score_predictions(DialResults(made_tables(planted)))
    return next(each.came_true for each in scored if each.name == name)


@pytest.mark.parametrize("name", PLANTED)
def test_each_prediction_can_come_true_and_can_fail(name):
    holds, fails = PLANTED[name]
    assert decided(holds, name) == "yes"
    assert decided(fails, name) == "no"


def test_every_registered_prediction_is_decided_by_code():
    names = [name for name, _, _ in registered("B")]
    assert names == [f"B{number}" for number in range(1, 17)]
    assert [each.name for each in score_predictions(DialResults(made_tables()))] == names


def test_the_report_changes_with_a_row():
    tables = made_tables()
    before = report(DialResults(tables))
    changed = tables.runs.copy()
    chosen = (changed["arm"] == "turns") & (changed["seed"] == 204) & (changed["structure"] == "-- -- -- --")
    changed.loc[chosen, "loss"] = None
    changed.loc[chosen, "status"] = "diverged"
    after = report(DialResults(replace(tables, runs=changed)))
    assert before != after
    assert "1 diverged" in after
    assert report(DialResults(replace(tables, runs=tables.runs[tables.runs["seed"] != 204]))) != before


# --- figures -----------------------------------------------------------------------------------------------------


def drawn(picture):
    """All that is drawn: every line's points and every text."""
    lines = [
        np.asarray(line.get_xydata()).round(6).tolist()
        for axes in picture.figure.axes
        for line in axes.get_lines()
    ]
    return lines, [text.get_text() for axes in picture.figure.axes for text in axes.texts]


def test_every_figure_shows_its_rows():
    tables = made_tables()
    whole = dial_pictures.all_pictures(DialResults(tables))
    fewer = dial_pictures.all_pictures(
        DialResults(
            replace(
                tables,
                runs=tables.runs[tables.runs["seed"] != 207],
                corners=tables.corners[tables.corners["seed"] != 207],
            )
        )
    )
    assert set(whole) == set(fewer)
    for name in whole:
        assert drawn(whole[name]) != drawn(fewer[name]), name
        assert whole[name].alt


def test_a_comparison_that_is_not_trained_has_a_dagger():
    picture = dial_pictures.effect_picture(DialResults(made_tables()))
    words = [text.get_text() for axes in picture.figure.axes for text in axes.texts]
    assert any(word.endswith("†") for word in words)
    assert "† an arm of the two is below 90% right" in picture.figure.get_supxlabel()


def test_arms_that_are_not_trained_are_named_wherever_their_comparison_is_told():
    effect = DialResults(made_tables()).effects["S2 length"]
    trained = replace(effect.first, weak={})
    weak = replace(effect.second, weak={"with": 0.899875, "without": 0.2}, exact_match=(0.899875, 0.2))
    assert weak_note(trained) == weak_note(trained, trained) == ""
    assert weak_note(weak) == " (not trained within the range: with and without)"
    assert weak_note(trained, weak) == f" (not trained within the range: {weak.label} with and without)"
    (line,) = contrast_lines([weak])
    assert "right 89.99% with, 20% without (not trained" in line


# --- the scorecard -----------------------------------------------------------------------------------------------


def readings(planted):
    card = scorecard(Results(), DialResults(made_tables(planted)))
    own = card[card["study"].str.startswith("this course")]
    return own.set_index(["claim", "study"])["reading"], card


def test_the_scorecard_follows_the_verdicts():
    length = "separate parameters suit long inputs and short targets", "this course, S2"
    swap = "structure is a bottleneck for new uses", "this course, S2"
    for_it, _ = readings({("long to short", ALL_S2): 0.5, ("role swap", ALL_S2): -0.5})
    against, card = readings({("short to long", ALL_S2): 0.5, ("role swap", ALL_S2): 0.5})
    assert (for_it[length], for_it[swap]) == ("supports", "supports")
    assert (against[length], against[swap]) == ("contradicts", "contradicts")
    published = load_table("thesis_scorecard")
    assert len(card) == len(published) + len(against)
    assert set(card["claim"]) == set(published["claim"])


@pytest.mark.parametrize(("accuracy", "reading"), [(1.0, "contradicts"), (0.5, "complicates")])
def test_the_scorecard_sets_what_read_outs_say_beside_what_the_dial_costs(accuracy, reading):
    probe = bottleneck_probe.results().assign(accuracy=accuracy)
    results = DialResults(replace(made_tables(), probe=probe))
    card = scorecard(Results(), results).set_index(["claim", "study"])
    assert card["reading"]["final-layer memory is a bottleneck", "this course, read-outs"] == reading


def test_the_scorecard_names_arms_that_are_not_trained():
    removals = Results()
    steps = {step.label: step for step in removals.steps.values()}
    card = scorecard(removals, DialResults(made_tables()))
    own = card[card["study"] == "this course, S1"]
    codes = [each.code for each in (steps["S1"].with_structure, steps["S1"].without_structure)]
    weak = [code for code in codes if code in removals.weak]
    assert weak  # else this test says nothing
    assert all(f"not trained within the range: {', '.join(weak)}" in finding for finding in own["finding"])


def test_the_scorecard_draws_every_study_in_its_column():
    _, card = readings({})
    picture = scorecard_grid(card)
    texts = [text.get_text().removeprefix("• ") for text in picture.figure.axes[0].texts]
    wanted = card.drop_duplicates(["claim", "reading", "study"])["study"]
    assert sorted(text for text in texts if text in set(wanted)) == sorted(wanted)
    with pytest.raises(ValueError, match="found \\['perhaps'\\]"):
        scorecard_grid(card.assign(reading="perhaps"))


def test_rates_that_tuning_did_not_choose_are_named(tmp_path):
    arm = plan.instruction_setting("last").arm(Structure.DECODER_ONLY)
    file = tmp_path / "dial_tuning.csv"
    for rate, loss in ((2e-3, 0.3), (4e-3, 0.2), (8e-3, 0.3)):
        for seed in TUNING_SEEDS:
            run = replace(arm, purpose="tuning", learning_rate=rate, seed=seed)
            rows = [row | {"loss": loss} for row in fake_rows(run)]
            ResultsFile(file, COLUMNS).append(rows)
    for rate, expected in ((4e-3, []), (8e-3, ["instruction last, width 32 -- -- -- --"])):
        runs = fake_rows(replace(arm, learning_rate=rate, seed=200))
        ResultsFile(tmp_path / "dial_runs.csv", COLUMNS).append(runs)
        assert rates_differ(load_dials(tmp_path)) == expected


def test_an_unknown_dial_is_refused():
    with pytest.raises(ValueError, match="There is no dial 'S5'; the dials are S1 length"):
        dial_pictures.curve_picture(DialResults(made_tables()), "S5")
