"""What read-outs tell from an encoder's states, layer by layer: every run a dot, trained beside untrained."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, QUIET, figure, use_style

if TYPE_CHECKING:
    from destructure.studies.read_outs import ReadOut

_STEP = 0.035  # sideways distance of dots, so that equal values do not hide each other
_NAMES = {True: "trained", False: "untrained"}
_SIDE = {True: -0.2, False: 0.2}
_LOOKS = {True: (CURVES[0][0], "-", "o", CURVES[0][0]), False: (CURVES[1][0], "--", "s", "white")}
_LOST = 0.02  # where a run without an accuracy is drawn
_TICKS = (0, 0.5, 0.8, 0.9, 0.95, 0.99, 1)
_ONE_LINE = 5  # entries of the legend that fit beside each other
_TOP = 1.003  # room for dots at 100%


def read_out_curves(
    rows: pd.DataFrame,
    *,
    live: "Sequence[ReadOut] | None" = None,
    enough: float | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the accuracy of read-outs over the encoder's layers, a panel a depth.

    Every row is a dot, lines join the means over seeds; a grey line is chance, the share of the most common token.
    A run without an accuracy (it diverged) is a cross at the bottom. The axis goes by the root of the error, so
    there is more to see between 95% and 99% than between 40% and 60%.

    Args:
        rows: with `seed`, `layers` (of the encoder), `layer` (0: the embedding), `trained`, `accuracy`, `chance`;
            such as those of `bottleneck_probe.results()`.
        live: read-outs of a model trained just now, from `read_outs`; its depth must be one of the panels.
        enough: an accuracy to draw a line at.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no rows, a column is missing, an accuracy is not from 0 to 1, or `live` has no panel.
    """
    _require(rows)
    depths = [int(depth) for depth in sorted(rows["layers"].unique())]
    if live and len(live) - 1 not in depths:
        raise ValueError(
            f"Your read-outs are of {len(live) - 1} layers, but the panels have {', '.join(map(str, depths))}; "
            "train a model of one of these depths."
        )
    seeds = sorted(rows["seed"].unique())
    with use_style():
        drawing = figure(8, 5.2)
        grid = drawing.subplots(
            1, len(depths), sharey=True, squeeze=False, width_ratios=[depth + 1.5 for depth in depths]
        )[0]
        for axes, depth in zip(grid, depths, strict=True):
            own = rows[rows["layers"] == depth]
            for trained in (True, False):
                _draw(axes, own[own["trained"].astype(bool) == trained], trained, seeds)
            axes.axhline(own["chance"].iloc[0], color=QUIET, linestyle=":", linewidth=2.5, label="chance")
            if enough is not None:
                axes.axhline(enough, color=INK, linestyle="-", linewidth=1, label=f"{enough:.0%}", zorder=1)
            if live and len(live) - 1 == depth:
                _draw_live(axes, live)
            axes.set_xlim(-0.6, depth + 0.6)
            axes.set_xticks(range(depth + 1))
            axes.grid(axis="x", visible=False)
            axes.set_title(f"{depth} layers", fontsize=13)
        grid[0].set_yscale("function", functions=(_stretch, _unstretch))
        grid[0].set_ylim(0, _TOP)
        grid[0].set_yticks(_TICKS)
        grid[0].yaxis.set_major_formatter(PercentFormatter(1))
        grid[0].set_ylabel("tokens named rightly\n(axis stretched towards 100%)")
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
        _legend(drawing, grid)
    summary = (
        "Share of tokens that linear read-outs name rightly after each encoder layer, a panel each for encoders of "
        f"{', '.join(map(str, depths))} layers: a dot a run of {len(seeds)} seeds, filled circles trained, hollow "
        "squares untrained, lines for the means; a dotted line for chance."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw(axes, rows: pd.DataFrame, trained: bool, seeds: Sequence) -> None:
    colour, line, marker, fill = _LOOKS[trained]
    values = rows["accuracy"].astype(float).to_numpy()
    order = np.array([seeds.index(seed) for seed in rows["seed"]]) - (len(seeds) - 1) / 2
    across = rows["layer"].to_numpy(dtype=float) + _SIDE[trained] + _STEP * order
    lost = np.isnan(values)
    axes.plot(
        across[~lost],
        values[~lost],
        linestyle="",
        marker=marker,
        markersize=5,
        color=colour,
        markerfacecolor=fill,
    )
    if lost.any():
        axes.plot(
            across[lost],
            np.full(lost.sum(), _LOST),
            "x",
            color=colour,
            markersize=8,
            markeredgewidth=2,
            label="diverged",
        )
    means = rows.assign(accuracy=values).groupby("layer")["accuracy"].mean().dropna()
    axes.plot(
        means.index + _SIDE[trained], means, color=colour, linestyle=line, linewidth=2, zorder=1.5,
        marker=marker, markerfacecolor=fill, markevery=[], label=_NAMES[trained],
    )  # fmt: skip


def _draw_live(axes, live) -> None:
    look = {"color": INK, "linestyle": "", "marker": "X", "markersize": 11, "markeredgecolor": "white"}
    axes.plot(
        [each.layer for each in live], [each.accuracy for each in live], label="your run", zorder=5, **look
    )


def _legend(drawing, grid) -> None:
    """One legend for all panels; its title is their common axis label, which would lie under the legend."""
    known = {}
    for axes in grid:
        known |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    drawing.legend(
        known.values(),
        known,
        loc="outside lower center",
        ncols=len(known) if len(known) <= _ONE_LINE else 3,
        columnspacing=1.4,
        title="read out after encoder layer (0: the embedding)",
        title_fontsize=14,
    )


def _stretch(share):
    wrong = 1 - np.asarray(share, dtype=float)
    return -np.sign(wrong) * np.sqrt(np.abs(wrong))


def _unstretch(place):
    place = np.asarray(place, dtype=float)
    return 1 + np.sign(place) * place**2


def _require(rows: pd.DataFrame) -> None:
    missing = [
        each for each in ("seed", "layers", "layer", "trained", "accuracy", "chance") if each not in rows
    ]
    if missing:
        raise ValueError(f"The rows have no column {missing[0]!r}; give those of bottleneck_probe.csv.")
    if rows.empty:
        raise ValueError("There are no rows yet; run python -m destructure.studies.bottleneck_probe first.")
    known = rows["accuracy"].astype(float).dropna()
    if not known.between(0, 1).all():
        raise ValueError("An accuracy lies outside 0 to 1; give shares, not percent.")
