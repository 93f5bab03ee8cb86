"""Maps of words that look at words: what they show, and what they refuse."""

import numpy as np
import pytest

from destructure import show

WORDS = ["the", "first", "line", "of", "the", "file"]


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
