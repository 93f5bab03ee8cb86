"""Drawings of four dials, each with its two ends, for matching: pure SVG, the same everywhere (notebook 09)."""

from collections.abc import Sequence
from dataclasses import dataclass

from destructure.show.structure_sketches import svg, text
from destructure.show.style import INK, QUIET, SHARED, SOURCE, TARGET

_WIDTH, _HEIGHT = 330, 150
_CELL = 15


@dataclass(frozen=True)
class Dial:
    """A dial to be matched.

    Attributes:
        answer: the structure ("S1" to "S4") whose assumption it tests.
        description: what is drawn, in words that do not give the answer away.
    """

    answer: str
    description: str


DIALS = {
    "position": Dial("S4", "a row of input tokens; the one that says what to do stands last, or first"),
    "depth": Dial(
        "S3", "a stack for the input beside a stack for the target, each of four layers, or of two"
    ),
    "length": Dial("S1", "nine input tokens and three target tokens, or three input and nine target tokens"),
    "likeness": Dial(
        "S2",
        "English goes in and German comes out, or both languages go in and both come out",
    ),
}
"""What each dial changes; the first order is that of the default variant."""


def dial_drawing(order: Sequence[str]) -> str:
    """Four panels A to D, two by two, each with both ends of one dial.

    Args:
        order: keys of `DIALS`, from panel A to panel D.
    """
    panels = {"position": _position, "depth": _depth, "length": _length, "likeness": _likeness}
    parts = []
    for place, name in enumerate(order):
        left, top = (place % 2) * _WIDTH, (place // 2) * _HEIGHT
        drawn = "".join(
            [
                f'<rect x="6" y="6" width="{_WIDTH - 12}" height="{_HEIGHT - 12}" rx="6" fill="none"'
                f' stroke="{QUIET}"/>',
                text(22, 28, "ABCD"[place], bold=True),
                *panels[name](),
            ]
        )
        parts.append(f'<g transform="translate({left} {top})">{drawn}</g>')
    return svg(2 * _WIDTH, 2 * _HEIGHT, parts)


def dial_description(order: Sequence[str]) -> str:
    """The same in words."""
    panels = (
        f"Dial {letter}: {DIALS[name].description}." for letter, name in zip("ABCD", order, strict=True)
    )
    return " ".join(panels)


def _cells(left: float, top: float, count: int, colour: str) -> list[str]:
    return [
        f'<rect x="{left + _CELL * number}" y="{top}" width="{_CELL}" height="{_CELL}" fill="{colour}"'
        f' fill-opacity="0.55" stroke="{INK}"/>'
        for number in range(count)
    ]


def _arrow(left: float, right: float, height: float) -> str:
    return (
        f'<path d="M{left} {height} H{right - 7}" stroke="{INK}" stroke-width="2"/>'
        f'<path d="M{right} {height} l-9 -5 v10 z" fill="{INK}"/>'
    )


def _or() -> str:
    return text(22, 80, "or", QUIET)


def _position() -> list[str]:
    """Six quiet tokens and a black one."""
    parts = [_or()]
    for top, place in ((38, 6), (98, 0)):
        parts += _cells(70 + _CELL * (place == 0), top, 6, SOURCE)
        x = 70 + _CELL * place
        parts.append(f'<rect x="{x}" y="{top}" width="{_CELL}" height="{_CELL}" fill="{INK}"/>')
        parts.append(text(x + _CELL / 2, top + 31, "what to do"))
    return [*parts, text(250, 50, "last"), text(250, 110, "first")]


def _depth() -> list[str]:
    parts = [text(112, 136, "4 layers"), text(252, 136, "2 layers"), text(182, 80, "or", QUIET)]
    for left, layers in ((70, 4), (210, 2)):
        for layer in range(layers):
            top = 100 - 22 * layer
            for x, colour in ((left, SOURCE), (left + 48, TARGET)):
                parts.append(
                    f'<rect x="{x}" y="{top}" width="36" height="18" rx="3" fill="{colour}"'
                    f' fill-opacity="0.55" stroke="{INK}"/>'
                )
    return parts


def _length() -> list[str]:
    parts = [_or()]
    for top, source, target in ((38, 9, 3), (98, 3, 9)):
        parts += _cells(58, top, source, SOURCE)
        start = 58 + _CELL * source
        parts += [_arrow(start + 6, start + 36, top + 8), *_cells(start + 42, top, target, TARGET)]
        parts.append(text(58 + _CELL * source / 2, top + 31, "input"))
        parts.append(text(start + 42 + _CELL * target / 2, top + 31, "target"))
    return parts


def _likeness() -> list[str]:
    parts = [_or()]
    for top, pairs, colours in (
        (26, (("seven", "sieben"), ("two", "zwei")), (SOURCE, TARGET)),
        (90, (("seven", "sieben"), ("zwei", "two")), (SHARED, SHARED)),
    ):
        for row, words in enumerate(pairs):
            y = top + 24 * row
            for x, word, colour in zip((70, 200), words, colours, strict=True):
                parts.append(
                    f'<rect x="{x}" y="{y}" width="70" height="20" rx="3" fill="{colour}" fill-opacity="0.3"'
                    f' stroke="{INK}"/>'
                )
                parts.append(text(x + 35, y + 15, word))
            parts.append(_arrow(146, 194, y + 10))
    return parts
