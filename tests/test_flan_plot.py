"""The figure of Flan's table 5, and the exercise that quotes it: every number is the table's."""

import pytest

from destructure.exercises.building import checks
from destructure.exercises.catalogue import find
from destructure.files import notebooks_folder
from destructure.show import Picture, flan_gains
from destructure.tables import load_table


@pytest.fixture(scope="module")
def rows():
    return load_table("flan_gains")


@pytest.fixture(scope="module")
def picture(rows):
    return flan_gains(rows, title="Who gained what")


def dots(axes, face=None):
    """Places of all marks of a panel, of one face colour where asked."""
    found = [line for line in axes.lines if line.get_marker() not in ("None", "", None)]
    chosen = [line for line in found if face is None or (line.get_markerfacecolor() == "white") == face]
    return sorted(
        (float(x), float(y)) for line in chosen for x, y in zip(*line.get_data(orig=False), strict=True)
    )


def test_every_gain_stands_over_its_parameters(picture, rows):
    upper, _ = picture.figure.axes
    assert dots(upper) == sorted(zip(rows["parameters"], rows["gain"], strict=True))
    assert upper.get_xscale() == "log"


def test_every_model_is_named_in_both_panels(picture, rows):
    upper, lower = picture.figure.axes
    assert {each.get_text().replace("\n", " ") for each in upper.texts} == set(rows["model"])
    assert [each.get_text() for each in lower.get_yticklabels()] == list(rows["model"])


def test_hollow_before_full_after_and_an_arrow_between(picture, rows):
    _, lower = picture.figure.axes
    places = [float(place) for place in range(len(rows))]
    assert dots(lower, face=True) == sorted(zip(rows["before"], places, strict=True))
    assert dots(lower, face=False) == sorted(zip(rows["after"], places, strict=True))
    arrows = {(each.xyann, each.xy) for each in lower.texts if each.arrow_patch}
    wanted = zip(rows["before"], rows["after"], places, strict=True)
    assert arrows == {((before, place), (after, place)) for before, after, place in wanted}


def test_families_differ_in_mark_and_line_as_well_as_in_colour(picture):
    upper, lower = picture.figure.axes
    assert len({line.get_marker() for line in upper.lines}) == 2
    styles = {each.arrow_patch.get_linestyle() for each in lower.texts if each.arrow_patch}
    assert len(styles) == 2
    legend = [each.get_text() for each in upper.get_legend().get_texts()]
    assert legend == ["T5: encoder-decoder", "PaLM: decoder-only"]


def test_no_label_meets_another(picture):
    """At lecture size: boxes of the labels of the upper panel, with four pixels around them."""
    drawing = picture.figure
    drawing.draw_without_rendering()
    upper = drawing.axes[0]
    boxes = [each.get_window_extent().padded(4) for each in upper.texts]
    boxes.append(upper.get_legend().get_window_extent())
    meetings = [(one, other) for n, one in enumerate(boxes) for other in boxes[:n] if one.overlaps(other)]
    assert meetings == []


def test_the_words_are_fixed_and_a_changed_row_changes_the_picture(picture, rows):
    assert isinstance(picture, Picture)
    assert "10 models" in picture.alt
    assert repr(picture) == repr(flan_gains(rows))
    changed = rows.assign(gain=rows["gain"].where(rows["model"] != "T5-XL", 20.0))
    assert flan_gains(changed, title="Who gained what").png() != picture.png()


@pytest.mark.parametrize("column", ["before", "family"])
def test_a_table_without_a_column_is_one_sentence(rows, column):
    with pytest.raises(ValueError, match=f"This table is without {column}; give the table"):
        flan_gains(rows.drop(columns=column))


def test_a_table_without_rows_is_one_sentence(rows):
    with pytest.raises(ValueError, match="without rows"):
        flan_gains(rows.iloc[:0])


def test_the_exercise_quotes_the_table(rows):
    scores = rows.set_index("model")[["before", "after"]]
    quoted = checks(notebooks_folder() / "exercises" / "09")
    assert tuple(scores.loc["T5-XXL"]) == quoted["T5_XXL"]
    assert tuple(scores.loc["PaLM 8B"]) == quoted["PALM_8B"]
    lead = rows.set_index("model")["gain"]["T5-XXL"] - rows.set_index("model")["gain"]["PaLM 8B"]
    lower_start = scores.loc["PaLM 8B", "before"] - scores.loc["T5-XXL", "before"]
    assert find("09.number.flan").check(100 * lower_start / lead).score == 1
