"""The compute factor, its slope and the verdict: what was planted is found, bounds are bounds, every rule fires."""

import math
from collections import Counter
from functools import cache
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from destructure.statistics import (
    ComputeFactors,
    Interval,
    compute_factors,
    failures_counted,
    judge,
    judge_factors,
)
from destructure.statistics.compute_factor import censored_slopes
from destructure.statistics.envelopes import first_reach

BUDGETS = np.array([3e10, 1e11, 3e11, 1e12, 3e12])
LOGS = np.log(BUDGETS / BUDGETS[0])
SEEDS = 8
SIZES = (32, 64, 128)
WORSE = np.array([[0, 0, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 0, 0]])  # where each size is not the best


def chance_range(rate, trials):
    """How many of so many trials may show what happens at this rate."""
    low, high = stats.binom.interval(0.999, trials, rate)
    return range(int(low), int(high) + 1)


def one_sentence(error):
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text


def power_law(logs):
    return 0.5 - 0.8 * logs


@cache
def rows_without_loss(seeds):
    """One row a size, budget and seed, in this order."""
    return pd.DataFrame(list(product(SIZES, BUDGETS, range(seeds))), columns=["width", "budget", "seed"])


def rows_of(log_loss, noise, common, generator):
    """Rows of one arm. Each size has its best budgets; the envelope over sizes is what was planted."""
    means = np.asarray(log_loss) + 0.6 * WORSE
    values = means[:, :, None] + common + generator.normal(0, noise, (*WORSE.shape, len(common)))
    return rows_without_loss(len(common)).assign(loss=np.exp(values).ravel())


def planted(factor=1.0, slope=0.0, noise=0.0, generator=None, seeds=SEEDS):
    """An arm with and an arm without, whose compute factor is factor × (C / smallest budget)^slope."""
    generator = generator or np.random.default_rng(0)
    common = generator.normal(0, noise, seeds) if noise else np.zeros(seeds)
    without = power_law((LOGS - math.log(factor)) / (1 + slope))
    return (
        rows_of(power_law(LOGS), noise, common, generator),
        rows_of(without, noise, common, generator),
    )


def true_factor(compute, factor, slope):
    return factor * (compute / BUDGETS[0]) ** slope


# --- reading curves ------------------------------------------------------------------------------------------


def test_where_a_curve_first_reaches_a_level():
    logs = np.array([0.0, 1.0, 2.0, 3.0])
    curve = np.array([[4.0], [2.0], [2.0], [1.0]])
    wanted = np.array([[5.0], [4.0], [3.0], [2.0], [1.5], [1.0], [0.5]])
    reached, known = first_reach(curve, logs, wanted)
    np.testing.assert_allclose(reached.ravel(), [0, 0, 0.5, 1.0, 2.5, 3.0, 3.0])
    assert known.ravel().tolist() == [-1, 0, 0, 0, 0, 0, 1]
    near = np.array([[4.2], [4.4], [0.9], [0.7]])
    reached, known = first_reach(curve, logs, near, continued=math.exp(0.15))
    np.testing.assert_allclose(reached.ravel(), [-0.1, 0, 3.1, 3.0])  # two lie within the continued lines
    assert known.ravel().tolist() == [0, -1, 0, 1]
    flat, known = first_reach(np.array([[2.0], [2.0]]), logs[:2], np.array([[2.1], [1.9]]), continued=9)
    assert flat.ravel().tolist() == [0, 1]
    assert known.ravel().tolist() == [-1, 1]
    alone, known = first_reach(np.array([[1.0]]), np.array([7.0]), np.array([[2.0], [1.0], [0.5]]))
    assert alone.ravel().tolist() == [7, 7, 7]
    assert known.ravel().tolist() == [-1, 0, 1]


