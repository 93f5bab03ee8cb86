"""The registered plans: the tuned rates, the grid that grows, arms that match what they should match."""

from dataclasses import replace

import pytest

from destructure import Structure, cost
from destructure.studies.plans import completing, make_plan, real_text, removal, tuning
from destructure.study import COLUMNS, ResultsFile
from sweep_examples import BASE, fake_rows

ARM = replace(BASE, structure=Structure.DECODER_ONLY)
OTHER = replace(BASE, structure=Structure.PREFIX_LM)


def store(file, losses, arm=ARM, seeds=tuning.TUNING_SEEDS):
    """Rows of tuning runs whose last budget has these losses, by rate; None is a diverged run."""
    for rate, loss in losses.items():
        for seed in seeds:
            run = replace(arm, purpose="tuning", learning_rate=rate, seed=seed)
            rows = fake_rows(run)
            rows[0] |= {"loss": 9.0 - rate}  # the first budget would choose otherwise
            rows[-1] |= {"loss": loss, "status": "diverged" if loss is None else "finished"}
            ResultsFile(file, COLUMNS).append(rows)


def rates(file, arm=ARM):
    return sorted(
        {run.learning_rate for run in tuning.with_rates([arm], file) if run.structure == arm.structure}
    )


# --- tuning --------------------------------------------------------------------------------------------------


def test_a_new_plan_has_every_rate_for_every_tuning_seed(tmp_path):
    runs = tuning.with_rates([ARM, OTHER], tmp_path / "none.csv")
    assert len(runs) == 2 * len(tuning.RATES) * len(tuning.TUNING_SEEDS)
    assert {run.purpose for run in runs} == {"tuning"}
    assert {run.seed for run in runs} == set(tuning.TUNING_SEEDS)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ({2e-3: 0.3, 4e-3: 0.2, 8e-3: 0.3}, [2e-3, 4e-3, 8e-3]),
        ({2e-3: 0.1, 4e-3: 0.2, 8e-3: 0.3}, [1e-3, 2e-3, 4e-3, 8e-3]),
        ({2e-3: 0.3, 4e-3: 0.2, 8e-3: 0.1}, [2e-3, 4e-3, 8e-3, 1.6e-2]),
        ({2e-3: 0.3, 4e-3: 0.2}, [2e-3, 4e-3, 8e-3]),
        ({1e-3: 0.2, 2e-3: 0.1, 4e-3: 0.2, 8e-3: 0.3}, [1e-3, 2e-3, 4e-3, 8e-3]),
        ({2e-3: None, 4e-3: None, 8e-3: 0.2}, [2e-3, 4e-3, 8e-3, 1.6e-2]),
    ],
    ids=["inside", "lower edge", "upper edge", "one missing", "edge with a worse neighbour", "diverged"],
)
def test_the_grid_grows_beyond_an_edge_and_only_there(tmp_path, losses, expected):
    store(tmp_path / "tuning.csv", losses)
    assert rates(tmp_path / "tuning.csv") == expected


def test_the_grid_ends(tmp_path):
    falling = {tuning.LARGEST / 2**step: float(step) for step in range(6)}
    store(tmp_path / "tuning.csv", falling)
    assert rates(tmp_path / "tuning.csv") == sorted(falling)
    assert tuning.tuned_rate(ARM, tmp_path / "tuning.csv") == tuning.LARGEST


def test_the_best_rate_is_that_of_the_lowest_mean_at_the_last_budget(tmp_path):
    file = tmp_path / "tuning.csv"
    store(file, {2e-3: 0.3, 4e-3: 0.25, 8e-3: 0.1}, seeds=(100,))
    store(file, {2e-3: 0.3, 4e-3: 0.15, 8e-3: 0.9}, seeds=(101,))
    assert tuning.tuned_rate(ARM, file) == 4e-3
    (losses,) = tuning.mean_losses(file).values()
    assert losses == pytest.approx({2e-3: 0.3, 4e-3: 0.2, 8e-3: 0.5})


