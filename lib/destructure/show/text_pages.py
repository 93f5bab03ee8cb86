"""Texts that a model wrote, as a picture: they may differ in a letter from machine to machine, and a picture may."""

import textwrap
from collections.abc import Mapping

from destructure.show.picture import Picture, shorten
from destructure.show.style import HIDDEN, INK, QUIET, use_style
from destructure.show.token_grids import inch_figure

_LINE = 0.235  # inches
_COLUMNS_WIDE = 76  # characters that fit across the page


def text_page(
    texts: Mapping[str, str], *, begins: str = "", title: str | None = None, alt: str | None = None
) -> Picture:
    """Set texts one below the other, each under its heading, in letters of equal width.

    Args:
        texts: heading → text; long lines are wrapped.
        begins: what all texts begin with and the model did not write; set in grey before each.
        title: a line above.
        alt: replaces the description; it must not quote the texts.

    Raises:
        ValueError: if there is no text.
    """
    if not texts:
        raise ValueError("There is no text to show; give at least one heading with its text.")
    blocks = {heading: _wrapped(begins + text) for heading, text in texts.items()}
    lines = sum(len(block) + 2 for block in blocks.values())
    with use_style():
        drawing = inch_figure(8, lines * _LINE + (0.5 if title else 0.15))
        axes = drawing.add_axes((0, 0, 1, 1))
        height = drawing.get_figheight()
        axes.set(xlim=(0, 8), ylim=(height, 0))
        axes.axis("off")
        y = 0.1
        if title:
            axes.text(0.1, y, title, va="top", weight="bold", size=15, parse_math=False)
            y += 0.42
        for heading, block in blocks.items():
            axes.text(0.1, y, heading, va="top", weight="bold", size=13, color=INK, parse_math=False)
            y += 1.1 * _LINE
            axes.fill_between(
                [0.1, 7.9], y, y + len(block) * _LINE + 0.05, color=HIDDEN, alpha=0.45, linewidth=0
            )
            for number, line in enumerate(block):
                given = min(len(line), max(0, len(begins) - sum(len(each) for each in block[:number])))
                _write(axes, 0.2, y + 0.03, line[:given], QUIET)
                _write(axes, 0.2, y + 0.03, " " * given + line[given:], INK)
                y += _LINE
            y += 0.9 * _LINE
    summary = f"Texts written by the model, as a page: {'; '.join(texts)}."
    return Picture(drawing, alt or shorten(summary), alt or summary)


def _write(axes, x: float, y: float, text: str, colour: str) -> None:
    axes.text(x, y, text, va="top", family="monospace", size=12, color=colour, parse_math=False)


def _wrapped(text: str) -> list[str]:
    """Lines of at most a page's width; the text's own line breaks are kept, blank lines closed up."""
    lines = [line for line in text.expandtabs(4).splitlines() if line.strip()] or [""]
    return [
        part for line in lines for part in textwrap.wrap(line, _COLUMNS_WIDE, drop_whitespace=False) or [""]
    ]