def test_lines_through_censored_points_minimise_what_they_should():
    generator = np.random.default_rng(1)
    x = LOGS
    y = generator.normal(0, 1, (5, 60))
    censored = generator.choice([0, 0, 0, 1, -1], size=y.shape)
    slopes = censored_slopes(x, y, censored)

    def loss(line, column):
        gap = y[:, column] - line[1] - line[0] * x
        wrong = np.where(censored[:, column] == 1, gap.clip(min=0), gap)
        wrong = np.where(censored[:, column] == -1, gap.clip(max=0), wrong)
        return (wrong**2).sum()

    compared = 0
    for column in range(y.shape[1]):
        if (censored[:, column] == 0).sum() < 2:
            assert math.isnan(slopes[column])
            continue
        best = optimize.minimize(loss, (0.0, 0.0), args=(column,), method="Nelder-Mead", tol=1e-10)
        height = optimize.minimize_scalar(lambda height: loss((slopes[column], height), column), tol=1e-10)  # noqa: B023
        assert height.fun <= best.fun + 1e-6
        compared += (censored[:, column] != 0).any()
    assert compared > 30


def test_without_noise_factor_and_slope_are_found_exactly():
    for factor, slope in ((1.0, 0.0), (2.0, 0.0), (3.0, -0.2), (0.8, 0.1), (4.0, -0.4)):
        found = compute_factors(*planted(factor, slope), noise=0)
        for each in found.factors:
            if each.censored == "no":
                expected = true_factor(each.compute, factor, slope)
                # Between budgets the power law is a straight line, so nothing is lost by interpolation.
                assert each.interval.estimate == pytest.approx(expected, rel=1e-6)
        assert found.slope.estimate == pytest.approx(slope, abs=1e-6)
        assert sum(each.censored == "no" for each in found.factors) >= 3


def test_a_factor_near_one_can_be_measured_at_both_ends():
    found = compute_factors(*planted(1.1, 0.02), noise=0)
    assert {each.censored for each in found.factors} == {"no"}
    assert found.factors[0].interval.estimate == pytest.approx(1.1)
    assert found.factors[-1].interval.estimate == pytest.approx(1.1 * 100**0.02)
    strict = compute_factors(*planted(1.1, 0.02), noise=0, continued=1)
    assert [each.censored for each in strict.factors] == ["no"] * 4 + ["above"]
    assert strict.slope.estimate == pytest.approx(0.02, abs=1e-6)


def test_an_arm_against_itself_has_factor_one_everywhere():
    rows, _ = planted(noise=0.3)
    bumpy = rows.assign(
        loss=np.where(rows["budget"] == BUDGETS[2], 2.0, rows["loss"])
    )  # falls back, then goes on
    found = compute_factors(bumpy, bumpy, noise=0)
    assert len(found.factors) == 5
    for each in found.factors:
        assert (each.censored, each.interval.estimate, each.interval.low, each.interval.high) == (
            "no",
            1,
            1,
            1,
        )
        assert each.p_value == 1
    assert found.slope.estimate == 0
    assert judge_factors(found).verdict == "equivalent"


def test_on_a_plateau_it_matters_by_what_is_divided():
    flat = power_law(np.minimum(LOGS, LOGS[2]))  # no better after the third budget
    flat = rows_of(flat, 0.0, np.zeros(SEEDS), np.random.default_rng(0))
    assert [each.interval.estimate for each in compute_factors(flat, flat, noise=0).factors] == [1.0] * 5
    literal = compute_factors(flat, flat, noise=0, divided_by="budget").factors
    assert [each.interval.estimate for each in literal] == pytest.approx([1, 1, 1, 0.3, 0.1])
    falling = [
        compute_factors(*planted(factor=3), noise=0, divided_by=way).factors
        for way in ("first reach", "budget")
    ]
    assert falling[0] == falling[1]  # where curves fall, it is the same


