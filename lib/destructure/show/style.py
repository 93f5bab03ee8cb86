"""One matplotlib style for the whole course: readable from the back row, in grey and without red or green.

Curves use Okabe and Ito's colour-blind safe palette. The four colours that carry a meaning are close to theirs, but
also differ in lightness (about 28, 46, 64 and 75 of 100), so that they stay apart on a grey printout.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SOURCE = "#0072B2"
"""Blue: whatever belongs to the input."""
TARGET = "#EFAE2B"
"""Orange: whatever belongs to the target."""
SHARED = "#22AE84"
"""Green: parameters used for input and target alike."""
CROSS_ATTENTION = "#7A1B4B"
"""Wine red: a block of cross-attention with parameters of its own."""
HIDDEN = "#E4E4E4"
"""Light grey: what a query may not see."""
INK = "#1A1A1A"
"""Nearly black: text and arrows."""
QUIET = "#6B6B6B"
"""Grey, still dark enough to read: what should stay in the background."""

CURVES = (
    ("#0072B2", "-", "o"),
    ("#D55E00", "--", "s"),
    ("#009E73", "-.", "^"),
    ("#CC79A7", ":", "D"),
    ("#1A1A1A", (0, (6, 1.5, 1, 1.5, 1, 1.5)), "v"),
    ("#56B4E9", (0, (8, 2)), "P"),
    ("#E69F00", (0, (3, 1)), "X"),
)
"""Colour, line style and marker of the first, second, … curve: never colour alone."""

WIDTH = 8.0
"""Standard figure width in inches; font sizes are chosen for it."""
TALLEST = 5.45
"""Figure height in inches up to which the smallest text is readable on a slide of the lecture."""
FONT_SIZE = 13.0
"""Smallest text in points, at the standard width."""
DOTS_PER_INCH = 144
"""Every PNG has this resolution, so that its size in pixels never depends on the machine."""


@cache
def _settings():
    import matplotlib
    from cycler import cycler

    file = Path(__file__).with_name("course.mplstyle")
    cycle = cycler(color=[colour for colour, _, _ in CURVES]) + cycler(
        linestyle=[line for _, line, _ in CURVES]
    )
    return matplotlib.rc_params_from_file(file, use_default_template=False) | {"axes.prop_cycle": cycle}


class use_style:
    """Apply the course's matplotlib style: `use_style()` for the rest of a notebook, `with use_style():` for a block.

    Only a `with` block puts the earlier settings back.
    """

    def __init__(self):
        import matplotlib

        self._earlier = {name: matplotlib.rcParams[name] for name in _settings()}
        matplotlib.rcParams.update(_settings())

    def __enter__(self) -> "use_style":
        return self

    def __exit__(self, *error) -> None:
        import matplotlib

        matplotlib.rcParams.update(self._earlier)


def figure(width: float = WIDTH, height: float = 4.5) -> "Figure":
    """Make an empty figure in the course's style, with a layout that cuts no label.

    The figure is unknown to pyplot: it is shown where you put it (see `show`) and nowhere else.

    Args:
        width, height: inches; `width` 8 keeps the text as large as intended.

    Raises:
        ValueError: if a side is not a positive number.
    """
    from matplotlib.figure import Figure

    if not (width > 0 and height > 0):
        raise ValueError(
            f"A figure of {width} by {height} inches cannot be drawn; give two positive numbers."
        )
    with use_style():
        return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


@cache
def text_width(text: str, size: float = FONT_SIZE) -> float:
    """How wide a text is when drawn, in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text.strip():
        return 0.5 * len(text) * size / 72
    plain = text.replace("$", r"\$")  # never a formula
    path = TextPath(
        (0, 0), plain, size=size, prop=FontProperties(family=_settings()["font.family"]), usetex=False
    )
    return float(path.get_extents().width) / 72
