"""The cube with numbers, and one more run of a corner: its settings, where it should land, the widget."""

import math
from dataclasses import replace

import numpy as np
import pytest

from destructure.show import corner_cube, live_points
from destructure.show.structure_cube import corner_place
from destructure.show.try_it import TryCorner
from destructure.structure import Structure
from destructure.studies import live, plans
from destructure.studies.plans import removal as plan
from destructure.tables import load_table

CODES = [each.code for each in Structure.all()]
STORED = plans.stored_rows("structure_corners")


# --- the cube --------------------------------------------------------------------------------------------------


def test_the_cube_writes_every_number_and_leaves_out_what_is_not_known():
    values = {code: place / 20 for place, code in enumerate(CODES)} | {CODES[3]: math.inf}
    written = [
        each.get_text() for each in corner_cube(values, name="share", text="{:.2f}".format).axes[0].texts
    ]
    assert {"0.00", "0.75", "–"} <= set(written)
    assert "0.15" not in written
    assert set(CODES) <= set(written)


def test_shades_of_the_cube_get_lighter_with_the_number():
    values = {code: place for place, code in enumerate(CODES)}
    axes = corner_cube(values, name="count", text="{:.0f}".format).axes[0]
    colours = {}
    for patch in axes.patches:
        middle = patch.get_bbox().get_points().mean(axis=0)
        colours[tuple(middle.round(3))] = np.dot(patch.get_facecolor()[:3], (0.2126, 0.7152, 0.0722))
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


# --- a live run ------------------------------------------------------------------------------------------------


def test_a_live_run_is_the_beginning_of_a_stored_one_at_its_rate(monkeypatch):
    asked = []
    monkeypatch.setattr(live, "run_configuration", lambda run, **options: asked.append(run) or [])
    rows = STORED.assign(learning_rate=3e-3)
    live.live_run(rows, Structure.PREFIX_LM)
    whole = plan.corner(Structure.PREFIX_LM, 16, learning_rate=3e-3, seed=0)
    assert asked == [replace(whole, budgets=whole.budgets[:2])]
    assert asked[0].seed not in plan.SEEDS
    with pytest.raises(ValueError, match="width is 64"):
        live.live_run(rows, Structure.PREFIX_LM, width=64)
    with pytest.raises(ValueError, match="No stored run has the structure"):
        live.live_run(rows[rows.width != 16], Structure.PREFIX_LM)


def test_where_a_live_run_should_land():
    code = Structure.PREFIX_LM.code
    own = STORED[
        (STORED.structure == code) & (STORED.width == 16) & (STORED.budget == 1e10) & (STORED.arm == "corner")
    ]
    low, high = live.expected_interval(STORED, {"structure": code, "width": 16, "budget": 1e10})
    assert low <= own.loss.min()
    assert own.loss.max() <= high < 3


def fake_row(structure, width, seed):
    made = {"structure": structure.code, "width": width, "seed": seed, "budget": 2e10, "loss": 0.5}
    return [made | {"exact_match": 0.25, "status": "finished"}]


def test_the_widget_adds_a_point_a_press_and_prints_nothing(capsys):
    trained = []

    def train(*settings):
        trained.append(settings)
        return fake_row(*settings)

    widget = TryCorner(train, lambda mine: live_points(STORED, mine))
    assert not trained
    assert widget.picture.value == ""
    widget.switches["final_layer_memory"].value = False
    widget.button.click()
    widget.button.click()
    assert [seed for _, _, seed in trained] == [1, 2]
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

    widget = TryCorner(train, lambda mine: live_points(STORED, mine))
    widget.button.click()
    assert "no time for &lt;that&gt;" in widget.sentence.value
    assert widget.rows == []
    assert not widget.button.disabled
    with pytest.raises(ValueError, match="train one first"):
        live_points(STORED, [])


def test_the_widget_is_compared_by_fixed_text():
    widget = TryCorner(lambda *_: [], lambda mine: live_points(STORED, mine))
    bundle = widget._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == repr(widget)
    assert "appear here" in data["text/html"]


def test_published_changes_are_after_minus_before():
    table = load_table("structure_removals")
    both = table.dropna(subset=["with_structure", "without_structure"])
    assert len(both) == 12
    assert table["verified"].all()
    assert np.allclose(both["without_structure"] - both["with_structure"], both["change"], atol=0.051)
