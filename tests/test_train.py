"""The training loop: learns, repeats to the bit, resumes to the bit, stops cleanly, refuses what it cannot use."""

import json
import os
import signal
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from destructure import Structure, Transformer, TransformerConfig, cost
from destructure.config import BEGIN, END
from destructure.generate import greedy
from destructure.tasks.numbers import NumberTranslation
from destructure.train import Recipe, evaluate, exact_match, exact_matches, mean_loss, train, translate
from destructure.train import checkpoint as checkpoint_module
from destructure.train.batches import Batches
from destructure.train.checkpoint import INDEX, load_checkpoint, write_atomically
from destructure.train.evaluate import loss_with_inputs, target_loss

TASK = NumberTranslation(high=999, train_examples=400, validation_examples=50, test_examples=50)
CONFIG = TransformerConfig(
    vocabulary=len(TASK.vocabulary), width=16, layers=2, heads=2, max_length=TASK.max_length
)
QUICK = Recipe(steps=20, tokens_per_batch=300, evaluation_examples=20, checkpoint_every=5)
EXACT = ["step", "tokens", "flops", "phase", "learning_rate", "loss", "gradient_norm"]


def model(structure=Structure.ENCODER_DECODER, seed=0):
    return Transformer(CONFIG.with_structure(structure), seed=seed)


def run(recipe=QUICK, seed=0, **keywords):
    return train(keywords.pop("model", None) or model(), TASK, recipe, seed=seed, progress=False, **keywords)


