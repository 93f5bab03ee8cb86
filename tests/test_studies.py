"""The registered studies: each stored table is whole and belongs to its plan; an interrupted study goes on."""

import csv
from collections import Counter
from dataclasses import replace
from functools import partial

import pandas as pd
import pytest
import torch

from destructure.config import BEGIN
from destructure.statistics import paired
from destructure.studies import (
    STUDIES,
    closer_than_twice,
    concatenation,
    language_identification,
    multi_turn,
    recurrence,
    structure_compute,
    unseen_numbers,
)
from destructure.study import Study, Tuning, by_budget, grid, make_model
from destructure.tasks import check_no_leak, docstrings
from destructure.tasks.base import Pair
from destructure.train import Run
from destructure.train.evaluate import bits_per_character

BEGUN = [study for study in STUDIES if study.file.exists()]  # a plan is committed before its rows
each_study = pytest.mark.parametrize("study", BEGUN, ids=lambda study: study.name)
RATES = {
    "structure_compute": {
        ("attention", width): rate / 1000 for width, rate in {4: 64, 8: 32, 16: 16, 32: 16, 64: 4, 128: 4}.items()
    } | {("recurrence", n): rate / 1000 for n, rate in {4: 64, 8: 32, 16: 16, 32: 16, 64: 8, 128: 8, 256: 4}.items()},
    "telephone_numbers": {
        "fixed vector": 0.01, "fixed vector, source reversed": 0.01, "fixed vector, twice as wide": 0.005,
        "attention": 0.0025, "attention, dot products": 0.005,
    },
    "depth": {
        ("plain", 2): 0.008, ("plain", 8): 0.002, ("plain", 32): 0.001,
        ("residual", 2): 0.008, ("residual", 8): 0.008, ("residual", 32): 0.008,
    },
    "concatenation": dict.fromkeys(concatenation.ARMS, 0.004),
    "multi_turn": dict.fromkeys(multi_turn.ARMS, 0.004) | {multi_turn.ALL: 0.008},
}  # fmt: skip
"""As they were when the reporting runs were made."""
_new = {("residual", 2): 0.016, ("residual", 8): 0.032, ("residual", 32): 0.032}
RATES["depth_more_rates"] = RATES["depth"] | _new
LESSONS = (0, 1)  # seeds of the runs that learners make


# --- every study ---------------------------------------------------------------------------------------------


@each_study
def test_the_stored_table_is_whole_and_of_the_plan(study):
    assert study.missing() == []
    with open(study.file, newline="") as file:
        header = tuple(next(csv.reader(file)))
    assert header in (study.columns, (*study.columns, *study.gained))
    rows = study.rows()
    planned = {key for run in study.planned() for key in study.row_keys(run)}
    counting = rows.get("method", pd.Series("", rows.index)) == "counting"  # has a row per window, too
    assert {study.key_of_row(row) for row in rows[~counting].to_dict("records")} <= planned
    assert not rows.drop(columns=["seconds", "cpu_seconds"], errors="ignore").duplicated().any()
    if "status" in rows:
        assert set(rows.status) <= {"finished", "diverged"}
    shares = ["unseen", "gap", "beyond", "exact_match", "accuracy", "total_variation"]
    shares = rows.columns.intersection(shares)
    if study.name.startswith(("depth", "scarce")):  # losses are nats, and budgets updates
        assert rows[rows.columns.intersection(["unseen", "nats"])].stack().between(0, 10).all()
        assert (rows.steps == rows.budget)[rows.status == "finished"].all()
        return
    assert rows[shares].stack().between(0, 1).all()
    if {"budget", "flops"} <= set(rows):
        assert (
            (rows.flops / rows.budget)[rows.status == "finished" if "status" in rows else slice(None)]
            .between(1, 1.05)
            .all()
        )


@each_study
def test_rates_are_those_that_the_reporting_runs_had(study):
    assert study.rates() == RATES.get(study.name, {})
    if study.tuning is not None:
        reports = study.rows("reporting")
        for arm, rows in reports[reports.learning_rate > 0].groupby(study.tuning.arm):
            assert set(rows.learning_rate) == {study.rates()[arm if len(arm) > 1 else arm[0]]}


