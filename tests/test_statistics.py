"""Statistics of a few paired seeds: planted effects are found, and nulls raise false alarms as often as they may.

Simulations use fixed seeds; counts are compared with what chance allows (a binomial range of 99.9%).
"""

import math
from itertools import product

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from destructure.files import data_folder
from destructure.statistics import (
    Interval,
    factorial_effects,
    failures_counted,
    holm,
    interval,
    interval_of,
    median_take_off,
    paired,
    predictions,
    resamples,
    score,
    seeds_needed,
    sign_flip_p_value,
    take_off_runs,
)
from destructure.statistics.intervals import ENUMERATED, p_value_of

SEEDS = 8
SIMULATIONS = 1_000


def chance_range(rate, trials=SIMULATIONS):
    """How many of so many trials may show what happens at this rate."""
    low, high = stats.binom.interval(0.999, trials, rate)
    return range(int(low), int(high) + 1)


@pytest.fixture(autouse=True)
def _no_garbage_collection(monkeypatch):
    """The multipletests of statsmodels collects garbage at each call, 0.1 s a time; simulations call it often."""
    monkeypatch.setattr("gc.collect", lambda *generation: 0)


def refused(fragment, call, *arguments, **options):
    """What cannot be done is said in one sentence."""
    with pytest.raises(ValueError, match=fragment) as error:
        call(*arguments, **options)
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text


# --- pairing -------------------------------------------------------------------------------------------------


def runs(values, arm="arm"):
    """Rows of {arm: {seed: loss}}."""
    pairs = [(name, seed, loss) for name, each in values.items() for seed, loss in each.items()]
    return pd.DataFrame(pairs, columns=[arm, "seed", "loss"])


def test_differences_are_paired_by_seed_whatever_the_order_of_the_rows():
    rows = runs({"b": {3: 1.0, 1: 2.0, 2: 4.0}, "a": {1: 2.5, 2: 5.0, 3: 1.25, 9: 7.0}, "c": {1: 0.0}})
    found = paired(rows.sample(frac=1, random_state=0), "arm", "a", "b")
    assert found.to_dict() == {1: 0.5, 2: 1.0, 3: 0.25}
    np.testing.assert_allclose(np.exp(paired(rows, "arm", "a", "b", logarithm=True)), 1.25)


def test_a_failed_run_counts_as_a_failure_and_is_never_dropped():
    rows = runs({"a": {1: math.nan, 2: 1.0, 3: math.inf}, "b": {1: 2.0, 2: 1.5, 3: 1.0}})
    refused("2 of 6 runs have no finite loss", paired, rows, "arm", "a", "b")
    found = paired(failures_counted(rows, loss=5.0), "arm", "a", "b")
    np.testing.assert_allclose(found, [3.0, -0.5, 4.0])
    scored = failures_counted(rows.assign(exact_match=pd.array([None, 1, 0, 1, 1, 1], dtype="Float64")))
    assert scored["exact_match"].tolist() == [0, 1, 0, 1, 1, 1]
    assert scored["loss"].iloc[0] == pytest.approx(math.log(65))


@pytest.mark.parametrize(
    ("values", "options", "fragment"),
    [
        ({"a": {1: 1.0}, "b": {2: 1.0}}, {}, "share no seed"),
        ({"a": {1: 1.0}}, {}, "no rows of arm 'b'"),
        ({"a": {1: 0.0}, "b": {1: 1.0}}, {"logarithm": True}, "needs values above zero"),
        ({"a": {1: 1.0}, "b": {1: 1.0}}, {"value": "bits"}, "no column 'bits'"),
    ],
)
def test_rows_that_cannot_be_paired(values, options, fragment):
    refused(fragment, paired, runs(values), "arm", "a", "b", **options)


def test_two_runs_of_one_seed_are_not_averaged_in_silence():
    rows = runs({"a": {1: 1.0}, "b": {1: 1.0}})
    refused("Two rows have arm a, seed 1", paired, pd.concat([rows, rows.iloc[:1]]), "arm", "a", "b")