def test_a_factor_beyond_the_range_is_a_bound():
    strong = compute_factors(*planted(factor=20), noise=0)
    last = strong.factors[-1]
    assert last.censored == "above"
    assert (last.interval.estimate, last.interval.low, last.interval.high) == (1.0, 1.0, math.inf)
    assert strong.factors[1].censored == "no"  # 20 × 1e11 = 2e12 is in range
    assert strong.factors[2].interval.low == pytest.approx(
        10
    )  # it needs more than 3e12 for what 3e11 reaches
    assert f"{strong.factors[2]:.0f}" == "κ(3e11) = above 10 [10, inf]"
    weak = compute_factors(*planted(factor=0.05), noise=0)
    first = weak.factors[0]
    assert (first.censored, first.interval.low, first.interval.high) == ("below", 0.0, 1.0)
    assert weak.factors[1].interval.high == pytest.approx(0.3)
    never = compute_factors(*planted(factor=1e6), noise=0)
    assert {each.censored for each in never.factors} == {"above"}
    assert math.isnan(never.slope.estimate)
    assert (never.slope.low, never.slope.high, never.slope_p_value) == (-math.inf, math.inf, 1.0)
    assert judge_factors(never).verdict == "inconclusive"  # it helps; whether ever less cannot be told
    assert judge_factors(never).helps_when_small == "yes"


def test_the_slope_takes_bounds_as_far_as_the_lines_were_continued():
    own, other = planted(factor=3)
    late = other.assign(
        loss=np.where(other["budget"] == BUDGETS[-1], other["loss"] * np.exp(0.3), other["loss"])
    )
    found = compute_factors(own, late, noise=0)
    assert [each.censored for each in found.factors] == ["no", "no", "no", "above", "above"]
    bounds = np.log([3, 3, 3, 3 * 1.25, 1.25])  # at 1e12 a line through the others would pass below the bound
    expected = censored_slopes(LOGS, bounds[:, None], np.array([[0], [0], [0], [1], [1]]))
    assert found.slope.estimate == pytest.approx(expected[0])
    assert found.slope.estimate > 0.01
    assert found.factors[3].interval.low == pytest.approx(3)  # what is reported claims no more than was run


def test_budgets_at_the_floor_are_dropped():
    arms = planted(factor=2)
    losses = np.exp(power_law(LOGS))
    found = compute_factors(*arms, noise=losses[3] + 1e-9)
    assert found.at_floor == (1e12, 3e12)
    assert [each.compute for each in found.factors] == [3e10, 1e11, 3e11]
    # The arm without the structure may be the one at the floor.
    assert compute_factors(*arms[::-1], noise=losses[3] + 1e-9).at_floor == (1e12, 3e12)
    assert compute_factors(*arms, floor=losses[3], noise=1e-9).at_floor == (1e12, 3e12)
    nothing = compute_factors(*arms, noise=99)
    assert nothing.factors == ()
    assert judge_factors(nothing).verdict == "inconclusive"
    assert nothing.at_floor == tuple(BUDGETS)


def test_budgets_above_the_ceiling_are_dropped_but_reached_from():
    arms = planted(factor=2)
    losses = np.exp(power_law(LOGS))
    whole, found = compute_factors(*arms), compute_factors(*arms, ceiling=losses[1])
    assert [each.compute for each in found.factors] == [
        3e11,
        1e12,
        3e12,
    ]  # the second is not below its own loss
    assert found.factors == whole.factors[2:]
    assert found.at_floor == ()
    assert compute_factors(*arms, ceiling=losses[1] + 1e-9).factors == whole.factors[1:]
    assert math.isnan(
        compute_factors(*arms, ceiling=losses[-1] + 1e-9).slope.estimate
    )  # one budget, no slope


# --- what runs do to it --------------------------------------------------------------------------------------


