"""The study of structure and compute: planted crossings and absences are found, no run is lost or doubled."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from destructure.config import BEGIN
from destructure.show.compute_curves import compute_curves
from destructure.statistics import Overtaking, crossing, envelope, overtaking
from destructure.studies import structure_compute, structure_results
from destructure.studies.structure_compute import (
    BUDGETS,
    SECOND_STAGE,
    Job,
    bits_per_character,
    make_model,
    shortened,
)
from destructure.tasks import docstrings
from destructure.tasks.base import Pair
from destructure.train.state import TrainingState

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


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small_text(tmp_path, monkeypatch):
    monkeypatch.setattr(docstrings, "FEWEST_CHARACTERS", 1000)
    for number in range(30):
        words = " ".join(f"word{number % 7} of thing {each}." for each in range(40))
        (tmp_path / f"module_{number:02d}.py").write_text(f'"""Module {number}. {words}"""\n')
    task = docstrings.DocstringText(structure_compute.PIECE, tmp_path)
    monkeypatch.setattr(structure_compute, "make_task", lambda: task)
    return task


@pytest.mark.parametrize("method", ["recurrence", "attention"])
def test_a_job_gives_a_row_a_budget_and_a_shortened_job_the_same_rows(small_text, method):
    job = Job("reporting", method, 16, 7, (2e7, 1e8, 2e8), 8e-3)
    rows = structure_results._run_alone(job)
    assert [row["budget"] for row in rows] == [2e7, 1e8, 2e8]
    assert set(rows[0]) == set(structure_results.COLUMNS)
    assert rows[-1]["bits"] < rows[0]["bits"] < math.log2(97) + 0.3
    again = structure_results._run_alone(shortened(job, 1e8))
    assert [row["bits"] for row in again] == [row["bits"] for row in rows[:2]]


def test_counting_gives_a_row_a_window_and_knows_its_cost(small_text):
    rows = structure_results._run_alone(Job("reporting", "counting", 3, 7, (5, None)))
    assert [row["size"] for row in rows] == [0, 1, 2, 3] * 2
    everything = len(small_text.pairs("train"))
    assert {row["budget"] for row in rows} == {5, everything}
    assert rows[0]["compute"] == 5 * structure_compute.PIECE
    assert rows[3]["compute"] == 5 * (1 + 2 + 3 + 4 * (structure_compute.PIECE - 3))
    assert rows[-1]["bits"] < rows[-3]["bits"] < rows[1]["bits"]


def test_a_diverged_run_stays_in_the_table_and_knows_nothing(small_text, monkeypatch):
    # A step that is not finite is recorded, and ends the run.
    monkeypatch.setattr(TrainingState, "step", lambda state, *_: state.rows.append(state.progress()))
    (row,) = structure_results._run_alone(Job("reporting", "recurrence", 16, 7, (2e7,), 8e-3))
    assert (row["status"], row["bits"]) == ("diverged", pytest.approx(math.log2(97)))


def test_tuning_never_sees_the_test_text(small_text):
    tuning, report = (structure_compute.held_out(small_text, role) for role in ("tuning", "reporting"))
    assert len(tuning) == len(report) == structure_compute.MEASURED_PIECES
    assert set(tuning) <= set(small_text.pairs("validation"))
    assert set(report) <= set(small_text.pairs("test"))


def test_special_tokens_get_no_share_of_the_probability():
    class SureOfTheEnd(torch.nn.Module):
        """Puts nearly all weight on the end of the text, and divides the rest evenly."""

        def forward(self, source, target):
            assert (target[:, 0] == BEGIN).all()
            logits = torch.zeros(*target.shape, 100)
            logits[..., 2] = 50.0
            return logits

    pairs = [Pair((), (5, 6, 7)), Pair((), (8, 9, 99))]
    assert bits_per_character(SureOfTheEnd(), pairs) == pytest.approx(math.log2(97))


# --- the plan and its rows -----------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "results" / "structure_compute.csv"
    monkeypatch.setattr(structure_results, "results_file", lambda: path)
    return path


def row_of(job):
    empty = dict.fromkeys(structure_results.COLUMNS, 0)
    bits = 3 + abs(math.log2((job.rate or 8e-3) / 8e-3))
    about = {
        "role": job.role,
        "method": job.method,
        "seed": job.seed,
        "learning_rate": job.rate,
        "bits": bits,
    }
    return [
        empty | about | {"size": job.size, "budget": budget or 1, "compute": budget or 1}
        for budget in job.budgets
    ]


def test_an_interrupted_study_goes_on_where_it_stopped_and_ends_with_every_run_once(file, monkeypatch):
    ran = []

    def run(job):
        if len(ran) % 9 == 8:
            ran.append(None)
            raise KeyboardInterrupt
        ran.append(job)
        return row_of(job)

    monkeypatch.setattr(structure_results, "run_job", run)
    for _ in range(100):
        try:
            assert structure_results.run_missing() <= 8
        except KeyboardInterrupt:
            continue
        break
    jobs = [job for job in ran if job is not None]
    assert len(jobs) == len(set(jobs))
    reports = [job for job in jobs if job.role == "reporting"]
    assert len(reports) == 8 * (len(BUDGETS) + 1 + len(SECOND_STAGE))
    assert {job.rate for job in reports if job.method != "counting"} == {
        8e-3
    }  # the rate that tuning found best
    assert structure_results.missing_reports(structure_results.results()) == 0
    assert structure_results.run_missing() == 0


def test_no_rate_is_chosen_before_tuning_is_complete_and_no_size_runs_without_one():
    jobs = structure_compute.tuning_jobs()
    rows = pd.DataFrame([row for job in jobs[1:] for row in row_of(job)])
    rates = structure_results.chosen_rates(rows)
    first = (jobs[0].method, jobs[0].size)
    assert set(rates) == set(structure_results._NO_RATES) - {first}
    missing = structure_results.missing_jobs(rows)
    assert missing
    assert not any((job.method, job.size) == first or job.role == "tuning" for job in missing)
    assert structure_results.missing_jobs(rows[:0])[0].method == "counting"


def test_tuning_and_reporting_share_no_seed():
    assert not set(structure_compute.TUNING_SEEDS) & set(structure_compute.REPORTING_SEEDS)
    assert len(structure_compute.REPORTING_SEEDS) >= 8


def test_the_budgets_span_three_decades():
    budgets = sorted({budget for each in BUDGETS.values() for budget in each})
    assert budgets[-1] / budgets[0] >= 1000


@pytest.mark.parametrize("method", ["recurrence", "attention"])
def test_models_read_nothing_and_predict_the_whole_piece(method):
    model = make_model(method, 32, 100, seed=0)
    shown = torch.randint(3, 100, (2, structure_compute.PIECE + 1))
    assert model(None, shown).shape == (2, structure_compute.PIECE + 1, 100)
    assert model.training_flops(0, 65) > 0


def test_the_stored_rows_are_whole_and_belong_to_the_plan():
    rows = structure_results.results()
    assert tuple(rows.columns) == structure_results.COLUMNS
    assert set(rows.status) <= {"finished", "diverged"}
    assert rows.bits.between(0.5, 8).all()
    planned = [
        *structure_compute.tuning_jobs(),
        *structure_compute.reporting_jobs(structure_results._NO_RATES),
    ]
    planned = {(*structure_results._key(job)[:5], budget) for job in planned for budget in job.budgets}
    found = {key for key in structure_results._done(rows) if key[1] != "counting"}
    assert found <= planned
    columns = ["role", "method", "size", "seed", "learning_rate", "budget"]
    assert not rows[rows.method != "counting"].duplicated(columns).any()
    assert set(rows.loc[rows.role == "reporting", "seed"]) <= set(structure_compute.REPORTING_SEEDS)


def test_an_incomplete_second_stage_is_in_no_verdict():
    cases = [("attention", 64, 3e11), ("attention", 64, 1e12), ("counting", 2, 50)]
    rows = pd.DataFrame(
        [(method, size, budget, seed) for method, size, budget in cases for seed in (200, 201)],
        columns=["method", "size", "budget", "seed"],
    )
    assert set(structure_results.settled(rows).budget) == {3e11, 50}
    whole = pd.DataFrame(
        [
            (method, size, budget, seed)
            for seed in structure_compute.REPORTING_SEEDS
            for (method, size), budgets in SECOND_STAGE.items()
            for budget in budgets
        ],
        columns=["method", "size", "budget", "seed"],
    )
    assert len(structure_results.settled(whole)) == len(whole)
    assert len(structure_results.settled(whole[1:])) == 0


def test_the_price_of_counting_moves_the_counting_rows_alone():
    rows = structure_results.results()
    cheap, dear = (structure_results.reported(rows, price) for price in (1.0, 1000.0))
    counting = cheap.method == "counting"
    assert (dear[counting].compute == 1000 * cheap[counting].compute).all()
    assert (dear[~counting].compute == cheap[~counting].compute).all()


def test_a_live_run_is_compared_with_stored_runs_of_its_own_kind():
    columns = ["method", "size", "budget", "bits"]
    rows = pd.DataFrame(
        [("attention", 32, 1e9, 4.0), ("attention", 32, 1e9, 4.2), ("attention", 64, 1e9, 9.0)],
        columns=columns,
    )
    row = {"method": "attention", "size": 32, "budget": 1e9}
    assert structure_results.stored_interval(rows, row, margin=0.1) == pytest.approx((3.9, 4.3))
    with pytest.raises(ValueError, match="No stored run is like this one"):
        structure_results.stored_interval(rows, row | {"budget": 7e9})


def test_the_figure_shows_every_seed_and_the_envelope():
    rows = planted({"new": falling, "old": flat(2.3)}, sizes=(1, 2))
    picture = compute_curves(rows, ["new", "old"], live={"mine": (1e10, 2.9)})
    (axes,) = picture.figure.axes
    dots = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert [len(line.get_xdata()) for line in dots] == [len(rows) // 2, len(rows) // 2, 1]
    thick = [line for line in axes.lines if line.get_linewidth() == 3]
    assert all((np.diff(line.get_ydata()) <= 0).all() for line in thick)
    assert "a dot for each of 8 seeds" in picture.alt
    with pytest.raises(ValueError, match="no rows of the method 'newest'"):
        compute_curves(rows, ["newest"])


def test_a_longer_window_that_falls_before_a_shorter_one_is_named(monkeypatch):
    def falls(places):
        verdict = {None: "undecided"}
        found = {
            window: Overtaking(
                "attention", "counting", verdict.get(at, "crossing"), at, at, at, 1.0, 8, 1.0, 1e12
            )
            for window, at in enumerate(places)
        }
        monkeypatch.setattr(structure_results, "verdicts_by_window", lambda points, later: found)
        return structure_results.overtaken_early(pd.DataFrame(), "attention")

    assert falls([1e9, 1e10, 1e11]) == []
    assert falls([1e9, 1e10, None]) == []
    assert falls([1e9, 1e11, 1e10]) == [2]
    assert falls([1e9, None, 1e11]) == [2]
    assert falls([None, None, None]) == []
