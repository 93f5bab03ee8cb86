"""Flan's table 5: what instruction tuning gained, and where each model started (notebook 09)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, QUIET, figure, use_style

_COLUMNS = ("model", "family", "architecture", "parameters", "before", "after", "gain")
_AWAY = 8
"""How far a label stands from the middle of its mark, in points."""


def flan_gains(rows: pd.DataFrame, *, title: str | None = None, alt: str | None = None) -> Picture:
    """Draw gains over parameters, and below them an arrow a model from the score before to the score after tuning.

    Families differ in mark and line as well as in colour.

    Args:
        rows: the table `flan_gains`: `model`, `family`, `architecture`, `parameters`, and in points `before`, `after`
            and `gain`.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no rows, a column is missing, or there are more families than marks.
    """
    missing = [column for column in _COLUMNS if column not in rows]
    if missing or rows.empty:
        what = f"without {', '.join(missing)}" if missing else "without rows"
        raise ValueError(f"This table is {what}; give the table that load_table('flan_gains') returns.")
    families = list(rows["family"].unique())
    if len(families) > len(CURVES):
        raise ValueError(f"There are {len(families)} families; draw at most {len(CURVES)}.")
    looks = dict(zip(families, CURVES, strict=False))
    with use_style():
        drawing = figure(8, 3.6 + 0.3 * len(rows))
        upper, lower = drawing.subplots(2, 1, height_ratios=[3.1, 0.3 * len(rows)])
        _draw_gains(upper, rows, looks)
        _draw_scores(lower, rows, looks)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = (
        f"Above, the gain of {len(rows)} models over their parameters, a mark a model, with different marks for"
        f" {' and '.join(families)}. Below, an arrow for each model from its score before instruction tuning to its"
        " score after it; a line at 0, the level of guessing."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw_gains(axes: Axes, rows: pd.DataFrame, looks: dict) -> None:
    for family, (colour, _, marker) in looks.items():
        own = rows[rows["family"] == family]
        label = f"{family}: {' or '.join(own['architecture'].unique())}"
        # A white edge keeps two marks apart that nearly meet.
        look = {"marker": marker, "color": colour, "markersize": 10, "markeredgecolor": "white"}
        axes.plot(own["parameters"], own["gain"], linestyle="", label=label, **look)
    for row in rows.itertuples():
        below = _crowded(row, rows)
        axes.annotate(
            # In two lines below the mark, where a neighbour's label has the same height.
            row.model.replace(" ", "\n") if below else row.model,
            (row.parameters, row.gain),
            xytext=(0, -_AWAY if below else _AWAY),
            textcoords="offset points",
            ha="center",
            va="top" if below else "bottom",
            parse_math=False,
        )
    axes.set_xscale("log")
    smallest, largest = rows["parameters"].min(), rows["parameters"].max()
    axes.set_xlim(smallest / 2.6, largest * 3.2)
    ends = np.floor(np.log10([smallest / 2.6, largest * 3.2])).astype(int)
    axes.xaxis.set_major_locator(FixedLocator([10.0**power for power in range(ends[0] + 1, ends[1] + 1)]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _parameters_text(value)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(min(0.0, 1.25 * rows["gain"].min()), 1.25 * rows["gain"].max())
    axes.set_xlabel("parameters")
    axes.set_ylabel("gain (points)")
    axes.legend(loc="upper right")


def _crowded(row, rows: pd.DataFrame) -> bool:
    """Whether a label above the mark would meet the mark of another model of about that size."""
    alike = rows[(rows["model"] != row.model) & np.isclose(rows["parameters"], row.parameters, rtol=0.2)]
    return bool((alike["gain"] >= row.gain).any())


def _draw_scores(axes: Axes, rows: pd.DataFrame, looks: dict) -> None:
    axes.axvline(0, color=INK, linewidth=1.2)
    for place, row in enumerate(rows.itertuples()):
        colour, line, marker = looks[row.family]
        axes.annotate(
            "",
            (row.after, place),
            (row.before, place),
            arrowprops={
                "arrowstyle": "-|>",
                "color": colour,
                "linestyle": line,
                "linewidth": 2,
                "shrinkA": 5,
                "shrinkB": 6,
            },
        )
        axes.plot(row.before, place, marker, color=colour, markerfacecolor="white", markersize=8)
        axes.plot(row.after, place, marker, color=colour, markersize=8)
    axes.set_yticks(range(len(rows)), list(rows["model"]), parse_math=False)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("score: hollow before, full after tuning (0: guessing)")
    axes.tick_params(axis="y", length=0, colors=INK)
    axes.spines["left"].set_color(QUIET)


def _parameters_text(value: float) -> str:
    for unit, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if value >= unit:
            return f"{value / unit:g} {name}"
    return f"{value:g}"