# --- resamples and intervals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seeds", range(1, 6))
def test_resamples_are_all_draws_with_their_chances(seeds):
    shares, chances = resamples(seeds)
    drawn = [np.bincount(draw, minlength=seeds) for draw in product(range(seeds), repeat=seeds)]
    different, counts = np.unique(drawn, axis=0, return_counts=True)
    order = np.lexsort((shares * seeds).round().astype(int).T[::-1])
    np.testing.assert_allclose(shares[order] * seeds, different)
    np.testing.assert_allclose(chances[order], counts / seeds**seeds)


def test_eight_seeds_have_6435_resamples():
    shares, chances = resamples(SEEDS)
    assert shares.shape == (math.comb(15, 7), SEEDS) == (6435, 8)
    assert chances.sum() == pytest.approx(1)
    values = np.random.default_rng(0).normal(size=SEEDS)
    means = shares @ values
    assert chances @ means == pytest.approx(values.mean())
    assert chances @ (means - values.mean()) ** 2 == pytest.approx(values.var() / SEEDS)
    assert not shares.flags.writeable
    refused("There are 0 seeds", resamples, 0)


def test_an_interval_is_what_a_large_bootstrap_would_give():
    values = np.random.default_rng(4).normal(1, 1.2, SEEDS)
    draws = np.random.default_rng(5).multinomial(SEEDS, np.full(SEEDS, 1 / SEEDS), 400_000) @ values / SEEDS
    freedom = stats.t.ppf(0.975, SEEDS - 1) * math.sqrt(SEEDS / (SEEDS - 1))  # Student's t, divided by n - 1
    tail = stats.norm.sf(freedom)
    found = interval(values)
    np.testing.assert_allclose([found.low, found.high], np.quantile(draws, [tail, 1 - tail]), atol=0.02)
    assert interval(-values) == Interval(-found.estimate, -found.high, -found.low)
    assert interval(values, 0.9).low > found.low


def test_no_interval_hangs_on_a_random_number(monkeypatch):
    values = np.random.default_rng(6).normal(size=SEEDS)
    before = interval(values)
    monkeypatch.setattr(np.random, "default_rng", None)  # whoever draws now, fails
    resamples.cache_clear()
    assert interval(values) == before


def test_beyond_ten_seeds_a_fixed_sample_is_large_enough():
    values = np.random.default_rng(7).normal(0.3, 1, ENUMERATED + 6)
    samples = [resamples(len(values), seed).shares @ values for seed in range(5)]
    found = [interval_of(each, values.mean(), len(values)) for each in samples]
    width = found[0].high - found[0].low
    assert np.ptp([each.low for each in found]) < 0.01 * width
    assert np.ptp([each.high for each in found]) < 0.01 * width
    assert len({each.low > 0 for each in found}) == len({each.high < 1 for each in found}) == 1


def test_intervals_of_eight_seeds_hold_the_mean_95_times_in_100():
    values = np.random.default_rng(1).normal(0.3, 1, size=(SIMULATIONS, SEEDS))
    assert sum(0.3 in interval(each) for each in values) in chance_range(0.95)


def test_fewer_seeds_than_can_carry_it_get_an_interval_without_ends():
    assert [seeds_needed(level) for level in (0.5, 0.9, 0.95, 0.99)] == [2, 5, 6, 8]
    five, six = (interval(np.arange(count)) for count in (5, 6))
    assert (five.low, five.high) == (-math.inf, math.inf)
    assert math.isfinite(six.low)
    assert math.isfinite(six.high)
    assert interval([1.0]).estimate == 1
    for values in ([0.0] * 8, [1.0] * 20, [0.1 + 0.2, *[0.3] * 7], [0.01, 0.01]):  # no spread, no certainty
        found = interval(values)
        assert (found.low, found.high) == (-math.inf, math.inf)
        assert f"{found:.1f}" == f"{values[0]:.1f} [no interval]"
    refused("level is 1", seeds_needed, 1)
    refused("1 of the 2 values are not finite", interval, [1.0, math.nan])


def test_an_interval_as_text():
    found = Interval(1.25, 1.0625, 1.5)
    assert (f"{found:.2f}", f"{found:+.1f}") == ("1.25 [1.06, 1.50]", "+1.2 [1.1, 1.5]")
    assert f"{found}" == str(found) == "1.25 (95% interval 1.06 to 1.5)"
    assert (
        f"{Interval(0.9, 0.0, math.inf):.1f}"
        == f"{Interval(0.9, -math.inf, math.inf):.1f}"
        == "0.9 [no interval]"
    )
    assert Interval(0.0, -math.inf, 1.0, 0.9).exp() == Interval(1.0, 0.0, math.e, 0.9)


