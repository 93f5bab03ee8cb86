"""Small SVG drawings of a structure, for switchboards: pure text, redrawn in an instant, the same everywhere.

They need no plotting library. The lessons' figures are drawn by `destructure.show.architectures`.
"""

from collections.abc import Sequence
from html import escape

from destructure.show.style import CROSS_ATTENTION, INK, QUIET, SHARED, SOURCE, TARGET
from destructure.structure import Structure

_LAYERS = 3


def structure_drawing(structure: Structure) -> str:
    """Both stacks of a structure, three layers each, with what every target layer reads of the input."""
    parts = [text(105, 20, "input stack", bold=True), text(385, 20, "target stack", bold=True)]
    for layer in range(_LAYERS):
        top = 150 - 60 * layer
        parts += _input_layer(structure, layer, top) + _target_layer(structure, layer, top)
    parts += _memory_arrows(structure)
    return svg(520, 215, parts)


def structure_description(structure: Structure) -> str:
    """The same in words, one clause per switch."""
    cross = "target layers read the input by a cross-attention of their own"
    if structure.tied_cross_attention:
        cross = "cross-attention has a softmax of its own and borrows self-attention's weights"
    words = (
        (cross, "one joint attention reads input and target together"),
        ("input and target have weights of their own", "input and target share their weights"),
        ("every target layer reads the final input layer", "target layer l reads the input at layer l"),
        (
            "input tokens see each other in both directions",
            "input tokens see only themselves and earlier ones",
        ),
    )
    switches = zip(Structure.SWITCHES, words, strict=True)
    return "; ".join(pair[not getattr(structure, name)] for name, pair in switches)


def _layer(x: float, top: float, width: float, number: int, colour: str, weights: str) -> list[str]:
    names = (f"layer {number + 1}", weights)
    words = [text(x + 10, top + 18 + 17 * line, name, anchor="start") for line, name in enumerate(names)]
    return [box(x, top, width, 44, colour), *words]


def _input_layer(structure: Structure, layer: int, top: int) -> list[str]:
    colour, weights = (SOURCE, "weights A") if structure.separate_parameters else (SHARED, "shared weights")
    # a small mask: the full square, or the steps of a lower triangle
    steps = "h36v36h-36z" if structure.bidirectional_input else "h9v9h9v9h9v9h9v9h-36z"
    return [
        *_layer(20, top, 170, layer, colour, weights),
        f'<path d="M146 {top + 4}h36v36h-36z" fill="none" stroke="{QUIET}"/>',
        f'<path d="M146 {top + 4}{steps}" fill="{colour}" stroke="{QUIET}"/>',
    ]


def _target_layer(structure: Structure, layer: int, top: int) -> list[str]:
    colour, weights = (TARGET, "weights B") if structure.separate_parameters else (SHARED, "shared weights")
    parts = _layer(300, top, 200, layer, colour, weights)
    if not structure.separate_cross_attention:
        joint = text(449, top + 18, "self and"), text(449, top + 33, "input: joint")
        return [*parts, box(404, top + 4, 91, 36, colour), *joint]
    parts += [box(404, top + 4, 40, 36, colour), text(424, top + 26, "self")]
    if not structure.tied_cross_attention:
        return [*parts, box(449, top + 4, 46, 36, CROSS_ATTENTION), text(472, top + 26, "cross")]
    edge = (
        f'<rect x="449" y="{top + 4}" width="46" height="36" rx="5" fill="none" stroke="{CROSS_ATTENTION}"/>'
    )
    words = text(472, top + 19, "cross"), text(472, top + 34, "= self")
    return [*parts, box(449, top + 4, 46, 36, colour), edge, *words]


def _memory_arrows(structure: Structure) -> list[str]:
    parts = []
    for end in (172 - 60 * layer for layer in range(_LAYERS)):
        start = f"M190 52 H245 V{end}" if structure.final_layer_memory else f"M190 {end}"
        parts.append(f'<path d="{start} H292" fill="none" stroke="{INK}" stroke-width="2"/>')
        parts.append(f'<path d="M300 {end} l-10 -5 v10 z" fill="{INK}"/>')
    return parts


def svg(width: float, height: float, parts: Sequence[str]) -> str:
    """A whole drawing from its parts; sizes in pixels."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="13">{"".join(parts)}</svg>'
    )


def text(x: float, y: float, text: str, colour: str = INK, bold: bool = False, anchor: str = "middle") -> str:
    """A line of text; `y` is its base line."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{colour}"{weight}>{escape(text)}</text>'
    )


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    """A box with round corners, its colour as edge and as a breath inside."""
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="5" fill="{colour}" fill-opacity="0.13" '
        f'stroke="{colour}" stroke-width="2"/>'
    )
