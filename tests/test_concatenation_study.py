"""The registered study behind notebook 06: its arms, its rows, and what the notebook says about them."""

import math

import pandas as pd
import pytest
import torch

from destructure import Structure, Transformer, cost
from destructure.exercises.catalogue import find
from destructure.studies import concatenation_study as study
from destructure.studies.one_attention import both_roles

# --- the plan ------------------------------------------------------------------------------------------------


def test_seven_layers_have_as_many_matrix_parameters_as_three_and_three():
    pair, deep = (study.make_config(arm) for arm in ("encoder-decoder", "as many parameters"))
    width = pair.width
    norms = [
        sum(each.numel() for name, each in Transformer(one).named_parameters() if "norm" in name)
        for one in (pair, deep)
    ]
    matrices = [
        cost.non_embedding_parameters(one) - norm for one, norm in zip((pair, deep), norms, strict=True)
    ]
    assert matrices == [84 * width**2] * 2


def test_tuning_and_reporting_share_no_seed_and_none_is_the_lessons():
    assert not set(study.TUNING_SEEDS) & set(study.REPORTING_SEEDS)
    assert study.LESSON_SEED not in (*study.TUNING_SEEDS, *study.REPORTING_SEEDS)
    assert len(study.REPORTING_SEEDS) >= 5


def test_warm_up_is_equally_long_in_tuning_and_reporting():
    tuning, report = (
        study.make_recipe("decoder-only", 4e-3, budgets) for budgets in ((1e11,), study.BUDGETS)
    )
    assert tuning.warmup * tuning.budgets[0] == pytest.approx(report.warmup * report.budgets[0])


def test_logits_of_the_input_would_add_about_one_per_cent():
    """The plan says so; the formula leaves them out."""
    config = study.make_config("loss on inputs")
    extra = 2 * 6 * config.width * config.vocabulary / cost.forward_flops(config, 6, 9)
    assert 0.005 < extra < 0.02


# --- runs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arm", study.ARMS)
def test_a_short_run_gives_a_row_a_budget(arm, monkeypatch):
    monkeypatch.setattr(study, "BUDGETS", (1e9, 2e9))
    monkeypatch.setattr(study, "exact_match", lambda model, pairs: 0.25)
    rows = study.run_job(study.Job("reporting", arm, 7, 4e-3))
    assert [row["budget"] for row in rows] == [1e9, 2e9]
    assert all(tuple(row) == study.COLUMNS for row in rows)
    assert {row["status"] for row in rows} == {"finished"}
    assert rows[1]["target_loss"] < math.log(65)


def test_a_diverged_run_keeps_its_rows_and_knows_nothing(monkeypatch):
    monkeypatch.setattr(study, "BUDGETS", (1e9, 2e9))
    job = study.Job("reporting", "decoder-only", 7, 4e-3)

    class Diverged:
        status = "diverged"
        results = pd.DataFrame()
        history = pd.DataFrame([{"step": 3, "tokens": 9, "flops": 27}])

    monkeypatch.setattr(study, "train_arm", lambda job, progress: Diverged)
    rows = study.run_job(job)
    assert [row["status"] for row in rows] == ["diverged"] * 2
    assert [row["unseen"] for row in rows] == [0.0, 0.0]
    assert rows[0]["target_loss"] is None


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "results" / "concatenation.csv"
    monkeypatch.setattr(study, "results_file", lambda: path)
    return path


def rows_of(job):
    empty = dict.fromkeys(study.COLUMNS, 0)
    about = {"role": job.role, "arm": job.arm, "learning_rate": job.rate, "seed": job.seed}
    loss = abs(math.log2(job.rate / 4e-3)) + 0.1
    return [empty | about | {"budget": budget, "target_loss": loss} for budget in job.budgets]


def test_an_interrupted_study_goes_on_where_it_stopped(file, monkeypatch):
    ran = []

    def run(job):
        ran.append(job)
        if len(ran) % 5 == 0:
            raise KeyboardInterrupt
        return rows_of(job)

    monkeypatch.setattr(study, "run_job", run)
    for _ in range(100):
        try:
            study.run_missing()
            break
        except KeyboardInterrupt:
            continue
    rows = study.results()
    assert len(rows) == len(study.tuning_jobs()) + len(study.REPORTING_SEEDS) * len(study.ARMS) * len(
        study.BUDGETS
    )
    assert not rows.duplicated(["role", "arm", "seed", "learning_rate", "budget"]).any()
    assert set(rows[rows.role == "reporting"].learning_rate) == {4e-3}
    assert study.run_missing() == 0


