"""Pictures of notebook 03: what they show, what they refuse, and that measured values stay out of compared text."""

import numpy as np
import pandas as pd
import pytest

from destructure import show

WORDS = ["the", "first", "line", "of", "the", "file"]


def curves(seeds=3, **changes):
    rows = [
        {"label": label, "seed": seed, "length": length, "exact_match": max(0.0, 1 - length / (top + seed))}
        for label, top in (("one", 8), ("two", 14))
        for seed in range(seeds)
        for length in range(4, 9)
    ]
    return pd.DataFrame(rows).assign(**changes)


def texts(picture):
    return [text.get_text() for axes in picture.figure.axes for text in axes.texts]


def test_length_curves_draw_every_seed_and_the_mean():
    picture = show.length_curves(curves(), ["one", "two"], trained=6, title="T")
    axes = picture.figure.axes[0]
    assert len(axes.lines) == 2 * (3 + 1)
    mean = axes.lines[3]
    np.testing.assert_allclose(
        mean.get_ydata(), curves()[lambda t: t.label == "one"].groupby("length").exact_match.mean()
    )
    assert "longer than any in training" in texts(picture)
    assert not texts(show.length_curves(curves(), ["one"], trained=8))


def test_a_label_can_keep_its_look_in_another_figure():
    first = show.length_curves(curves(), ["one", "two"]).figure.axes[0].lines
    alone = show.length_curves(curves(), ["two"], looks=[1]).figure.axes[0].lines
    assert alone[-1].get_color() == first[-1].get_color() != first[3].get_color()
    assert alone[-1].get_marker() == first[-1].get_marker()


def test_own_runs_are_crosses_with_one_entry_in_the_legend():
    picture = show.length_curves(curves(), ["one", "two"], live={"one": {4: 1.0, 8: 0.2}, "two": {4: 0.9}})
    axes = picture.figure.axes[0]
    crosses = [line for line in axes.lines if line.get_marker() == "X" and len(line.get_xdata())]
    assert [list(line.get_ydata()) for line in crosses] == [[1.0, 0.2], [0.9]]
    names = [text.get_text() for text in picture.figure.legends[0].get_texts()]
    assert sorted(names) == ["one", "two", "your runs"]
    assert "0.2" not in picture.summary


@pytest.mark.parametrize(
    ("labels", "changes", "says"),
    [(["one", "three"], {}, "'three'"), (["one"], {"exact_match": 1.2}, "outside 0 to 1")],
)
def test_length_curves_refuse_what_cannot_be_drawn(labels, changes, says):
    with pytest.raises(ValueError, match=says):
        show.length_curves(curves(**changes), labels)


def test_relation_maps_show_each_table_once_with_its_name():
    tables = {name: np.full((6, 6), value) for name, value in (("A", 0.1), ("B", 0.9), ("C", 0.5))}
    picture = show.relation_maps(tables, WORDS, what="weight", title="T")
    images = [axes.images[0] for axes in picture.figure.axes if axes.images]
    assert [float(image.get_array()[0, 0]) for image in images[:3]] == [0.1, 0.9, 0.5]
    assert {image.get_clim() for image in images[:3]} == {(0, 0.9)}
    written = [text.get_text() for text in picture.figure.texts]
    assert {"A", "B", "C", "T"} <= set(written)
    assert "A; B; C" in picture.summary


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ({}, "0 maps"),
        ({str(number): np.zeros((6, 6)) for number in range(5)}, "5 maps"),
        ({"A": np.zeros((6, 5))}, "for 6 words give 6 by 6"),
    ],
)
def test_relation_maps_refuse_what_does_not_fit(maps, says):
    with pytest.raises(ValueError, match=says):
        show.relation_maps(maps, WORDS)


def test_the_pipeline_has_one_column_a_token():
    pieces, ids = ["Un", "ic", "ode", " text"], [7, 8, 9, 10]
    picture = show.pipeline(pieces, ids, np.ones((4, 5)), np.zeros((4, 5)))
    axes = picture.figure.axes[0]
    assert len(axes.images) == 8
    assert {"Un", "␣text", "7", "10", "Unicode text"} <= set(texts(picture))
    assert "4 columns" in picture.summary
    assert "(4, 5)" in " ".join(texts(picture))
    right_edge = max(image.get_extent()[1] for image in axes.images)
    assert right_edge <= picture.figure.get_figwidth()


def test_a_pipeline_whose_lengths_do_not_agree_is_refused_like_the_slides():
    with pytest.raises(ValueError, match="12 pieces, 13 ids, 10 vectors and 10 states"):
        show.pipeline(["x"] * 12, [1] * 13, np.zeros((10, 3)), np.zeros((10, 3)))


def test_the_bottleneck_has_arcs_only_with_attention():
    picture = show.bottleneck(tuple("123"), ("a", "b"))
    above, below = (len(axes.patches) for axes in picture.figure.axes)
    assert below - above == 3
    assert "Fixed vector" in texts(picture)
    with pytest.raises(ValueError, match="at least one"):
        show.bottleneck((), ("a",))


@pytest.mark.parametrize(
    "picture",
    [
        lambda: show.bottleneck(),
        lambda: show.pipeline(["a"], [1], np.zeros((1, 2)), np.zeros((1, 2))),
        lambda: show.relation_maps({"A": np.eye(6)}, WORDS),
        lambda: show.length_curves(curves(), ["one"]),
    ],
)
def test_pictures_are_drawn_the_same_each_time_and_described(picture):
    first, second = picture(), picture()
    assert first.png() == second.png()
    assert 40 < len(first.alt) <= 300
    assert first.figure.get_figwidth() >= 8
