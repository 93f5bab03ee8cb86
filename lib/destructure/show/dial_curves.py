"""How far some arms get at each budget: a panel a setting, every seed a dot, the mean a line."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.ticker import NullFormatter, PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, figure, use_style
from destructure.studies.dial_results.contrasts import Arm
from destructure.studies.removal_results.summaries import flops_text


def dial_curves(
    rows: pd.DataFrame,
    panels: Mapping[str, Sequence[Arm]],
    names: Sequence[str],
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw exact match over compute, side by side.

    Args:
        rows: of part B, with `arm`, `structure`, `budget`, `seed` and `exact_match`.
        panels: heading → arms, in the same order in every panel.
        names: of these arms, for the legend.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no panel, a panel has more or fewer arms than there are names, or an arm has no rows.
    """
    if not panels or any(len(arms) != len(names) for arms in panels.values()):
        raise ValueError(f"Give at least one panel, each with {len(names)} arms: one a name.")
    with use_style():
        drawing = figure(8, 4.4)
        grid = drawing.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (heading, arms) in zip(grid, panels.items(), strict=True):
            for number, (arm, name) in enumerate(zip(arms, names, strict=True)):
                _draw(axes, arm.rows(rows), name, CURVES[number], 1.05 ** (number - len(arms) / 2))
            budgets = sorted({budget for arm in arms for budget in arm.rows(rows)["budget"]})
            axes.set_xscale("log")
            axes.set_xticks(budgets, [flops_text(budget) for budget in budgets])
            axes.xaxis.set_minor_formatter(NullFormatter())
            axes.minorticks_off()
            axes.set_xlabel("training FLOPs")  # each its own: a common label would lie on the legend
            axes.set_title(heading, fontsize=13)
        grid[0].set_ylim(-0.03, 1.03)
        grid[0].yaxis.set_major_formatter(PercentFormatter(1))
        grid[0].set_ylabel("exact match, unseen examples")
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
        drawing.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    summary = (
        f"Exact match against training FLOPs in {len(panels)} panels ({'; '.join(panels)}) for {', '.join(names)}: "
        "a dot a seed at every budget, lines through the means."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw(axes, rows: pd.DataFrame, name: str, look: tuple, shift: float) -> None:
    colour, line, marker = look
    axes.plot(
        rows["budget"] * shift,
        rows["exact_match"],
        linestyle="",
        marker=marker,
        markersize=4,
        color=colour,
        alpha=0.5,
    )
    means = rows.groupby("budget")["exact_match"].mean()
    axes.plot(means.index * shift, means, color=colour, linestyle=line, linewidth=2.5, label=name)
