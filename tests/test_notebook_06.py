"""Notebook 06: the registered study behind it, the cells that measure, the dials, and the stored writer."""

import math

import pandas as pd
import pytest
import torch

from destructure import cost
from destructure.exercises.catalogue import find
from destructure.generate import Sampling, generate
from destructure.show import TrySampling, try_sampling
from destructure.studies import concatenation as study
from destructure.studies import docstring_writer
from notebook_cells import code_cells
from notebook_functions import functions_of


def from_notebook(begins, **names):
    """Run the one cell that begins like this, and return the names that it knows afterwards."""
    (source,) = [source for source in code_cells("06") if source.startswith(begins)]
    exec(source, names)
    return names


# --- the registered study -------------------------------------------------------------------------------------


def test_seven_layers_have_as_many_matrix_parameters_as_three_and_three():
    models = [study.translator(arm) for arm in ("encoder-decoder", "as many parameters")]
    norms = [sum(each.numel() for name, each in one.named_parameters() if "norm" in name) for one in models]
    both = zip(models, norms, strict=True)
    matrices = [cost.non_embedding_parameters(one.config) - norm for one, norm in both]
    assert matrices == [84 * models[0].config.width ** 2] * 2


def test_tuning_and_reporting_share_no_seed_and_none_is_the_lessons():
    tuning, reporting = set(study.STUDY.tuning.runs.seed), set(study.STUDY.runs.seed)
    assert len(reporting) == 8
    assert not tuning & reporting
    assert 0 not in tuning | reporting


def test_the_longer_runs_are_whole_and_have_the_rate_that_was_best_for_their_arms():
    assert study.LONGER.missing() == []
    assert {study.rates()[arm] for arm in study.LONGER.runs.arm} == set(study.LONGER.runs.learning_rate)


def test_logits_of_the_input_would_add_about_one_per_cent():
    """The plan says so; the formula leaves them out."""
    config = study.translator("loss on inputs").config
    extra = 2 * 6 * config.width * config.vocabulary / cost.forward_flops(config, 6, 9)
    assert 0.005 < extra < 0.02


@pytest.mark.parametrize("arm", study.ARMS)
def test_a_short_run_is_measured_at_each_budget(arm, monkeypatch):
    monkeypatch.setattr(study, "BUDGETS", (1e9, 2e9))
    monkeypatch.setattr(study, "exact_match", lambda model, pairs: 0.25)
    results = study.train_arm(arm, 7, 4e-3, budgets=(1e9, 2e9), progress=False).results
    assert list(results.budget) == [1e9, 2e9]
    assert set(results.unseen) == {0.25}
    assert results.target_loss.iloc[-1] < math.log(65)


def test_the_prediction_exercise_quotes_the_table():
    points = study.rows("reporting")
    found = 100 * points[(points.arm == "encoder-decoder") & (points.budget == 1e11)].unseen
    question = find("06.prediction.same_flops").question
    assert f"**{found.mean():.0f} of 100**" in question
    assert f"from {found.min():.0f} to {found.max():.0f})" in question


# --- cells of the notebook ------------------------------------------------------------------------------------


def roles_of(model, numbers):
    names = from_notebook("def both_roles(", torch=torch, task=study.make_task())
    return names["both_roles"](numbers, model)


def test_a_softmax_with_both_roles_shares_out_one():
    model, pair = study.translator("decoder-only").eval(), study.make_task().pair(23)
    crossing, on_input = roles_of(model, [20, 23, 300])  # only in 23 something crosses
    assert crossing.shape == (3, 4, 2, 2)
    maps = model.attention_maps(torch.tensor([pair.source]), torch.tensor([(1, *pair.target)]))
    weights = maps.target[1][0, 2].detach()  # second layer, third head
    looks = weights[[0, 2], [1, 0]]  # "three" after [BOS], "twenty" after "und"
    assert torch.equal(crossing[1, 2].diagonal(), looks)
    assert torch.allclose(on_input[1, 2, 1], weights[2, :2].sum())


def test_an_untrained_model_has_no_roles():
    """The facts of the notebook can fail."""
    _, on_input = roles_of(study.translator("decoder-only").eval(), study.make_task().numbers("test")[:40])
    assert on_input.mean(dim=-1)[0].max() < 0.8


def test_the_loss_by_hand_counts_the_target_alone():
    names = from_notebook("def loss_by_hand(", torch=torch, concatenation=study, fact=lambda text, true: None)
    logits, expected = torch.zeros(4, 9), torch.tensor([0, 0, 3, 2])
    assert names["loss_by_hand"](logits, expected).item() == pytest.approx(math.log(9))
    logits[:2] = 50 * torch.randn(2, 9, generator=torch.Generator().manual_seed(0))  # the input's places
    assert names["loss_by_hand"](logits, expected).item() == pytest.approx(math.log(9))
    logits[2, 3] += 1
    assert names["loss_by_hand"](logits, expected).item() < math.log(9)


