"""The same removals in two studies side by side: T5's table 2, and ours."""

import pandas as pd

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style

_STEP = 0.05


def removal_comparison(
    published: pd.DataFrame,
    own: pd.DataFrame | None,
    *,
    own_title: str = "this course",
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw what each removal changed: left the published study, a mark a score, right ours, a dot a seed.

    The axes differ, as the scores do: look at which side of the line the marks are, and at the order of the removals.

    Args:
        published: `objective`, `removed`, `score`, `change` (points; below 0, removing hurts).
        own: `removed`, `seed`, `change`; `None` while there is nothing to show.
        own_title: what the right panel is.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no published rows.
    """
    if published.empty:
        raise ValueError("There are no published rows to draw.")
    removals = list(published["removed"].unique())
    with use_style():
        drawing = figure(8, 4.6)
        grid = drawing.subplots(1, 1 if own is None else 2, squeeze=False)[0]
        for number, (objective, rows) in enumerate(published.groupby("objective", sort=False)):
            _dots(grid[0], rows, removals, 0.22 * (2 * number - 1), CURVES[number], objective)
        grid[0].set_title("T5, fine-tuned", fontsize=13)
        grid[0].set_ylabel("change when removed (points)")
        if own is not None:
            _dots(grid[1], own, removals, 0.0, CURVES[2], "a seed")
            grid[1].set_title(own_title, fontsize=13)
        for axes in grid:
            axes.axhline(0, color=INK, linewidth=1.2)
            axes.set_xticks(range(len(removals)), [each.replace(" and ", "\nand ") for each in removals])
            axes.set_xlim(-0.6, len(removals) - 0.4)
            axes.grid(axis="x", visible=False)
            axes.set_xlabel("structure removed")
        drawing.legend(loc="outside lower center", ncols=3)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = (
        f"Change of the score when {', '.join(removals)} are removed: T5's seven scores under two objectives as marks"
        + (", and our seeds as dots beside them." if own is not None else ".")
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _dots(axes, rows: pd.DataFrame, removals, shift: float, look, label: str) -> None:
    colour, _, marker = look
    for place, removed in enumerate(removals):
        values = rows[rows["removed"] == removed]["change"].to_numpy(dtype=float)
        across = [place + shift + _STEP * (number - (len(values) - 1) / 2) for number in range(len(values))]
        axes.plot(
            across,
            values,
            linestyle="",
            marker=marker,
            color=colour,
            alpha=0.8,
            label=label if place == 0 else None,
        )