@each_study
def test_seeds_for_tuning_reporting_and_lessons_have_nothing_in_common(study):
    if study.name == "docstring_writer":  # one stored model, which the lesson begins to train
        return
    reported = set(study.runs.filter(like="seed").to_numpy().ravel())
    assert len(reported) >= 5
    tuned = set() if study.tuning is None else set(study.tuning.runs.seed)
    assert not reported & {*tuned, *LESSONS}


@each_study
def test_a_second_run_adds_nothing_and_writes_nothing(study, tmp_path):
    def one_run(run):
        pytest.fail("a finished run was repeated")

    path = tmp_path / study.file.name
    path.write_bytes(study.file.read_bytes())
    before = path.stat().st_mtime_ns
    report = replace(study, one_run=one_run).run(file=path, progress=False)
    assert (report.added, report.missing, report.before) == (0, 0, report.planned)
    assert path.stat().st_mtime_ns == before
    assert path.read_bytes() == study.file.read_bytes()


def planted_rows(study, run):
    """Rows of a run that cost nothing; the second lowest of all rates is best, or the tried one next to it."""
    rate = run.get("learning_rate") or 1.0
    rates = [] if study.tuning is None else sorted(set(study.tuning.runs.learning_rate))
    loss = abs(rates.index(rate) - 1) if rate in rates else 0
    usual = dict.fromkeys(study.columns, 0)
    if study.tuning is not None:
        usual[study.tuning.metric] = -loss if study.tuning.best == "max" else loss
    return [usual | run | {"budget": budget} for budget in run.get("budgets", (0,))]


@pytest.mark.slow
@each_study
def test_an_interrupted_study_goes_on_where_it_stopped(study, tmp_path):
    ran, path = [], tmp_path / "rows.csv"

    def one_run(run):
        if len(ran) % 7 == 6:
            ran.append(None)
            raise KeyboardInterrupt
        ran.append(study.run_name(run))
        return planted_rows(study, run)

    planted = replace(study, one_run=one_run)
    for _ in range(100):
        try:
            planted.run(file=path, progress=False)
            break
        except KeyboardInterrupt:
            continue
    runs = [name for name in ran if name]
    assert len(runs) == len(set(runs)) == len(study.planned())
    assert planted.missing(path) == []
    if study.tuning is not None:
        order = sorted(set(study.tuning.runs.learning_rate))
        tried = study.tuning.runs.groupby(study.tuning.arm).learning_rate.unique()
        best = {
            arm: min(sorted(rates), key=lambda rate: abs(order.index(rate) - 1))
            for arm, rates in tried.items()
        }
        assert planted.rates(path) == best
        assert set(planted.rows("reporting", path).learning_rate) - {0} == set(best.values())


# --- the engine ----------------------------------------------------------------------------------------------


def small_study(one_run, **changes):
    """Two arms, two rates, two seeds; a row per run."""
    settings = {
        "name": "small",
        "columns": ("role", "arm", "seed", "learning_rate", "loss"),
        "runs": grid(seed=(200, 201), arm=("new", "old")),
        "tuning": Tuning(grid(arm=("new", "old"), learning_rate=(0.1, 0.2), seed=(100,)), "loss"),
    }
    return Study(one_run=one_run, **(settings | changes))


def losses(values):
    return small_study(lambda run: [{"loss": values.get((run["arm"], run["learning_rate"]), 0.0)}])


def test_the_best_rate_is_reported_and_one_that_diverged_never_is(tmp_path):
    study = losses({("new", 0.1): 0.5, ("old", 0.2): None, ("old", 0.1): 9.0})
    study.run(file=tmp_path / "rows.csv", progress=False)
    assert study.rates(tmp_path / "rows.csv") == {"new": 0.2, "old": 0.1}
    found = study.rows("reporting", tmp_path / "rows.csv")
    assert list(zip(found.seed, found.arm, found.learning_rate, strict=True)) == [
        (200, "new", 0.2), (200, "old", 0.1), (201, "new", 0.2), (201, "old", 0.1),
    ]  # fmt: skip
    most = Tuning(study.tuning.runs, "loss", "max").rates(study.rows("tuning", tmp_path / "rows.csv"))
    assert most == {"new": 0.1, "old": 0.1}
    even = losses({}).tuning.rates(pd.DataFrame({"arm": "x", "learning_rate": [0.2, 0.1], "loss": [1, 1]}))
    assert even == {"x": 0.1}


