"""The compute factor κ(C): what a structure is worth, budget by budget, with its interval and its verdict."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.markers import CARETDOWN, CARETUP
from matplotlib.ticker import FuncFormatter, NullFormatter

from destructure.show.picture import Picture, shorten
from destructure.show.style import CURVES, HIDDEN, INK, QUIET, figure, use_style
from destructure.statistics import MARGIN, ComputeFactors

_TICKS = (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10)
_REACH = (0.05, 20)  # how far an interval may stretch the axis; beyond, it is drawn with an arrowhead
_MARKERS = {"no": "o", "above": "^", "below": "v"}


def factor_curves(
    panels: Mapping[str, ComputeFactors], *, title: str | None = None, alt: str | None = None
) -> Picture:
    """Draw κ against compute, a panel a structure: above the line at 1 the structure helps.

    A round dot is a factor with its 95% interval; a bar with an arrowhead is open at that end (no bar where there are
    too few seeds for one). A triangle is a bound: pointing up, the arm without the structure never got there, so κ is
    above it; pointing down, below it. Lines join factors that are known, and stop at bounds. The grey band is the
    margin within which removing the structure counts as free.

    Args:
        panels: heading, such as "S1: inconclusive" → the factors. At most six.
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no panel, more than six, or none has a factor.
    """
    known = [each for found in panels.values() for each in found.factors]
    if not 1 <= len(panels) <= 6 or not known:
        raise ValueError("Give one to six panels, at least one of them with a factor off the floor.")
    rows, limits = -(-len(panels) // 2), _limits(known)
    with use_style():
        drawing = figure(8, 3.1 * rows + 0.6)
        grid = drawing.subplots(rows, min(2, len(panels)), sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (heading, found) in zip(grid, panels.items(), strict=False):
            _reference(axes)
            _draw(axes, found.factors, limits, CURVES[0][0], 1.0, 8)
            for budget in found.at_floor:
                axes.plot(budget, 1, "x", color=QUIET, markersize=8, zorder=3)
            axes.set_title(heading, fontsize=13)
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        budgets = [each.compute for each in known] + [b for found in panels.values() for b in found.at_floor]
        _dress(drawing, grid[: len(panels)], budgets, limits, title)
    summary = (
        f"The compute factor against the training FLOPs in {len(panels)} panels ({'; '.join(panels)}), with 95% "
        "intervals, a line at 1; triangles are bounds, crosses budgets at the floor."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def surrounding_factors(
    panels: Mapping[str, Sequence[tuple[str, ComputeFactors]]],
    *,
    highlight: Mapping[str, str] | None = None,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw κ of one switch in all its surroundings, a panel a switch, a line a surrounding.

    Args:
        panels: heading → (code of the corner with the structure, factors) of each surrounding.
        highlight: heading → code of the surrounding that is drawn in colour (the ladder's).
        title: a line above all.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no panel or no factor.
    """
    known = [each for found in panels.values() for _, factors in found for each in factors.factors]
    if not panels or not known:
        raise ValueError("Give at least one panel, with a factor off the floor.")
    highlight = highlight or {}
    rows, limits = -(-len(panels) // 2), _limits(known)
    with use_style():
        drawing = figure(8, 3.1 * rows + 0.6)
        grid = drawing.subplots(rows, min(2, len(panels)), sharex=True, sharey=True, squeeze=False).ravel()
        for axes, (heading, found) in zip(grid, panels.items(), strict=False):
            _reference(axes)
            order = sorted(found, key=lambda each: each[0] == highlight.get(heading))
            for place, (code, factors) in enumerate(order):
                own = code == highlight.get(heading)
                shift = 1.0 if own else 1.035 ** (place - 3)
                _draw(
                    axes, factors.factors, limits, CURVES[1][0] if own else QUIET, shift, 8 if own else 5, own
                )
            axes.set_title(heading, fontsize=13)
        for axes in grid[len(panels) :]:
            axes.set_visible(False)
        _dress(drawing, grid[: len(panels)], [each.compute for each in known], limits, title)
    summary = (
        f"The compute factor against the training FLOPs in {len(panels)} panels ({'; '.join(panels)}): a thin line "
        "for each surrounding in which the structure was removed, the ladder's own in colour."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _reference(axes) -> None:
    axes.axhspan(*MARGIN, color=HIDDEN, zorder=0)
    axes.axhline(1, color=INK, linewidth=1.2, zorder=1)


def _draw(axes, factors, limits, colour: str, shift: float, size: float, strong: bool = True) -> None:
    if not factors:
        return
    across = np.array([each.compute for each in factors]) * shift
    up = np.array([each.interval.estimate for each in factors])
    line = {"color": colour, "linewidth": 2 if strong else 1, "linestyle": "-"}
    known = np.where([each.censored == "no" for each in factors], up, np.nan)
    axes.plot(across, known, zorder=3 + strong, alpha=0.8, **line)
    for x, each in zip(across, factors, strict=True):
        if strong or size > 6:
            _bar(axes, x, each.interval, limits, line)
        hollow = each.censored != "no"
        axes.plot(
            x,
            each.interval.estimate,
            _MARKERS[each.censored],
            color=colour,
            markersize=size + 2 * hollow,
            markerfacecolor="white" if hollow else colour,
            markeredgewidth=1.8,
            zorder=4 + strong,
        )


def _bar(axes, x, interval, limits, line) -> None:
    """An interval; where it goes on beyond the axis, an arrowhead instead of its end."""
    low, high = interval.low, interval.high
    if low <= 0 and not np.isfinite(high):
        return  # nothing is known: too few seeds
    inside = [max(low, limits[0] * 1.07), min(high, limits[1] / 1.07)]
    axes.plot([x, x], inside, zorder=3, **line)
    for end, shown, marker in ((low, inside[0], CARETDOWN), (high, inside[1], CARETUP)):
        if end != shown:
            axes.plot(x, shown, marker=marker, color=line["color"], markersize=8, zorder=3)


def _limits(factors) -> tuple[float, float]:
    """The ends of the axis: every estimate has room, and the intervals where they end within reason."""
    values = [1.0]
    for each in factors:
        values.append(each.interval.estimate)
        values += [
            min(max(end, _REACH[0]), _REACH[1])
            for end in (each.interval.low, each.interval.high)
            if np.isfinite(end) and end > 0
        ]
    return min(values) / 1.4, max(values) * 1.4


def _dress(drawing, grid, budgets, limits, title) -> None:
    for axes in grid:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(min(budgets) / 1.4, max(budgets) * 1.4)
        axes.set_ylim(*limits)
        axes.yaxis.set_major_locator(_fixed([tick for tick in _TICKS if limits[0] < tick < limits[1]]))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
    drawing.supxlabel("training compute C (FLOPs)", fontsize=14)
    drawing.supylabel("compute factor κ (no unit)", fontsize=14)
    if title:
        drawing.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")


def _fixed(ticks):
    from matplotlib.ticker import FixedLocator

    # Too many labels would touch: keep 1 and every second neighbour.
    if len(ticks) > 7:
        middle = ticks.index(1)
        ticks = [tick for place, tick in enumerate(ticks) if (place - middle) % 2 == 0]
    return FixedLocator(ticks)
