"""The registered probe of notebook 09: read-outs, the runs, the rows, the verdict and the figure."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

from destructure import Structure, Transformer, TransformerConfig
from destructure.show import read_out_curves
from destructure.studies import bottleneck_probe as study
from destructure.studies import read_outs as reading
from destructure.studies.bottleneck_probe_results import (
    complete_seeds,
    kept_by_training,
    no_bottleneck_seen,
)
from destructure.studies.plans import dials, tuning
from destructure.studies.plans.removal import SEEDS
from destructure.studies.read_outs import (
    ReadOut,
    accuracy,
    chance,
    encoder_states,
    learn_read_out,
    read_outs,
)
from destructure.study import COLUMNS, ResultsFile
from destructure.study.measure import scores
from destructure.study.one_run import run_configuration
from destructure.tasks import NumberTranslation
from destructure.train.loop import Run
from sweep_examples import BASE, fake_rows

SMALL = NumberTranslation(high=999)


def make_model(structure=Structure.ENCODER_DECODER, layers=2, seed=0, **settings):
    config = TransformerConfig(
        vocabulary=len(SMALL.vocabulary), width=32, layers=layers, heads=2, structure=structure, max_length=32,
        query_key_norm=True, segments=2, **settings,
    )  # fmt: skip
    return Transformer(config, seed=seed).eval()


def planted_states(tokens, width=16, noise=0.05):
    """States that hold the token, each token in a direction of its own, seen through a random turn."""
    luck = torch.Generator().manual_seed(3)
    states = functional.one_hot(tokens, width).float() + noise * torch.randn(
        len(tokens), width, generator=luck
    )
    return states @ torch.randn(width, width, generator=luck)


def drawn_tokens(count=600, seed=0):
    """Ids 0 to 9, the last one as often as all others together."""
    luck = np.random.default_rng(seed)
    return torch.from_numpy(luck.choice(10, size=count, p=[*[0.5 / 9] * 9, 0.5]))


# --- read-outs -----------------------------------------------------------------------------------------------


def test_states_that_hold_the_token_are_read_without_error():
    tokens = drawn_tokens()
    states = planted_states(tokens)
    read = learn_read_out(states[:400], tokens[:400])
    assert accuracy(read, states[400:], tokens[400:]) == 1.0
    assert accuracy(read, states[400:], tokens[400:].roll(1)) < 0.6


def test_states_without_the_token_are_read_at_chance():
    tokens = drawn_tokens(3000)
    states = planted_states(tokens)
    means = torch.stack([states[tokens == each].mean(dim=0) for each in range(10)])
    emptied = states - means[tokens]
    read = learn_read_out(emptied[:2000], tokens[:2000])
    most_common = (tokens[2000:] == 9).double().mean().item()
    assert accuracy(read, emptied[2000:], tokens[2000:]) == pytest.approx(most_common, abs=0.03)


def test_what_one_matrix_cannot_read_does_not_count():
    """Two bits and their exclusive or: the information is all there, but not for a linear map."""
    bits = torch.randint(0, 2, (400, 2), generator=torch.Generator().manual_seed(1))
    tokens = bits[:, 0] ^ bits[:, 1]
    assert accuracy(learn_read_out(bits.float(), tokens), bits.float(), tokens) < 0.7


def test_a_read_out_is_the_optimum_and_the_same_every_time():
    tokens = drawn_tokens()
    states = planted_states(tokens, noise=0.5)  # overlapping, so that the optimum is finite
    read, again = learn_read_out(states, tokens), learn_read_out(states, tokens)
    assert torch.equal(read(states), again(states))
    scores = read(states)
    gradient = states.double().T @ (scores.softmax(dim=-1) - functional.one_hot(tokens, 10)) / len(tokens)
    assert gradient.abs().max() < 1e-3


def test_the_scale_and_the_turn_of_the_states_do_not_matter():
    tokens = drawn_tokens()
    states = planted_states(tokens, noise=0.5)
    turned = states @ torch.randn(16, 16, generator=torch.Generator().manual_seed(8)) * 1e3 + 5
    assert accuracy(learn_read_out(states, tokens), states, tokens) == pytest.approx(
        accuracy(learn_read_out(turned, tokens), turned, tokens), abs=0.01
    )
    flat = torch.cat([states, torch.ones(len(states), 2)], dim=1)  # directions that never vary
    assert torch.isfinite(learn_read_out(flat, tokens)(flat)).all()


@pytest.mark.parametrize(
    ("states", "tokens", "said"),
    [
        (torch.zeros(3, 2), torch.zeros(4, dtype=torch.long), r"shape \(3, 2\) and the tokens \(4,\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=torch.long), "one or more positions"),
        (torch.full((3, 2), torch.nan), torch.zeros(3, dtype=torch.long), "the model diverged"),
    ],
)
def test_states_that_cannot_be_read_are_one_sentence(states, tokens, said):
    with pytest.raises(ValueError, match=said):
        learn_read_out(states, tokens)


# --- the states of a model -----------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [Structure.ENCODER_DECODER, Structure.DECODER_ONLY], ids=str)
def test_the_last_states_are_those_that_the_decoder_reads(structure):
    model, pairs = make_model(structure), SMALL.pairs("test")[:30]
    by_layer, tokens = encoder_states(model, pairs)
    assert [states.shape for states in by_layer] == [(sum(len(pair.source) for pair in pairs), 32)] * 3
    assert tokens.tolist() == [token for pair in pairs for token in pair.source]  # no padding among them
    with torch.no_grad():
        alone = torch.cat([model.read(torch.tensor([pair.source])).states[0] for pair in pairs])
        start = model.embedding(torch.tensor([pairs[0].source]), torch.arange(len(pairs[0].source))[None])
    assert torch.allclose(by_layer[-1], alone, atol=1e-5)
    assert not torch.allclose(by_layer[-2], alone, atol=1e-2)
    expected = model.input_stack.final_norm(start)[0].detach()
    assert torch.allclose(by_layer[0][: len(expected)], expected, atol=1e-5)
    assert not any(layer._forward_hooks for layer in model.input_stack.layers)


def test_read_outs_measure_numbers_that_they_did_not_learn_from(monkeypatch):
    seen = []

    def spy(model, pairs):
        seen.append([pair.source for pair in pairs])
        return encoder_states(model, pairs)

    monkeypatch.setattr(reading, "encoder_states", spy)
    found = read_outs(make_model(), SMALL, learned_from=300, measured_on=90)
    learned, measured = seen
    assert (len(learned), len(measured)) == (300, 90)
    assert not set(learned) & set(measured)
    assert [each.layer for each in found] == [0, 1, 2]
    assert found[0].accuracy == 1.0  # the embedding is the token
    assert found[2].accuracy < found[2].accuracy_learned <= 1


def test_a_model_that_hands_over_less_is_seen_by_the_read_outs():
    whole, narrow = make_model(), make_model()
    with torch.no_grad():
        narrow.input_stack.final_norm.weight[1:] = 0  # the decoder gets one number a position
    scores = [
        read_outs(each, SMALL, learned_from=200, measured_on=80)[-1].accuracy for each in (whole, narrow)
    ]
    assert scores[0] > 0.8
    assert scores[1] < 0.6


def test_reading_out_leaves_the_model_as_it_is():
    model = make_model()
    before = {name: values.clone() for name, values in model.state_dict().items()}
    with torch.no_grad():
        read_outs(model, SMALL, learned_from=50, measured_on=20)
    assert all(torch.equal(before[name], values) for name, values in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_chance_is_the_most_common_token():
    tokens = [token for pair in SMALL.pairs("train")[:100] for token in pair.source]
    most_common = max(sorted(set(tokens)), key=tokens.count)
    measured = [token for pair in SMALL.pairs("test")[:50] for token in pair.source]
    assert chance(SMALL, 100, 50) == pytest.approx(measured.count(most_common) / len(measured))


@pytest.mark.parametrize(
    ("model", "settings", "said"),
    [
        (make_model(), {"learned_from": 10**6}, "learned_from is 1000000; the task has"),
        (make_model(), {"measured_on": 0}, "measured_on is 0"),
        (make_model(), {"measured_on": 2.5}, "measured_on is 2.5"),
        (torch.nn.Linear(2, 2), {}, "A Linear has no encoder"),
        (Transformer(TransformerConfig(vocabulary=5)), {}, "The model knows 5 token ids"),
    ],
)
def test_bad_input_of_read_outs_is_one_sentence(model, settings, said):
    with pytest.raises(ValueError, match=said) as caught:
        read_outs(model, SMALL, **({"learned_from": 20, "measured_on": 20} | settings))
    assert "\n" not in str(caught.value)


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


def test_a_rate_that_is_missing_is_one_sentence(rates):
    lines = rates.read_text(encoding="utf-8").splitlines(keepends=True)
    rates.write_text(
        "".join(lines[:-4]), encoding="utf-8"
    )  # 4 layers: the edge that the grid asks for is missing
    with pytest.raises(ValueError, match="lies at the edge of those tried; run the tuning plan again"):
        study.configuration(6, 200)
    rates.unlink()
    with pytest.raises(ValueError, match=r"no table dial_tuning\.csv; run the plan first"):
        study.configuration(2, 200)
    with pytest.raises(ValueError, match="layers is 3; the plan has 2, 4, 6"):
        study.configuration(3, 200)


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


# --- runs ----------------------------------------------------------------------------------------------------

TINY = replace(
    BASE, purpose="reporting", layers=2, width=16, budgets=(5e7, 1e8), learning_rate=2e-2, seed=7,
    dials={"high": 999, "train_examples": 300, "validation_examples": 20, "test_examples": 60},
)  # fmt: skip


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(reading, "STEPS", 20)
    monkeypatch.setattr(
        study, "read_outs", lambda model, task: read_outs(model, task, learned_from=100, measured_on=50)
    )
    monkeypatch.setattr(study, "chance", lambda task: chance(task, 100, 50))


def test_a_run_is_the_sweeps_own_run_and_has_a_row_for_each_layer_twice(tiny, monkeypatch):
    losses = []

    def spy(model, pairs):
        found = scores(model, pairs)
        losses.append(found["loss"])
        return found

    monkeypatch.setattr(study, "scores", spy)
    rows = pd.DataFrame(study.probe(TINY))
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
    def diverge(model, task, recipe, *, seed, **_):
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


# --- the verdict ---------------------------------------------------------------------------------------------


def planted(layers, seed, last=0.995, score=0.98):
    """Rows of one run: 100% at the embedding, falling to `last`."""
    rows = []
    for trained in (True, False):
        for layer in range(layers + 1):
            right = 1 - (1 - last) * layer / layers - (0 if trained else 0.1 * layer / layers)
            rows.append(
                dict.fromkeys(study.COLUMNS, 0)
                | {"run": "made", "seed": seed, "layers": layers, "trained": trained, "layer": layer,
                   "status": "finished", "accuracy": right, "chance": 0.16, "exact_match": score}
            )  # fmt: skip
    return rows


def planted_study(seeds=SEEDS, **settings):
    return pd.DataFrame(
        [row for seed in seeds for depth in study.DEPTHS for row in planted(depth, seed, **settings)]
    )


def at(rows, seed, layers, layer, trained=True):
    return (rows.seed == seed) & (rows.layers == layers) & (rows.layer == layer) & (rows.trained == trained)


def test_one_run_below_ninety_nine_percent_flips_the_verdict():
    rows = planted_study(last=0.99)
    whole = no_bottleneck_seen(rows)
    assert whole.verdict is True
    assert (whole.below, whole.runs, whole.seeds) == (0, 24, 8)
    assert str(whole).startswith(
        "no bottleneck seen (final: 8 seeds): read-outs of the last layer name 99.0%"
    )
    rows.loc[at(rows, 205, 6, 6), "accuracy"] = 0.9899
    lowered = no_bottleneck_seen(rows)
    assert lowered.verdict is False
    assert lowered.below == 1
    assert "1 of 24 runs below 99%" in lowered.reason


def test_only_the_last_layer_of_trained_models_decides():
    rows = planted_study()
    rows.loc[at(rows, 205, 6, 5), "accuracy"] = 0.5
    rows.loc[at(rows, 205, 4, 4, trained=False), "accuracy"] = 0.5
    assert no_bottleneck_seen(rows).verdict is True


def test_missing_seeds_make_it_interim_and_then_undecided():
    seven, five = no_bottleneck_seen(planted_study(SEEDS[:7])), no_bottleneck_seen(planted_study(SEEDS[:5]))
    assert (seven.verdict, seven.label) == (True, "interim: 7 of 8 seeds")
    assert (five.verdict, five.word) == (None, "undecided")
    assert "fewer than 6 nothing is settled" in five.reason
    nothing = no_bottleneck_seen(pd.DataFrame(columns=list(study.COLUMNS)))
    assert (nothing.verdict, nothing.seeds) == (None, 0)


def test_a_seed_counts_when_every_depth_is_there():
    rows = planted_study()
    rows = rows[~at(rows, 203, 4, 4)]
    assert complete_seeds(rows) == tuple(seed for seed in SEEDS if seed != 203)
    rows.loc[at(rows, 203, 2, 2), "accuracy"] = 0.1  # of a seed that is not complete
    assert no_bottleneck_seen(rows).verdict is True


def test_a_diverged_run_is_no_support():
    rows = planted_study()
    lost = (rows.seed == 204) & (rows.layers == 6) & rows.trained
    rows.loc[lost, ["accuracy", "exact_match"]] = np.nan
    rows.loc[lost, "status"] = "diverged"
    found = no_bottleneck_seen(rows)
    assert (found.verdict, found.below) == (False, 1)
    assert "1 of these runs diverged" in found.reason
    assert found.weak == {6: pytest.approx(0.98 * 7 / 8)}


def test_a_depth_that_did_not_learn_is_named():
    found = no_bottleneck_seen(planted_study(score=0.6))
    assert set(found.weak) == {2, 4, 6}
    assert "6 layers are not trained within the range (60%)" in found.reason


@pytest.mark.parametrize("change", [0.03, -0.03])
def test_what_training_keeps_is_told_apart_from_what_it_loses(change):
    rows = planted_study(last=0.9)
    last = rows["layer"] == rows["layers"]
    before = rows.loc[last & rows["trained"]].set_index(["seed", "layers"])["accuracy"] - change
    untrained = last & ~rows["trained"].astype(bool)
    keys = list(rows.loc[untrained, ["seed", "layers"]].itertuples(index=False, name=None))
    rows.loc[untrained, "accuracy"] = [before[key] + 0.001 * (key[0] % 3) for key in keys]
    found = kept_by_training(rows)
    assert set(found) == set(study.DEPTHS)
    assert all((each.low > 0) == (change > 0) and (each.high < 0) == (change < 0) for each in found.values())
    few = kept_by_training(rows[rows["seed"] < 205])
    assert not any(np.isfinite([each.low, each.high]).any() for each in few.values())


def test_damaged_rows_are_one_sentence():
    rows = planted_study()
    with pytest.raises(ValueError, match="no column 'accuracy'"):
        no_bottleneck_seen(rows.drop(columns="accuracy"))
    with pytest.raises(ValueError, match="same layer twice"):
        no_bottleneck_seen(pd.concat([rows, rows[:1]]))
    rows.loc[0, "accuracy"] = 99.0
    with pytest.raises(ValueError, match="no accuracy from 0 to 1"):
        no_bottleneck_seen(rows)


# --- the figure ----------------------------------------------------------------------------------------------


def dots(picture):
    """How many marks stand in each panel, without legend, lines and live dots."""
    lines = [[line for line in axes.lines if line.get_linestyle() == "None"] for axes in picture.figure.axes]
    return [sum(len(line.get_xdata()) for line in panel) for panel in lines]


def test_the_figure_shows_every_row():
    rows = planted_study(SEEDS[:3])
    picture = read_out_curves(rows)
    assert dots(picture) == [3 * 2 * 3, 3 * 2 * 5, 3 * 2 * 7]
    fewer = read_out_curves(rows.drop(rows.index[at(rows, 201, 4, 3)]))
    assert dots(fewer)[1] == 3 * 2 * 5 - 1
    assert fewer.png() != picture.png()
    assert "chance" in picture.alt
    assert "3 seeds" in picture.summary


def test_the_figure_shows_a_diverged_run_and_the_learners_own():
    rows = planted_study(SEEDS[:2])
    rows.loc[(rows.seed == 200) & (rows.layers == 2) & rows.trained, "accuracy"] = np.nan
    own = [ReadOut(0, 1.0, 1.0), ReadOut(1, 0.9, 1.0), ReadOut(2, 0.8, 1.0)]
    picture = read_out_curves(rows, live=own, enough=0.99)
    assert dots(picture) == [2 * 2 * 3 + 3, 2 * 2 * 5, 2 * 2 * 7]
    (legend,) = picture.figure.legends
    labels = {text.get_text() for text in legend.get_texts()}
    assert labels == {"trained", "untrained", "chance", "99%", "diverged", "your run"}
    picture.figure.draw_without_rendering()
    extent = legend.get_window_extent()
    assert 0 <= extent.x0 < extent.x1 <= picture.figure.bbox.x1  # all of it can be read


def test_each_panel_has_the_chance_line_of_its_rows():
    rows = planted_study(SEEDS[:2])
    for axes in read_out_curves(rows).figure.axes:
        (line,) = [each for each in axes.lines if each.get_label() == "chance"]
        assert set(line.get_ydata()) == {0.16}


def test_bad_input_of_the_figure_is_one_sentence():
    rows = planted_study(SEEDS[:1])
    with pytest.raises(ValueError, match="no column 'chance'"):
        read_out_curves(rows.drop(columns="chance"))
    with pytest.raises(ValueError, match="no rows yet; run"):
        read_out_curves(rows[:0])
    with pytest.raises(ValueError, match="not percent"):
        read_out_curves(rows.assign(accuracy=99.0))
    with pytest.raises(ValueError, match="of 1 layers, but the panels have 2, 4, 6"):
        read_out_curves(rows, live=[ReadOut(0, 1.0, 1.0), ReadOut(1, 1.0, 1.0)])
