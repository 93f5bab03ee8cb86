"""The figures of the registered experiment: all drawn from the tables, described, and missing where tables are."""

import math

import numpy as np
import pandas as pd
import pytest
from matplotlib.markers import CARETDOWN, CARETUP

import removal_examples as examples
from destructure.show import (
    corner_cube,
    effect_bars,
    factor_curves,
    ladder_curves,
    live_points,
    removal_pictures,
    tuning_curves,
)
from destructure.show.try_corner import TryCorner
from destructure.statistics import ComputeFactor, ComputeFactors, Interval
from destructure.structure import Structure
from destructure.studies.removal_results.results import Results
from destructure.studies.removal_results.tables import tuning_points
from removal_examples import MIXED

CODES = [each.code for each in Structure.all()]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    seeds = examples.plan.SEEDS
    return Results(
        examples.write(
            folder,
            corners=examples.corner_rows_of(MIXED, seeds),
            scarce=examples.scarce_rows_of(MIXED, seeds),
            noise=examples.noise_rows_of(MIXED),
            tuning=examples.tuning_rows_of(MIXED),
        )
    )


def test_every_figure_is_drawn_and_described(results):
    drawn = removal_pictures.all_pictures(results)
    assert set(drawn) == set(removal_pictures.PICTURES)
    assert all(picture.alt and picture.summary for picture in drawn.values())
    assert len({picture.summary for picture in drawn.values()}) >= len(drawn) - 2


def test_without_tables_only_published_numbers_are_drawn(tmp_path, capsys):
    assert set(removal_pictures.all_pictures(Results(tmp_path))) == {"published"}
    assert removal_pictures.not_yet("scarce_corners") is None
    assert "sweep scarce_corners" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ladder", "factors", "cube_level", "spread", "effects_loss", "take_off"])
def test_deleting_a_row_changes_the_figure(tmp_path, results, name):
    rows = examples.corner_rows_of(MIXED)
    middle = [
        place
        for place, row in enumerate(rows)
        if (row["structure"], row["width"], row["budget"], row["seed"], row["arm"])
        == (CODES[0], 32, 8e10, 203, "corner")
    ]
    del rows[middle[0]]
    fewer = Results(examples.write(tmp_path, corners=rows))
    draw = removal_pictures.PICTURES[name]
    assert draw(fewer).png() != draw(results).png()


def test_the_cube_writes_every_number_and_leaves_out_what_is_not_known():
    values = {code: place / 20 for place, code in enumerate(CODES)} | {CODES[3]: math.inf}
    picture = corner_cube(values, name="share", text="{:.2f}".format)
    written = [each.get_text() for each in picture.figure.axes[0].texts]
    assert {"0.00", "0.75", "–"} <= set(written)
    assert "0.15" not in written
    assert set(CODES) <= set(written)


def test_shades_of_the_cube_get_lighter_with_the_number():
    values = {code: place for place, code in enumerate(CODES)}
    axes = corner_cube(values, name="count", text="{:.0f}".format).figure.axes[0]
    colours = {}
    for patch in axes.patches:
        middle = patch.get_bbox().get_points().mean(axis=0)
        red, green, blue, _ = patch.get_facecolor()
        colours[tuple(middle.round(3))] = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    from destructure.show.structure_cube import corner_place

    lightness = [
        colours[tuple(round(each, 3) for each in corner_place(corner))] for corner in Structure.all()
    ]
    assert lightness == sorted(lightness)


@pytest.mark.parametrize(
    "values",
    [{}, dict.fromkeys(CODES, math.nan), {CODES[0]: -1.0, CODES[1]: 2.0}],
    ids=["nothing", "nothing finite", "below zero"],
)
def test_a_cube_without_numbers_is_one_sentence(values):
    with pytest.raises(ValueError, match="finite number"):
        corner_cube(values, name="loss", logarithmic=True)


def test_bad_input_of_the_other_figures_is_one_sentence():
    table = pd.DataFrame({"effect": ["S1"], "estimate": [0.1], "low": [0.0], "high": [0.2]})
    other = table.assign(effect="S2")
    with pytest.raises(ValueError, match="same effects"):
        effect_bars({"one": table, "two": other}, name="x")
    with pytest.raises(ValueError, match="0 envelopes"):
        ladder_curves(pd.DataFrame(), {})
    with pytest.raises(ValueError, match="train one first"):
        live_points(None, [])


