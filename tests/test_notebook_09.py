"""Notebook 09's own cells on planted rows: every word, verdict and prediction comes out one way and the other."""

import math
import random
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from destructure import Structure, cost, load_table
from destructure.exercises.catalogue import find
from destructure.show import intervals
from destructure.show.facts import FactError
from destructure.studies import bottleneck_probe
from destructure.studies.plans import dials as plan
from destructure.studies.plans.tuning import TUNING_SEEDS, arm_key
from notebook_cells import code_cells, run_cells

CELLS = code_cells("09")
SLOW = (
    "setting.make_task",
    "dial_tuning",
    "probe(chosen)",
    "build_task",
    "solver.step",
    "live.chance",
    "flan",
    "T5-XXL",
    'load_table("bert',
)
HELPERS = 1 + next(place for place, source in enumerate(CELLS) if "def draw(" in source)
SWITCHED_OFF = {"S1": "-- S2 S3 S4", "S2": "S1 -- S3 S4", "S3": "S1 S2 -- S4"}
ALL, NONE = "S1 S2 S3 S4", "-- -- -- --"
LAST, FIRST = "instruction last, width 32", "instruction first, width 32"


def planted(rows, effects, noise=0.01, right=None):
    """The stored rows with losses of our own: `effects` maps (arm, code) to what is added to the log of its loss."""

    def loss(row):
        luck = random.Random(f"{row.arm}{row.structure}{row.seed}").gauss(0, noise)
        return 0.8 * (row.budget / 4e10) ** -0.5 * math.exp(effects.get((row.arm, row.structure), 0.0) + luck)

    losses = pd.Series([loss(row) for row in rows.itertuples()], rows.index)
    return rows.assign(loss=losses, exact_match=right or (1.25 - losses).clip(0, 1))


def run(effects=None, probe=None, cells=CELLS, noise=0.01, right=None):
    """Run the notebook; return its names and what it printed."""
    names = {}

    def change(names):
        if "rows" in names and effects is not None and "changed" not in names:
            names["rows"], names["changed"] = planted(names["rows"], effects, noise, right), True
            names["fact"] = lambda text, condition: None  # facts speak of the stored rows
        if "bottleneck_probe" in names and probe is not None:
            names["bottleneck_probe"] = SimpleNamespace(rows=probe.copy)

    return names, run_cells(cells, names, SLOW, change)


@pytest.fixture(scope="module")
def helpers():
    """The functions that the notebook defines before its first comparison."""
    return run(cells=CELLS[:HELPERS])[0]


# --- advantages and words --------------------------------------------------------------------------------------


def two_arms(losses, seeds=(1, 2)):
    return pd.DataFrame(
        {"arm": "a", "structure": code, "seed": seed, "budget": float(budget), "loss": loss}
        for code, given in zip((ALL, NONE), losses, strict=True)
        for seed in seeds
        for budget, loss in enumerate(given, start=1)
    )


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        ((1.0, 0.5), (2.0, 1.0), math.log(2)),
        ((2.0, 1.0), (1.0, 0.5), -math.log(2)),
        ((1.0, 0.5), (2.0, 0.5), math.log(2) / 2),
        ((0.04, 0.001), (0.04, 0.02), 0.0),
        ((0.02, 1e-9), (0.04, 0.04), math.log(2)),
    ],
    ids=["half the loss", "the other way round", "at one budget", "both at the floor", "one at it"],
)
def test_advantages_by_hand(helpers, own, other, expected):
    helpers["rows"] = two_arms((own, other))
    assert helpers["advantages"](("a", ALL), ("a", NONE)).tolist() == pytest.approx([expected] * 2)


def test_arms_that_cannot_be_compared_are_refused(helpers):
    helpers["rows"] = two_arms(((1.0, 0.5), (2.0,)))
    with pytest.raises(ValueError, match="not finite"):
        helpers["word"](helpers["advantages"](("a", ALL), ("a", NONE)))
    with pytest.raises(ValueError, match="no rows of the arm 'b' with '-- -- -- --'"):
        helpers["advantages"](("b", NONE), ("a", NONE))


@pytest.mark.parametrize(
    ("middle", "spread", "seeds", "word"),
    [
        (0.04, 0.01, 8, "free"),
        (0.0, 0.05, 8, "free"),
        (0.2, 0.02, 8, "helps"),
        (-0.2, 0.02, 8, "hurts"),
        (0.1, 0.4, 8, "unsettled"),
        (2.0, 0.01, 5, "unsettled"),
    ],
)
def test_words(helpers, middle, spread, seeds, word):
    values = pd.Series(middle + spread * np.linspace(-1, 1, seeds))
    assert helpers["word"](values) == word


