"""The five charts: the data of their artists are the rows, and what cannot be drawn gets one sentence."""

import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from destructure.show import CURVES, bars, curves, dots, heat, intervals
from destructure.show.style import INK

RUNS = pd.DataFrame(
    [
        {"arm": arm, "task": task, "seed": seed, "budget": budget, "score": score + 0.01 * seed}
        for arm, lead in (("with", 0.2), ("without", 0.0))
        for task in ("numbers", "telephone")
        for seed in range(3)
        for budget, score in ((1e9, 0.1 + lead), (1e10, 0.4 + lead), (1e11, 0.5 + lead))
    ]
)
ONE = RUNS[(RUNS.task == "numbers")]


def lines(axes, **wanted):
    """Lines with data that have these properties."""
    found = [line for line in axes.lines if len(line.get_xdata())]
    return [line for line in found if all(getattr(line, f"get_{k}")() == v for k, v in wanted.items())]


def points(line):
    return [(float(x), round(float(y), 9)) for x, y in zip(*line.get_data(), strict=True)]


def legend(picture):
    return [text.get_text() for text in picture.figure.legends[0].get_texts()]


# --- curves ----------------------------------------------------------------------------------------------------


def test_each_seed_is_a_thin_line_and_the_mean_a_thick_one():
    picture = curves(ONE, x="budget", y="score", hue="arm", log_x=True, alt="Both rise.")
    thin, thick = lines(picture.axes[0], linewidth=1), lines(picture.axes[0], linewidth=3)
    assert (len(thin), len(thick)) == (6, 2)
    assert points(thin[1]) == [(1e9, 0.31), (1e10, 0.61), (1e11, 0.71)]
    assert points(thick[1]) == [(1e9, 0.11), (1e10, 0.41), (1e11, 0.51)]
    assert legend(picture) == ["with", "without"]
    assert picture.summary == "Both rise."
    assert "with goes from 0.31 to 0.71" in picture.alt


def test_the_mean_of_lines_waits_for_all_seeds_and_that_of_dots_does_not():
    late = ONE[(ONE.budget < 1e11) | (ONE.seed > 0)].query("arm == 'with'")
    ends = {}
    for seeds in ("lines", "dots"):
        picture = curves(late, x="budget", y="score", seeds=seeds, alt="Rises.")
        ends[seeds] = points(lines(picture.axes[0], linewidth=3)[0])[-1]
    assert ends["lines"] == (1e10, 0.61)
    assert ends["dots"] == (1e11, 0.715)


def test_dots_and_means_of_the_labels_stand_apart_and_panels_have_their_own_rows():
    picture = curves(
        RUNS, x="budget", y="score", hue="arm", panel="task", seeds="dots", dodge=1.1, log_x=True, alt="Rise."
    )
    assert [axes.get_title(loc="left") for axes in picture.axes] == ["numbers", "telephone"]
    for axes in picture.axes:
        assert [len(line.get_xdata()) for line in lines(axes, linestyle="None")] == [9, 9]
        first, second = (line.get_xdata()[0] for line in lines(axes, linewidth=3))
        assert second / first == pytest.approx(1.1)


def test_a_band_is_an_interval_of_the_seeds_or_a_line_of_its_own():
    whole = curves(
        ONE, x="budget", y="score", hue="arm", band=lambda each: (each.min(), each.max()), alt="Rise."
    )
    edges = whole.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    assert (edges.min(), edges.max()) == pytest.approx((0.3, 0.72))
    given = pd.DataFrame({"arm": "with", "budget": [1e9, 1e11], "score": [0.9, 0.8], "low": 0.7, "high": 1.0})
    picture = curves(ONE, x="budget", y="score", hue="arm", order=["with"], band=given, alt="Falls.")
    (thick,) = lines(picture.axes[0], linewidth=3)
    assert points(thick) == [(1e9, 0.9), (1e11, 0.8)]


def test_a_run_that_broke_off_ends_in_a_cross():
    table = pd.DataFrame({"step": [1, 2, 3] * 2, "seed": [0] * 3 + [1] * 3, "loss": [3, 2, 1, 3, 2, np.nan]})
    axes = curves(table, x="step", y="loss", alt="One run stops.").axes[0]
    assert [points(line) for line in lines(axes, marker="X")] == [[(2, 2)]]
    assert [text.get_text() for text in axes.texts] == ["stopped"]
    assert axes.get_ylim()[0] == 0


def test_smoothing_leaves_the_seeds_as_they_were_measured():
    table = pd.DataFrame({"step": range(6), "loss": [4.0, 2, 4, 2, 4, 2]})
    thin, thick = curves(table, x="step", y="loss", smooth=3, alt="It wobbles.").axes[0].lines[:2]
    assert list(thin.get_ydata()) == [4, 2, 4, 2, 4, 2]
    assert list(thick.get_ydata())[1:-1] == pytest.approx([10 / 3, 8 / 3, 10 / 3, 8 / 3])


def test_the_readers_own_runs_are_crosses_in_the_colour_of_their_label():
    live = pd.DataFrame({"budget": [1e10], "score": [0.77], "arm": ["without"]})
    picture = curves(ONE, x="budget", y="score", hue="arm", live=live, alt="Rise.")
    (cross,) = lines(picture.axes[0], marker="X")
    assert points(cross) == [(1e10, 0.77)]
    assert cross.get_color() == CURVES[1][0]
    assert legend(picture)[-1] == "your run"


# --- dots ------------------------------------------------------------------------------------------------------


def test_every_row_is_a_dot_under_its_mean():
    end = ONE[ONE.budget == 1e11]
    picture = dots(end, x="arm", y="score", percent=True, alt="Two groups.")
    axes = picture.axes[0]
    (cloud,) = lines(axes, linestyle="None")
    assert sorted(cloud.get_ydata()) == pytest.approx(sorted(end.score))
    assert set(np.round(cloud.get_xdata())) == {0, 1}
    assert len(set(cloud.get_xdata())) == 6
    assert list(lines(axes, color=INK)[0].get_ydata()) == pytest.approx([0.71, 0.71])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["with", "without"]


def test_groups_lie_below_each_other_if_the_labels_are_upwards_and_hues_stand_apart():
    picture = dots(RUNS, x="score", y="task", hue="arm", centre="median", alt="Groups.")
    axes = picture.axes[0]
    assert legend(picture)[-1] == "median of the dots"
    middle = lines(axes, color=INK)[0].get_xdata()[0]
    assert middle == pytest.approx(RUNS.query("task == 'numbers' and arm == 'with'").score.median())
    assert axes.yaxis_inverted()
    first, second = lines(axes, linestyle="None")
    assert max(first.get_ydata()) < 1.5
    assert min(second.get_ydata()[:9]) > max(first.get_ydata()[:9])
    assert len(lines(axes, color=INK)) == 4


def test_two_numbers_make_a_plane_with_names_where_they_matter():
    table = pd.DataFrame({"size": [1.0, 10, 100], "gain": [1, 2, 3], "model": ["small", "", None]})
    table["unconfirmed"] = [False, True, False]
    picture = dots(table, x="size", y="gain", name="model", hollow="unconfirmed", log_x=True, alt="A rise.")
    axes = picture.axes[0]
    assert [text.get_text() for text in axes.texts] == ["small"]
    full, hollow = lines(axes, linestyle="None")
    assert (list(full.get_xdata()), list(hollow.get_xdata())) == ([1, 100], [10])
    assert hollow.get_markerfacecolor() == "none"
    assert legend(picture) == ["hollow: unconfirmed"]


# --- intervals -------------------------------------------------------------------------------------------------

EFFECTS = pd.DataFrame(
    {"effect": ["A", "B", "C"], "ratio": [0.9, 1.4, 3.0], "low": [0.8, 1.1, 0.0], "high": [1.0, 1.9, np.inf]}
)


def test_an_interval_has_its_ends_an_arrow_or_nothing():
    chart = {"x": "ratio", "y": "effect", "log_x": True, "reference": 1}
    axes = intervals(EFFECTS, **chart, alt="Three effects.").axes[0]
    bars_drawn = lines(axes, linewidth=2.5, linestyle="-")
    assert [list(line.get_xdata()) for line in bars_drawn] == [[0.8, 1.0], [1.1, 1.9]]  # C: nothing is known
    axes = intervals(EFFECTS.replace({"low": {0.0: 0.5}}), **chart, alt="Three effects.").axes[0]
    open_end = lines(axes, linewidth=2.5, linestyle="-")[2]
    assert open_end.get_xdata()[0] == 0.5
    arrow = [line for line in lines(axes, linestyle="None") if line.get_marker() not in ("o", "s")]
    assert arrow[0].get_xdata()[0] == open_end.get_xdata()[1] < axes.get_xlim()[1]


def test_seeds_and_panels_with_other_labels_stand_in_their_rows():
    rows = pd.concat([EFFECTS.assign(part="one"), EFFECTS.assign(part="two", effect=["D", "E", "F"])])
    seeds = pd.DataFrame({"part": "two", "effect": ["E"] * 4, "ratio": [1.3, 1.4, 1.5, 1.6]})
    picture = intervals(rows, x="ratio", y="effect", panel="part", seeds=seeds, alt="Six effects.")
    upper, lower = picture.axes
    assert [text.get_text() for text in lower.get_yticklabels()] == ["D", "E", "F"]
    assert upper.get_position().y0 > lower.get_position().y0
    (grey,) = [line for line in lines(lower, linestyle="None") if len(line.get_xdata()) == 4]
    assert set(np.round(grey.get_ydata())) == {1}


def test_over_a_number_a_line_joins_what_is_known_and_bounds_are_hollow_triangles():
    table = pd.DataFrame({"compute": [1e9, 1e10, 1e11], "kappa": [1.2, 2.0, 4.0], "low": [1.0, 1.5, 3.0]})
    table = table.assign(high=table.kappa * 1.5, censored=["no", "no", "above"])
    picture = intervals(
        table, x="compute", y="kappa", censored="censored", join=True, log_x=True, log_y=True, alt="κ rises."
    )
    joined = lines(picture.axes[0], linewidth=2)[0]
    assert list(joined.get_ydata())[:2] == [1.2, 2.0]
    assert np.isnan(joined.get_ydata()[2])
    (bound,) = lines(picture.axes[0], marker="^")
    assert (points(bound), to_hex(bound.get_markerfacecolor())) == ([(1e11, 4.0)], "#ffffff")


