"""The registered experiment's verdicts: computed from its tables, right on planted effects, honest if incomplete."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

import removal_examples as examples
from destructure.statistics import sign_flip_p_value
from destructure.structure import Structure
from destructure.studies import removal_results as removal
from destructure.studies.plans import removal as plan
from destructure.studies.plans.registry import make_plan
from destructure.studies.removal_results import live, predictions, reports, summaries, tables
from destructure.studies.removal_results.results import Results
from destructure.tables import load_table
from removal_examples import MIXED, NOTHING

SWITCHES = Structure.SWITCHES


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """All four tables, complete, with planted effects."""
    folder = tmp_path_factory.mktemp("results")
    return examples.write(
        folder,
        corners=examples.corner_rows_of(MIXED),
        scarce=examples.scarce_rows_of(MIXED),
        noise=examples.noise_rows_of(MIXED),
        tuning=examples.tuning_rows_of(MIXED),
    )


@pytest.fixture(scope="module")
def results(complete):
    return Results(complete)


@pytest.fixture(scope="module")
def told(results):
    return reports.report(results)


# --- verdicts on planted effects -----------------------------------------------------------------------------


def test_planted_effects_give_their_verdicts(results):
    verdicts = {switch: step.judgement.verdict for switch, step in results.steps.items()}
    assert verdicts == {
        "separate_cross_attention": "equivalent",
        "separate_parameters": "supported",
        "final_layer_memory": "contradicted",
        "bidirectional_input": "contradicted",
    }


def test_the_planted_compute_factors_are_found(results):
    for switch in ("separate_cross_attention", "separate_parameters"):
        start, slope = MIXED[switch]
        for each in results.steps[switch].factors.factors:
            wanted = start * (each.compute / 1e10) ** slope
            assert each.interval.estimate == pytest.approx(wanted, rel=0.08), (switch, each.compute)


def test_where_nothing_is_planted_every_removal_is_free(tmp_path):
    found = Results(examples.write(tmp_path, corners=examples.corner_rows_of(NOTHING)))
    assert {step.judgement.verdict for step in found.steps.values()} == {"equivalent"}
    assert found.whole.judgement.verdict == "equivalent"


def test_a_structure_that_helps_less_and_less_is_weakly_supported(tmp_path):
    planted = NOTHING | {"separate_parameters": (2.5, -0.2)}
    found = Results(examples.write(tmp_path, corners=examples.corner_rows_of(planted)))
    assert found.steps["separate_parameters"].judgement.verdict == "weakly supported"


def test_all_32_surroundings_are_there_and_agree_with_what_was_planted(results):
    assert {switch: len(found) for switch, found in results.around.items()} == dict.fromkeys(SWITCHES, 8)
    assert {each.judgement.verdict for each in results.around["separate_parameters"]} == {"supported"}


def test_main_effects_have_the_planted_sign_and_order(results):
    effects = removal.corner_effects(results.rows, 16, 1e10)
    assert effects.main("final_layer_memory").interval.low > 0  # present: higher loss
    assert effects.main("separate_parameters").interval.high < 0
    assert abs(effects.main("separate_cross_attention").interval.estimate) < 0.05
    names = list(effects.table()["effect"])
    assert names[:4] == ["S1", "S2", "S3", "S4"]
    assert len(names) == 10
    assert "S2 × S3" in names


def test_take_off_counts_runs_that_never_did(results):
    found = removal.take_off_effects(results.rows, 16)
    assert 0 < found.censored < found.runs == 128
    assert found.main("final_layer_memory").interval.low > 0  # S3 takes off later


# --- tests and what they can show -----------------------------------------------------------------------------


def test_eight_tests_are_corrected_together(results):
    table = removal.primary_tests(results.steps)
    assert len(table) == 8
    assert table["test"].is_unique
    assert (table["corrected"] >= table["p_value"]).all()
    assert table["corrected"].min() >= 8 * table["p_value"].min() - 1e-12


def test_eight_seeds_cannot_reach_five_percent_after_correction():
    best = sign_flip_p_value([1.0] * 8)
    assert removal.smallest_corrected_p(8)[0] == pytest.approx(8 * best) == 0.0625
    assert removal.smallest_corrected_p(9)[0] < 0.05


def test_the_exact_test_sees_the_planted_effect(results):
    from destructure.studies.removal_results.factors import exact_p_value

    found = {switch: exact_p_value(results.rows, step) for switch, step in results.steps.items()}
    assert found["final_layer_memory"] == pytest.approx(2 / 256)
    assert found["separate_cross_attention"] > 0.05


# --- completeness ---------------------------------------------------------------------------------------------


def test_the_expected_cells_are_those_of_the_plans(complete, monkeypatch):
    monkeypatch.setattr(plan, "tuning_file", lambda: complete / "structure_tuning.csv")
    for name, cells, seeds in (
        ("structure_corners", tables.corner_cells(), plan.SEEDS),
        ("scarce_corners", tables.scarce_cells(), plan.SEEDS),
        ("noise_floor", tables.noise_cells(), tables.NOISE_SEEDS),
    ):
        runs = make_plan(name).runs
        wanted = {
            (run.arm, run.structure.code, run.width, run.layers, budget)
            for run in runs
            for budget in run.budgets
        }
        assert wanted == set(cells)
        assert len(cells) == len(wanted)
        assert {run.seed for run in runs} == set(seeds)
    tuned = {
        (run.arm, run.structure.code, run.width, run.layers, budget)
        for run in make_plan("structure_tuning").runs
        for budget in run.budgets
    }
    assert tuned == set(tables.tuning_cells())


def test_complete_tables_are_final(results):
    assert results.corners.is_complete
    assert results.corners.label == "final: 8 seeds"
    assert results.scarce.is_complete
    assert results.noise.is_complete
    assert tables.tuning_is_complete(results.tables)


def test_rates_that_tuning_did_not_choose_are_named(results):
    curves = tables.chosen_rates(results.tables)
    assert removal.rates_differ(results.tables.corners, curves) == []
    other = results.tables.corners.assign(learning_rate=8e-3)
    assert len(removal.rates_differ(other, curves)) == 52


def test_a_share_below_a_bound_never_looks_like_the_bound():
    assert summaries.share_below(0.853, 0.9) == "85%"
    assert summaries.share_below(0.899875, 0.9) == "89.99%"
    assert summaries.share_below(0.8999999999, 0.9) == "just below 90%"


def test_a_bound_of_one_lies_below_one_in_every_prediction(results):
    factor = results.whole.factors.factors[0]
    cases = (("below", 1.0, True), ("no", 1.0, False), ("no", 0.99, True), ("above", 1.0, False))
    for censored, high, below in cases:
        interval = replace(factor.interval, low=0.0, high=high)
        assert predictions._below_one(replace(factor, censored=censored, interval=interval)) == below


def test_dividing_by_the_budget_itself_is_reported_beside_the_verdicts(tmp_path, results):
    told = reports.literal_lines(results)
    assert [line[:2] for line in told] == ["S1", "S2", "S3", "S4"]
    rows = examples.corner_rows_of(MIXED)
    whole = Structure.ENCODER_DECODER.code
    for row in rows:  # the encoder-decoder learns nothing more after 8e10 FLOPs
        if row["structure"] == whole and row["budget"] > 8e10:
            row["loss"] = 0.2
    flat = Results(examples.write(tmp_path, corners=rows))
    line = reports.literal_lines(flat)[0]
    assert "κ(3.2e11)" in line
    assert "nothing changes" not in line
    assert reports.literal_lines(flat)[1] == told[1]  # S2 is judged against another arm


# --- more training, worse ------------------------------------------------------------------------------------


def rising(rows, raised):
    """The same rows with a last loss above every other one in those runs for which `raised` says so."""
    last = max(row["budget"] for row in rows)
    return [row | {"loss": 50.0} if row["budget"] == last and raised(row) else row for row in rows]


def found_rises(folder, rows):
    return removal.rises(Results(examples.write(folder, scarce=rows)).few, 32, *plan.SCARCE_BUDGETS[1:])


def test_losses_that_only_fall_are_no_rises(tmp_path):
    found = found_rises(tmp_path, examples.scarce_rows_of(NOTHING, noise=0))
    assert (found.rose, found.runs) == (0, 128)
    assert set(found.present.values()) == set(found.removed.values()) == {0.0}


@pytest.mark.parametrize("switch", SWITCHES)
def test_rises_are_counted_and_told_by_structure(tmp_path, switch):
    rows = rising(examples.scarce_rows_of(NOTHING, noise=0), lambda row: not row[switch])
    found = found_rises(tmp_path, rows)
    assert found.rose == 64
    assert (found.present[switch], found.removed[switch]) == (0.0, 1.0)
    others = [name for name in SWITCHES if name != switch]
    assert {share[name] for share in (found.present, found.removed) for name in others} == {0.5}


@pytest.mark.parametrize("since", [1, 2])
def test_a_run_that_diverged_has_risen(tmp_path, since):
    rows = examples.scarce_rows_of(NOTHING, noise=0)
    for place in range(since, 3):
        rows[place] = rows[place] | {"loss": None, "exact_match": 0.0, "status": "diverged"}
    assert found_rises(tmp_path, rows).rose == 1


def test_an_earlier_rise_that_is_made_good_is_none(tmp_path):
    rows = examples.scarce_rows_of(NOTHING, noise=0)
    rows[0] = rows[0] | {
        "loss": rows[1]["loss"] / 2
    }  # the first budget; the next is higher, the last lower again
    assert found_rises(tmp_path, rows).rose == 0


def test_a_rise_between_budgets_that_were_not_measured_is_refused(results):
    with pytest.raises(ValueError, match=r"not measured at 3e10 FLOPs; choose from 4e10, 8e10, 1\.6e11\."):
        removal.rises(results.few, 32, 3e10, 8e10)


def test_the_report_sets_rises_beside_each_other_between_the_same_budgets(results):
    told = reports.scarce_lines(results)
    both = plan.SCARCE_BUDGETS[:2]
    for name, rows in (("scarce", results.few), ("plentiful", results.rows)):
        assert f"{name} data: {removal.rises(rows, 32, *both)}" in told
    assert f"scarce data: {removal.rises(results.few, 32, *plan.SCARCE_BUDGETS[1:])}" in told
    assert sum(line.startswith("plentiful") for line in told) == 1  # it ends at the second of these budgets


@pytest.mark.parametrize("number", [0, 500, -1])
@pytest.mark.parametrize("name", ["corners", "scarce"])
def test_deleting_a_row_makes_its_seed_incomplete_and_changes_the_report(tmp_path, told, name, number):
    rows = {"corners": examples.corner_rows_of(MIXED), "scarce": examples.scarce_rows_of(MIXED)}
    del rows[name][number if number < len(rows[name]) else 17]
    examples.write(tmp_path, **rows, noise=examples.noise_rows_of(MIXED))
    found = Results(tmp_path)
    progress = found.corners if name == "corners" else found.scarce
    assert len(progress.complete) == 7
    assert progress.label == "interim: 7 of 8 seeds"
    assert not set(reports.progress_lines(found)) <= set(told.splitlines())
    lines = reports.verdict_lines(found) if name == "corners" else reports.scarce_lines(found)
    assert not set(lines) <= set(told.splitlines())


def test_deleting_a_row_of_the_noise_changes_what_is_said_of_it(tmp_path, told):
    rows = examples.noise_rows_of(MIXED)
    del rows[0]
    found = Results(examples.write(tmp_path, noise=rows))
    assert not set(reports.noise_lines(found)) <= set(told.splitlines())


def test_too_few_seeds_give_interim_verdicts_and_undecided_predictions(tmp_path):
    found = Results(examples.write(tmp_path, corners=examples.corner_rows_of(MIXED, seeds=plan.SEEDS[:4])))
    assert found.corners.label == "interim: 4 of 8 seeds"
    assert all("(interim: 4 of 8 seeds)" in line for line in reports.verdict_lines(found) if line[0] in "Sw")
    assert {step.judgement.verdict for step in found.steps.values()} == {"inconclusive"}
    scored = {each.name: each for each in removal.score_predictions(found)}
    for name in ("A1", "A2", "A4", "A6", "A7", "A9", "A10", "A11"):
        assert scored[name].came_true == "undecided", name
    assert scored["A3"].came_true in ("yes", "no")
    assert not scored["A3"].is_final


def test_a_half_finished_seed_is_shown_and_not_judged(tmp_path):
    rows = examples.corner_rows_of(MIXED, seeds=plan.SEEDS[:7])
    extra = examples.corner_rows_of(MIXED, seeds=plan.SEEDS[7:])[:30]
    found = Results(examples.write(tmp_path, corners=rows + extra))
    assert found.corners.complete == plan.SEEDS[:7]
    assert set(found.rows["seed"]) == set(plan.SEEDS[:7])
    assert set(found.tables.corners["seed"]) == set(plan.SEEDS)


def test_without_any_table_every_section_says_so(tmp_path):
    found = Results(tmp_path)
    text = reports.report(found)
    assert text.count("No seed of structure_corners is complete yet") == 6
    assert "structure_corners: not there yet" in text
    assert "undecided 12" in text
    assert "nan" not in text
    assert reports.SCOPE in text


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match="There is no folder"):
        Results(tmp_path / "nowhere")


# --- failures -------------------------------------------------------------------------------------------------


def test_a_diverged_run_counts_as_a_failure_and_is_not_dropped(tmp_path, results):
    rows = examples.corner_rows_of(MIXED)
    code = Structure.PREFIX_LM.code
    for row in rows:
        if row["structure"] == code and row["seed"] == 200 and row["width"] == 64 and row["arm"] == "corner":
            row |= {"status": "diverged", "loss": None, "exact_match": None, "take_off_flops": None}
            row |= {"take_off_step": None, "take_off_censored": True, "watched_flops": 1000}
    found = Results(examples.write(tmp_path, corners=rows))
    assert found.corners.is_complete
    assert found.corners.diverged == 1
    before, after = (removal.corner_summary(each.rows, 64, 3.2e11).loc[code] for each in (results, found))
    assert after.seeds == before.seeds == 8
    assert after.exact_match == pytest.approx(before.exact_match * 7 / 8)
    assert after.took_off == before.took_off - 1
    runs = removal.run_table(summaries.corner_rows(found.rows, 64))
    assert runs[runs["status"] == "diverged"]["limit"].iloc[0] == runs["limit"].max()


def test_arms_that_are_not_trained_are_named_beside_their_verdicts(tmp_path):
    rows = examples.corner_rows_of(NOTHING)
    code = Structure.ladder()[1].code
    for row in rows:
        if row["structure"] == code:
            row["exact_match"] = 0.5
    found = Results(examples.write(tmp_path, corners=rows))
    assert found.weak == {code: 0.5}
    lines = "\n".join(reports.verdict_lines(found))
    assert lines.count(f"{code} is not trained within the range: 50%") == 2  # after S1's edit, before S2's


# --- predictions ----------------------------------------------------------------------------------------------


def test_every_registered_prediction_is_decided_by_code(results):
    names = [name for name, _, _ in predictions.registered()]
    assert names == [f"A{number}" for number in range(1, 13)]
    scored = {each.name: each for each in removal.score_predictions(results)}
    assert list(scored) == names
    assert {each.came_true for each in scored.values()} <= {"yes", "no"}
    assert scored["A1"].odds == 0.85
    assert "whole ladder" in scored["A1"].what
    wanted = {
        "A1": "no",
        "A2": "yes",
        "A4": "yes",
        "A6": "yes",
        "A7": "no",
        "A8": "yes",
        "A9": "no",
        "A11": "yes",
    }
    assert {name: scored[name].came_true for name in wanted} == wanted


def test_the_opposite_effects_give_the_opposite_outcomes(tmp_path):
    planted = NOTHING | {"final_layer_memory": (3.0, 0.0), "bidirectional_input": (0.4, 0.0)}
    folder = examples.write(
        tmp_path, corners=examples.corner_rows_of(planted), scarce=examples.scarce_rows_of(planted)
    )
    scored = {each.name: each.came_true for each in removal.score_predictions(Results(folder))}
    wanted = {"A2": "no", "A6": "no", "A7": "yes", "A9": "yes"}
    assert {name: scored[name] for name in wanted} == wanted


def test_a_corner_off_the_ladder_must_be_better_than_all_on_it(tmp_path):
    off = Structure.named("S1 S2 S3 --").code
    for score, wanted in ((0.99, "yes"), (0.5, "no")):
        rows = examples.scarce_rows_of(MIXED)
        for row in rows:
            row["exact_match"] = score if row["structure"] == off else 0.9
        scored = removal.score_predictions(Results(examples.write(tmp_path, scarce=rows)))
        assert {each.name: each.came_true for each in scored}["A10"] == wanted


def test_brier_score():
    made = predictions.Prediction("A1", "", 0.8, "yes", "", 8, True)
    assert removal.brier_score([made]) == pytest.approx(0.04)
    assert removal.brier_score([made, replace(made, came_true="no")]) == pytest.approx((0.04 + 0.64) / 2)
    assert math.isnan(removal.brier_score([replace(made, came_true="undecided")]))


# --- other comparisons ----------------------------------------------------------------------------------------


def test_other_shapes_are_compared_with_both_partners(results):
    table = removal.shape_comparisons(results.rows)
    assert len(table) == (3 * 2 + 2) * 3
    own = table[(table["arm"] == "same parameters") & (table["against"] == "3 layers")]
    assert np.allclose(own["ratio"], 1, atol=0.1)  # the planted loss does not know of layers


def test_noise_uses_all_seeds_of_both_tables(results):
    floors = removal.noise_floor(results.ends)
    assert {each.seeds for each in floors} == {24}
    assert len(floors) == 6
    assert all(each.lowest <= each.highest for each in floors)


def test_one_run_an_arm_may_rank_them_the_other_way(results):
    ends = results.ends.copy()
    budget = 4e10
    assert removal.wrong_way_round(ends, budget) < 0.05
    ends["exact_match"] = 0.5  # nobody is better, and no pair says otherwise
    assert removal.wrong_way_round(ends, budget) == 0.0
    ends.loc[ends.index[ends["structure"] == Structure.DECODER_ONLY.code][:1], "exact_match"] = 0.6
    ends = ends[ends["budget"] == ends["budget"].iloc[0]].assign(budget=budget)
    assert removal.wrong_way_round(ends, budget) == pytest.approx(
        23 / 24
    )  # 23 of 24 runs are equal to all others


def test_our_corners_hold_every_step_of_t5s_path(results):
    own = removal.our_removals(results.rows, 32, 4e10)
    theirs = removal.t5_removals()
    assert list(own["removed"].unique()) == list(theirs["removed"].unique())
    assert len(own) == 3 * 8
    assert len(theirs) == 2 * 3 * 7
    squad = theirs[(theirs["removed"] == "S4") & (theirs["score"] == "SQuAD")]
    assert squad["change"].tolist() == [-17.8, -23.06]


def test_published_changes_are_after_minus_before():
    table = load_table("structure_removals")
    both = table.dropna(subset=["with_structure", "without_structure"])
    assert len(both) == 12
    assert table["verified"].all()
    assert np.allclose(both["without_structure"] - both["with_structure"], both["change"], atol=0.051)


# --- live runs ------------------------------------------------------------------------------------------------


def test_a_live_run_is_the_beginning_of_a_stored_one(results):
    whole = plan.corner(Structure.PREFIX_LM, 16, learning_rate=4e-3, seed=0)
    run = live.live_configuration(results.tables, Structure.PREFIX_LM)
    assert run == replace(whole, budgets=whole.budgets[:2])
    assert run.seed not in plan.SEEDS
    assert run.split == "test"
    with pytest.raises(ValueError, match="width is 64"):
        live.live_configuration(results.tables, Structure.PREFIX_LM, width=64)


def test_a_live_run_takes_the_stored_rate_else_the_tuned_one(results, tmp_path):
    rows = [row | {"learning_rate": 2e-3} for row in examples.corner_rows_of(MIXED, seeds=(200,))]
    stored = removal.load_tables(examples.write(tmp_path, corners=rows))
    assert live.live_configuration(stored, Structure.PREFIX_LM).learning_rate == 2e-3
    tuned = replace(results.tables, corners=None)
    assert live.live_configuration(tuned, Structure.PREFIX_LM).learning_rate == 4e-3
    assert live.live_configuration(tables.RemovalTables(), Structure.PREFIX_LM).learning_rate == live.UNTUNED


def test_where_a_live_run_should_land(results):
    rows = summaries.arm_rows(results.rows, Structure.PREFIX_LM, width=16)
    row = rows.iloc[0].to_dict()
    low, high = live.expected_interval(results.tables, row)
    own = rows[rows["budget"] == row["budget"]]["loss"]
    assert low <= own.min()
    assert own.max() <= high
    assert live.expected_interval(tables.RemovalTables(), row) is None


# --- the command ----------------------------------------------------------------------------------------------


def test_one_command_prints_every_verdict(complete, told):
    from typer.testing import CliRunner

    from destructure.cli import app
    from destructure.studies import dial_results

    found = CliRunner().invoke(app, ["verdicts", "--folder", str(complete)])
    assert found.exit_code == 0
    part_b = dial_results.report(dial_results.DialResults(complete))
    assert "nothing can be said" in part_b  # this folder has no table of it
    assert found.output == f"{told}\n{part_b}"
    wrong = CliRunner().invoke(app, ["verdicts", "--folder", str(complete / "nowhere")])
    assert wrong.exit_code == 2


def test_the_report_is_the_same_every_time_and_follows_the_order_of_no_row(tmp_path, told):
    rows = {"corners": examples.corner_rows_of(MIXED)[::-1], "scarce": examples.scarce_rows_of(MIXED)[::-1]}
    folder = examples.write(tmp_path, **rows, noise=examples.noise_rows_of(MIXED))
    assert reports.report(Results(folder)) == told


def test_all_pairs_of_ladder_steps_are_edges_of_the_cube():
    for before, after in itertools.pairwise(Structure.ladder()):
        assert sum(getattr(before, switch) != getattr(after, switch) for switch in SWITCHES) == 1