def test_how_often_single_runs_rank_a_pair_the_other_way():
    tables = {"points": pd.DataFrame(columns=["budget"]), "longer": pd.DataFrame()}
    names = from_notebook("def wrong_way(", pd=pd, **tables)
    scores = {"decoder-only": (0.9, 0.8), "encoder-decoder": (0.85, 0.1)}
    rows = pd.DataFrame({"arm": arm, "unseen": one} for arm, both in scores.items() for one in both)
    assert names["wrong_way"](rows, "unseen") == "25%"  # 0.8 against 0.85
    assert names["wrong_way"](rows.assign(unseen=-rows.unseen), "unseen") == "25%"


def test_influence_maps_say_in_words_what_they_show():
    causal, everything = torch.ones(5, 5).tril().bool(), torch.ones(5, 5).bool()
    blocks = causal.clone()
    blocks[:3, :3] = True
    in_words = functions_of("06", points=None)["in_words"]
    said = [in_words(one) for one in (causal, everything, blocks)]
    assert said == [
        "no token reaches an earlier output",
        "every token reaches every output",
        "tokens reach earlier outputs inside the input only",
    ]


# --- dials ---------------------------------------------------------------------------------------------------


def test_dials_reach_the_sampling():
    asked = []

    def write(*arguments):
        asked.append(arguments)
        return "<b>text</b>"

    dials = TrySampling(write, "Return the ")
    assert not asked  # nothing is written before something is changed
    dials.temperature.value = 0.5
    dials.top_k.value = 7
    dials.top_p.value = 0.9
    dials.field.value = "A <class> "
    assert asked == [
        ("Return the ", 0.5, None, None, 0),
        ("Return the ", 0.5, 7, None, 0),
        ("Return the ", 0.5, 7, 0.9, 0),
        ("A <class> ", 0.5, 7, 0.9, 0),
    ]
    dials.button.click()
    assert asked[-1][-1] == 1
    assert "&lt;b&gt;text&lt;/b&gt;" in dials.written.value
    assert "A &lt;class&gt;" in dials.written.value


def test_what_cannot_be_written_is_said_in_the_field():
    def refuse(*_):
        raise ValueError("no <such> text")

    dials = TrySampling(refuse, "x")
    dials.submit()
    assert dials.written.value == "no &lt;such&gt; text"
    assert repr(dials) == "<TrySampling: a text to begin with, and dials for temperature, top-k and top-p>"
    assert "In JupyterLab" in dials._repr_mimebundle_()["text/html"]


@pytest.mark.slow
def test_the_dials_write_with_a_real_model():
    task = docstring_writer.make_task()
    model = docstring_writer.stored_writer()
    dials = try_sampling(model, task)
    dials.top_k.value = 1
    greedy = dials.written.value
    dials.button.click()
    assert dials.written.value == greedy
    dials.top_k.value = 0
    assert dials.written.value != greedy
    dials.field.value = ""
    assert "<pre" in dials.written.value


# --- the stored writer ---------------------------------------------------------------------------------------


def test_the_stored_writer_is_as_good_as_its_table_says():
    measured = docstring_writer.rows()
    assert tuple(measured.budget) == docstring_writer.RECIPE.flops
    assert measured.bits.is_monotonic_decreasing
    pieces = docstring_writer.held_out()[::4]  # a quarter: hence a wider margin
    bits = docstring_writer.bits_per_character(docstring_writer.stored_writer(), pieces)
    assert bits == pytest.approx(measured.bits.iloc[-1], abs=docstring_writer.MARGIN + 0.1)


def test_greedy_is_less_varied_than_sampling():
    model, ways = docstring_writer.stored_writer(), (Sampling(top_k=1), Sampling(seed=5))
    greedy, drawn = (docstring_writer.quality(model, how, texts=16) for how in ways)
    assert greedy["distinct words"] < drawn["distinct words"]
    assert greedy["known words"] > drawn["known words"]


def test_a_damaged_or_missing_weights_file_is_one_sentence(tmp_path, monkeypatch):
    path = tmp_path / "docstring_writer.safetensors"
    monkeypatch.setattr(docstring_writer, "weights_file", lambda: path)
    for content in (None, b"", b"not weights"):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ValueError, match=r"docstring_writer\.safetensors cannot be read"):
            docstring_writer.stored_writer()


def test_the_lesson_trains_the_first_part_of_the_stored_run():
    lesson, stored = docstring_writer.LESSON_RECIPE, docstring_writer.RECIPE
    assert lesson.budgets == stored.budgets[:1]
    assert lesson.warmup * lesson.budgets[0] == stored.warmup * stored.budgets[0]


def test_text_goes_on_from_where_it_was_given():
    model, task = docstring_writer.stored_writer(), docstring_writer.make_task()
    (ids,) = generate(model, None, 30, prompts=[task.encode_target("Return the ")])
    assert task.decode_target(ids).isprintable() or "\n" in task.decode_target(ids)
