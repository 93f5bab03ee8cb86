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

from destructure.statistics import (
    bootstrap_interval,
    compare_take_off,
    equivalence_test,
    factorial_effects,
    holm,
    paired_differences,
    paired_take_off,
    seeds_needed,
    sign_flip_test,
    taken_off,
    time_to_threshold,
)
from destructure.statistics.resampling import (
    bootstrap_p_value,
    interval_of_samples,
    seed_weights,
)
from destructure.statistics.survival import gehan_scores, medians

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


def one_sentence(error):
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text


# --- pairing -------------------------------------------------------------------------------------------------


def runs(values, arm="arm"):
    """Rows of {arm: {seed: loss}}."""
    return pd.DataFrame(
        [
            {arm: name, "seed": seed, "loss": loss}
            for name, each in values.items()
            for seed, loss in each.items()
        ]
    )


def test_differences_are_paired_by_seed_whatever_the_order_of_the_rows():
    rows = runs({"b": {3: 1.0, 1: 2.0, 2: 4.0}, "a": {1: 2.5, 2: 5.0, 3: 1.25, 9: 7.0}, "c": {1: 0.0}})
    found = paired_differences(rows.sample(frac=1, random_state=0), "a", "b")
    assert found.seeds == (1, 2, 3)
    np.testing.assert_allclose(found.differences, [0.5, 1.0, 0.25])
    assert found.unpaired == (9,)
    assert found.failures == (0, 0)
    ratios = paired_differences(rows, "a", "b", logarithm=True)
    np.testing.assert_allclose(np.exp(ratios.differences), 1.25)


def test_a_failed_run_counts_as_a_failure_and_is_never_dropped():
    rows = runs({"a": {1: math.nan, 2: 1.0, 3: math.inf}, "b": {1: 2.0, 2: 1.5, 3: 1.0}})
    found = paired_differences(rows, "a", "b", failed=5.0)
    np.testing.assert_allclose(found.differences, [3.0, -0.5, 4.0])
    assert found.failures == (2, 0)
    with pytest.raises(ValueError, match="2 of 6 runs have no finite loss") as error:
        paired_differences(rows, "a", "b")
    one_sentence(error)


@pytest.mark.parametrize(
    ("values", "options", "fragment"),
    [
        ({"a": {1: 1.0}, "b": {2: 1.0}}, {}, "no seed in common"),
        ({"a": {1: 1.0}}, {}, "no rows of the arm 'b'"),
        ({"a": {1: 0.0}, "b": {1: 1.0}}, {"logarithm": True}, "needs values above zero"),
        ({"a": {1: 1.0}, "b": {1: 1.0}}, {"value": "bits"}, "no column 'bits'"),
    ],
)
def test_rows_that_cannot_be_paired(values, options, fragment):
    with pytest.raises(ValueError, match=fragment) as error:
        paired_differences(runs(values), "a", "b", **options)
    one_sentence(error)


def test_two_runs_of_one_seed_are_not_averaged_in_silence():
    rows = runs({"a": {1: 1.0}, "b": {1: 1.0}})
    with pytest.raises(ValueError, match="Two rows have arm a, seed 1") as error:
        paired_differences(pd.concat([rows, rows.iloc[:1]]), "a", "b")
    one_sentence(error)


# --- sign flips ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_the_sign_flip_test_is_the_full_enumeration(alternative):
    values = np.random.default_rng(3).normal(0.5, 1, 7)
    flips = np.array(list(product((1, -1), repeat=7))) @ values
    seen = values.sum()
    if alternative == "two-sided":
        share = np.mean(np.abs(flips) >= abs(seen) - 1e-9)
    else:
        share = np.mean(flips >= seen - 1e-9 if alternative == "greater" else flips <= seen + 1e-9)
    found = sign_flip_test(values, alternative)
    assert found.p_value == pytest.approx(share)
    assert found.exact
    assert found.mean == pytest.approx(values.mean())


