"""The ladder: loss over compute with every seed, when each step takes off, and the learning rates that were tried."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, INK, QUIET, figure, use_style
from destructure.structure import Structure


def ladder_curves(
    rows: pd.DataFrame,
    envelopes: Mapping[str, pd.DataFrame],
    *,
    floor: float | None = None,
    live: Mapping[str, tuple[float, float]] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the loss of some corners over compute: every run a dot, the best-so-far envelope a line with its interval.

    Args:
        rows: of those corners, all seeds, with `structure`, `budget` and `loss`. A run without a loss (it
            diverged) is a cross at the upper edge.
        envelopes: code of a corner → `budget`, `loss`, `low`, `high`, in the order of the legend; at most seven.
        floor: a loss below which budgets are not compared; drawn as a line.
        live: code → (budget, loss) of runs made just now.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no envelope, or more than seven.
    """
    if not 1 <= len(envelopes) <= len(CURVES):
        raise ValueError(f"There are {len(envelopes)} envelopes; draw one to {len(CURVES)}.")
    with use_style():
        drawing = figure(8, 5.4)
        axes = drawing.subplots()
        for number, (code, curve) in enumerate(envelopes.items()):
            own = rows[rows["structure"] == code]
            _draw_arm(axes, own, curve, _label(code), CURVES[number], 1.035 ** (number - len(envelopes) / 2))
        if floor is not None:
            axes.axhline(floor, color=INK, linewidth=1.2, linestyle=":")
            axes.text(rows["budget"].min() / 1.15, floor * 1.08, "floor", color=INK)
        for code, (budget, loss) in (live or {}).items():
            axes.plot(budget, loss, "X", color=INK, markersize=13, zorder=6, label=f"your run: {code}")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("training compute (FLOPs)")
        axes.set_ylabel("loss (nats a token)")
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=2)
    seeds = rows["seed"].nunique()
    summary = (
        f"Loss against training FLOPs, both logarithmic, for {', '.join(map(_label, envelopes))}: a dot a run of "
        f"{seeds} seeds at every width and budget, lines for the best-so-far envelopes with 95% intervals."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _label(code: str) -> str:
    usual = Structure.named(code).name
    return code if usual == code else f"{code} {usual}"


def _draw_arm(axes, rows, curve, label, look, shift) -> None:
    colour, line, marker = look
    finite = rows[rows["loss"].notna()]
    across = finite["budget"].to_numpy(dtype=float) * shift
    axes.plot(across, finite["loss"], linestyle="", marker=marker, markersize=3.5, color=colour, alpha=0.35)
    lost = rows[rows["loss"].isna()]
    if len(lost):
        axes.plot(lost["budget"], [np.log(65)] * len(lost), "x", color=colour, markersize=9)
    if np.isfinite(curve[["low", "high"]].to_numpy()).all() and (curve["low"] > 0).all():
        axes.fill_between(curve["budget"], curve["low"], curve["high"], color=colour, alpha=0.2, linewidth=0)
    axes.plot(
        curve["budget"], curve["loss"], color=colour, linestyle=line, linewidth=3, label=label, zorder=4
    )


def take_off_dots(
    runs: pd.DataFrame,
    structures: Sequence[Structure],
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw the compute at which each run took off: a filled mark a run, a hollow triangle where it did not.

    Args:
        runs: one row a run with `structure`, `width`, `take_off` (NaN: it did not) and `limit`, in FLOPs.
        structures: from left to right.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if none of the structures has a run.
    """
    codes = [each.code for each in structures]
    runs = runs[runs["structure"].isin(codes)]
    if runs.empty:
        raise ValueError("None of these structures has a run; run the plan first.")
    widths = sorted(runs["width"].unique())
    with use_style():
        drawing = figure(8, 4.8)
        axes = drawing.subplots()
        for number, width in enumerate(widths):
            colour, marker = CURVES[number][0], "osD"[number % 3]
            for place, code in enumerate(codes):
                group = runs[(runs["width"] == width) & (runs["structure"] == code)]
                middle = place + 0.25 * (number - (len(widths) - 1) / 2)
                across = middle + 0.018 * (np.arange(len(group)) - (len(group) - 1) / 2)
                there = group["take_off"].notna().to_numpy()
                axes.plot(across[there], group["take_off"][there], linestyle="", marker=marker, color=colour)
                axes.plot(
                    across[~there],
                    group["limit"][~there],
                    linestyle="",
                    marker="^",
                    markersize=8,
                    markerfacecolor="white",
                    color=colour,
                )
            axes.plot([], [], linestyle="", marker=marker, color=colour, label=f"width {width}")
        axes.plot(
            [],
            [],
            linestyle="",
            marker="^",
            markersize=8,
            markerfacecolor="white",
            color=QUIET,
            label="not while watched",
        )
        axes.set_yscale("log")
        axes.set_xticks(range(len(codes)), codes)
        axes.grid(axis="x", visible=False)
        axes.set_xlabel("structures present")
        axes.set_ylabel("compute at take-off (FLOPs)")
        if title:
            axes.set_title(title)
        drawing.legend(loc="outside lower center", ncols=4)
    summary = (
        f"Training FLOPs at take-off for {', '.join(codes)} at widths {', '.join(map(str, widths))}: a mark a run, "
        "a hollow triangle where a run had not taken off while it was watched."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def tuning_curves(points: pd.DataFrame, *, title: str | None = None, alt: str | None = None) -> Picture:
    """Draw the loss over the learning rate, a panel a width, a line an arm, the chosen rates filled.

    Args:
        points: structure, width, layers, learning_rate, seed, loss, chosen; see `tables.tuning_points`. Arms of
            another shape are drawn in the panel of the nearest width.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no rows.
    """
    if points.empty:
        raise ValueError("There are no tuning rows; run the plan structure_tuning first.")
    corners = sorted(points[points["layers"] == points["layers"].min()]["width"].unique())
    nearest = {
        width: min(corners, key=lambda each: abs(np.log(each / width))) for width in points["width"].unique()
    }
    with use_style():
        drawing = figure(8, 4.2)
        grid = drawing.subplots(1, len(corners), sharey=True, squeeze=False)[0]
        for axes, width in zip(grid, corners, strict=True):
            shown = points[points["width"].map(nearest) == width]
            for (_, _, layers), arm in shown.groupby(["structure", "width", "layers"]):
                usual = layers == points["layers"].min()
                _draw_rates(axes, arm, CURVES[0] if usual else CURVES[1])
            axes.set_xscale("log")
            axes.set_yscale("log")
            rates = sorted(points["learning_rate"].unique())
            axes.set_xticks(rates, [f"{1000 * rate:g}" for rate in rates])
            axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.minorticks_off()
            axes.set_title(f"width {width}", fontsize=13)
        grid[0].set_ylabel("loss on validation numbers\n(nats a token)")
        drawing.supxlabel("learning rate (thousandths)", fontsize=14)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    summary = (
        f"Loss against the learning rate in {len(corners)} panels, one a width: a line for each arm, the mean of its "
        "tuning seeds, with a filled dot at the rate that was chosen."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw_rates(axes, arm: pd.DataFrame, look: tuple) -> None:
    colour, line, marker = look
    mean = arm.groupby("learning_rate")[["loss", "chosen"]].agg({"loss": "mean", "chosen": "max"})
    mean = mean.dropna(subset=["loss"])
    axes.plot(mean.index, mean["loss"], color=colour, linestyle=line, linewidth=1, alpha=0.7)
    best = mean[mean["chosen"].astype(bool)]
    axes.plot(best.index, best["loss"], linestyle="", marker=marker, markersize=7, color=colour)
