"""What notebooks 01 and 02 define: backtests by hand, sizes left out, neighbours; each can come out otherwise."""

import numpy as np
import pandas as pd
import pytest

from destructure.studies import structure_compute
from destructure.trends import backtest
from notebook_functions import functions_of

TRENDS = functions_of("01")
GENERATOR = np.random.default_rng(5)
YEARS = np.arange(1900, 1980)


def dots(logs):
    """Dots of one planted series, with scatter."""
    logs = logs + 0.3 * GENERATOR.standard_normal(len(logs))
    columns = {"series": "planted", "name": "", "source": "", "unconfirmed": False}
    return pd.DataFrame({"year": YEARS.astype(float), "value": 10.0**logs, **columns})


STRAIGHT, BENT = dots(0.1 * (YEARS - 1900)), dots(0.1 * (YEARS - 1900) + 0.2 * np.maximum(YEARS - 1950, 0))


@pytest.mark.parametrize("one", [STRAIGHT, BENT])
@pytest.mark.parametrize("memory", [None, 20])
def test_the_backtest_by_hand_is_the_librarys(one, memory):
    ours, library = TRENDS["look_back"](one, memory), backtest(one, memory=memory)
    assert np.allclose(ours.coverage, library[library.checked > 0].coverage)


def test_a_bend_costs_coverage_and_score_and_a_short_memory_saves_some():
    straight, bent = (TRENDS["look_back"](one).mean() for one in (STRAIGHT, BENT))
    assert straight.coverage > 0.9 > 0.85 > bent.coverage
    assert bent.score > 2 * straight.score
    assert TRENDS["look_back"](BENT, 20).score.mean() < bent.score


def planted_points():
    """Recurrence of widths 16 and 32 against attention of both; the best of 16 alone overtakes at 1e10."""
    levels = {("attention", 16): (5.0, 4.0, 3.0), ("attention", 32): (5.5, 4.5, 3.7)}
    levels |= {("recurrence", 16): (3.5,) * 3, ("recurrence", 32): (3.6,) * 3}
    rows = [
        (*case, budget, budget, seed, bits + 0.001 * seed)
        for case, curve in levels.items()
        for budget, bits in zip((1e9, 1e10, 1e11), curve, strict=True)
        for seed in range(8)
    ]
    return pd.DataFrame(rows, columns=["method", "size", "compute", "budget", "seed", "bits"])


def test_a_crossing_that_hangs_on_one_width_is_seen_when_it_is_left_out():
    study = functions_of("02", points=planted_points(), budgets=np.array([1e9, 1e10, 1e11]))
    found = study["leave_one_size_out"](("attention", "recurrence"))
    assert {case: each.verdict for case, each in found.items()} == {
        ("attention", 16): "none in range",
        ("attention", 32): "crossing",
        ("recurrence", 16): "crossing",
        ("recurrence", 32): "crossing",
    }


@pytest.mark.parametrize(("left_out", "expected"), [(None, True), (8, False), (32, False)])
def test_the_best_width_needs_a_worse_one_on_either_side(left_out, expected):
    bits = {(8, 1e9): 4.5, (16, 1e9): 4.2, (32, 1e9): 4.9, (16, 1e10): 3.5, (32, 1e10): 3.9}
    rows = [("attention", budget, size, bits[size, budget]) for size, budget in bits if size != left_out]
    table = pd.DataFrame(rows, columns=["method", "budget", "size", "bits"])
    means = table.set_index(["method", "budget", "size"]).bits.sort_index()
    assert functions_of("02", means=means)["has_neighbours"]("attention", 1e10) == expected


def test_a_planted_power_law_is_found_and_the_middle_goes_by_chance():
    budgets, chances = np.array([1e9, 1e10, 1e12]), np.array([0.02, 0.5, 0.47, 0.01])
    study = functions_of("02", budgets=budgets, chances=chances)
    lines = budgets[:, None] ** [[-0.08, -0.1]] * [[3, 40]]
    assert np.allclose(study["exponents"](lines, np.full(3, True)), (0.08, 0.1))
    assert study["middle"](np.array([1, 3, 2, 9])).tolist() == [2, 3]


def test_the_formula_of_counting_depends_on_the_text():
    chance = functions_of("02", texts=["the then", "thin"])["chance"]
    assert chance("e", "th") > chance("i", "th") > chance("x", "th") > 0
    assert sum(chance(c, "th") for c in "abcdefghijklmnopqrstuvwxyz ") < 1


@pytest.mark.slow
def test_writing_stops_at_its_length_and_follows_its_seed():
    model = structure_compute.make_network("recurrence", 8)
    texts = [structure_compute.write(model, 12, seed) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert all(text.startswith("Return ") and len(text) <= 19 for text in texts)