# --- bars and heat ---------------------------------------------------------------------------------------------


def test_bars_stand_side_by_side_with_their_texts_and_each_panel_has_its_own_groups():
    table = pd.DataFrame({"gap": list("1122"), "letter": list("abac"), "p": [0.7, 0.2, 0.5, 0.1]})
    picture = bars(table, x="letter", y="p", panel="gap", text="p", alt="Guesses.")
    for axes, names, heights in zip(picture.axes, ("ab", "ac"), ((0.7, 0.2), (0.5, 0.1)), strict=True):
        assert [text.get_text() for text in axes.get_xticklabels()] == list(names)
        assert tuple(patch.get_height() for patch in axes.patches) == heights
        assert [text.get_text() for text in axes.texts] == [str(height) for height in heights]
    paired = bars(table, x="gap", y="p", hue="letter", alt="Guesses.").axes[0]
    assert len({round(patch.get_x(), 3) for patch in paired.patches}) == 4


def test_heat_keeps_the_order_of_rows_and_leaves_cells_without_a_row_empty():
    table = pd.DataFrame({"answer": ["b", "a", "b"], "truth": ["b", "a", "a"], "share": [0.8, 0.9, 0.1]})
    picture = heat(
        table, x="answer", y="truth", value="share", limits=(0, 1), text="{:.1f}", alt="Mostly right."
    )
    axes = picture.axes[0]
    np.testing.assert_array_equal(axes.images[0].get_array().filled(np.nan), [[0.8, np.nan], [0.1, 0.9]])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["b", "a"]
    assert [text.get_text() for text in axes.texts] == ["0.8", "0.1", "0.9"]


# --- looks and what is refused ---------------------------------------------------------------------------------


def test_labels_look_different_and_a_given_look_is_kept_for_its_label():
    picture = dots(RUNS, x="task", y="score", hue="arm", looks={"without": 0}, alt="Groups.")
    first, second = lines(picture.axes[0], linestyle="None")
    assert (first.get_color(), second.get_color()) == (CURVES[1][0], CURVES[0][0])
    assert first.get_marker() != second.get_marker()


BUDGETS = {"x": "budget", "y": "score", "alt": "a"}
REFUSED = [
    (curves, RUNS, {"alt": None}, "has no alt text; say with alt="),
    (dots, RUNS, {"alt": " "}, "has no alt text"),
    (dots, RUNS, {"colour": 1}, "no setting 'colour'; besides its columns"),
    (dots, [1, 2], {}, "The rows are a list; give one pandas table"),
    (dots, RUNS[:0], {}, "There are no rows"),
    (dots, RUNS, {"x": "arm", "y": "points"}, "no column 'points'; they have arm, task"),
    (curves, RUNS, {"y": "task"}, "'task' does not hold numbers"),
    (curves, RUNS, {"seeds": "all"}, "use 'lines', 'dots' or 'none'"),
    (curves, RUNS, {"smooth": 0}, "smooth is 0"),
    (curves, RUNS, {"y": "budget", "percent": True}, "outside 0 to 1"),
    (curves, RUNS.assign(score=0), {"log_y": True}, "cannot show score = 0"),
    (curves, RUNS.assign(score=np.nan), {}, "holds no measured value"),
    (curves, RUNS, {"hue": "arm", "order": ["none"]}, "No row has the arm 'none'"),
    (curves, RUNS.assign(arm=RUNS.index), {"hue": "arm"}, "36 labels, but"),
    (heat, pd.concat([RUNS] * 2), {"x": "arm", "y": "task", "value": "score"}, "Two rows are about"),
]


@pytest.mark.parametrize(("draw", "rows", "changes", "says"), REFUSED, ids=[each[-1] for each in REFUSED])
def test_what_cannot_be_drawn_gets_one_sentence(draw, rows, changes, says):
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        draw(rows, **BUDGETS | changes)
    assert "\n" not in str(error.value)


def test_names_and_legend_fit_into_the_figure():
    wide = RUNS.assign(arm=RUNS.arm + " a structure with a rather long name")
    for picture in (
        curves(wide, x="budget", y="score", hue="arm", panel="task", log_x=True, title="Two panels", alt="a"),
        dots(wide, x="score", y="arm", title="Long names", alt="a"),
    ):
        picture.figure.draw_without_rendering()
        whole = picture.figure.bbox
        texts = [axes.xaxis.label for axes in picture.axes] + [axes.yaxis.label for axes in picture.axes]
        boxes = [text.get_window_extent() for text in texts if text.get_text()]
        boxes += [each.get_window_extent() for each in picture.figure.legends]
        assert all(box.x0 >= -1 and box.x1 <= whole.x1 + 1 and box.y0 >= -1 for box in boxes)
