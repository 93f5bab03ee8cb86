"""A small SVG drawing for exercises: curves. Structures are drawn by `destructure.show.structure_sketches`.

Figures of the lessons are drawn in `destructure.show`. These here go into HTML that is compared as text, and must be
the same everywhere, so they are plain SVG, and need no plotting library.
"""

from collections.abc import Sequence

from destructure.show.structure_sketches import svg, text
from destructure.show.style import INK

# Dark enough for their labels, which have the curve's colour, to be read on white.
_CURVE_STYLES = (("#0072B2", ""), ("#B34700", "9 4"), ("#00694D", "2 3"), ("#6B4C9A", "12 3 2 3"))


def curves(
    lines: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    across: str,
    up: str,
    width: int = 460,
    height: int = 260,
) -> str:
    """Labelled curves in one pair of axes, told apart by dashes and labels as well as by colour.

    Args:
        lines: (label, points) of each curve; points in the units of the axes.
        across, up: axis titles with units.
    """
    left, right, top, bottom = 62, width - 60, 14, height - 40
    xs = [x for _, points in lines for x, _ in points]
    ys = [y for _, points in lines for _, y in points]
    lowest, highest = min(ys), max(ys)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            left + (right - left) * (x - min(xs)) / (max(xs) - min(xs)),
            bottom - (bottom - top) * (y - lowest) / (highest - lowest),
        )

    parts = [f'<path d="M{left} {top} V{bottom} H{right}" fill="none" stroke="{INK}"/>']
    for (label, points), (colour, dashes) in zip(lines, _CURVE_STYLES, strict=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in points))
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"'
            f' stroke-dasharray="{dashes}"/>'
        )
        x, y = place(*points[-1])
        parts.append(text(x + 14, y + 5, label, colour, bold=True))
    parts += [
        text(left - 6, bottom + 4, f"{lowest:.3g}", anchor="end"),
        text(left - 6, top + 8, f"{highest:.3g}", anchor="end"),
    ]
    parts += [text(left, bottom + 16, f"{min(xs):g}"), text(right, bottom + 16, f"{max(xs):g}")]
    parts.append(text((left + right) / 2, bottom + 32, across))
    middle = (top + bottom) / 2
    parts.append(f'<g transform="rotate(-90 14 {middle})">{text(14, middle + 4, up)}</g>')
    return svg(width, height, parts)