def test_what_a_number_of_seeds_can_reach():
    for count, best in ((5, 0.0625), (6, 0.03125), (8, 0.0078125)):
        found = sign_flip_test(np.arange(1, count + 1))
        assert found.p_value == found.smallest_p_value == pytest.approx(best)
    assert sign_flip_test([2.0]).p_value == sign_flip_test([2.0]).smallest_p_value == 1
    assert (sign_flip_test([2.0], "greater").p_value, sign_flip_test([2.0], "less").p_value) == (0.5, 1)
    assert sign_flip_test([0.0] * 8).p_value == 1
    large = sign_flip_test(np.random.default_rng(0).normal(1, 1, 30))
    assert not large.exact
    assert large.p_value < 0.001


def test_sign_flips_raise_false_alarms_at_the_rate_that_eight_seeds_allow():
    generator = np.random.default_rng(0)
    nulls = generator.standard_t(2, size=(SIMULATIONS, SEEDS))  # heavy tails: no shape is assumed
    alarms = sum(sign_flip_test(each).p_value <= 0.05 for each in nulls)
    assert alarms in chance_range(12 / 256)  # 12 of the 256 flips: the largest share that is not above 0.05
    effects = generator.normal(1.5, 1, size=(200, SEEDS))
    assert sum(sign_flip_test(each).p_value <= 0.05 for each in effects) > 180


def test_sign_flips_refuse_what_is_not_finite():
    with pytest.raises(ValueError, match="1 of the 3 differences are not finite") as error:
        sign_flip_test([1.0, math.nan, 2.0])
    one_sentence(error)
    with pytest.raises(ValueError, match="give one number a seed"):
        sign_flip_test([])
    with pytest.raises(ValueError, match="alternative is 'both'"):
        sign_flip_test([1.0], "both")


# --- bootstrap over seeds ------------------------------------------------------------------------------------


def test_intervals_of_eight_seeds_hold_the_mean_95_times_in_100():
    values = np.random.default_rng(1).normal(0.3, 1, size=(SIMULATIONS, SEEDS))
    held = sum(0.3 in bootstrap_interval(each, resamples=999) for each in values)
    assert held in chance_range(0.95)


def test_fewer_seeds_than_can_carry_it_get_an_interval_without_ends():
    assert [seeds_needed(level) for level in (0.5, 0.9, 0.95, 0.99)] == [2, 5, 6, 8]
    five, six = (bootstrap_interval(np.arange(count)) for count in (5, 6))
    assert (five.low, five.high) == (-math.inf, math.inf)
    assert math.isfinite(six.low)
    assert math.isfinite(six.high)
    assert bootstrap_interval([1.0]).estimate == 1
    with pytest.raises(ValueError, match="level is 1"):
        seeds_needed(1)


def test_the_two_ways_to_an_interval_and_the_p_value_agree():
    values = np.random.default_rng(4).normal(1, 1.2, SEEDS)
    samples = seed_weights(SEEDS, 4_999) @ values
    by_weights = interval_of_samples(samples, values.mean(), SEEDS)
    by_scipy = bootstrap_interval(values)
    assert by_weights.low == pytest.approx(by_scipy.low, abs=0.08)
    assert by_weights.high == pytest.approx(by_scipy.high, abs=0.08)
    for null in np.linspace(-1, 3, 41):
        p_value = bootstrap_p_value(samples, null, SEEDS)
        if abs(p_value - 0.05) > 0.01:
            assert (p_value > 0.05) == (null in by_weights)
    for end in (by_weights.low, by_weights.high):  # 5,000 samples: the p value there moves in steps of 0.001
        assert bootstrap_p_value(samples, end, SEEDS) == pytest.approx(0.05, abs=0.003)
    assert bootstrap_p_value(samples, np.median(samples), SEEDS) > 0.95


def test_samples_that_say_nothing_widen_the_interval_on_both_sides():
    samples = np.concatenate([np.full(20, np.nan), np.random.default_rng(0).normal(5, 0.1, 979)])
    found = interval_of_samples(samples, 5.0, SEEDS)
    assert (found.low, found.high) == (-math.inf, math.inf)
    without = interval_of_samples(samples[20:], 5.0, SEEDS)
    assert 4.5 < without.low < without.high < 5.5
    assert bootstrap_p_value(samples, 0.0, SEEDS) > bootstrap_p_value(samples[20:], 0.0, SEEDS)


