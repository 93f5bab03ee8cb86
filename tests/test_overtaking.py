"""When one method overtakes another: planted crossings and absences are found."""

import math

import numpy as np
import pandas as pd
import pytest

from destructure.statistics import crossing, envelope, overtaking

COMPUTE = 10.0 ** np.arange(9, 12.6, 0.5)
SEEDS = range(8)


def planted(curves, noise=0.02, sizes=(1,), seed=0):
    """Rows of methods whose mean bits are known functions of log10(compute)."""
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        [
            {"method": method, "size": size, "compute": compute, "seed": run, "bits": bits}
            for method, curve in curves.items()
            for size in sizes
            for compute in COMPUTE
            for run in SEEDS
            for bits in [curve(np.log10(compute)) + generator.normal(0, noise)]
        ]
    )


BITS = {"value": "bits", "size": "size", "compute": "compute", "logarithm": False}


def flat(level):
    return lambda logs: level


def falling(logs):
    return 4.0 - (logs - 9)  # meets 2.3 at 10^10.7


# --- verdicts on planted rows --------------------------------------------------------------------------------


def test_a_planted_crossing_is_found_with_an_interval_around_it():
    found = overtaking(planted({"new": falling, "old": flat(2.3)}), "new", "old", COMPUTE)
    assert found.verdict == "crossing"
    assert found.low < 10**10.7 < found.high
    assert found.high / found.low < 1.3
    assert found.low <= found.at <= found.high
    assert "crossing at 5" in str(found)


def test_intervals_hold_the_planted_crossing_about_as_often_as_they_say():
    held = []
    for seed in range(60):
        rows = planted({"new": falling, "old": lambda logs: 2.3 - 0.2 * (logs - 10.7)}, noise=0.05, seed=seed)
        found = overtaking(rows, "new", "old", COMPUTE)
        assert found.verdict == "crossing"
        held.append(found.low <= 10**10.7 <= found.high)
    assert 0.8 <= np.mean(held) <= 0.99  # a bootstrap over eight seeds is known to be a little too narrow


def test_a_planted_absence_is_found():
    found = overtaking(planted({"new": flat(2.5), "old": flat(2.3)}), "new", "old", COMPUTE)
    assert (found.verdict, found.at, found.low, found.high) == ("none in range", None, None, None)
    assert str(found) == "new over old: none in range (1e+09 to 3e+12 FLOPs), 8 seeds"


def test_a_method_that_always_leads_does_not_cross():
    found = overtaking(planted({"new": flat(2.0), "old": flat(2.3)}), "new", "old", COMPUTE)
    assert found.verdict == "ahead from the start"


def test_seeds_that_disagree_decide_nothing():
    found = overtaking(planted({"new": flat(2.3), "old": flat(2.3)}, noise=0.3), "new", "old", COMPUTE)
    assert found.verdict == "undecided"
    assert found.at is None
    assert found.share < 0.95


def test_a_seed_with_missing_runs_is_left_out_and_the_number_says_so():
    rows = planted({"new": falling, "old": flat(2.3)})
    rows = rows[~((rows.seed == 3) & (rows.method == "new") & (rows.compute > 1e11))]
    assert overtaking(rows, "new", "old", COMPUTE).seeds == 7
    strangers = pd.concat(
        [rows[rows.method == "new"], rows[rows.method == "old"].assign(seed=rows.seed + 50)]
    )
    with pytest.raises(ValueError, match="None of the 16 seeds"):
        overtaking(strangers, "new", "old", COMPUTE)
    with pytest.raises(ValueError, match="no rows of the method"):
        overtaking(rows, "new", "ancient", COMPUTE)


def test_an_early_lead_in_the_noise_is_no_crossing():
    later, earlier = np.array([3.0, 1, 3, 3, 1.0]), np.full(5, 2.0)
    assert 1e4 < crossing(10.0 ** np.arange(1, 6), later, earlier) < 1e5
    assert crossing(10.0 ** np.arange(1, 6), later[::-1] * 0 + 3, earlier) is None
    assert crossing(np.array([1.0, 100.0]), np.array([3.0, 1.0]), np.array([2.0, 2.0])) == pytest.approx(10)


def test_the_envelope_is_the_best_mean_so_far_over_all_sizes():
    rows = pd.DataFrame(
        [
            ("small", 1e9, 0, 3.0), ("small", 1e9, 1, 3.2), ("small", 1e10, 0, 2.9), ("small", 1e10, 1, 2.9),
            ("large", 1e10, 0, 3.6), ("large", 1e10, 1, 2.4), ("large", 1e11, 0, 2.0), ("large", 1e11, 1, 2.2),
        ],
        columns=["size", "compute", "seed", "bits"],
    )  # fmt: skip
    at = [1e8, 1e9, 5e9, 1e10, 1e11, 1e13]
    found = envelope(rows, at, **BITS)["bits"]
    assert found.tolist() == pytest.approx([math.inf, 3.1, 3.1, 2.9, 2.1, 2.1])


def test_an_envelope_never_rises_even_where_the_curve_does():
    rows = planted({"one": lambda logs: 3 + math.sin(3 * logs)}, sizes=(1, 2))
    assert (envelope(rows, COMPUTE, **BITS)["bits"].diff().dropna() <= 0).all()