def test_a_diverged_run_counts_against_its_arm():
    own, other = planted(noise=0.05)
    lost = other.assign(loss=other["loss"].where(other["seed"] != 2))
    found = compute_factors(own, failures_counted(lost, loss=4.0), noise=0)
    assert found.seeds == tuple(range(8))
    before = compute_factors(own, other, noise=0)
    assert found.factors[1].interval.estimate > 1.3 * before.factors[1].interval.estimate
    with pytest.raises(ValueError, match="15 of 120 runs have no finite loss") as error:
        compute_factors(own, lost)
    one_sentence(error)


def test_seeds_without_all_their_runs_are_named_and_left_out():
    own, other = planted(noise=0.05)
    partial = other[(other["seed"] != 5) | (other["budget"] < 1e12)]
    found = compute_factors(own, partial, noise=0.01)
    assert found.seeds == (0, 1, 2, 3, 4, 6, 7)
    with pytest.raises(ValueError, match="None of the 16 seeds") as error:
        compute_factors(own, other.assign(seed=other["seed"] + 8))
    one_sentence(error)


@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_too_few_seeds_decide_nothing(seeds):
    found = compute_factors(*planted(5.0, -0.5, noise=0.05, seeds=seeds), noise=0)
    assert all((each.interval.low, each.interval.high) == (0, math.inf) for each in found.factors)
    assert (found.slope.low, found.slope.high) == (-math.inf, math.inf)
    assert judge_factors(found).verdict == "inconclusive"


def test_pairing_matters():
    """What a seed does to both arms drops out; shuffling one arm's seeds brings it back."""
    own, other = planted(2.0, noise=0.02)
    common = dict(enumerate(np.random.default_rng(3).normal(0, 0.5, SEEDS)))
    own, other = (rows.assign(loss=rows["loss"] * np.exp(rows["seed"].map(common))) for rows in (own, other))
    paired = compute_factors(own, other, noise=0).factors[1].interval
    shuffled = compute_factors(own, other.assign(seed=(other["seed"] + 3) % 8), noise=0).factors[1].interval
    assert shuffled.estimate == pytest.approx(paired.estimate)
    assert shuffled.high / shuffled.low > 2 * paired.high / paired.low


def test_the_best_size_at_each_budget_counts():
    own, other = planted(2.0)
    found = compute_factors(own[own["width"] == 32], other, noise=0)
    # Size 32 is at its best at the first two budgets only; alone, its curve lies 0.6 too high from then on.
    assert found.factors[1].interval.estimate == pytest.approx(2.0)
    assert found.factors[2].interval.estimate < 1.5


@pytest.mark.parametrize(
    ("change", "options", "fragment"),
    [
        (lambda rows: rows.drop(columns="width"), {}, "no column 'width'"),
        (lambda rows: rows.iloc[:0], {}, "no rows"),
        (lambda rows: pd.concat([rows, rows.iloc[:1]]), {}, "Two rows have width 32"),
        (lambda rows: rows.assign(loss=-1.0), {}, "is negative"),
        (lambda rows: rows.assign(budget=0.0, seed=range(len(rows))), {}, "None of"),
        (lambda rows: rows, {"noise": -1}, "noise is -1"),
        (lambda rows: rows, {"floor": math.nan}, "floor is nan"),
        (lambda rows: rows, {"continued": 0.5}, r"continued is 0\.5"),
        (lambda rows: rows, {"divided_by": "C"}, "divided_by is 'C'; it must be one of first reach, budget"),
    ],
)
def test_impossible_rows(change, options, fragment):
    own, other = planted()
    with pytest.raises(ValueError, match=fragment) as error:
        compute_factors(change(own), other, **options)
    one_sentence(error)


def test_the_narrow_interval_has_the_level_of_two_one_sided_tests():
    for each in compute_factors(*planted(2.0, noise=0.1), noise=0).factors[:4]:
        assert (each.interval.level, each.narrow_interval.level) == (0.95, pytest.approx(0.9))
        assert each.interval.low < each.narrow_interval.low < each.interval.estimate
        assert each.interval.estimate < each.narrow_interval.high < each.interval.high