# --- many tests, and equivalence -----------------------------------------------------------------------------


def test_holm_by_hand():
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005, "lost": math.nan})
    assert [each.corrected for each in found.values()] == pytest.approx([0.04, 0.09, 0.09, 0.025, 1.0])
    assert [each.significant for each in found.values()] == [True, False, False, True, False]
    assert list(found) == ["a", "b", "c", "d", "lost"]
    with pytest.raises(ValueError, match=r"p value of 'a' is 1\.5") as error:
        holm({"a": 1.5})
    one_sentence(error)
    with pytest.raises(ValueError, match="no p values"):
        holm({})


def test_holm_keeps_the_chance_of_any_false_alarm():
    generator = np.random.default_rng(2)
    nulls = stats.ttest_1samp(generator.normal(size=(SIMULATIONS, 8, SEEDS)), 0, axis=-1).pvalue
    alarms = sum(any(each.significant for each in holm(dict(enumerate(row))).values()) for row in nulls)
    assert alarms in chance_range(1 - (1 - 0.05 / 8) ** 8)
    assert np.mean((nulls <= 0.05).any(axis=1)) > 0.25  # what would happen without a correction


def test_equivalence_is_claimed_falsely_at_the_nominal_rate_where_the_truth_is_at_the_margin():
    generator = np.random.default_rng(5)
    low, high = math.log(0.9), math.log(1.1)
    for truth in (low, high):
        claims = sum(
            equivalence_test(truth + generator.normal(0, 0.02, SEEDS)).equivalent for _ in range(SIMULATIONS)
        )
        assert claims in chance_range(0.05)
    assert all(equivalence_test(generator.normal(0, 0.02, SEEDS)).equivalent for _ in range(100))
    loud = sum(equivalence_test(generator.normal(0, 1, SEEDS)).equivalent for _ in range(100))
    assert loud == 0  # "not significant" is not "equivalent"


def test_equivalence_is_the_narrow_interval_within_the_margin():
    generator = np.random.default_rng(6)
    outcomes = set()
    for _ in range(200):
        found = equivalence_test(generator.normal(0, 0.1, 6), -0.1, 0.12)
        assert found.interval.level == pytest.approx(0.9)
        assert found.equivalent == (found.low < found.interval.low and found.interval.high < found.high)
        outcomes.add(found.equivalent)
    assert outcomes == {True, False}


def test_equivalence_of_degenerate_differences():
    alone = equivalence_test([0.0])
    assert (alone.equivalent, alone.p_value, alone.interval.high) == (False, 1.0, math.inf)
    assert equivalence_test([0.01] * 4).equivalent
    assert not equivalence_test([0.5] * 4).equivalent
    with pytest.raises(ValueError, match="must enclose zero") as error:
        equivalence_test([0.0, 0.1], 0.1, 0.2)
    one_sentence(error)
    with pytest.raises(ValueError, match=r"significance is 0\.5"):
        equivalence_test([0.0, 0.1], significance=0.5)


# --- take-off ------------------------------------------------------------------------------------------------


def test_time_to_threshold():
    assert time_to_threshold([1, 2, 3], [0.1, 0.5, 0.9], 0.5) == 2
    assert time_to_threshold([1, 2, 3], [3.0, 2.0, 0.1], 0.5, falling=True) == 3
    assert math.isnan(time_to_threshold([1, 2, 3], [0.1, math.nan, 0.2], 0.5))
    with pytest.raises(ValueError, match="do not rise"):
        time_to_threshold([1, 1], [0, 0], 0.5)
    with pytest.raises(ValueError, match="2 amounts and 1 scores"):
        time_to_threshold([1, 2], [0], 0.5)