def test_no_rate_is_chosen_before_tuning_is_complete():
    rows = pd.DataFrame([row for job in study.tuning_jobs()[1:] for row in rows_of(job)])
    assert study.chosen_rates(rows) == {}
    assert {job.role for job in study.missing_jobs(rows)} == {"tuning"}
    assert len(study.missing_jobs(rows)) == 1


def test_a_rate_that_diverged_is_not_chosen():
    rows = pd.DataFrame([row for job in study.tuning_jobs() for row in rows_of(job)])
    rows.loc[(rows.learning_rate == 4e-3) & (rows.seed == 100), "target_loss"] = None
    assert set(study.chosen_rates(rows).values()) <= {2e-3, 8e-3}


# --- the stored rows -----------------------------------------------------------------------------------------


def test_every_registered_run_is_reported_once():
    rows = study.results()
    assert tuple(rows.columns) == study.COLUMNS
    assert study.missing_jobs(rows) == []
    assert not rows.duplicated(["role", "arm", "seed", "learning_rate", "budget"]).any()
    assert set(rows.status) <= {"finished", "diverged"}
    assert rows[["unseen", "gap"]].apply(lambda column: column.between(0, 1)).all(axis=None)
    assert rows[rows.status == "finished"].target_loss.gt(0).all()
    spent = rows[rows.status == "finished"]
    assert (spent.flops / spent.budget).between(1, 1.05).all()
    assert (
        rows.cpu_seconds.groupby([rows.role, rows.arm, rows.seed, rows.learning_rate]).first().sum() < 20 * 60
    )


def test_the_prediction_exercise_quotes_the_table():
    points = study.reported()
    mean = points[(points.arm == "encoder-decoder") & (points.budget == 1e11)].unseen.mean()
    assert f"**{100 * mean:.0f} of 100**" in find("06.prediction.same_flops").question


def test_a_difference_is_paired_by_seed():
    rows = pd.DataFrame(
        [
            (seed, arm, 1e11, 0.1 * seed + (0.3 if arm == "new" else 0.0))
            for seed in range(5)
            for arm in ("new", "old")
        ],
        columns=["seed", "arm", "budget", "unseen"],
    )
    rows.loc[0, "unseen"] += 0.05
    mean, low, high = study.difference(rows, "new", "old", 1e11)
    assert mean == pytest.approx(0.31)
    assert low < mean < high
    assert low > 0.25  # unpaired, the seeds' own spread would drown it


def test_the_stored_interval_is_the_seeds_and_a_margin():
    rows = pd.DataFrame({"arm": "x", "budget": 1e11, "unseen": [0.5, 0.7, 0.99]})
    assert study.stored_interval(rows, "x", 1e11) == pytest.approx((0.45, 1.0))


# --- both roles ----------------------------------------------------------------------------------------------


def test_a_softmax_with_both_roles_shares_out_one():
    task = study.make_task()
    model = Transformer(study.make_config("decoder-only")).eval()
    roles = both_roles(model, task, [23])
    assert roles.crossing.shape == (3, 4, 2, 2)
    pair = task.pair(23)
    maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)]))
    weights = maps.target[1][0, 2].detach()  # second layer, third head
    assert roles.crossing[1, 2, 0, 0] == pytest.approx(float(weights[0, 1]))  # after [BOS], on "three"
    assert roles.crossing[1, 2, 1, 1] == pytest.approx(float(weights[2, 0]))  # after "und", on "twenty"
    assert roles.on_input[1, 2, 1] == pytest.approx(float(weights[2, :2].sum()))


def test_an_untrained_model_has_no_roles():
    """The facts of the notebook can fail."""
    task = study.make_task()
    roles = both_roles(Transformer(study.make_config("decoder-only")).eval(), task, task.numbers("test")[:40])
    assert roles.on_input.mean(axis=-1)[0].max() < 0.8


def test_a_separate_cross_attention_has_one_role_only():
    task = study.make_task()
    with pytest.raises(ValueError, match="no softmax has both roles"):
        both_roles(Transformer(study.make_config("encoder-decoder")), task, [23])
    prefix = Transformer(study.make_config("decoder-only").with_structure(Structure.PREFIX_LM))
    with pytest.raises(ValueError, match="units and tens cross"):
        both_roles(prefix, task, [20, 300])