def test_nothing_is_reported_before_its_own_tuning_is_complete(tmp_path, capsys):
    path = tmp_path / "rows.csv"

    def one_run(run):
        if (run["arm"], run["learning_rate"], run["role"]) == ("old", 0.2, "tuning"):
            raise ValueError("No.")
        return [{"loss": 1.0}]

    report = small_study(one_run).run(file=path, progress=True)
    assert (report.added, report.missing) == (3 + 2, 1 + 2)
    assert (
        "small: 8 runs to do, 1 at a time: how long they take on cpu is not known" in capsys.readouterr().err
    )
    assert "arm old, learning_rate 0.2, seed 100" in str(report)
    assert small_study(one_run).rates(path) == {"new": 0.1}


def test_a_table_gains_columns_with_its_first_new_row_and_keeps_the_old_ones(tmp_path):
    path = tmp_path / "rows.csv"
    old = small_study(lambda run: [{"loss": 1.0}], tuning=None, columns=("seed", "arm", "loss"))
    replace(old, runs=old.runs[:3]).run(file=path, progress=False)
    before = path.read_text().splitlines()
    new = replace(old, gained=("epochs", "seconds"), one_run=lambda run: [{"loss": 2.0, "epochs": 0.5}])
    assert len(new.missing(path)) == 1
    assert path.read_text().splitlines() == before
    new.run(file=path, progress=False)
    after = path.read_text().splitlines()
    assert after[0] == before[0] + ",epochs,seconds"
    assert after[1:4] == [line + ",," for line in before[1:]]
    assert new.rows(file=path).epochs.tolist()[3:] == [0.5]
    assert new.rows(file=path).seconds.notna().tolist() == [False, False, False, True]


def test_a_run_is_known_by_its_columns_and_budgets_not_by_how_they_are_written():
    study = small_study(lambda run: [], columns=("role", "arm", "seed", "learning_rate", "budget", "loss"))
    study = replace(study, runs=study.runs.assign(budgets=[(1e10, 2e10)] * 4))
    run = {"role": "reporting", "arm": "new", "seed": 200, "budgets": (1e10, 2e10), "learning_rate": 0.1}
    assert study.row_keys(run) == study.row_keys(run | {"learning_rate": 0.2})
    written = {"role": "reporting", "arm": "new", "seed": "200", "budget": "10000000000.0"}
    assert study.key_of_row(written) in study.row_keys(run)
    assert study.row_keys(run) != study.row_keys(run | {"seed": 201})


def run_of(status, budgets=()):
    history = pd.DataFrame([{"step": 3, "tokens": 9, "flops": 27}])
    spent = {"step": 2, "tokens": 6, "flops": 18, "examples_seen": 4, "epochs": 0.5, "right": 0.9}
    return Run(None, history, pd.DataFrame([spent | {"budget": budget} for budget in budgets]), status, 0)


def test_a_diverged_run_keeps_a_row_for_each_budget():
    first, second = by_budget(run_of("diverged", [1e9]), (1e9, 2e9), right=0.0)
    assert first == {
        "budget": 1e9, "status": "finished", "right": 0.9, "steps": 2, "tokens": 6, "flops": 18,
        "examples_seen": 4, "epochs": 0.5,
    }  # fmt: skip
    assert (second["status"], second["right"], second["steps"]) == ("diverged", 0.0, 3)
    with pytest.raises(KeyboardInterrupt):
        list(by_budget(run_of("interrupted"), (1e9,)))