def test_medians_and_curve_by_the_textbook():
    # 6 runs; the third is cut at 30: 1, 5/6, 4/6, (4/6)(2/3) = 4/9 ...
    times, limits = [10, 20, math.nan, 40, 50, math.inf], [60, 60, 30, 60, 60, 60]
    curve = taken_off(times, limits)
    assert curve["time"].tolist() == [0, 10, 20, 30, 40, 50, 60]
    np.testing.assert_allclose(curve["share"], [0, 1 / 6, 2 / 6, 2 / 6, 5 / 9, 7 / 9, 7 / 9])
    found = compare_take_off(times, times, limits)
    assert found.first_median == found.second_median == 40
    assert (found.first_took_off, found.first_earlier, found.p_value) == (4, 0, 1.0)


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
    np.testing.assert_array_equal(medians(times, observed, draws.astype(float)), expected)


@pytest.mark.parametrize("limit", [1e9, 120.0, 60.0], ids=["none censored", "few", "many"])
def test_take_off_tests_raise_false_alarms_at_the_nominal_rate(limit):
    generator = np.random.default_rng(8)
    paired = unpaired = 0
    trials = SIMULATIONS // 2
    for _ in range(trials):
        common = generator.normal(4, 0.5, SEEDS)
        times = np.exp(common + generator.normal(0, 0.5, (2, SEEDS)))
        found = compare_take_off(*times, limit, resamples=9)
        paired += found.p_value <= 0.05
        unpaired += found.log_rank_p_value <= 0.05
    assert paired <= max(chance_range(0.05, trials))
    assert paired >= min(chance_range(0.02, trials))  # ties make an exact test careful, not mute
    assert unpaired <= max(chance_range(0.06, trials))  # large-sample theory, a little generous with 8 runs


def test_an_arm_watched_longer_gains_nothing():
    generator = np.random.default_rng(9)
    alarms = 0
    for _ in range(300):
        short, long = generator.exponential(100, (2, SEEDS)) + 1
        short = np.where(short > 60, np.nan, short)  # what happened after its end nobody saw
        found = compare_take_off(short, long, 60.0, second_limits=600.0, resamples=9)
        alarms += found.p_value <= 0.05
    assert alarms <= max(chance_range(0.05, 300))


def test_a_planted_delay_is_found_with_its_size():
    generator = np.random.default_rng(10)
    found_by_test, held = 0, 0
    for _ in range(200):
        common = generator.normal(4, 0.4, SEEDS)
        early, late = np.exp(common + generator.normal(0, 0.2, (2, SEEDS)) + np.log([[1], [3]]))
        found = compare_take_off(late, early, 300.0, resamples=399)
        found_by_test += found.p_value <= 0.05
        held += 3 in found.ratio
        assert found.second_earlier > found.first_earlier
    assert found_by_test >= 190
    assert held in range(min(chance_range(0.93, 200)), 201)  # medians of 8: the interval is on the wide side


def test_runs_that_never_take_off_stay_in():
    never, some = [math.nan] * 8, [10.0] * 8
    found = compare_take_off(never, some, 100.0)
    assert (found.first_median, found.second_median, found.ratio.estimate) == (math.inf, 10, math.inf)
    assert (found.first_took_off, found.second_earlier, found.first_earlier) == (0, 8, 0)
    assert found.p_value == pytest.approx(2 / 256)
    assert found.ratio.low == math.inf
    late = compare_take_off(some, [*some[:5], *never[:3]], 100.0)
    assert late.second_median == 10
    assert (late.first_earlier, late.second_earlier) == (3, 0)


def test_ranks_by_hand():
    scores = gehan_scores(np.array([10.0, 20, 20, 30, 15]), np.array([True, False, True, True, False]))
    assert scores.tolist() == [-4, 2, -1, 2, 1]  # a run cut at 15 or 20 is not known to be before any other


def test_taking_off_at_the_limit_is_taking_off():
    found = compare_take_off([100.0] * 8, [math.nan] * 8, 100.0)
    assert (found.first_took_off, found.first_earlier, found.second_earlier) == (8, 8, 0)
    assert found.p_value == pytest.approx(2 / 256)


