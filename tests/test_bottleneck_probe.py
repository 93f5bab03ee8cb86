"""The registered probe of notebook 09: the plan and its runs."""

from dataclasses import replace

import pandas as pd
import pytest

from destructure import Structure
from destructure.studies import bottleneck_probe as study
from destructure.studies import read_outs as reading
from destructure.studies.plans import dials, tuning
from destructure.studies.plans.removal import SEEDS
from destructure.study import COLUMNS, ResultsFile
from destructure.study.measure import scores
from destructure.study.one_run import run_configuration
from destructure.train.loop import Run
from sweep_examples import BASE, fake_rows

# --- the plan ------------------------------------------------------------------------------------------------


@pytest.fixture
def rates(tmp_path, monkeypatch):
    """A tuning table in which 2 layers want 0.004 and 4 layers 0.008."""
    file = tmp_path / "dial_tuning.csv"
    monkeypatch.setattr(dials, "tuning_file", lambda: file)
    for layers, best in ((2, 4e-3), (4, 8e-3)):
        arm = dials.depth_setting(layers).arm(dials.ALL, layers=layers)
        for rate in (2e-3, 4e-3, 8e-3, 1.6e-2):
            for seed in tuning.TUNING_SEEDS:
                run = replace(arm, purpose="tuning", learning_rate=rate, seed=seed, budgets=arm.budgets[:2])
                rows = [row | {"loss": 0.1 + abs(rate - best)} for row in fake_rows(run)]
                ResultsFile(file, COLUMNS).append(rows)
    return file


def test_the_runs_are_those_of_part_b(rates):
    part_b = {run.run for run in _depth_runs()}
    for layers, rate in ((2, 4e-3), (4, 8e-3), (6, 8e-3)):
        chosen = study.configuration(layers, 203)
        assert (chosen.structure, chosen.layers) == (Structure.ENCODER_DECODER, layers)
        assert (chosen.width, chosen.heads, chosen.learning_rate) == (32, 2, rate)
        assert chosen.budgets[-1] == 8e10
        assert dict(chosen.dials) == {"high": 99_999}
        assert dict(chosen.model) == {"query_key_norm": True, "segments": 2}
        assert (chosen.run in part_b) == (layers != 6)


def _depth_runs():
    for layers in (2, 4):
        arm = dials.depth_setting(layers).arm(dials.ALL, layers=layers)
        assert arm in dials.depth_arms()
        for seed in SEEDS:
            yield replace(arm, learning_rate=tuning.tuned_rate(arm, dials.tuning_file()), seed=seed)


def test_every_run_of_the_plan_is_listed_seed_by_seed():
    runs = study.STUDY.runs[["layers", "seed"]].itertuples(index=False, name=None)
    assert list(runs) == [(layers, seed) for seed in range(200, 208) for layers in (2, 4, 6)]
    assert (reading.LEARNED_FROM, reading.MEASURED_ON) == (1000, 500)
    rows = study.rows()
    assert len(rows) == 8 * 2 * (3 + 5 + 7)
    assert not rows.duplicated(["seed", "layers", "trained", "layer"]).any()
    assert rows.accuracy.between(0, 1).all()


def test_a_depth_that_is_not_planned_or_not_tuned_is_one_sentence(rates):
    with pytest.raises(ValueError, match="layers is 3; the plan has 2, 4, 6"):
        study.configuration(3, 200)
    lines = rates.read_text(encoding="utf-8").splitlines(keepends=True)
    rates.write_text(
        "".join(lines[:-4]), encoding="utf-8"
    )  # 4 layers: the edge that the grid asks for is missing
    with pytest.raises(ValueError, match="run the tuning plan again") as caught:
        study.configuration(4, 200)
    assert "\n" not in str(caught.value)


# --- runs ----------------------------------------------------------------------------------------------------

TINY = replace(
    BASE, purpose="reporting", layers=2, width=16, budgets=(5e7, 1e8), learning_rate=2e-2, seed=7,
    dials={"high": 999, "train_examples": 300, "validation_examples": 20, "test_examples": 60},
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch):
    for name, value in (("STEPS", 20), ("LEARNED_FROM", 100), ("MEASURED_ON", 50)):
        monkeypatch.setattr(reading, name, value)


def test_a_run_is_the_sweeps_own_run_and_has_a_row_for_each_layer_twice(tiny, monkeypatch):
    losses = []

    def spy(model, pairs):
        found = scores(model, pairs)
        losses.append(found["loss"])
        return found

    monkeypatch.setattr(study, "scores", spy)
    rows = pd.DataFrame(study.probe(TINY))
    assert set(study.STUDY.columns) - set(rows.columns) == {"cpu_seconds", "torch", "machine"}  # the engine's
    assert rows[["trained", "layer"]].to_numpy().tolist() == [
        [trained, layer] for trained in (True, False) for layer in range(3)
    ]
    first, swept = run_configuration(TINY, device="cpu")
    assert losses[:2] == [first["loss"], swept["loss"]]  # to the last bit
    trained, untrained = rows[rows["trained"]], rows[~rows["trained"]]
    for name in ("run", "exact_match", "flops", "learning_rate"):
        assert set(trained[name]) == {swept[name]}, name
    assert set(trained["steps"]) == {swept["step"]}
    assert set(untrained["steps"]) == {0}
    assert rows["accuracy"].between(0, 1).all()
    assert trained["accuracy"].tolist() != untrained["accuracy"].tolist()


def test_a_run_that_diverged_keeps_its_rows(tiny, monkeypatch):
    def diverge(model, task, recipe, *, seed, progress, measure):
        history = pd.DataFrame([{"step": 3, "tokens": 9, "flops": 400}])
        return Run(model, history, pd.DataFrame(), "diverged", seed)

    monkeypatch.setattr(study, "train", diverge)
    rows = pd.DataFrame(study.probe(TINY))
    lost = rows[rows["trained"]]
    assert len(lost) == 3
    assert set(lost["status"]) == {"diverged"}
    assert lost[["accuracy", "accuracy_learned", "exact_match"]].isna().all(axis=None)
    assert set(lost["steps"]) == {3}
    assert rows[~rows["trained"]]["accuracy"].notna().all()


def test_an_interrupted_run_leaves_no_row(tiny, monkeypatch):
    monkeypatch.setattr(
        study, "train", lambda model, *_, **__: Run(model, pd.DataFrame(), pd.DataFrame(), "interrupted", 0)
    )
    with pytest.raises(KeyboardInterrupt):
        list(study.probe(TINY))