def test_the_learners_own_function_is_compared_with_the_stored_rows():
    cells = [source for source in CELLS[:HELPERS] if "def advantage(" not in source]
    solution = find("09.code.advantage").solution
    code = solution.split("```")[1].removeprefix("python\n") if "```" in solution else solution
    names = {}
    exec("import math\n" + code, names)
    assert "✓ your function, once it is written, gives the same" in run_cells(cells, names, SLOW)
    with pytest.raises(FactError, match="gives the same"):
        run_cells(cells, {"advantage": lambda own, other: 0.5}, SLOW)


def test_a_comparison_that_is_not_trained_has_a_dagger_and_every_seed_a_dot(helpers):
    def picture(share):
        rows = two_arms(((1.0, 0.5), (2.0, 1.2)), seeds=range(8))
        rows["loss"] *= 1 + 0.01 * rows.seed * (rows.structure == NONE)  # seeds that differ, as they do
        helpers.update(rows=rows, right={("a", ALL): share, ("a", NONE): 0.95}, intervals=intervals)
        found = helpers["compare"]("one", ("a", ALL), ("a", NONE))
        drawn = helpers["draw"]({"": [found]}, alt="One row.")
        (axes,) = drawn.axes
        dots = [line for line in axes.lines if len(line.get_xdata()) == 8]
        assert len(dots) == 1
        return axes.texts[-1].get_text(), axes.get_xlabel()

    assert picture(0.95) == ("helps", "loss without over loss with (above 1 it helps)")
    word, name = picture(0.8999)
    assert word == "helps †"
    assert "† an arm of the two is below 90% right" in name


def test_a_rate_that_tuning_did_not_choose_stops_the_notebook():
    def change(names):
        if "plans" in names:
            stored = names["plans"].stored_rows
            names["plans"] = SimpleNamespace(
                stored_rows=lambda name: (
                    stored(name).assign(learning_rate=0.5) if name == "dial_runs" else stored(name)
                )
            )

    source = next(source for source in CELLS if "dial_tuning" in source)
    with pytest.raises(FactError, match="the rate that tuning chose"):
        run_cells([CELLS[0], source], {}, change=change)


# --- verdicts and predictions ------------------------------------------------------------------------------------

COMES_TRUE = {
    ("one direction", SWITCHED_OFF["S2"]): 0.5,
    ("long to short", SWITCHED_OFF["S2"]): 0.5,
    ("role swap", SWITCHED_OFF["S2"]): -0.5,
    ("turns", SWITCHED_OFF["S2"]): -0.5,
    ("both directions, same parameters", NONE): -0.5,
    ("2 layers", SWITCHED_OFF["S3"]): -0.5,
    ("3 layers", SWITCHED_OFF["S3"]): -0.5,
    ("4 layers", SWITCHED_OFF["S3"]): -1.0,
    ("4 layers, layer mix", ALL): -0.5,
    (LAST, NONE): 0.5,
    ("instruction last, width 16", NONE): 0.5,
    (f"{LAST}, loss on inputs", NONE): 1.0,
}
FAILS = {
    ("long to short", SWITCHED_OFF["S1"]): 0.5,
    ("both directions", SWITCHED_OFF["S2"]): 0.5,
    ("short to long", SWITCHED_OFF["S2"]): 0.5,
    ("role swap", SWITCHED_OFF["S2"]): 0.5,
    ("turns", SWITCHED_OFF["S2"]): 0.5,
    ("both directions, same parameters", NONE): 0.5,
    ("2 layers", SWITCHED_OFF["S3"]): -0.5,
    ("4 layers", SWITCHED_OFF["S3"]): 0.5,
    ("4 layers, layer mix", ALL): 0.2,
    (FIRST, NONE): 0.5,
    ("instruction last, width 64", NONE): 0.5,
    (f"{LAST}, input twice", NONE): 0.5,
    (f"{LAST}, loss on inputs", NONE): -0.5,
}


@pytest.fixture(scope="module")
def came_true():
    return run(COMES_TRUE, bottleneck_probe.rows().assign(accuracy=1.0))


@pytest.fixture(scope="module")
def failed():
    return run(FAILS, bottleneck_probe.rows().assign(accuracy=0.5))