def test_differences_are_paired_by_seed():
    rows = pd.DataFrame(
        [
            (seed, arm, 0.1 * seed + (0.3 if arm == "new" else 0))
            for seed in range(5)
            for arm in ("new", "old")
        ],
        columns=["seed", "arm", "right"],
    )
    assert paired(rows, "arm", "new", "old", "right").to_numpy() == pytest.approx([0.3] * 5)
    assert list(paired(rows[1:], "arm", "new", "old", "right").index) == [1, 2, 3, 4]


def test_models_are_made_by_name():
    task = unseen_numbers.make_task()
    assert make_model("transformer", task, seed=3, **unseen_numbers.MODEL).config.width == 64
    assert make_model("recurrent", task, width=8).config.vocabulary == len(task.vocabulary)
    assert make_model("counting", task, window=2).window == 2
    with pytest.raises(ValueError, match="no model 'memory'; there are transformer, recurrent"):
        make_model("memory", task)


# --- what the studies compare ----------------------------------------------------------------------------------


def parameters(model):
    return sum(weights.numel() for weights in model.parameters())


def test_readers_differ_in_what_their_arms_say_and_read_the_same_numbers():
    readers = {arm: recurrence.reader(arm, seed=0) for arm in recurrence.ARMS}
    fixed, additive, dots = (
        parameters(readers[arm]) for arm in (recurrence.FIXED, recurrence.ATTENTION, recurrence.DOTS)
    )
    assert fixed == parameters(readers[recurrence.REVERSED])
    assert dots - fixed == 4 * 64**2
    assert additive - dots == 64
    assert readers[recurrence.WIDE].config.width == 128
    straight, turned = recurrence.make_task(), recurrence.make_task(recurrence.REVERSED)
    check_no_leak(straight)
    for lengths in (recurrence.LENGTHS, recurrence.LONGER):
        pairs, reverse = (
            recurrence.make_task(arm, lengths).pairs("test")
            for arm in (recurrence.FIXED, recurrence.REVERSED)
        )
        assert Counter(len(pair.source) for pair in pairs) == dict.fromkeys(lengths, 150)
        assert [pair.source[::-1] for pair in pairs] == [pair.source for pair in reverse]
        assert [pair.target for pair in pairs] == [pair.target for pair in reverse]
    assert straight.numbers("train") == turned.numbers("train")
    with pytest.raises(ValueError, match="no arm 'memory'; use one of"):
        recurrence.reader("memory", 0)


def test_a_reader_whose_weights_are_no_numbers_knows_nothing():
    model = recurrence.reader(recurrence.FIXED, 0)
    with torch.no_grad():
        model.output.weight[4, 2] = torch.nan
    shares = recurrence.by_length(model, recurrence.make_task().pairs("test")[:90])
    assert set(shares.values()) == {0.0}
    assert list(shares) == [str(length) for length in sorted(map(int, shares))]


def test_seven_layers_have_as_many_matrix_parameters_as_three_and_three():
    def matrices(arm):
        weights = concatenation.translator(arm).named_parameters()
        inside = [each for name, each in weights if "norm" not in name and "embedding" not in name]
        return sum(each.numel() for each in inside if each.dim() > 1)

    assert matrices("encoder-decoder") == matrices("as many parameters") > 2 * matrices("decoder-only")


def test_warm_up_is_equally_long_in_tuning_and_reporting(monkeypatch):
    recipes = []
    monkeypatch.setattr(concatenation, "train", lambda model, task, recipe, **_: recipes.append(recipe))
    concatenation.train_arm("loss on inputs", 0, 4e-3, (concatenation.TUNING_BUDGET,))
    concatenation.train_arm("decoder-only", 0, 4e-3)
    assert recipes[0].warmup * recipes[0].budgets[0] == recipes[1].warmup * recipes[1].budgets[0] == 2.5e10
    assert [recipe.loss_on_inputs for recipe in recipes] == [True, False]


