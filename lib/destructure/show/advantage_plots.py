"""What one arm has over another, seed by seed: a row a comparison, every seed a dot, the interval a bar."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, HIDDEN, INK, QUIET, figure, use_style
from destructure.statistics import MARGIN
from destructure.studies.dial_results.contrasts import Contrast

_TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 0.75, 1, 1.33, 2, 5, 10, 20, 50)
_DAGGER = "† an arm of the two is below 90% right at its largest budget"
_NEAR, _LONG = (0.75, 1.33), 3


def advantage_rows(
    panels: Mapping[str, Sequence[Contrast]],
    *,
    name: str = "loss without over loss with (above 1 it helps)",
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw advantages as factors, one panel under the other, a row a comparison.

    Every seed is a grey dot, the mean a filled mark with its 95% interval (none where there are too few seeds). The
    grey band is "free". To the right stands the word; a dagger marks a comparison with an arm that is not trained
    within the range.

    Args:
        panels: heading → comparisons, from top to bottom.
        name: of the axis.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no panel, or one is empty.
    """
    if not panels or not all(panels.values()):
        raise ValueError("Give at least one panel, each with at least one comparison.")
    ends = _ends([each for found in panels.values() for each in found])
    counts = [len(found) for found in panels.values()]
    with use_style():
        drawing = figure(8, 0.48 * sum(counts) + 0.55 * len(counts) + 1.3)
        grid = drawing.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=counts)[:, 0]
        for axes, (heading, found) in zip(grid, panels.items(), strict=True):
            axes.axvspan(1 / MARGIN[1], MARGIN[1], color=HIDDEN, zorder=0)
            axes.axvline(1, color=INK, linewidth=1.2, zorder=1)
            for place, each in enumerate(found):
                _draw(axes, place, each, ends)
            axes.set_yticks(range(len(found)), [each.label for each in found])
            axes.set_ylim(len(found) - 0.5, -0.5)
            axes.grid(axis="y", visible=False)
            axes.set_title(heading, fontsize=13)
        _dress(grid[-1], ends)
        weak = any(each.weak for found in panels.values() for each in found)
        drawing.supxlabel(name + (f"\n{_DAGGER}" if weak else ""), fontsize=14)
        if title:
            drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")
    listed = "; ".join(
        f"{heading}: {', '.join(each.label for each in found)}" for heading, found in panels.items()
    )
    summary = f"{name}, a row a comparison ({listed}): a dot a seed, the mean with its 95% interval, a band for free."
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _draw(axes, place: int, found: Contrast, ends: tuple[float, float]) -> None:
    colour = CURVES[0][0]
    seeds = np.clip(np.exp(found.values), *ends)
    axes.plot(seeds, np.full(len(seeds), place + 0.2), ".", color=QUIET, markersize=7, linestyle="", zorder=2)
    low, high = found.interval.low, found.interval.high
    if np.isfinite(low) and np.isfinite(high):
        axes.plot(
            np.clip(np.exp([low, high]), *ends),
            [place, place],
            color=colour,
            linestyle="-",
            linewidth=3,
            zorder=3,
        )
    axes.plot(np.exp(found.interval.estimate), place, "D", color=colour, markersize=8, zorder=4)
    word = found.word + (" †" if found.weak else "")
    axes.text(1.01, place, word, transform=axes.get_yaxis_transform(), va="center", color=INK)


def _ends(found: Sequence[Contrast]) -> tuple[float, float]:
    values = [np.log(1.3)]
    for each in found:
        ends = np.array([each.interval.low, each.interval.high])
        values += [*np.abs(each.values), *np.abs(ends[np.isfinite(ends)])]
    reach = min(max(values) * 1.08, np.log(60))
    return float(np.exp(-reach)), float(np.exp(reach))


def _dress(axes, ends: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_xlim(*ends)
    axes.xaxis.set_major_locator(FixedLocator(_ticks(ends)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def _ticks(ends: tuple[float, float]) -> list[float]:
    """Those inside; where the axis is long, the two nearest to 1 are left out, whose labels would touch."""
    inside = [tick for tick in _TICKS if ends[0] < tick < ends[1]]
    return inside if ends[1] < _LONG else [tick for tick in inside if tick not in _NEAR]