def test_when_no_run_takes_off_nothing_is_claimed():
    found = compare_take_off([math.nan] * 8, [math.inf] * 8, 100.0)
    assert (found.p_value, found.log_rank_p_value) == (1.0, 1.0)
    assert math.isnan(found.ratio.estimate)
    assert (found.ratio.low, found.ratio.high) == (0.0, math.inf)
    assert taken_off([math.nan], 5).to_dict("list") == {"time": [0.0], "share": [0.0]}
    one = compare_take_off([5.0], [10.0], 100.0)
    assert (one.p_value, one.ratio.low, one.ratio.high) == (1.0, 0.0, math.inf)


def test_take_off_from_the_rows_of_a_sweep():
    rows = pd.DataFrame(
        {
            "arm": ["b", "a", "b", "a", "a", "c"],
            "seed": pd.Series([2, 2, 1, 1, 7, 1], dtype="Int64"),
            "take_off_flops": pd.Series([50, None, 30, 20, 10, 1], dtype="Int64"),
            "watched_flops": pd.Series([100, 5, 100, 90, 90, 1], dtype="Int64"),
            "status": ["finished", "diverged", "finished", "finished", "finished", "finished"],
        }
    )
    found = paired_take_off(rows, "a", "b")
    np.testing.assert_array_equal(found["first"], [20, np.nan])
    np.testing.assert_array_equal(found["second"], [30, 50])
    assert found["limits"].tolist() == [90, 100]  # the run that diverged at 5 counts as watched to the end
    assert found["second_limits"].tolist() == [100, 100]
    compared = compare_take_off(**found)
    assert (compared.first_took_off, compared.second_took_off) == (1, 2)
    assert (compared.first_earlier, compared.second_earlier) == (1, 1)
    with pytest.raises(ValueError, match="no rows of the arm 'd'"):
        paired_take_off(rows, "a", "d")


@pytest.mark.parametrize(
    ("first", "second", "limits", "fragment"),
    [
        ([1.0], [1.0, 2.0], 5, "1 and 2 runs"),
        ([], [], 5, "at least one run"),
        ([0.0], [1.0], 5, "take-off time is 0"),
        ([1.0], [1.0], 0, "A limit is 0"),
        ([1.0], [1.0], math.nan, "A limit is nan"),
        ([1.0, 2.0], [1.0, 2.0], [5, 5, 5], "2 times and 3 limits"),
    ],
)
def test_impossible_take_off_times(first, second, limits, fragment):
    with pytest.raises(ValueError, match=fragment) as error:
        compare_take_off(first, second, limits)
    one_sentence(error)


# --- factorial -----------------------------------------------------------------------------------------------

SWITCHES = ["S1", "S2", "S3", "S4"]


def factorial(effect=lambda cell: 0.0, noise=0.0, seeds=SEEDS, seed=0):
    """Rows of all sixteen cells: a planted effect, something a seed does to all its cells, and noise."""
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 1, seeds) if noise else np.zeros(seeds)
    cells = [dict(zip(SWITCHES, cell, strict=True)) for cell in product((True, False), repeat=4)]
    return pd.DataFrame(
        [
            cell | {"seed": run, "loss": 5 + effect(cell) + common[run] + generator.normal(0, noise)}
            for cell in cells
            for run in range(seeds)
        ]
    )


def test_planted_main_effects_and_interactions_are_found_exactly():
    found = factorial_effects(
        factorial(lambda cell: 0.5 * cell["S1"] - 2 * (cell["S2"] and cell["S3"])), SWITCHES
    )
    assert len(found.effects) == 15
    assert found["S1"].interval.estimate == pytest.approx(0.5)
    assert found["S2"].interval.estimate == pytest.approx(-1)  # averaged over S3 on and off
    assert found["S3", "S2"].interval.estimate == pytest.approx(-1)  # half of (-2) - 0
    rest = [each for each in found.effects if each.name not in ("S1", "S2", "S3", "S2 × S3")]
    np.testing.assert_allclose([each.interval.estimate for each in rest], 0, atol=1e-12)
    assert [each.name for each in found.effects[:5]] == ["S1", "S2", "S3", "S4", "S1 × S2"]
    with pytest.raises(KeyError, match="no effect of"):
        found["S5"]