def test_an_interval_and_its_p_value_agree():
    values = np.random.default_rng(4).normal(1, 1.2, SEEDS)
    samples, found = resamples(SEEDS).shares @ values, interval(values)
    for null in np.linspace(-1, 3, 81):
        p_value = p_value_of(samples, null, SEEDS)
        if abs(p_value - 0.05) > 0.003:
            assert (p_value > 0.05) == (null in found)
    for end in (found.low, found.high):
        assert p_value_of(samples, end, SEEDS) == pytest.approx(0.05, abs=0.003)
    assert p_value_of(samples, np.median(samples), SEEDS) > 0.9
    assert p_value_of(samples, -99.0, SEEDS) == 2 / 2**SEEDS  # all on one side
    assert p_value_of(np.array([1.0]), 0.0, 1) == 1


def test_samples_that_say_nothing_widen_the_interval_on_both_sides():
    shares, chances = resamples(SEEDS)
    samples = shares @ np.linspace(4, 6, SEEDS)
    silent = np.where(np.cumsum(chances) < 0.02, np.nan, samples)
    found = interval_of(silent, 5.0, SEEDS)
    assert (found.low, found.high) == (-math.inf, math.inf)
    assert interval_of(samples, 5.0, SEEDS).low > 4
    assert p_value_of(silent, 0.0, SEEDS) > p_value_of(samples, 0.0, SEEDS)


# --- exact tests ---------------------------------------------------------------------------------------------


def test_the_sign_flip_test_is_the_full_enumeration():
    values = np.random.default_rng(3).normal(0.5, 1, 7)
    flips = np.array(list(product((1, -1), repeat=7))) @ values
    assert sign_flip_p_value(values) == pytest.approx(np.mean(np.abs(flips) >= abs(values.sum()) - 1e-9))


def test_what_a_number_of_seeds_can_reach():
    for count, best in ((1, 1.0), (5, 0.0625), (6, 0.03125), (8, 0.0078125)):
        assert sign_flip_p_value(np.arange(1, count + 1)) == pytest.approx(best)
    assert sign_flip_p_value([0.0] * 8) == 1
    assert sign_flip_p_value(np.random.default_rng(0).normal(1, 1, 30)) < 0.001
    refused("1 of the 3 differences are not finite", sign_flip_p_value, [1.0, math.nan, 2.0])
    refused("give one number per seed", sign_flip_p_value, [])


def test_sign_flips_raise_false_alarms_at_the_rate_that_eight_seeds_allow():
    generator = np.random.default_rng(0)
    nulls = generator.standard_t(2, size=(SIMULATIONS, SEEDS))  # heavy tails: no shape is assumed
    alarms = sum(sign_flip_p_value(each) <= 0.05 for each in nulls)
    assert alarms in chance_range(12 / 256)  # 12 of the 256 flips: the largest share that is not above 0.05
    effects = generator.normal(1.5, 1, size=(200, SEEDS))
    assert sum(sign_flip_p_value(each) <= 0.05 for each in effects) > 180


def test_holm_by_hand():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "lost": math.nan})
    assert found["corrected"].to_dict() == pytest.approx(
        {"a": 0.04, "b": 0.09, "c": 0.09, "d": 0.025, "lost": 1.0}
    )
    assert found["p_value"].tolist() == [0.01, 0.04, 0.03, 0.005, 1.0]
    refused(r"p value of 'a' is 1\.5", holm, {"a": 1.5})
    refused("no p values", holm, {})


def test_holm_keeps_the_chance_of_any_false_alarm():
    generator = np.random.default_rng(2)
    nulls = stats.ttest_1samp(generator.normal(size=(SIMULATIONS, 8, SEEDS)), 0, axis=-1).pvalue
    alarms = sum((holm(dict(enumerate(row)))["corrected"] <= 0.05).any() for row in nulls)
    assert alarms in chance_range(1 - (1 - 0.05 / 8) ** 8)
    assert np.mean((nulls <= 0.05).any(axis=1)) > 0.25  # what would happen without a correction