def assert_same_run(one, other):
    pd.testing.assert_frame_equal(one.history, other.history, check_exact=True)
    pd.testing.assert_frame_equal(one.results, other.results, check_exact=True)
    for ours, theirs in zip(one.model.parameters(), other.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


# --- it learns, and tells -------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [Structure.ENCODER_DECODER, Structure.DECODER_ONLY], ids=str)
def test_it_learns(structure):
    recipe = Recipe(steps=150, tokens_per_batch=600, learning_rate=8e-3, evaluation_examples=50)
    result = run(recipe, model=model(structure))
    untrained = mean_loss(model(structure), TASK.pairs("test"))
    assert result.status == "finished"
    assert mean_loss(result.model, TASK.pairs("test")) < untrained / 4
    assert exact_match(result.model, TASK.pairs("train")) > 0.2
    assert not result.model.training


def test_the_history_is_tidy():
    result = run(replace(QUICK, evaluate_every=10))
    history = result.history
    assert list(history.step) == list(range(1, 21))
    assert history.tokens.is_monotonic_increasing
    assert set(history.phase) == {"constant", "cooldown"}
    assert history[EXACT].notna().all(axis=None)
    assert list(history.step[history.exact_match.notna()]) == [10, 20]
    assert list(result.results.budget) == [20]


def test_own_measurements_take_the_place_of_the_usual_ones():
    result = run(
        replace(QUICK, evaluate_every=10), measure=lambda model: {"largest": model.output.weight.max().item()}
    )
    assert "largest" in result.results.columns
    assert "exact_match" not in result.results.columns
    assert list(result.history.step[result.history.largest.notna()]) == [10, 20]


def test_flops_are_counted_by_formula_over_real_tokens():
    result = run()
    batches = Batches(TASK.pairs("train"), QUICK.tokens_per_batch, seed=0)
    expected = 0
    for _ in range(QUICK.steps):
        for example in next(batches).examples:
            pair = TASK.pairs("train")[example]
            expected += cost.training_flops(CONFIG, len(pair.source), len(pair.target) + 1)
    assert result.history.flops.iloc[-1] == expected


def test_a_budget_in_flops_is_spent_and_no_more_than_a_batch_beyond():
    budget = 3e8
    result = run(Recipe(flops=budget, tokens_per_batch=300, evaluation_examples=10))
    spent = result.history.flops
    assert spent.iloc[-2] < budget <= spent.iloc[-1]


def test_several_budgets_branch_off_one_trunk():
    """Each branch equals a run that stops there; the trunk goes on as if it had not branched."""
    several = run(replace(QUICK, steps=(10, 20), warmup=0.0))
    alone = run(replace(QUICK, steps=10, warmup=0.0))
    assert list(several.results.budget) == [10, 20]
    pd.testing.assert_series_equal(several.results.iloc[0], alone.results.iloc[0], check_exact=True)
    assert list(several.history.phase) == ["constant"] * 16 + ["cooldown"] * 4
    rates = several.history.learning_rate
    assert rates[:16].nunique() == 1
    assert rates[16:].is_monotonic_decreasing


def test_warm_up_rises_to_the_constant_rate():
    rates = run(replace(QUICK, warmup=0.25)).history.learning_rate
    np.testing.assert_allclose(rates[:6], QUICK.learning_rate * np.array([0.2, 0.4, 0.6, 0.8, 1, 1]))


def test_averaged_weights_are_what_is_evaluated():
    trained = model()
    result = run(model=trained)
    assert not torch.equal(result.model.output.weight, trained.output.weight)
    unaveraged = run(replace(QUICK, averaging=0.0, cooldown=0.0))
    again = model()
    direct = train(again, TASK, replace(QUICK, averaging=0.0, cooldown=0.0), progress=False)
    assert torch.equal(direct.model.output.weight, unaveraged.model.output.weight)


def test_gradients_are_clipped():
    small = run(replace(QUICK, clip=1e-9, weight_decay=0.0, averaging=0.0, warmup=0.0))
    free = run(replace(QUICK, clip=1e9, weight_decay=0.0, averaging=0.0, warmup=0.0))
    assert small.history.loss.iloc[-1] > free.history.loss.iloc[-1]


def test_loss_on_inputs_counts_input_tokens_too():
    causal = model(Structure.DECODER_ONLY)
    batch = next(Batches(TASK.pairs("train"), 300, seed=0))
    target_only, both = target_loss(causal, batch).item(), loss_with_inputs(causal, batch).item()
    per_token = causal.input_logits(batch.source)[:, :-1].log_softmax(-1)
    following = batch.source[:, 1:]
    real = following != 0
    on_inputs = -per_token.gather(-1, following.unsqueeze(-1)).squeeze(-1)[real].sum().item()
    targets = int((batch.expected != 0).sum())
    expected = (on_inputs + target_only * targets) / (int(real.sum()) + targets)
    assert both == pytest.approx(expected, rel=1e-5)
    assert run(replace(QUICK, loss_on_inputs=True), model=causal).status == "finished"


# --- to the bit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("structure", [Structure.ENCODER_DECODER, Structure.DECODER_ONLY], ids=str)
def test_same_seed_same_bits(structure):
    first, second = run(model=model(structure)), run(model=model(structure))
    assert_same_run(first, second)
    other = run(model=model(structure), seed=1)
    assert not torch.equal(first.model.output.weight, other.model.output.weight)


def stop_after(steps):
    """Press Ctrl-C, for real, while the given step is running."""
    taken = 0

    def press(*_):
        nonlocal taken
        taken += 1
        if taken == steps:
            os.kill(os.getpid(), signal.SIGINT)

    return press


@pytest.mark.parametrize("steps", [1, 7, 12, 18, 19], ids=lambda steps: f"stopped in step {steps}")
def test_ctrl_c_leaves_a_checkpoint_that_resumes_to_the_same_bits(steps, tmp_path):
    recipe = replace(QUICK, steps=(10, 20), evaluate_every=4)
    interrupted = model()
    interrupted.register_forward_hook(stop_after(steps))
    stopped = run(recipe, model=interrupted, checkpoint=tmp_path)
    assert stopped.status == "interrupted"
    assert len(stopped.history) >= 1
    assert np.isfinite(stopped.history.loss).all()
    assert (tmp_path / INDEX).exists()

    resumed = run(recipe, checkpoint=tmp_path)
    assert resumed.status == "finished"
    assert_same_run(resumed, run(recipe))


def test_a_finished_run_resumes_to_its_own_result(tmp_path):
    first = run(checkpoint=tmp_path)
    assert_same_run(first, run(checkpoint=tmp_path))


def test_two_interrupts_stop_at_once():
    before = signal.getsignal(signal.SIGINT)  # ignored, where the tests were started in the background
    impatient = model()
    impatient.register_forward_hook(lambda *_: [os.kill(os.getpid(), signal.SIGINT) for _ in range(2)])
    with pytest.raises(KeyboardInterrupt):
        run(model=impatient)
    assert signal.getsignal(signal.SIGINT) is before


def test_it_trains_outside_the_main_thread():
    results = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join()
    assert_same_run(results[0], run())


# --- failure is recorded --------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_ends_the_run_as_a_failure(value):
    broken = model()
    calls = []

    def break_third_step(module, inputs, output):
        calls.append(1)
        return output * value if len(calls) == 3 else output

    broken.register_forward_hook(break_third_step)
    result = run(model=broken)
    assert result.status == "diverged"
    assert list(result.history.step) == [1, 2, 3]
    assert not np.isfinite(result.history.loss.iloc[-1])
    assert all(torch.isfinite(weights).all() for weights in result.model.parameters())
    assert all(torch.isfinite(weights).all() for weights in broken.parameters())


# --- checkpoints that cannot be used --------------------------------------------------------------------------


@pytest.fixture
def checkpoint(tmp_path):
    run(checkpoint=tmp_path)
    return tmp_path


def refused(checkpoint, **changes):
    keywords = {"recipe": QUICK, "checkpoint": checkpoint} | changes
    with pytest.raises(ValueError, match="checkpoint") as error:
        run(**keywords)
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


def test_a_checkpoint_of_another_model_task_recipe_or_seed(checkpoint):
    assert "another config" in refused(checkpoint, model=model(Structure.PREFIX_LM))
    assert "another recipe" in refused(checkpoint, recipe=replace(QUICK, steps=21))
    assert "another seed" in refused(checkpoint, seed=1)
    other = NumberTranslation(high=999, train_examples=401, validation_examples=50, test_examples=50)
    with pytest.raises(ValueError, match="another task"):
        train(model(), other, QUICK, checkpoint=checkpoint, progress=False)


def test_damaged_checkpoints(checkpoint):
    tensors = next(checkpoint.glob("*.safetensors"))
    whole = tensors.read_bytes()
    tensors.write_bytes(whole[:-1])
    assert "is not the file that was written" in refused(checkpoint)
    tensors.write_bytes(whole[:100] + b"\xff" + whole[101:])
    assert "is not the file that was written" in refused(checkpoint)
    tensors.unlink()
    assert "is missing" in refused(checkpoint)
    tensors.write_bytes(whole)
    index = json.loads((checkpoint / INDEX).read_text())
    (checkpoint / INDEX).write_text(json.dumps(index | {"version": 99}))
    assert "version 99" in refused(checkpoint)
    (checkpoint / INDEX).write_text(json.dumps(index)[:-40])
    assert "cannot be read" in refused(checkpoint)
    del index["state"]["rows"]
    (checkpoint / INDEX).write_text(json.dumps(index))
    assert "does not fit" in refused(checkpoint)


def test_loading_what_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="There is no checkpoint"):
        load_checkpoint(tmp_path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_killed_between_the_two_files_the_old_checkpoint_is_whole(checkpoint, monkeypatch):
    before = load_checkpoint(checkpoint)[1]
    write = checkpoint_module.write_atomically

    def die_before_the_index(path, content):
        if path.name == INDEX:
            raise SystemExit
        write(path, content)

    monkeypatch.setattr(checkpoint_module, "write_atomically", die_before_the_index)
    with pytest.raises(SystemExit):
        checkpoint_module.save_checkpoint(checkpoint, {"x": torch.ones(3)}, {"other": 1})
    assert load_checkpoint(checkpoint)[1] == before


# --- recipes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fragment"),
    [
        ({}, "exactly one"),
        ({"steps": 5, "flops": 1e9}, "exactly one"),
        ({"steps": 0}, "budgets are"),
        ({"steps": (20, 10)}, "rising order"),
        ({"steps": ()}, "budgets are"),
        ({"steps": 5, "learning_rate": 0}, "learning_rate is 0"),
        ({"steps": 5, "learning_rate": float("nan")}, "learning_rate is nan"),
        ({"steps": 5, "learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"steps": 5, "warmup": "long"}, "warmup is 'long'"),
        ({"steps": 5, "cooldown": 1.0}, "cooldown is 1.0"),
        ({"steps": 5, "warmup": -0.1}, "warmup is -0.1"),
        ({"steps": 5, "evaluate_every": 0}, "evaluate_every is 0"),
    ],
    ids=str,
)
def test_impossible_recipes(changes, fragment):
    with pytest.raises(ValueError, match=fragment):
        Recipe(**changes)


@pytest.mark.parametrize(
    ("call", "fragment"),
    [
        (lambda net: train(TASK, net, Recipe(steps=1)), "in this order; give a model, a task and a Recipe"),
        (lambda net: train(net, TASK, {"steps": 1}), "dict, in this order"),
        (lambda net: exact_match(net, "test"), "The pairs are 'test'; give a task's pairs"),
        (lambda net: exact_match(net, TASK), "give a task.s pairs"),
        (lambda net: translate(net, TASK, "23"), "texts is one text, '23'; give a list"),
    ],
)
def test_what_is_no_model_task_pairs_or_texts_is_refused(call, fragment):
    with pytest.raises(ValueError, match=fragment):
        call(model())


# --- batches --------------------------------------------------------------------------------------------------


def test_batches_cover_each_epoch_once_and_are_filled_by_real_tokens():
    pairs = TASK.pairs("train")
    batches = Batches(pairs, 300, seed=3)
    seen, sizes, waste = [], [], []
    while batches.epoch == 0:
        batch = next(batches)
        seen += list(batch.examples)
        sizes.append(batch.tokens)
        padded = batch.source.numel() + batch.target.numel()
        waste.append(1 - batch.tokens / padded)
        assert batch.tokens == int((batch.source != 0).sum() + (batch.target != 0).sum())
        assert (batch.target[:, 0] == BEGIN).all()
        assert torch.equal(
            batch.target[:, 1:][batch.target[:, 1:] != 0], batch.expected[:, :-1][batch.target[:, 1:] != 0]
        )
        assert ((batch.expected == END).sum(dim=1) == 1).all()
    assert sorted(seen) == list(range(len(pairs)))
    assert max(sizes) < 300 + 2 * TASK.max_length
    assert np.mean(waste) < 0.15
    first_order = list(seen)
    again = Batches(pairs, 300, seed=3)
    assert first_order == [example for _ in sizes for example in next(again).examples]


def test_no_examples_are_refused():
    with pytest.raises(ValueError, match="no examples"):
        Batches([], 300, seed=0)


# --- decoding -------------------------------------------------------------------------------------------------


def test_exact_match_is_never_teacher_forced():
    """A model that is right only when shown the true previous tokens must score 0."""
    trained = run(Recipe(steps=60, tokens_per_batch=600, learning_rate=8e-3, evaluation_examples=10)).model
    pairs = [pair for pair in TASK.pairs("test") if len(pair.target) > 2]
    matches = exact_matches(trained, pairs)
    assert len(matches) == len(pairs)
    for pair, right in zip(pairs, matches, strict=True):
        alone = greedy(trained, torch.tensor([pair.source]), len(pair.target) + 2)[0]
        assert right == (tuple(alone) == pair.target)


def test_translate_reads_text_and_refuses_what_it_cannot_spell():
    assert len(translate(model(), TASK, ["twenty-one", "three hundred"])) == 2
    with pytest.raises(ValueError, match="hallo"):
        translate(model(), TASK, ["hallo"])


def test_translate_answers_every_text_also_in_many_batches(monkeypatch):
    texts = ["twenty-one", "three hundred", "one", "ninety-nine"]
    trained = model()
    alone = [translate(trained, TASK, [text])[0] for text in texts]
    monkeypatch.setattr(evaluate, "TOKENS_AT_ONCE", 8)  # two texts a batch, or one
    assert translate(trained, TASK, texts) == alone