# --- intervals and false alarms ------------------------------------------------------------------------------


def simulate(trials, factor, slope, noise=0.1, seed=0) -> list[ComputeFactors]:
    generator = np.random.default_rng(seed)
    return [compute_factors(*planted(factor, slope, noise, generator), noise=0) for _ in range(trials)]


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "slope"), [(2.0, 0.0), (3.0, -0.4)])
def test_intervals_hold_planted_factors_and_slopes(factor, slope):
    found = simulate(150, factor, slope)
    for place, budget in enumerate(BUDGETS):
        held = sum(true_factor(budget, factor, slope) in each.factors[place].interval for each in found)
        assert held in range(min(chance_range(0.93, 150)), 151)  # a bound holds always; eight seeds cost 2%
    assert sum(slope in each.slope for each in found) in chance_range(0.945, 150)


@pytest.mark.slow
def test_false_alarms_where_the_structure_does_nothing():
    found = simulate(300, 1.0, 0.0)
    for place in range(len(BUDGETS)):
        assert sum(each.factors[place].p_value <= 0.05 for each in found) in chance_range(0.05, 300)
    assert sum(each.slope_p_value <= 0.05 for each in found) in chance_range(0.05, 300)
    verdicts = Counter(judge_factors(each).verdict for each in found)
    assert verdicts["inconclusive"] > 270
    assert verdicts["supported"] <= max(chance_range(0.015, 300))
    assert verdicts["weakly supported"] <= max(chance_range(0.015, 300))


@pytest.mark.slow
def test_a_steady_factor_is_not_mistaken_for_a_falling_one():
    """Factors near the end of the range are censored just when they are large; the line must allow for that."""
    found = simulate(150, 3.75, 0.0, seed=1)
    assert np.mean([sum(each.censored != "no" for each in one.factors) for one in found]) > 1.3
    assert sum(each.slope.high < 0 for each in found) <= max(chance_range(0.05, 150))
    assert all(each.factors[0].interval.low > 1 for each in found)


def test_verdicts_reach_what_was_planted():
    assert {judge_factors(each).verdict for each in simulate(20, 3.0, -0.5)} == {"supported"}
    assert {judge_factors(each).verdict for each in simulate(20, 6.0, -0.25)} == {"weakly supported"}
    assert {judge_factors(each).verdict for each in simulate(20, 0.5, 0.0)} == {"contradicted"}
    assert {judge_factors(each).verdict for each in simulate(20, 1.5, 0.3, noise=0.03)} == {"contradicted"}
    free = Counter(judge_factors(each).verdict for each in simulate(20, 1.0, 0.0, noise=0.01))
    assert free["equivalent"] >= 15


# --- the verdict, rule by rule -------------------------------------------------------------------------------

YES, NO, OPEN = Interval(2, 1.2, 3), Interval(0.6, 0.5, 0.9), Interval(1.1, 0.8, 1.5)
FALLS, RISES, FLAT = Interval(-0.3, -0.5, -0.1), Interval(0.2, 0.0, 0.4), Interval(-0.05, -0.2, 0.1)
RULES = {
    # (helps when small, slope, crosses): verdict, as the protocol says
    ("yes", "falls", True): "supported",
    ("yes", "unsettled", True): "supported",
    ("yes", "does not fall", True): "contradicted",
    ("unsettled", "falls", True): "supported",
    ("unsettled", "unsettled", True): "supported",
    ("unsettled", "does not fall", True): "contradicted",
    ("no", "falls", True): "contradicted",
    ("no", "unsettled", True): "contradicted",
    ("no", "does not fall", True): "contradicted",
    ("yes", "falls", False): "weakly supported",
    ("yes", "unsettled", False): "inconclusive",
    ("yes", "does not fall", False): "contradicted",
    ("unsettled", "falls", False): "inconclusive",
    ("unsettled", "unsettled", False): "inconclusive",
    ("unsettled", "does not fall", False): "contradicted",
    ("no", "falls", False): "contradicted",
    ("no", "unsettled", False): "contradicted",
    ("no", "does not fall", False): "contradicted",
}


