"""Weight maps as plain SVG, for exercises: rows look at columns, and the darker a cell, the larger its weight."""

from collections.abc import Mapping, Sequence
from math import exp

from destructure.exercises.markup import escape
from destructure.show.style import INK, QUIET

_CELL, _LEFT, _TOP, _BETWEEN, _NAME = 26, 54, 52, 44, 34
Rows = Sequence[Sequence[float]]


def softmax_rows(scores: Rows) -> list[list[float]]:
    """Turn each row of scores into weights that add to 1."""
    rows = []
    for row in scores:
        powers = [exp(score) for score in row]
        rows.append([power / sum(powers) for power in powers])
    return rows


def weight_maps(maps: Mapping[str, Rows], words: Sequence[str]) -> str:
    """Several (words, words) maps, two side by side, each with its name above."""
    side = _CELL * len(words)
    width = 2 * (_LEFT + side) + _BETWEEN + 24  # the last slanted word reaches further right
    height = -(-len(maps) // 2) * (_NAME + _TOP + side) + 12
    parts = []
    for number, (name, rows) in enumerate(maps.items()):
        row, column = divmod(number, 2)
        x, y = _LEFT + column * (_LEFT + side + _BETWEEN), (row + 1) * (_NAME + _TOP) + row * side
        parts.append(_text(x, y - _TOP - 4, name, anchor="start", size=17, bold=True))
        parts += _map(rows, words, x, y)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def _map(rows: Rows, words: Sequence[str], x: int, y: int) -> list[str]:
    parts = []
    for number, word in enumerate(words):
        middle = _CELL * number + _CELL / 2
        parts.append(_text(x - 6, y + middle + 4, word, anchor="end"))
        place = f"{x + middle + 4:.0f} {y - 6}"
        parts.append(f'<g transform="translate({place}) rotate(-50)">{_text(0, 0, word, anchor="start")}</g>')
    for row, weights in enumerate(rows):
        for column, weight in enumerate(weights):
            parts.append(
                f'<rect x="{x + _CELL * column}" y="{y + _CELL * row}" width="{_CELL}" height="{_CELL}" '
                f'fill="#08306B" fill-opacity="{min(1.0, weight):.2f}" stroke="{QUIET}" stroke-width="0.5"/>'
            )
    return parts


def _text(x: float, y: float, text: str, anchor: str, size: int = 13, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="{size}" fill="{INK}"{weight}>'
        f"{escape(text)}</text>"
    )
