"""Notebook 05's own cells on planted answers, attention and rows: who is taken for whom, heads, gaps, verdicts."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from destructure import load_table, show
from destructure.pretrained.stored import stored_file
from destructure.show.facts import FactError
from destructure.studies import language_identification as study
from notebook_cells import code_cells, run_cells

CELLS = code_cells("05")


def cell(text):
    """The cell with a text."""
    return next(source for source in CELLS if text in source)


@pytest.fixture
def names():
    return {"np": np, "pd": pd, "torch": torch, "task": study.make_task(), "study": study, "fact": show.fact}


# --- who is taken for whom -------------------------------------------------------------------------------------


def test_confusions_are_shares_of_the_true_language_and_groups_stand_side_by_side(names):
    names |= {"truth": ["da", "da", "nb", "de"], "given": ["da", "nb", "nb", "xx"], "heat": show.heat}
    exec(cell("def confusions"), names)
    exec(cell("def confusion_matrix"), names)
    assert names["ORDER"][-8:] == ["da", "nb", "sv", "cs", "sk", "ca", "es", "pt"]
    assert sorted(names["ORDER"]) == sorted(names["task"].languages)
    axes = names["confusion_matrix"](names["given"], "who").axes[0]
    shares = np.asarray(axes.images[0].get_array())
    row, column = names["ORDER"].index("da"), names["ORDER"].index("nb")
    assert shares[row, row] == shares[row, column] == 0.5
    assert shares[column, column] == 1
    assert len(axes.lines) == 3  # the frames


def test_the_share_of_mistakes_inside_a_frame(names):
    names |= {"truth": ["da", "da", "nb", "de", "sv"], "CLOSE": {"Scandinavian": ["da", "nb", "sv"]}}
    exec(cell("def share_within").split("\n\n\n")[0], names)
    assert names["share_within"](["nb", "de", "sv", "de", "xx"]) == 0.5  # 2 of 4 mistakes


# --- heads -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("previous token", lambda query: query - 1),
        ("next token", lambda query: query + 1),
        ("same token", lambda query: query),
        ("[SEP]", lambda query: 5),
    ],
)
def test_each_pattern_of_a_head_is_recognised(names, pattern, place):
    tokens = ["[CLS]", "a", "b", "c", "d", "[SEP]"]
    weights = torch.zeros(2, 3, 6, 6)  # (layers, heads, query, key): 0.9 to one place, the rest to [CLS]
    for query in range(6):
        weights[..., query, min(max(place(query), 0), 5)] += 0.9
    weights[..., 0] += 0.1
    weights[0] = 1 / 6  # the first layer looks everywhere alike
    exec(cell("def pattern_scores").split("\n\n\n")[0], names)
    exec(cell("def clearest").split("\n\n\n")[0], names)
    scores = names["pattern_scores"](list(weights), tokens)
    assert scores[pattern][1].min() >= 0.9 - 1e-6
    assert all(scores[other][1].max() < 0.5 for other in scores if other != pattern)
    assert scores[pattern][0] == pytest.approx(1 / 6)
    assert names["clearest"](scores[pattern])[0] == 1


# --- gaps --------------------------------------------------------------------------------------------------------


def test_the_hidden_character_is_shown_in_another_colour_however_unlikely(names):
    class Gaps:
        class vocabulary:
            tokens = tuple("abcdefg")

            @staticmethod
            def encode(text):
                return tuple("abcdefg".index(one) for one in text)

    found = torch.tensor([[0.1, 0.5, 0.2, 0.1, 0.05, 0.04, 0.01], [0.4, 0.3, 0.1, 0.1, 0.06, 0.03, 0.01]])
    names |= {"gaps": Gaps, "chances": lambda text: found, "bars": show.bars}
    exec(cell("def likeliest"), names)
    rows = names["likeliest"]("_x_", ["b", "g"])
    assert rows[rows.kind == "the hidden one"].guess.tolist() == ["b", "g"]
    assert rows.groupby("gap").size().tolist() == [5, 5]
    assert rows.probability.tolist()[:5] == pytest.approx([0.5, 0.2, 0.1, 0.1, 0.05])
    assert rows.probability.tolist()[5:] == pytest.approx([0.4, 0.3, 0.1, 0.1, 0.01])
    names["likeliest"] = lambda text, hidden: rows
    exec(cell("picture = bars(\n    likeliest"), names)
    for axes in names["picture"].axes:
        colours = [to_hex(bar.get_facecolor()) for bar in axes.patches if bar.get_height() > 0]
        assert sorted(map(colours.count, set(colours))) == [1, 4]


# --- what the rows say -------------------------------------------------------------------------------------------


def say(rows, along, names):
    """What the cells about the amount of data, and about giving up generation, print on these rows."""
    names |= {"rows": rows, "along": along}
    texts = "first = rows[rows", "counted_right =", "fourth, last =", "all_data =", "by_seed ="
    return run_cells([CELLS[0], *map(cell, texts)], names)


def test_the_stored_rows_are_the_plans_and_say_what_the_notebook_says():
    rows, along = study.rows(), study.COMPUTE.rows()
    assert study.STUDY.missing() == study.COMPUTE.missing() == []
    printed = say(rows, along, {})
    assert "248 messages: at equal compute 12 points (10 to 14)" in printed
    assert "15,726 messages: at equal compute 18 points (17 to 18); at equal passes 13 points" in printed
    assert "encoder-only minus decoder-only: 11 points" in printed
    assert "at equal passes 13 points (12 to 15); steps: 1,566 and 100" in printed


def test_an_encoder_ahead_of_counting_stops_the_notebook():
    rows = study.rows()
    few = (rows.method == study.ENCODER) & (rows.messages == 12)
    better = rows.accuracy.mask(few, 0.9 + 0.001 * (rows.seed % 2))
    with pytest.raises(FactError, match="counting is ahead in both arms"):
        say(rows.assign(accuracy=better), study.COMPUTE.rows(), {})


def test_a_lead_that_stays_at_equal_passes_stops_the_notebook():
    along = study.COMPUTE.rows()
    lower = along.accuracy.mask(along.budget == 4.8e12, along.accuracy - 0.05)
    with pytest.raises(FactError, match="the lead shrinks"):
        say(study.rows(), along.assign(accuracy=lower), {})


def test_a_decoder_level_with_the_encoder_stops_the_notebook():
    rows = study.rows()
    level = rows.accuracy.mask(rows.method == study.DECODER, 0.787)
    with pytest.raises(FactError, match="the encoder is ahead"):
        say(rows.assign(accuracy=level), study.COMPUTE.rows(), {})


# --- few labels --------------------------------------------------------------------------------------------------


def test_the_stored_shares_are_those_of_the_take_away():
    found = json.loads(stored_file("few_labels").read_text(encoding="utf-8"))["value"]["pretrained"]
    shares = {case: round(100 * np.mean(draws)) for case, draws in found.items()}
    opinion = [share for case, share in shares.items() if case.startswith("opinion")]
    assert (shares["subject 5"], min(opinion), max(opinion)) == (67, 56, 63)


def test_labels_are_drawn_alike_from_each_class_and_never_tested_on():
    names = {"np": np, "load_table": load_table}
    exec(cell("def draw_labels"), names)
    opinions = names["opinions"]
    for question, classes in (("subject", 4), ("opinion", 2)):
        given, rest = names["draw_labels"](question, 10, 3)
        assert opinions[question][given].value_counts().tolist() == [10] * classes
        assert sorted([*given, *rest]) == list(range(240))
        assert not np.array_equal(given, names["draw_labels"](question, 10, 4)[0])


def test_a_linear_layer_finds_what_is_there_and_nothing_in_noise():
    names = {"torch": torch, "functional": torch.nn.functional}
    exec(cell("def linear_layer"), names)
    generator = torch.Generator().manual_seed(0)
    vectors, classes = torch.randn(400, 8, generator=generator), torch.arange(400) % 2
    noise = names["linear_layer"](vectors[:200], classes[:200])(vectors[200:]).argmax(dim=1)
    planted = vectors + 3 * one_hot(classes)
    found = names["linear_layer"](planted[:200], classes[:200])(planted[200:]).argmax(dim=1)
    assert (found == classes[200:]).float().mean() > 0.9
    assert abs((noise == classes[200:]).float().mean() - 0.5) < 0.15


def one_hot(classes):
    return torch.nn.functional.one_hot(classes, 8).float()