def test_a_rate_is_marked_only_when_both_tuning_seeds_are_there(tmp_path, results):
    assert tuning_points(results.tables)["chosen"].any()
    half = examples.write(tmp_path, tuning=examples.tuning_rows_of(MIXED, seeds=(100,)))
    points = tuning_points(Results(half).tables)
    assert not points["chosen"].any()
    assert tuning_curves(points).alt


# --- the live widget ------------------------------------------------------------------------------------------


def fake_row(structure, width, seed, loss=0.5, status="finished"):
    made = {"structure": structure.code, "width": width, "seed": seed, "budget": 2e10, "loss": loss}
    return [made | {"exact_match": 0.25, "status": status}]


def test_the_widget_adds_a_point_a_press_and_prints_nothing(results, capsys):
    trained = []

    def train(structure, width, seed):
        trained.append((structure, width, seed))
        return fake_row(structure, width, seed)

    corners = results.tables.corners
    widget = TryCorner(train, lambda mine: live_points(corners, mine))
    assert not trained
    assert widget.picture.value == ""
    widget.switches["final_layer_memory"].value = False
    widget.button.click()
    widget.button.click()
    assert [seed for _, _, seed in trained] == [1, 2]
    assert not set(range(1, 10)) & set(examples.plan.SEEDS)
    assert trained[0][0] == Structure.ENCODER_DECODER.without("final_layer_memory")
    assert len(widget.rows) == 2
    assert "S1 S2 -- S4" in widget.sentence.value
    assert "25%" in widget.sentence.value
    assert widget.picture.value.startswith("<img")
    assert 'alt="' in widget.picture.value
    assert not widget.button.disabled
    assert capsys.readouterr().out == ""


def test_the_widget_says_what_went_wrong_and_goes_on():
    def train(structure, width, seed):
        raise ValueError("width is 64; a lesson has no time for <that>.")

    widget = TryCorner(train, lambda mine: live_points(None, mine))
    widget.button.click()
    assert "no time for &lt;that&gt;" in widget.sentence.value
    assert widget.rows == []
    assert not widget.button.disabled


def test_the_widget_is_compared_by_fixed_text():
    widget = TryCorner(lambda *_: [], lambda mine: live_points(None, mine))
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(widget)
    assert "appear here" in data["text/html"]


def factor_axes(*factors):
    """The drawn axes of one panel with these factors: (compute, estimate, low, high, censored)."""
    made = tuple(
        ComputeFactor(compute, Interval(*numbers, 0.95), Interval(*numbers, 0.9), censored, 0.5)
        for compute, *numbers, censored in factors
    )
    slope = Interval(math.nan, -math.inf, math.inf, 0.95)
    found = ComputeFactors(made, (), slope, 1.0, tuple(range(8)), ())
    return factor_curves({"S1": found}).figure.axes[0]


def lines_of(axes, points):
    plain = [line for line in axes.lines if line.get_marker() == "None"]
    return [line.get_xydata() for line in plain if len(line.get_xydata()) == points]


def bars_of(axes):
    """Compute → the two ends of its interval as drawn."""
    return {bar[0, 0]: bar[:, 1] for bar in lines_of(axes, 2) if bar[0, 0] == bar[1, 0]}


def test_a_line_of_factors_stops_at_a_bound():
    known = (1e10, 2.0, 1.5, 3.0, "no"), (2e10, 1.5, 1.2, 2.0, "no")
    (joined,) = lines_of(factor_axes(*known, (4e10, 1.0, 1.0, math.inf, "above")), 3)
    assert joined[:2, 1].tolist() == [2.0, 1.5]
    assert np.isnan(joined[2, 1])


def test_an_open_interval_reaches_the_edge_with_an_arrowhead():
    axes = factor_axes(
        (1e10, 2.0, 1.5, 3.0, "no"), (2e10, 4.0, 3.0, math.inf, "no"), (4e10, 0.8, 0.0, 1.0, "no")
    )
    bottom, top = axes.get_ylim()
    bars = bars_of(axes)
    assert bars[1e10].tolist() == [1.5, 3.0]
    assert bars[2e10][0] == 3.0
    assert 0.9 * top < bars[2e10][1] < top
    assert bottom < bars[4e10][0] < 1.1 * bottom
    heads = {(line.get_xdata()[0], line.get_marker()) for line in axes.lines}
    assert {(2e10, CARETUP), (4e10, CARETDOWN)} <= heads
    assert not {(1e10, CARETUP), (1e10, CARETDOWN)} & heads


def test_an_interval_that_says_nothing_has_no_bar():
    axes = factor_axes((1e10, 2.0, 0.0, math.inf, "no"), (2e10, 1.5, 1.2, 2.0, "no"))
    assert set(bars_of(axes)) == {2e10}