@pytest.mark.parametrize("method", ["counting", "encoder-only", "decoder-only"])
def test_a_short_run_names_languages_whatever_else_is_asked(method, monkeypatch):
    study = language_identification
    short = replace(study.RECIPE, flops=1e10)
    monkeypatch.setattr(study, "RECIPE", short)
    monkeypatch.setattr(study, "train_namer", partial(study.train_namer, recipe=short))
    run = {"method": method, "messages": 12, "seed": 3}
    unseen = study.unseen_messages(split="validation")[::40]
    monkeypatch.setattr(study, "unseen_messages", lambda shortest=0: unseen)
    (row,) = study.STUDY.compute(run)
    assert set(row) == {*study.STUDY.columns, *study.STUDY.gained}
    assert row["status"] == "finished"
    assert row["accuracy"] == row["accuracy_all"] >= (0.3 if method == "counting" else 0)
    model = study.count(12) if method == "counting" else study.namer(method).eval()
    texts = [message.text for message in unseen]
    assert study.answers(model, texts)[:3] == study.answers(model, texts[:3])


def test_the_gap_and_what_lies_beyond_are_never_learned():
    task, (low, high) = unseen_numbers.make_task(), unseen_numbers.GAP
    for split in ("train", "validation", "test"):
        assert not any(low <= number <= high for number in task.numbers(split))
        assert max(task.numbers(split)) < 100_000
    assert set(task.held_out_pairs()) <= {task.pair(number) for number in range(low, high + 1)}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31, *(pytest.param(seed, marks=pytest.mark.long) for seed in (32, 33))])
def test_ninety_five_per_cent_of_unseen_numbers(seed):
    """Notebook 04's promise, with seeds that no plan or pilot uses."""
    task = unseen_numbers.make_task()
    run = unseen_numbers.train_translator(task, seed=seed, progress=False)
    scores = unseen_numbers.scores(run.model, task)
    assert run.status == "finished"
    assert scores["unseen"] >= 0.95
    assert scores["beyond"] < 0.1


# --- structure and compute -------------------------------------------------------------------------------------


@pytest.fixture
def small_text(tmp_path, monkeypatch):
    monkeypatch.setattr(docstrings, "FEWEST_CHARACTERS", 1000)
    for number in range(30):
        words = " ".join(f"word{number % 7} of thing {each}." for each in range(40))
        (tmp_path / f"module_{number:02d}.py").write_text(f'"""Module {number}. {words}"""\n')
    task = docstrings.DocstringText(structure_compute.PIECE, tmp_path)
    monkeypatch.setattr(structure_compute, "make_task", lambda: task)
    structure_compute.held_out.cache_clear()
    yield task
    structure_compute.held_out.cache_clear()


@pytest.mark.parametrize("method", ["recurrence", "attention"])
def test_a_run_has_a_row_per_budget_and_a_shortened_run_the_same_rows(small_text, method):
    study = structure_compute.STUDY
    run = {"role": "reporting", "method": method, "size": 16, "seed": 7, "learning_rate": 8e-3}
    rows = study.compute(run | {"budgets": (2e7, 1e8, 2e8)})
    assert [row["budget"] for row in rows] == [row["compute"] for row in rows] == [2e7, 1e8, 2e8]
    assert set(rows[0]) == {*study.columns, *study.gained}
    assert rows[-1]["bits"] < rows[0]["bits"] < 6.6 + 0.3
    assert rows[-1]["epochs"] * len(small_text.pairs("train")) == rows[-1]["examples_seen"]
    again = study.compute(run | {"budgets": (2e7, 1e8)})
    assert [row["bits"] for row in again] == [row["bits"] for row in rows[:2]]


def test_counting_gives_a_row_per_window_and_knows_its_cost(small_text):
    rows = list(structure_compute.count(7, (5, None)))
    assert [row["size"] for row in rows] == [0, 1, 2, 3, 4, 5] * 2
    assert [row["budget"] for row in rows[::6]] == [5, len(small_text.pairs("train"))]
    assert rows[0]["compute"] == 5 * structure_compute.PIECE
    assert rows[3]["compute"] == 5 * (1 + 2 + 3 + 4 * (structure_compute.PIECE - 3))
    assert rows[9]["bits"] < rows[7]["bits"] < rows[1]["bits"]


def test_tuning_never_sees_the_test_text(small_text):
    for split in ("validation", "test"):
        assert len(structure_compute.held_out(split)) == 768
        assert set(structure_compute.held_out(split)) <= set(small_text.pairs(split))


