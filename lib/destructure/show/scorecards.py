"""A scorecard: claims from top to bottom, and who supports, complicates or contradicts each."""

import textwrap
from collections.abc import Sequence

import pandas as pd

from destructure.show.picture import Picture, shorten
from destructure.show.style import HIDDEN, INK, QUIET, SOURCE, figure, use_style

_WIDTHS = (0.37, 0.21, 0.21, 0.21)  # of the columns: the claim, then one a reading


def scorecard_grid(
    rows: pd.DataFrame,
    readings: Sequence[str] = ("supports", "complicates", "contradicts"),
    *,
    ours: str = "this course",
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw who says what of each claim: one row a claim, one column a reading, names in the cells.

    Args:
        rows: `claim`, `study`, `reading`; claims are drawn in the order in which they come.
        readings: the columns, from left to right.
        ours: studies whose name begins so are drawn bold and blue, with a dot before them.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there are no rows, or one has another reading.
    """
    unknown = set(rows["reading"]) - set(readings)
    if rows.empty or unknown:
        raise ValueError(f"Give rows whose reading is one of {list(readings)}; found {sorted(unknown)}.")
    claims = list(dict.fromkeys(rows["claim"]))
    cells = {key: list(dict.fromkeys(group["study"])) for key, group in rows.groupby(["claim", "reading"])}
    lines = [
        max([len(textwrap.wrap(claim, 26)), *(len(cells.get((claim, each), ())) for each in readings)])
        for claim in claims
    ]
    with use_style():
        drawing = figure(8, 0.26 * (sum(lines) + len(lines)) + 1.0)
        axes = drawing.subplots()
        total = sum(lines) + len(lines)
        axes.set(xlim=(0, 1), ylim=(total, -1.4))
        axes.axis("off")
        for number, reading in enumerate(readings, start=1):
            axes.text(sum(_WIDTHS[:number]), -0.5, reading, fontweight="bold", fontsize=14, color=INK)
        top = 0.0
        for claim, height in zip(claims, lines, strict=True):
            axes.axhline(top - 0.1, color=HIDDEN, linewidth=1.5)
            axes.text(0, top + 0.15, textwrap.fill(claim, 26), va="top", color=INK, linespacing=1.15)
            for number, reading in enumerate(readings, start=1):
                for place, study in enumerate(cells.get((claim, reading), ())):
                    _write(axes, sum(_WIDTHS[:number]), top + 0.15 + place, study, study.startswith(ours))
            top += height + 1
        if title:
            axes.set_title(title)
    summary = (
        f"A table of {len(claims)} claims ({'; '.join(claims)}) and who {', '.join(readings)} each; the course's own "
        "readings are marked with a dot."
    )
    return Picture(drawing, alt or shorten(summary), alt or shorten(summary))


def _write(axes, across: float, down: float, study: str, own: bool) -> None:
    look = {"color": SOURCE, "fontweight": "bold"} if own else {"color": QUIET}
    axes.text(across, down, ("• " if own else "") + study, va="top", fontsize=11.5, **look)