# --- take-off ------------------------------------------------------------------------------------------------


def test_the_median_take_off_by_the_textbook():
    # 6 runs; the third is cut at 30: the share that waits is 5/6, 4/6, 4/6, (4/6)(2/3) = 4/9 ...
    assert median_take_off([10, 20, math.nan, 40, 50, math.inf], [60, 60, 30, 60, 60, 60]) == 40
    assert median_take_off([10, 20, 30, 40], 100) == 20
    assert median_take_off([10.0, *[math.nan] * 7], 100.0) == math.inf  # those that never did stay in
    assert median_take_off([100.0] * 8, 100.0) == 100  # at the limit is within it
    assert median_take_off([101.0] * 8, 100.0) == math.inf


def test_medians_of_many_weightings_are_those_of_repeated_runs():
    generator = np.random.default_rng(7)
    times = np.round(generator.exponential(5, 9), 0) + 1
    observed = generator.random(9) < 0.7
    draws = generator.multinomial(9, np.full(9, 1 / 9), size=200)
    expected = []
    for draw in draws:
        data = stats.CensoredData.right_censored(np.repeat(times, draw), ~np.repeat(observed, draw))
        waiting = stats.ecdf(data).sf
        half = waiting.probabilities <= 0.5 + 1e-9
        expected.append(waiting.quantiles[half.argmax()] if half.any() else np.inf)
    found = median_take_off(np.where(observed, times, np.nan), times, draws / 9)
    np.testing.assert_array_equal(found, expected)


def test_take_off_from_the_rows_of_a_sweep():
    rows = pd.DataFrame(
        {
            "run": ["x", "y", "z", "z"],
            "budget": [100.0, 100.0, 50.0, 100.0],
            "take_off_flops": pd.Series([50, None, None, 20], dtype="Int64"),
            "watched_flops": pd.Series([100, 5, 50, 90], dtype="Int64"),
            "status": ["finished", "diverged", "finished", "finished"],
        }
    )
    found = take_off_runs(rows).set_index("run")
    assert found["limit"].to_dict() == {"x": 100, "y": 100, "z": 90}  # y diverged: as if watched to the end
    assert found["take_off"].fillna(-1).to_dict() == {"x": 50, "y": -1, "z": 20}
    refused("no column 'status'", take_off_runs, rows.drop(columns="status"))


@pytest.mark.parametrize(
    ("times", "limits", "fragment"),
    [
        ([], 5, "at least one run"),
        ([0.0], 5, "take-off time is 0"),
        ([1.0], 0, "A limit is 0"),
        ([1.0], math.nan, "A limit is nan"),
        ([1.0, 2.0], [5, 5, 5], "2 times and 3 limits"),
    ],
)
def test_impossible_take_off_times(times, limits, fragment):
    refused(fragment, median_take_off, times, limits)


# --- factorial -----------------------------------------------------------------------------------------------

SWITCHES = ["S1", "S2", "S3", "S4"]


def factorial(effect=lambda cell: 0.0, noise=0.0, seed=0):
    """Rows of all sixteen cells: planted effects on the log loss, what a seed does to all its cells, and noise."""
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 1, SEEDS) if noise else np.zeros(SEEDS)
    cells = [dict(zip(SWITCHES, cell, strict=True)) for cell in product((True, False), repeat=4)]
    return pd.DataFrame(
        [
            cell | {"seed": run, "loss": math.exp(effect(cell) + common[run] + generator.normal(0, noise))}
            for cell in cells
            for run in range(SEEDS)
        ]
    )


def effects_of(rows, factors=SWITCHES):
    return factorial_effects(rows, factors).set_index("effect")


def test_planted_main_effects_and_interactions_are_found_exactly():
    rows = factorial(lambda cell: 0.5 * cell["S1"] - 2 * (cell["S2"] and cell["S3"]))
    found = effects_of(rows)["estimate"]
    assert len(found) == 10
    assert list(found.index[:5]) == ["S1", "S2", "S3", "S4", "S1 × S2"]
    # S2 averaged over S3 on and off; the interaction is half of (-2) - 0
    planted = {"S1": 0.5, "S2": -1, "S3": -1, "S2 × S3": -1}
    assert found[list(planted)].to_dict() == pytest.approx(planted)
    np.testing.assert_allclose(found.drop(list(planted)), 0, atol=1e-12)
    alone = effects_of(rows[rows[["S2", "S3", "S4"]].all(axis=1)], ["S1"])
    assert alone["estimate"].to_dict() == pytest.approx({"S1": 0.5})


