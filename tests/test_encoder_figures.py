"""The figures of notebook 05: what they count, in which order, and what they refuse."""

import numpy as np
import pytest

from destructure.show import (
    ablation_bars,
    confusion_counts,
    confusion_matrix,
    encoder_drawing,
    gap_guesses,
    head_table,
    share_within,
)
from destructure.show.confusions import grouped_order
from destructure.studies.head_patterns import PATTERNS, clearest, mean_scores, pattern_scores

CLASSES = ("ca", "da", "de", "nb", "sv")
GROUPS = {"Scandinavian": ("da", "nb", "sv")}


def test_confusions_are_counted_by_truth_and_answer():
    counts = confusion_counts(["da", "da", "nb", "de"], ["da", "nb", "nb", "xx"], CLASSES)
    assert counts.sum() == 3  # "xx" is no class
    assert counts[1, 1] == counts[1, 3] == counts[3, 3] == 1


def test_members_of_a_group_stand_side_by_side():
    assert grouped_order(CLASSES, GROUPS) == ["ca", "de", "da", "nb", "sv"]
    with pytest.raises(ValueError, match="two groups"):
        grouped_order(CLASSES, GROUPS | {"other": ("da", "de")})
    with pytest.raises(ValueError, match="'fi' is not one"):
        grouped_order(CLASSES, {"northern": ("fi", "sv")})


def test_the_share_of_mistakes_inside_a_group():
    truth, answers = ["da", "da", "nb", "de", "sv"], ["nb", "de", "sv", "de", "xx"]
    assert share_within(truth, answers, GROUPS) == 0.5  # 2 of 4 mistakes
    assert share_within(["da"], ["da"], GROUPS) == 0


def test_the_matrix_describes_itself_without_measured_values():
    picture = confusion_matrix(
        ["da", "nb", "nb"], ["nb", "nb", "nb"], CLASSES, groups=GROUPS, title="Who is who"
    )
    assert "Scandinavian" in picture.summary
    assert "da taken for nb" in picture.alt
    assert "taken for" not in picture.summary
    assert len(picture.figure.axes[0].patches) == 1
    assert picture.png()


def attention(layers, heads, length, place):
    """Weights in which each query gives 0.9 to one place and the rest to [CLS]."""
    weights = np.zeros((layers, heads, length, length))
    for query in range(length):
        weights[..., query, min(max(place(query, length), 0), length - 1)] += 0.9
    weights[..., 0] += 0.1
    return weights


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("previous token", lambda query, length: query - 1),
        ("next token", lambda query, length: query + 1),
        ("same token", lambda query, length: query),
        ("[SEP]", lambda query, length: length - 1),
    ],
)
def test_each_pattern_is_recognised(pattern, place):
    tokens = ["[CLS]", "a", "b", "c", "d", "[SEP]"]
    weights = attention(2, 3, 6, place)
    weights[0] = 1 / 6  # the first layer looks everywhere alike
    scores = pattern_scores(list(weights), tokens)
    assert set(scores) == set(PATTERNS)
    assert scores[pattern][1].min() >= 0.9 - 1e-9
    assert all(scores[other][1].max() < 0.5 for other in PATTERNS if other != pattern)
    assert scores[pattern][0] == pytest.approx(1 / 6)
    assert clearest(scores[pattern])[0] == 1
    assert mean_scores([scores, scores])[pattern] == pytest.approx(scores[pattern])


def test_patterns_need_a_sentence_and_fitting_weights():
    weights = np.full((1, 2, 4, 4), 0.25)
    with pytest.raises(ValueError, match="from \\[CLS\\] to \\[SEP\\]"):
        pattern_scores(weights, ["a", "b", "c", "d"])
    with pytest.raises(ValueError, match="for 3 tokens"):
        pattern_scores(weights, ["[CLS]", "a", "[SEP]"])


def test_head_tables_take_one_to_four_patterns_of_one_shape():
    tables = {name: np.full((6, 12), 0.2) for name in PATTERNS}
    assert head_table(tables, title="Heads").png()
    with pytest.raises(ValueError, match="one to four"):
        head_table({})
    with pytest.raises(ValueError, match="outside 0 to 1"):
        head_table({"previous token": [[1.2]]})


def test_gap_guesses_show_the_true_token_in_orange():
    from matplotlib.colors import to_hex

    from destructure.show import TARGET

    picture = gap_guesses([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]], ["a", "b", "c"], ["b", "c"], best=2)
    colours = [[to_hex(bar.get_facecolor()) for bar in axes.patches] for axes in picture.figure.axes]
    assert colours[0][0].casefold() == TARGET.casefold()
    assert colours[1][0].casefold() != TARGET.casefold()
    assert colours[1][1].casefold() == TARGET.casefold()
    with pytest.raises(ValueError, match="one true token for each"):
        gap_guesses([[0.5, 0.5]], ["a", "b"], [])


def test_ablation_bars_write_the_difference():
    picture = ablation_bars({"BERT": (87.9, 77.8)}, ("both ways", "left to right"), score="points")
    assert any("= 10.1" in text.get_text() for text in picture.figure.axes[0].texts)
    with pytest.raises(ValueError, match="from 0 to 100"):
        ablation_bars({"BERT": (870, 77)}, ("a", "b"), score="points")


def test_the_drawing_takes_either_pooling():
    first, mean = (encoder_drawing(["[CLS]", "That"], ["+", "−"], pooling=one) for one in ("first", "mean"))
    assert "first token's state" in first.summary
    assert "average of all" in mean.summary
    with pytest.raises(ValueError, match="'first' or 'mean'"):
        encoder_drawing(["a"], ["b"], pooling="last")