@pytest.mark.parametrize(("case", "expected"), RULES.items(), ids=str)
def test_every_branch_of_the_verdict(case, expected):
    helps, falls, crosses = case
    first = {"yes": YES, "no": NO, "unsettled": OPEN}[helps]
    slope = {"falls": FALLS, "does not fall": RISES, "unsettled": FLAT}[falls]
    factors = [first, YES, NO] if crosses else [first, OPEN, OPEN]
    found = judge(factors, slope)
    assert (found.helps_when_small, found.slope, found.crosses, found.free) == (helps, falls, crosses, False)
    assert found.verdict == expected
    assert str(found) == f"{expected}: {found.reason}"
    assert found.reason.endswith(".")
    free = judge(factors, slope, narrow_factors=[Interval(1, 0.9, 1.1, 0.9)] * 3)
    assert (free.verdict, free.free) == ("equivalent", True)


def test_all_branches_were_listed():
    assert set(RULES) == set(
        product(("yes", "no", "unsettled"), ("falls", "does not fall", "unsettled"), (True, False))
    )


def test_the_ends_of_intervals_decide():
    def verdict(first, slope, last=OPEN):
        return judge([first, last], slope).verdict

    assert verdict(Interval(1.5, 1.0, 2), FALLS) == "inconclusive"  # 1 itself is not above 1
    assert verdict(Interval(1.5, 1.0001, 2), FALLS) == "weakly supported"
    assert verdict(Interval(0.8, 0.5, 1.0), FALLS) == "contradicted"  # at most 1
    assert verdict(Interval(0.8, 0.5, 1.0001), FALLS) == "inconclusive"
    assert verdict(YES, Interval(0.1, 0.0, 0.2)) == "contradicted"  # at least 0
    assert verdict(YES, Interval(0.1, -0.0001, 0.2)) == "inconclusive"
    assert verdict(YES, Interval(-0.1, -0.2, 0.0)) == "inconclusive"
    assert verdict(YES, FLAT, Interval(0.9, 0.8, 1.0)) == "inconclusive"  # 1 itself is not below 1
    assert verdict(YES, FLAT, Interval(0.9, 0.8, 0.9999)) == "supported"
    assert judge([NO, YES], FLAT).crosses is False  # the order of budgets counts
    assert judge([OPEN, NO, YES], FLAT).crosses is False


def test_equivalence_needs_every_budget():
    close, wide = Interval(1.0, 0.95, 1.05), Interval(1.0, 0.89, 1.05)
    assert judge([close, close], FLAT).verdict == "equivalent"
    assert judge([close, wide], FLAT).verdict == "inconclusive"
    assert judge([wide, wide], FLAT, narrow_factors=[close, close]).verdict == "equivalent"
    assert judge([Interval(0.97, 0.95, 0.99)], FLAT).verdict == "equivalent"  # below 1, too little to matter


def test_nothing_known_is_inconclusive():
    nothing = Interval(math.nan, -math.inf, math.inf)
    assert judge([], nothing).verdict == "inconclusive"
    unknown = judge([Interval(1.0, 0.0, math.inf)], nothing)
    assert unknown.verdict == "inconclusive"
    assert "whether it helps at the smallest budget and whether κ falls" in unknown.reason
    missing = Interval(math.nan, math.nan, math.nan)
    assert judge([missing], missing).verdict == "inconclusive"


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ({"narrow_factors": []}, "1 factors and 0 narrow ones"),
    ],
)
def test_impossible_judgements(options, fragment):
    with pytest.raises(ValueError, match=fragment) as error:
        judge([YES], FALLS, **options)
    one_sentence(error)
