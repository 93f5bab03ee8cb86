"""Small drawings of attention heads, for matching: pure SVG, the same everywhere."""

from dataclasses import dataclass

from destructure.exercises.markup import escape
from destructure.show.style import INK, QUIET, SOURCE

TOKENS = ("[CLS]", "the", "old", "cat", "sleeps", "[SEP]")
_CELL, _LEFT, _TOP = 26, 62, 22


@dataclass(frozen=True)
class Head:
    """A head to be recognised.

    Attributes:
        answer: which pattern it follows.
        description: what is drawn, in words that do not give the answer away.
    """

    answer: str
    description: str


HEADS = {
    "A": Head(
        "previous", "dark cells one column to the left of the diagonal; the first row's is in column 1"
    ),
    "B": Head("separator", "the last column is dark in every row"),
    "C": Head(
        "next", "dark cells one column to the right of the diagonal; the last row's is in the last column"
    ),
    "D": Head("itself", "dark cells on the diagonal"),
}


def head_weights(key: str) -> list[list[float]]:
    """Weights (query, key) of a head: most of a row's weight in one place, the rest spread; each row sums to 1."""
    length = len(TOKENS)
    weights = [[0.15 / length] * length for _ in TOKENS]
    for row in range(length):
        weights[row][_place(key, row, length - 1)] += 0.85
    return weights


def _place(key: str, row: int, last: int) -> int:
    return {
        "previous": max(row - 1, 0),
        "next": min(row + 1, last),
        "itself": row,
        "separator": last,
    }[HEADS[key].answer]


def head_drawing(key: str) -> str:
    """The head's attention map: rows look, columns are looked at."""
    size = _CELL * len(TOKENS)
    parts = []
    for row, weights in enumerate(head_weights(key)):
        middle = _TOP + _CELL * (row + 0.5) + 4
        name = escape(TOKENS[row])
        parts.append(f'<text x="{_LEFT - 6}" y="{middle:.0f}" text-anchor="end" fill="{INK}">{name}</text>')
        for column, weight in enumerate(weights):
            parts.append(
                f'<rect x="{_LEFT + _CELL * column}" y="{_TOP + _CELL * row}" width="{_CELL}" height="{_CELL}"'
                f' fill="{SOURCE}" fill-opacity="{weight:.2f}" stroke="{QUIET}" stroke-width="0.5"/>'
            )
    parts.append(f'<text x="{_LEFT}" y="{_TOP - 7}" fill="{INK}">the same tokens, left to right</text>')
    width, height = _LEFT + size + 14, _TOP + size + 6
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )
