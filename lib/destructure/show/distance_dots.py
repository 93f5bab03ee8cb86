"""Distances between trained models in groups, a dot a pair of runs, on a logarithmic axis."""

from collections.abc import Mapping, Sequence

import numpy as np

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style

_WIDTH = 0.32


def distance_dots(
    groups: Mapping[str, Sequence[float]],
    *,
    name: str,
    live: Mapping[str, float] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw positive distances: a dot a pair of runs, a bar at the mean, a cross for a pair made just now.

    Args:
        groups: label → one distance a pair of runs.
        name: of the upward axis, with the unit.
        live: label → the distance of the learner's own pair.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no group, or a distance is not above 0.
    """
    live = live or {}
    values = [value for group in (*groups.values(), list(live.values())) for value in group]
    if not groups or not values or not all(value > 0 for value in values):
        raise ValueError("Give at least one group of distances, each above 0 (a logarithmic axis has no 0).")
    with use_style():
        drawing = figure(8, 5)
        axes = drawing.subplots()
        for place, group in enumerate(groups.values()):
            colour, _, marker = CURVES[place % len(CURVES)]
            across = place + np.linspace(-_WIDTH, _WIDTH, len(group) + 2)[1:-1]
            axes.plot(across, group, linestyle="", marker=marker, markersize=6, color=colour, alpha=0.7)
            mean = float(np.mean(group))
            axes.plot([place - 0.4, place + 0.4], [mean, mean], color=INK, linestyle="-", linewidth=2.5)
        if live:
            places = [list(groups).index(label) for label in live]
            axes.plot(
                places,
                list(live.values()),
                linestyle="",
                marker="X",
                markersize=13,
                color=INK,
                markeredgecolor="white",
                label="your pair",
                zorder=4,
            )
            drawing.legend(loc="outside lower center")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(
            lambda value, place: f"{value:g}" if str(value).strip("0.")[:1] in "25" else ""
        )
        axes.tick_params(axis="y", which="minor", labelsize=13)
        axes.set_xticks(range(len(groups)), list(groups))
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.grid(axis="x", visible=False)
        axes.set_ylabel(name)
        if title:
            axes.set_title(title)
    names = ", ".join(" ".join(label.split()) for label in groups)
    summary = f"{name}, a dot a pair of runs, a bar at the mean, in {len(groups)} groups: {names}."
    return Picture(drawing, alt or shorten(summary), alt or summary)
