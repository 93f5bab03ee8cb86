"""Single measurements in groups: every run a dot, so that the spread is seen before any mean."""

from collections.abc import Mapping, Sequence
from statistics import median

from matplotlib.ticker import PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style

_STEP = 0.045  # sideways distance of dots, so that equal values do not hide each other


def spread(
    groups: Mapping[str, Sequence[float]],
    *,
    live: Mapping[str, float] | None = None,
    name: str = "exact match (share of answers)",
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw shares between 0 and 1 in groups: a dot a run, a bar at the median, a cross for a run made just now.

    Args:
        groups: label → one value a run, in the same order of runs in each group.
        live: label → value of the learner's own run.
        name: of the upward axis.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no group, or a value lies outside 0 to 1.
    """
    live = live or {}
    values = [value for group in (*groups.values(), list(live.values())) for value in group]
    if not groups or not values or not all(0 <= value <= 1 for value in values):
        raise ValueError("Give at least one group of shares, each from 0 to 1.")
    colour, _, marker = CURVES[0]
    with use_style():
        drawing = figure(8, 4.5)
        axes = drawing.subplots()
        for place, group in enumerate(groups.values()):
            middle = (len(group) - 1) / 2
            step = min(_STEP, 0.8 / len(group)) if len(group) else _STEP  # many dots stay in their own group
            across = [place + step * (number - middle) for number in range(len(group))]
            axes.plot(across, group, linestyle="", marker=marker, color=colour, alpha=0.75)
            if len(group):
                axes.plot(
                    [place - 0.28, place + 0.28],
                    [median(group)] * 2,
                    color=colour,
                    linestyle="-",
                    label="_" if axes.get_legend_handles_labels()[1] else "median of the dots",
                )
        if live:
            shifted = [list(groups).index(label) + 0.36 for label in live]
            axes.plot(
                shifted,
                list(live.values()),
                linestyle="",
                marker="X",
                markersize=12,
                color=INK,
                label="your run",
            )
        drawing.legend(loc="outside lower center", ncols=2)
        axes.set_xticks(range(len(groups)), list(groups))
        axes.set_xlim(-0.5, len(groups) - 0.5)
        axes.set_ylim(-0.04, 1.04)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_ylabel(name)
        if title:
            axes.set_title(title)
    runs = len(next(iter(groups.values())))
    places = f"in {len(groups)} groups: {', '.join(groups)}"
    summary = f"{name} of {runs} runs, a dot each, a bar at their median, {places}."
    return Picture(drawing, alt or shorten(summary), alt or summary)
