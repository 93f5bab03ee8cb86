"""Small SVG drawings for exercises: a structure, curves, a number line. Pure text, so they need no plotting library.

Figures of the lessons are drawn in `destructure.show`. These here are redrawn while a learner flips switches, go
into HTML that is compared as text, and must be the same everywhere, so they are plain SVG.
"""

from collections.abc import Sequence

from destructure.exercises.markup import escape
from destructure.show.style import CROSS_ATTENTION, INK, QUIET, SHARED, SOURCE, TARGET
from destructure.structure import Structure

# Dark enough for their labels, which have the curve's colour, to be read on white.
_CURVE_STYLES = (("#0072B2", ""), ("#B34700", "9 4"), ("#00694D", "2 3"), ("#6B4C9A", "12 3 2 3"))
_LAYERS = 3


def structure_drawing(structure: Structure) -> str:
    """Both stacks of a structure, three layers each, with what every target layer reads of the input."""
    parts = [_text(105, 20, "input stack", bold=True), _text(385, 20, "target stack", bold=True)]
    for layer in range(_LAYERS):
        top = 150 - 60 * layer
        parts += _input_layer(structure, layer, top) + _target_layer(structure, layer, top)
    parts += _memory_arrows(structure)
    return _svg(520, 215, parts)


def structure_description(structure: Structure) -> str:
    """The same in words, one clause a switch."""
    return "; ".join(
        (
            (
                "target layers read the input by a cross-attention of their own"
                if structure.separate_cross_attention
                else "one joint attention reads input and target together"
            ),
            (
                "input and target have weights of their own"
                if structure.separate_parameters
                else "input and target share their weights"
            ),
            (
                "every target layer reads the final input layer"
                if structure.final_layer_memory
                else "target layer l reads the input at layer l"
            ),
            (
                "input tokens see each other in both directions"
                if structure.bidirectional_input
                else "input tokens see only themselves and earlier ones"
            ),
        )
    )


def _input_layer(structure: Structure, layer: int, top: int) -> list[str]:
    colour = SOURCE if structure.separate_parameters else SHARED
    weights = "weights A" if structure.separate_parameters else "shared weights"
    parts = [
        _box(20, top, 170, 44, colour),
        _text(30, top + 18, f"layer {layer + 1}", anchor="start"),
        _text(30, top + 35, weights, anchor="start"),
    ]
    # a small mask: the full square, or the steps of a lower triangle
    steps = "h36v36h-36z" if structure.bidirectional_input else "h9v9h9v9h9v9h9v9h-36z"
    parts.append(f'<path d="M146 {top + 4}h36v36h-36z" fill="none" stroke="{QUIET}"/>')
    parts.append(f'<path d="M146 {top + 4}{steps}" fill="{colour}" stroke="{QUIET}"/>')
    return parts


def _target_layer(structure: Structure, layer: int, top: int) -> list[str]:
    colour = TARGET if structure.separate_parameters else SHARED
    weights = "weights B" if structure.separate_parameters else "shared weights"
    parts = [
        _box(300, top, 200, 44, colour),
        _text(310, top + 18, f"layer {layer + 1}", anchor="start"),
        _text(310, top + 35, weights, anchor="start"),
    ]
    if structure.separate_cross_attention:
        parts += [_box(404, top + 4, 40, 36, colour), _text(424, top + 26, "self")]
        return [*parts, _box(449, top + 4, 46, 36, CROSS_ATTENTION), _text(472, top + 26, "cross")]
    return [
        *parts,
        _box(404, top + 4, 91, 36, colour),
        _text(449, top + 18, "self and"),
        _text(449, top + 33, "input: joint"),
    ]


def _memory_arrows(structure: Structure) -> list[str]:
    parts = []
    for layer in range(_LAYERS):
        end = 172 - 60 * layer
        if structure.final_layer_memory:
            parts.append(f'<path d="M190 52 H245 V{end} H292" fill="none" stroke="{INK}" stroke-width="2"/>')
        else:
            parts.append(f'<path d="M190 {end} H292" fill="none" stroke="{INK}" stroke-width="2"/>')
        parts.append(f'<path d="M300 {end} l-10 -5 v10 z" fill="{INK}"/>')
    return parts


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
        parts.append(_text(x + 14, y + 5, label, colour, bold=True))
    parts += [
        _text(left - 6, bottom + 4, f"{lowest:.3g}", anchor="end"),
        _text(left - 6, top + 8, f"{highest:.3g}", anchor="end"),
    ]
    parts += [_text(left, bottom + 16, f"{min(xs):g}"), _text(right, bottom + 16, f"{max(xs):g}")]
    parts.append(_text((left + right) / 2, bottom + 32, across))
    middle = (top + bottom) / 2
    parts.append(f'<g transform="rotate(-90 14 {middle})">{_text(14, middle + 4, up)}</g>')
    return _svg(width, height, parts)


def _svg(width: int, height: int, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def _text(
    x: float, y: float, text: str, colour: str = INK, bold: bool = False, anchor: str = "middle"
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(text)}</text>'
    )


def _box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{colour}" fill-opacity="0.13" '
        f'stroke="{colour}" stroke-width="2"/>'
    )
