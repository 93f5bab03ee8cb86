"""Notebook 04's promise: a translator in under two minutes, right on unseen numbers, three seeds out of three."""

import contextlib
import time

import numpy as np
import pytest
import torch

from destructure import Transformer
from destructure.studies import number_study
from destructure.studies.crossing import clearest_head, crossing_weights, find_crossing

TASK = number_study.make_task()


@pytest.fixture(scope="module", params=[31, 32, 33], ids=lambda seed: f"seed {seed}")
def trained(request):
    """A trained translator and the seconds it took; seeds that no plan or pilot uses."""
    started = time.perf_counter()
    run = number_study.train_translator(TASK, seed=request.param, progress=False)
    return run, time.perf_counter() - started


@pytest.mark.slow
def test_ninety_five_per_cent_of_unseen_numbers_in_under_two_minutes(trained):
    run, seconds = trained
    scores = number_study.scores(run.model, TASK)
    assert run.status == "finished"
    assert scores["unseen"] >= 0.95
    assert scores["beyond"] < 0.1
    assert seconds < 120


@pytest.mark.slow
def test_units_and_tens_cross_in_the_cross_attention(trained):
    model = trained[0].model
    layer, head = clearest_head(crossing_weights(model, TASK, TASK.numbers("validation")[:200]))
    units, tens = crossing_weights(model, TASK, TASK.numbers("test")[:200])[layer, head]
    assert units[0] > 2 * units[1]
    assert tens[1] > 2 * tens[0]


def test_an_untrained_model_has_no_crossing():
    """The fact printed in the notebook can fail."""
    untrained = Transformer(number_study.make_config(TASK)).eval()
    weights = crossing_weights(untrained, TASK, TASK.numbers("test")[:100])
    units, tens = weights[clearest_head(weights)]
    assert not (units[0] > 2 * units[1] and tens[1] > 2 * tens[0])
    assert number_study.scores(untrained, TASK)["unseen"] < 0.01


@pytest.mark.parametrize("number", [23, 4_571, 99_999, 30_021])
def test_a_crossing_is_where_the_words_are(number):
    places, pair = find_crossing(TASK, number), TASK.pair(number)
    source, target = TASK.vocabulary.decode(pair.source), TASK.vocabulary.decode(pair.target)
    assert source[places.tens_word].endswith("ty")
    assert target[places.writes_tens - 1] == "und"
    after_begin = ["[BOS]", *target]
    assert after_begin[places.writes_tens + 1].endswith(("zig", "ßig"))
    assert after_begin[places.writes_units + 2] == "und"
    assert len(source) - 1 == places.units_word


@pytest.mark.parametrize("number", [0, 7, 20, 117, 340, 90_000])
def test_where_nothing_crosses_none_is_found(number):
    assert find_crossing(TASK, number) is None


def test_no_crossing_at_all_is_refused():
    untrained = Transformer(number_study.make_config(TASK))
    with pytest.raises(ValueError, match="units and tens cross"):
        crossing_weights(untrained, TASK, [1, 20, 300])


def test_crossing_weights_are_those_of_the_attention_maps():
    model = Transformer(number_study.make_config(TASK)).eval()
    weights = crossing_weights(model, TASK, [23])
    pair = TASK.pair(23)
    maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)]))
    expected = np.stack([layer[0].detach().numpy()[:, [0, 2]][:, :, [1, 0]] for layer in maps.cross])
    np.testing.assert_allclose(weights, expected)


def test_gap_and_beyond_are_what_they_say():
    low, high = number_study.GAP
    for split in ("train", "validation", "test"):
        assert not any(low <= number <= high for number in TASK.numbers(split))
        assert max(TASK.numbers(split)) < 100_000
    assert all(low <= number <= high for number in TASK.held_out_numbers())


# --- the stored rows -----------------------------------------------------------------------------------------


def test_every_registered_run_is_reported_once():
    runs = sorted(number_study.results()[["train_examples", "seed"]].itertuples(index=False, name=None))
    assert runs == sorted((arm, seed) for arm in number_study.ARMS for seed in number_study.REPORTING_SEEDS)


def test_rows_are_shares_of_finished_or_failed_runs():
    table = number_study.results()
    assert tuple(table.columns) == number_study.COLUMNS
    assert set(table.status) <= {"finished", "diverged"}
    assert table[["unseen", "gap", "beyond"]].apply(lambda column: column.between(0, 1)).all(axis=None)


def test_a_second_run_of_the_study_adds_nothing(monkeypatch):
    monkeypatch.setattr(number_study, "_row", lambda *_: pytest.fail("a finished run was repeated"))
    before = number_study.results_file().read_bytes()
    assert number_study.run_missing() == 0
    assert number_study.results_file().read_bytes() == before


def test_an_interrupted_study_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path = tmp_path / "results" / "unseen_numbers.csv"
    monkeypatch.setattr(number_study, "results_file", lambda: path)
    ran = []

    def row(train_examples, seed):
        if len(ran) == 3:
            raise KeyboardInterrupt
        ran.append(seed)
        return dict.fromkeys(number_study.COLUMNS, 0) | {"train_examples": train_examples, "seed": seed}

    monkeypatch.setattr(number_study, "_row", row)
    with pytest.raises(KeyboardInterrupt):
        number_study.run_missing()
    assert ran == list(number_study.REPORTING_SEEDS[:3])
    for _ in range(10):
        ran.clear()
        with contextlib.suppress(KeyboardInterrupt):
            number_study.run_missing()
    runs = list(number_study.results()[["train_examples", "seed"]].itertuples(index=False, name=None))
    assert runs == [(arm, seed) for arm in number_study.ARMS for seed in number_study.REPORTING_SEEDS]