@pytest.mark.slow
def test_each_prediction_can_come_true_and_can_fail(came_true, failed):
    registered = [f"B{number}" for number in range(1, 17)]
    assert list(came_true[0]["scored"].index) == registered
    assert came_true[0]["scored"].came_true.to_dict() == dict.fromkeys(registered, "yes")
    assert failed[0]["scored"].came_true.to_dict() == dict.fromkeys(registered, "no") | {"B16": "yes"}
    assert "came true 16, did not 0" in came_true[1]


@pytest.mark.slow
def test_no_arm_may_be_weak_for_the_last_prediction_to_fail():
    names, _ = run(dict.fromkeys(all_arms(), -3.0))
    assert names["scored"].came_true["B16"] == "no"


def all_arms():
    names = run(cells=CELLS[:HELPERS])[0]
    return names["right"].index


def test_a_planted_effect_gives_its_verdict_and_its_opposite_the_opposite(came_true, failed):
    def verdicts(names):
        return {dial.name: dial.verdict for dial in names["turned"]}

    dials = ("S1 length", "S2 length", "S2 likeness", "S3 depth", "S4 position")
    assert verdicts(came_true[0]) == dict(zip(dials, ["complicates", *["supports"] * 4], strict=True)) | {
        "S1 length": "supports"
    }
    assert verdicts(failed[0]) == dict.fromkeys(dials, "contradicts")
    assert "S3 depth: p = 0.008, corrected 0.039" in came_true[1]  # two of 2^8 flips, times five


@pytest.mark.slow
def test_without_an_effect_a_dial_complicates_and_s1_supports():
    names, printed = run({}, noise=0.03)
    verdicts = {dial.name: dial.verdict for dial in names["turned"]}
    assert verdicts["S1 length"] == "supports"
    assert list(verdicts.values()).count("complicates") >= 3  # at 5% each, one may come out by chance
    assert "below 5% after correction: none;" in printed


def test_the_verdict_says_how_firm_it_is(came_true):
    assert came_true[1].count("without one seed: the same side 8 times of 8") >= 4


# --- the second reading: the largest budget, trained arms -------------------------------------------------------


def readings(names):
    card = names["card"]
    own = card[card.study.str.startswith("this course")]
    return own.set_index([own.claim.str.split().str[:2].str.join(" "), own.study.str[13:]]).reading


CLAIMED = (("structure is", "S2"), ("separate parameters", "S2"), ("final-layer memory", "S3"))


@pytest.mark.slow
def test_where_arms_are_trained_the_scorecard_follows_the_largest_budget():
    probes = [bottleneck_probe.rows().assign(accuracy=share) for share in (1.0, 0.5)]
    for_it, against = (
        run(effects, probe, right=0.95) for effects, probe in zip((COMES_TRUE, FAILS), probes, strict=True)
    )
    assert [readings(for_it[0])[claim] for claim in CLAIMED] == ["supports"] * 3
    assert [readings(against[0])[claim] for claim in CLAIMED] == ["contradicts"] * 3
    read_outs = "final-layer memory", "read-outs"
    assert readings(for_it[0])[read_outs] == "contradicts"
    assert readings(against[0])[read_outs] == "complicates"
    assert (
        "settled at the largest budget: S1 length, S2 length, S2 likeness, S3 depth, S4 position" in for_it[1]
    )


def test_an_arm_that_is_not_trained_decides_nothing(came_true):
    names, printed = came_true
    assert {verdict for verdict, _ in names["final"].values()} == {"withheld"}
    assert not set(CLAIMED) & set(readings(names).index)
    assert "settled at the largest budget: none" in printed
    assert "withheld, S2: turning the dial of S2 length" in printed


def test_an_arm_that_only_takes_off_earlier_has_no_advantage_at_the_end(helpers):
    source = next(source for source in CELLS if "def last_budget(" in source)
    rows = two_arms(((0.1, 0.05, 0.05), (2.0, 1.5, 0.05)), seeds=range(8))
    rows.loc[(rows.budget < 3) & (rows.structure == NONE), "loss"] *= 1 + 0.01 * rows.seed
    helpers.update(rows=rows, right={("a", ALL): 0.95, ("a", NONE): 0.95})
    exec(source, helpers)
    end = helpers["compare"]("a", ("a", ALL), ("a", NONE))
    assert end.word == "helps"
    assert helpers["last_budget"](end).tolist() == [0.0] * 8
    helpers["right"]["a", NONE] = 0.8999
    assert helpers["last_budget"](helpers["compare"]("a", ("a", ALL), ("a", NONE))) is None


