"""All corners at one width and budget, every seed a dot."""

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style
from destructure.structure import Structure


def corner_spread(rows: pd.DataFrame, *, title: str | None = None, alt: str | None = None) -> Picture:
    """Draw the exact match of all corners at one width and budget: a dot a seed, a bar at the mean, best on top.

    Args:
        rows: one a corner and seed, with `structure` and `exact_match`.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no rows.
    """
    if rows.empty:
        raise ValueError("There are no rows at this width and budget; run the plan first.")
    order = rows.groupby("structure")["exact_match"].mean().sort_values(ascending=False, kind="stable")
    ladder = {each.code for each in Structure.ladder()}
    with use_style():
        drawing = figure(8, 0.33 * len(order) + 1.6)
        axes = drawing.subplots()
        for place, (code, mean) in enumerate(order.items()):
            scores = rows[rows["structure"] == code].sort_values("seed")["exact_match"].to_numpy(dtype=float)
            up = place + 0.05 * (np.arange(len(scores)) - (len(scores) - 1) / 2)
            colour = CURVES[0][0] if code in ladder else CURVES[1][0]
            marker = "o" if code in ladder else "D"
            axes.plot(scores, up, linestyle="", marker=marker, markersize=5, color=colour, alpha=0.8)
            axes.plot([mean, mean], [place - 0.35, place + 0.35], color=INK, linestyle="-", linewidth=2)
        for colour, marker, label in (
            (CURVES[0][0], "o", "on the ladder"),
            (CURVES[1][0], "D", "off the ladder"),
        ):
            axes.plot([], [], linestyle="", marker=marker, color=colour, label=label)
        axes.plot([], [], color=INK, linestyle="-", linewidth=2, label="mean")
        axes.set_yticks(range(len(order)), list(order.index))
        axes.set_ylim(len(order) - 0.5, -0.5)
        axes.set_xlim(-0.03, 1.03)
        axes.xaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("exact match (share of answers)")
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=3)
    summary = (
        f"Exact match of {rows['seed'].nunique()} seeds, a dot each, for {len(order)} corners sorted by their mean; "
        "those of the ladder are round, the others diamonds."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))