def test_the_contrasts_are_least_squares_with_seeds_as_blocks():
    rows = factorial(lambda cell: cell["S1"] + 0.3 * cell["S2"] * cell["S4"], noise=0.5)
    coded = rows.assign(**{name: np.where(rows[name], 1, -1) for name in SWITCHES})
    fitted = smf.ols("loss ~ S1 * S2 * S3 * S4 + C(seed)", coded).fit()
    found = factorial_effects(rows, SWITCHES)
    for effect in found.effects:
        assert effect.interval.estimate == pytest.approx(2 * fitted.params[":".join(effect.factors)])


def test_false_alarms_and_power_of_a_factorial():
    alarms = family = held = 0
    for seed in range(100):
        found = factorial_effects(
            factorial(lambda cell: 1.0 * cell["S1"], 0.5, seed=seed), SWITCHES, resamples=199
        )
        nulls = [each for each in found.effects if each.name != "S1"]
        alarms += sum(each.p_value <= 0.05 for each in nulls)
        family += any(each.corrected <= 0.05 for each in nulls)
        held += 1.0 in found["S1"].interval
        assert found["S1"].p_value <= 0.05
    assert alarms in chance_range(12 / 256, 1400)
    assert family <= max(chance_range(0.05, 100))
    assert held in chance_range(0.95, 100)


def test_a_design_may_be_smaller_logarithmic_and_of_limited_order():
    rows = factorial(lambda cell: math.e * 5 - 5 if cell["S4"] else 0.0)
    found = factorial_effects(rows, SWITCHES, logarithm=True, highest_order=1)
    assert [each.name for each in found.effects] == SWITCHES
    assert found["S4"].interval.estimate == pytest.approx(1)
    alone = factorial_effects(rows[rows[["S1", "S2", "S3"]].all(axis=1)], ["S4"])
    assert alone["S4"].interval.estimate == pytest.approx(math.e * 5 - 5)
    assert list(found.table().columns) == [
        "effect",
        "order",
        "estimate",
        "low",
        "high",
        "p_value",
        "corrected",
    ]


def test_missing_and_failed_cells_of_a_factorial():
    rows = factorial(noise=0.5)
    found = factorial_effects(rows.drop(rows[rows["seed"] == 3].index[:1]), SWITCHES)
    assert found.incomplete_seeds == (3,)
    assert len(found.seeds) == SEEDS - 1
    diverged = rows.assign(loss=rows["loss"].where(rows.index != 5))
    assert factorial_effects(diverged, SWITCHES, failed=9.0).failures == 1
    assert factorial_effects(diverged, SWITCHES, failed=9.0)["S1"] != factorial_effects(rows, SWITCHES)["S1"]
    one = factorial_effects(rows[rows["seed"] == 0], SWITCHES)["S1"]
    assert (one.p_value, one.interval.low) == (1.0, -math.inf)


@pytest.mark.parametrize(
    ("change", "factors", "options", "fragment"),
    [
        (
            lambda rows: rows[~(rows["S1"] & rows["S2"])],
            SWITCHES,
            {},
            "4 of the 16 combinations have no run, such as {'S1': True, 'S2': True, 'S3': False, 'S4': False};",
        ),
        (lambda rows: rows.assign(S1="on"), SWITCHES, {}, "'S1' is 'on' in some row"),
        (lambda rows: rows, ["S1", "S1"], {}, "name each switch once"),
        (lambda rows: rows, SWITCHES, {"highest_order": 5}, "use 1 to 4"),
        (lambda rows: rows[rows["seed"] % 2 == rows["S1"]], SWITCHES, {}, "None of the 8 seeds"),
        (lambda rows: rows.assign(loss=math.nan), SWITCHES, {}, "failed"),
        (lambda rows: rows.iloc[:0], SWITCHES, {}, "no rows"),
    ],
)
def test_impossible_factorials(change, factors, options, fragment):
    rows = factorial()
    with pytest.raises(ValueError, match=fragment) as error:
        factorial_effects(change(rows), factors, **options)
    one_sentence(error)