def test_take_off_follows_the_rows(came_true):
    names, _ = came_true
    never = names["rows"].assign(take_off_flops=np.nan)
    names["rows"] = never
    assert names["take_off"]("turns", ALL) == "0 of 8, median beyond what was watched"
    names["rows"] = never.assign(take_off_flops=5e10)
    assert names["take_off"]("turns", ALL) == "8 of 8, median 5e10"


# --- the read-outs -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", ["low", "diverged"])
def test_one_run_below_ninety_nine_percent_flips_the_verdict(change):
    start, end = (
        next(n for n, source in enumerate(CELLS) if text in source) for text in ("probe.rows()", "seen =")
    )
    cells = [CELLS[0], "decided = {}", *CELLS[start : end + 1]]
    right = bottleneck_probe.rows().assign(accuracy=0.99)
    assert run(probe=right, cells=cells)[0]["decided"]["B11"][0] is True
    last = right.trained & (right.layer == right.layers)
    right.loc[last & (right.seed == 205) & (right.layers == 6), "accuracy"] = (
        0.9899 if change == "low" else None
    )
    names, printed = run(probe=right, cells=cells)
    assert names["decided"]["B11"][0] is False
    assert "a bottleneck is possible (final: 8 seeds)" in printed
    assert "(1 of 24 runs below 99%)" in printed


# --- Flan's table ------------------------------------------------------------------------------------------------


def test_every_model_of_flans_table_is_drawn_and_named():
    names = {}
    exec(CELLS[0], names)
    upper, lower = (source for source in CELLS if "picture =" in source and "flan" in source)
    exec(upper, names)
    flan, (axes,) = names["flan"], names["picture"].axes
    assert {each.get_text().replace("\n", " ") for each in axes.texts} == set(flan.model)
    drawn = {place for line in axes.lines for place in zip(*line.get_data(orig=False), strict=True)}
    drawn |= {tuple(place) for each in axes.collections for place in each.get_offsets().tolist()}
    assert set(zip(flan.parameters, flan.gain, strict=True)) <= drawn
    exec(lower, names)
    (axes,) = names["picture"].axes
    assert [each.get_text() for each in axes.get_yticklabels()] == list(flan.model)
    hollow = next(line for line in axes.lines if line.get_markerfacecolor() == "white")
    assert hollow.get_xdata().tolist() == flan.before.tolist()


def test_the_exercise_quotes_the_table():
    table = load_table("flan_gains").set_index("model")
    lead = table.gain["T5-XXL"] - table.gain["PaLM 8B"]
    lower_start = table.before["PaLM 8B"] - table.before["T5-XXL"]
    assert find("09.number.flan").check(100 * lower_start / lead).score == 1


# --- the plan ----------------------------------------------------------------------------------------------------


def test_arms_of_one_setting_differ_in_nothing_but_what_is_compared():
    arms = plan.all_arms()
    for first in arms:
        for second in arms:
            if first.arm == second.arm:
                assert replace(first, structure=second.structure) == second
    assert len({(arm.arm, arm.structure) for arm in arms}) == len(arms) == len({arm_key(arm) for arm in arms})
    assert not set(TUNING_SEEDS) & set(plan.SEEDS)


def test_the_arm_of_equal_parameters_has_equal_parameters():
    one = plan.with_equal_parameters(plan.BOTH_WAYS).model_config(vocabulary=1)
    two = plan.BOTH_WAYS.arm(plan.pair("separate_parameters", plan.ABSENT)[0]).model_config(vocabulary=1)
    # Biases and norms aside, which the formula of the plan leaves out.
    assert cost.non_embedding_parameters(one) == pytest.approx(cost.non_embedding_parameters(two), rel=0.01)


def test_both_ends_of_the_length_dial_need_as_many_letters():
    ends = plan.LONG_TO_SHORT.dials, plan.SHORT_TO_LONG.dials
    assert ends[0] == {"read": ends[1]["write"], "write": ends[1]["read"]}


@pytest.mark.parametrize("switch", Structure.SWITCHES)
def test_a_pair_differs_in_its_switch_only(switch):
    for others in (plan.PRESENT, plan.ABSENT):
        with_it, without = plan.pair(switch, others)
        assert with_it.without(switch) == without