def test_the_contrasts_are_least_squares_with_seeds_as_blocks():
    rows = factorial(lambda cell: cell["S1"] + 0.3 * cell["S2"] * cell["S4"], noise=0.5)
    coded = rows.assign(**{name: np.where(rows[name], 1, -1) for name in SWITCHES})
    fitted = smf.ols("np.log(loss) ~ S1 * S2 * S3 * S4 + C(seed)", coded).fit()
    for name, estimate in effects_of(rows)["estimate"].items():
        assert estimate == pytest.approx(2 * fitted.params[name.replace(" × ", ":")])


def test_intervals_of_effects_hold_what_was_planted():
    held = alarms = 0
    for seed in range(100):
        found = effects_of(factorial(lambda cell: 1.0 * cell["S1"], 0.5, seed=seed))
        held += found.loc["S1", "low"] <= 1 <= found.loc["S1", "high"]
        others = found.drop("S1")
        alarms += int(((others["low"] > 0) | (others["high"] < 0)).sum())
    assert held in chance_range(0.95, 100)
    assert alarms in chance_range(0.05, 900)


def test_incomplete_seeds_of_a_factorial_are_left_out_and_failures_are_not():
    rows = factorial(noise=0.5)
    partial = rows.drop(rows[rows["seed"] == 3].index[:1])
    pd.testing.assert_frame_equal(effects_of(partial), effects_of(rows[rows["seed"] != 3]))
    diverged = rows.assign(loss=rows["loss"].where(rows.index != 5))
    refused("failed", factorial_effects, diverged, SWITCHES)
    assert not effects_of(failures_counted(diverged, loss=9.0)).equals(effects_of(rows))


@pytest.mark.parametrize(
    ("change", "factors", "fragment"),
    [
        (
            lambda rows: rows[~(rows["S1"] & rows["S2"])],
            SWITCHES,
            "4 of the 16 combinations have no run, such as {'S1': True, 'S2': True, 'S3': False, 'S4': False};",
        ),
        (lambda rows: rows.assign(S1="on"), SWITCHES, "'S1' is 'on' in some row"),
        (lambda rows: rows, ["S1", "S1"], "name each switch once"),
        (lambda rows: rows[rows["seed"] % 2 == rows["S1"]], SWITCHES, "None of the 8 seeds"),
        (lambda rows: rows.assign(loss=0.0), SWITCHES, "needs values above zero"),
        (lambda rows: rows.iloc[:0], SWITCHES, "no rows"),
    ],
)
def test_impossible_factorials(change, factors, fragment):
    refused(fragment, factorial_effects, change(factorial()), factors)


# --- predictions ---------------------------------------------------------------------------------------------


def test_predictions_are_scored_by_their_odds():
    registered = pd.DataFrame({"text": ["x", "y", "z"], "odds": [0.8, 0.6, 0.5]}, index=["A1", "A2", "A3"])
    found = score(registered, {"A2": (False, "no"), "A1": (True, "it is"), "A3": (None, "who knows")})
    assert found["came_true"].tolist() == ["yes", "no", "undecided"]
    assert found["found"].tolist() == ["it is", "no", "who knows"]
    assert found["penalty"].mean() == pytest.approx(
        (0.04 + 0.36) / 2
    )  # Brier; the undecided one does not count
    refused(
        "A3 is registered or decided, but not both", score, registered, {"A1": (True, ""), "A2": (True, "")}
    )


def test_registered_predictions_stand_in_one_table_as_in_the_registration():
    text = (data_folder() / "registration.md").read_text(encoding="utf-8")
    for part, count in (("A", 12), ("B", 16), ("C", 10), ("D", 17), ("E", 7), ("F", 20)):
        rows = predictions(part)
        assert list(rows.index) == [f"{part}{number}" for number in range(1, count + 1)]
        for row in rows.itertuples():
            assert f"| {row.Index} | {row.text} | {row.odds:.0%} |" in text
    refused("H. has no predictions", predictions, "H")