def test_a_rate_that_diverged_for_one_seed_is_never_chosen(tmp_path):
    file = tmp_path / "tuning.csv"
    store(file, {2e-3: 0.3, 4e-3: 0.2, 8e-3: 0.01, 1.6e-2: 0.9}, seeds=(100,))
    store(file, {2e-3: 0.3, 4e-3: 0.2, 8e-3: None, 1.6e-2: 0.9}, seeds=(101,))
    assert tuning.tuned_rate(ARM, file) == 4e-3


def test_an_arm_without_a_settled_rate_is_refused(tmp_path):
    file = tmp_path / "tuning.csv"
    store(file, {2e-3: 0.3, 4e-3: 0.2, 8e-3: 0.1})
    with pytest.raises(ValueError, match="lies at the edge of those tried; run the tuning plan again"):
        tuning.tuned_rate(ARM, file)
    with pytest.raises(ValueError, match=r"has not been tuned in tuning\.csv; run the tuning plan first"):
        tuning.tuned_rate(OTHER, file)


# --- the arms ------------------------------------------------------------------------------------------------


def non_embedding(arm):
    return cost.non_embedding_parameters(arm.model_config(vocabulary=1))


@pytest.mark.parametrize(
    "structure", [removal.SHARED_STACK, Structure.PREFIX_LM, Structure.DECODER_ONLY], ids=str
)
def test_arms_of_the_same_parameters_have_them(structure):
    whole = non_embedding(removal.corner(Structure.ENCODER_DECODER, 32))
    assert abs(non_embedding(removal.same_parameters(structure, 32)) / whole - 1) < 0.01
    assert non_embedding(removal.corner(structure, 32)) < 0.5 * whole


def test_twice_the_layers_has_the_parameters_of_the_plain_prefix_lm():
    plain, deep = removal.corner(Structure.PREFIX_LM, 32), removal.twice_the_layers(32)
    assert deep.layers == 2 * plain.layers
    assert abs(non_embedding(deep) / non_embedding(plain) - 1) < 0.06


def test_every_corner_runs_at_three_widths_with_the_same_budgets_for_all():
    runs = [
        run
        for run in removal.structure_tuning()
        if run.arm == "corner" and run.seed == tuning.TUNING_SEEDS[0]
    ]
    for width in removal.BUDGETS:
        of_width = [run for run in runs if run.width == width]
        assert {run.structure for run in of_width} == set(Structure.all())
        assert {run.budgets for run in of_width} == {removal.BUDGETS[width][:2]}
    assert len({budget for budgets in removal.BUDGETS.values() for budget in budgets}) >= 4


@pytest.mark.slow
def test_reporting_seeds_are_eight_and_never_tuned_on():
    assert len(set(removal.SEEDS)) == 8
    assert not set(removal.SEEDS) & set(tuning.TUNING_SEEDS)
    for plan in (removal.structure_corners, removal.scarce_corners, removal.noise_floor):
        runs = plan()
        assert {run.purpose for run in runs} == {"reporting"}
        assert not {run.seed for run in runs} & set(tuning.TUNING_SEEDS)


@pytest.mark.slow
def test_arms_of_one_seed_differ_in_nothing_but_what_is_compared():
    first = [run for run in removal.structure_corners() if run.seed == 200 and run.arm == "corner"]
    for width in removal.BUDGETS:
        alike = {
            (run.task, run.dials, run.layers, run.heads, run.model, run.training, run.measuring, run.budgets)
            for run in first
            if run.width == width
        }
        assert len(alike) == 1
    assert len(first) == len(removal.BUDGETS) * 16


def test_a_scarce_run_sees_500_pairs():
    assert {dict(run.dials)["train_examples"] for run in removal.scarce_corners()} == {500}


