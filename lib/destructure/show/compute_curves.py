"""Methods over compute: every seed a dot, the best-so-far envelope a thick line with its interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, figure, use_style
from destructure.statistics import envelope


def compute_curves(
    points: pd.DataFrame,
    methods: Sequence[str],
    *,
    live: Mapping[str, tuple[float, float]] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw bits a character against training compute, better upwards, as in the lecture's figure.

    Args:
        points: rows with method, size, compute (FLOPs), seed and bits.
        methods: which, in the order of the legend.
        live: label → (compute, bits) of the learner's own runs, drawn as crosses.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if a method has no rows.
    """
    for method in methods:
        if not (points["method"] == method).any():
            raise ValueError(f"There are no rows of the method {method!r}; choose from those in the table.")
    largest = points["compute"].max()
    with use_style():
        drawing = figure(8, 5.2)
        axes = drawing.subplots()
        for method, look in zip(methods, CURVES, strict=False):
            _draw_method(axes, points[points["method"] == method], method, look, largest)
        if live:
            spent, bits = zip(*live.values(), strict=True)
            axes.plot(spent, bits, "X", color=INK, markersize=11, zorder=5, label="your runs")
        axes.set_xscale("log")
        axes.invert_yaxis()
        axes.set_xlabel("training compute (FLOPs)")
        axes.set_ylabel("bits a character (better upwards)")
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=4)
    seeds = points["seed"].nunique()
    summary = (
        f"Bits a character against training compute for {', '.join(methods)}: a dot for each of {seeds} seeds, size"
        " and budget; thick lines are the best-so-far envelopes with their 95% intervals."
    )
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _draw_method(axes, rows: pd.DataFrame, method: str, look: tuple, largest: float) -> None:
    colour, line, marker = look
    axes.plot(
        rows["compute"], rows["bits"], linestyle="", marker=marker, markersize=4, color=colour, alpha=0.3
    )
    at = np.unique(np.append(rows["compute"].to_numpy(dtype=float), largest))
    best = envelope(rows, at, value="bits", size="size", compute="compute", logarithm=False)
    axes.fill_between(at, best["low"], best["high"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(at, best["bits"], color=colour, linestyle=line, linewidth=3, label=method, zorder=4)