def test_special_tokens_get_no_share_of_the_probability():
    class SureOfTheEnd(torch.nn.Module):
        """Puts nearly all weight on the end of the text, and divides the rest evenly."""

        def forward(self, source, target):
            assert (target[:, 0] == BEGIN).all()
            logits = torch.zeros(*target.shape, 100)
            logits[..., 2] = 50.0
            return logits

    pairs = [Pair((), (5, 6, 7)), Pair((), (8, 9, 99))]
    assert 2 ** bits_per_character(SureOfTheEnd(), pairs) == pytest.approx(97)


# --- closer than twice -----------------------------------------------------------------------------------------


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(closer_than_twice, "STEPS", (2, 4))
    monkeypatch.setattr(closer_than_twice, "RECIPE", replace(closer_than_twice.RECIPE, steps=(2, 4)))
    forget = closer_than_twice.train_model.cache_clear
    forget()
    yield closer_than_twice
    forget()


def test_the_same_seed_gives_both_models_the_same_first_weights():
    edited, plain = (
        dict(closer_than_twice.first_model(name, 5).named_parameters())
        for name in (closer_than_twice.EDITED, closer_than_twice.DECODER_ONLY)
    )
    assert set(plain) <= set(edited)
    assert all(torch.equal(plain[name], edited[name]) for name in plain)
    assert all("norm" in name for name in set(edited) - set(plain))


def test_every_comparison_of_the_plan_is_there_once():
    runs = closer_than_twice.STUDY.runs
    assert not runs.duplicated().any()
    assert dict(runs.comparison.value_counts()) == {
        "same seed, other model": 8, "same start, other order": 8, "same weights, other model": 8,
        "same model, other seed": 56, "other model, other seed": 56,
    }  # fmt: skip


def test_a_short_comparison_has_a_row_per_budget_and_one_for_the_start(short):
    rows = list(short.compare(short.pair(short.SAME_START, short.DECODER_ONLY, 3, short.OTHER_ORDER, 3)))
    assert [row["steps"] for row in rows] == [0, 2, 4]
    assert rows[0]["total_variation"] == 0  # the same start
    assert rows[2]["total_variation"] > 0  # another order
    (moved,) = short.compare(short.pair(short.TRANSPLANTED, short.DECODER_ONLY, 3, short.EDITED, 3))
    assert moved["steps"] == 4
    assert moved["total_variation"] > 0
    assert short.train_model.cache_info().misses == 2  # nothing is trained twice


def test_a_comparison_with_a_diverged_run_keeps_its_rows(short, monkeypatch):
    whole = short.train_model(short.DECODER_ONLY, 3)
    broken = short.Trained({0: whole.answers[0]}, {0: 0.0}, whole.model)
    monkeypatch.setattr(short, "train_model", lambda model, seed, _: whole if seed == 3 else broken)
    _, row, _ = short.compare(short.pair(short.TWICE, short.DECODER_ONLY, 3, short.DECODER_ONLY, 4))
    assert (row["status"], row["total_variation"], row["second_exact_match"]) == ("diverged", None, None)


# --- the same again --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["telephone_numbers", "concatenation", "language_identification"])
def test_a_stored_run_comes_out_again(name):
    """The cheapest run of a study: to the last digit on the same kind of machine, near it elsewhere."""
    study = next(each for each in STUDIES if each.name == name)
    run = next(each for each in study.planned() if name != "telephone_numbers" or each["arm"] == "attention")
    fresh = pd.DataFrame(study.compute(run))
    stored = study.rows()
    stored = stored[[study.key_of_row(row) in study.row_keys(run) for row in stored.to_dict("records")]]
    assert len(fresh) == len(stored) > 0
    score = fresh.columns.intersection(["unseen", "exact_match", "accuracy"])[0]
    same = stored.torch.iloc[0] == fresh.torch.iloc[0] and stored.machine.iloc[0] == fresh.machine.iloc[0]
    near = pytest.approx(stored[score].tolist(), abs=0.02 if same else 0.2)
    assert fresh[score].tolist() == near
    assert fresh.steps.tolist() == stored.steps.tolist()