# --- part A completed ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_completion_begins_where_rates_are_known_and_takes_up_what_is_tuned(tmp_path, monkeypatch):
    table = tmp_path / "completion_tuning.csv"
    monkeypatch.setattr(completing, "tuning_file", lambda: table)
    continued = completing.completion()
    assert {(run.width, run.budgets[-1]) for run in continued} == {(16, 1.6e11), (32, 1e10)}
    assert len(continued) == 2 * 16 * len(removal.SEEDS)
    (tied, late) = (
        completing.TIED[0],
        next(run for run in completing.completion_tuning() if run.arm == "late rate" and run.width == 16),
    )
    usual = tuning.tuned_rate(late, removal.tuning_file())
    for arm, best in ((removal.corner(tied, 64), 4e-3), (late, usual)):
        store(table, {rate: abs(rate - best) for rate in (best / 4, best / 2, best, 2 * best, 4 * best)}, arm)
    more = completing.completion()[len(continued) // 8 :]
    assert [run.structure for run in completing.completion() if run.width == 64] == [tied] * 8
    assert not [run for run in more if run.arm == "late rate"]  # its rate did not change


# --- part D: real text ---------------------------------------------------------------------------------------

REAL_TEXT = ("verses", "verses_path", "verses_checks", "continuation")


@pytest.mark.parametrize("name", REAL_TEXT)
def test_plans_of_real_text_share_recipe_and_never_a_run(name):
    plan = make_plan(name)  # refuses a run that stands twice
    seeds = tuning.TUNING_SEEDS if name == "verses_checks" else real_text.SEEDS
    assert {run.seed for run in plan.runs} == set(seeds)
    assert {run.purpose for run in plan.runs} == {"tuning" if name == "verses_checks" else "reporting"}
    assert len({(run.measuring, run.model, run.task, run.dials) for run in plan.runs}) == 1
    assert len({(run.width, run.training) for run in plan.runs}) == len({run.width for run in plan.runs})
    assert {run.numerics for run in plan.runs} == {"fast"}
    own_rule = [run for run in plan.runs if run.arm not in ("rate", "twice the layers")]
    assert all(run.learning_rate == real_text.rate(run.width) for run in own_rule)
    others = {run.run for other in REAL_TEXT if other != name for run in make_plan(other).runs}
    assert not others & {run.run for run in plan.runs}
    first = plan.runs[: len(plan.runs) // len(seeds)]
    assert {run.seed for run in first} == {seeds[0]}  # an early end leaves whole seeds


def test_each_structure_is_removed_alone_at_every_width_and_budget():
    runs = [run for run in real_text.verses() if run.seed == real_text.SEEDS[0]]
    for width, budgets in real_text.BUDGETS.items():
        here = [run for run in runs if run.width == width]
        assert [run.structure.code for run in here] == [
            "S1 S2 S3 S4", "-- S2 S3 S4", "S1 -- S3 S4", "S1 S2 -- S4", "S1 S2 S3 --",
        ]  # fmt: skip
        assert {run.budgets for run in here} == {budgets}
    counted = {
        budget for budgets in real_text.BUDGETS.values() for budget in budgets if 1e11 <= budget < 1e13
    }
    for budget in counted:  # so that the best width can lie inside
        assert sum(budget in budgets for budgets in real_text.BUDGETS.values()) >= 2


def test_the_side_arms_match_what_they_control():
    parameters = lambda run: cost.non_embedding_parameters(run.model_config(vocabulary=1))  # noqa: E731
    path = [run for run in real_text.verses_path() if run.seed == real_text.SEEDS[0]]
    codes = [run.structure.code for run in path if run.arm == "corner" and run.width == 64]
    assert codes == [
        "-- -- S3 S4", "-- -- -- S4", "-- -- -- --", "S1t S2 S3 S4", "S1t -- S3 S4", "S1t -- -- S4", "S1t -- -- --",
    ]  # fmt: skip
    for width in real_text.BUDGETS:
        whole = real_text.text_arm(Structure.ENCODER_DECODER, width, (1e11,))
        alone = real_text.text_arm(real_text.ALONE[2], width, (1e11,))
        *equal, deep = (
            run
            for arm in ("same parameters", "twice the layers")
            for run in path
            if run.arm == arm and run.budgets[0] == real_text.BUDGETS[width][0]
        )
        assert [run.structure for run in equal] == [Structure.DECODER_ONLY, real_text.ALONE[1]]
        for run, near in zip(equal, (0.01, 0.06), strict=True):
            assert run.width == width
            assert parameters(run) == pytest.approx(parameters(whole), rel=near)
        assert deep.layers == 2 * alone.layers
        assert parameters(deep) == pytest.approx(parameters(alone), rel=0.07)
        assert deep.structure == alone.structure
