"""Exact match over the length of the input: every run thin with its dots, the mean of each label thick."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, HIDDEN, INK, QUIET, figure, use_style


def length_curves(
    rows: pd.DataFrame,
    labels: Sequence[str],
    *,
    live: Mapping[str, Mapping[int, float]] | None = None,
    trained: int | None = None,
    looks: Sequence[int] | None = None,
    length_name: str = "digits to read out",
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the share of right answers at each length, for several arms of a study.

    Args:
        rows: one row a run and length, with the columns label, seed, length and exact_match.
        labels: which, in the order of the legend.
        live: label → {length: exact match} of the learner's own runs, drawn as crosses in the colour of the label.
        trained: the longest length in training; everything beyond is shaded.
        looks: for each label the place of its colour, line and marker in `style.CURVES`, so that a label can look the
            same in two figures; by default the first, the second, ...
        length_name: of the axis to the right, with its unit.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if a label has no rows, or an exact match lies outside 0 to 1.
    """
    _check(rows, labels, live or {})
    with use_style():
        drawing = figure(8, 5)
        axes = drawing.subplots()
        for label, place in zip(labels, looks or range(len(labels)), strict=True):
            look = CURVES[place]
            _draw_label(axes, rows[rows["label"] == label], label, look)
            if label in (live or {}):
                _draw_live(axes, live[label], look[0])
        if live:  # one entry of the legend for all crosses
            axes.plot([], [], "X", color=INK, markersize=11, label="your runs")
        if trained is not None and rows["length"].max() > trained:
            axes.axvspan(trained + 0.5, rows["length"].max() + 0.5, color=HIDDEN, zorder=0)
            edge = (trained + 0.6, 1.06)
            axes.annotate("longer than any in training", edge, va="center", color=QUIET, fontsize=11)
        axes.set_xlabel(length_name)
        axes.set_ylabel("exact match (share of answers)")
        axes.set_ylim(-0.04, 1.12)
        axes.set_xlim(rows["length"].min() - 0.5, rows["length"].max() + 0.5)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=2)
    seeds = rows["seed"].nunique()
    summary = (
        f"Exact match against {length_name} for {', '.join(labels)}: each of {seeds} runs thin with its dots, "
        f"their mean thick{'; crosses are your own runs' if live else ''}."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _check(rows: pd.DataFrame, labels: Sequence[str], live: Mapping[str, Mapping[int, float]]) -> None:
    for label in labels:
        if not (rows["label"] == label).any():
            raise ValueError(f"There are no rows with the label {label!r}; choose from those in the table.")
    values = [*rows["exact_match"], *(value for run in live.values() for value in run.values())]
    if not all(0 <= value <= 1 for value in values):
        raise ValueError("An exact match lies outside 0 to 1; give shares of answers.")


def _draw_label(axes: Axes, rows: pd.DataFrame, label: str, look: tuple) -> None:
    colour, line, marker = look
    for _, run in rows.groupby("seed"):
        run = run.sort_values("length")
        axes.plot(
            run["length"],
            run["exact_match"],
            color=colour,
            alpha=0.35,
            linewidth=0.8,
            linestyle="-",
            marker=marker,
            markersize=3.5,
        )
    mean = rows.groupby("length")["exact_match"].mean()
    axes.plot(
        mean.index, mean, color=colour, linestyle=line, linewidth=3, marker=marker, label=label, zorder=3
    )


def _draw_live(axes: Axes, run: Mapping[int, float], colour: str) -> None:
    axes.plot(
        list(run),
        list(run.values()),
        linestyle="",
        marker="X",
        markersize=12,
        markerfacecolor=colour,
        markeredgecolor="white",
        zorder=5,
    )
