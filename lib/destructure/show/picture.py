"""A figure on its way into a notebook: PNG, with alt text, always the same text beside it.

Why this form. Notebook tests compare `text/plain` and `text/html` exactly, but neither PNG data nor metadata. So
the text is a fixed sentence, the picture is a PNG, and the alt text travels as the PNG's metadata. Not all programs
look there; an HTML image element works everywhere, so widgets and the course's pages make one.
"""

import base64
import io
import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from destructure.show.style import DOTS_PER_INCH, text_width, use_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PIXELS_AN_INCH = 96  # of a web page
_BESIDE_LABEL = 0.8  # inches of a legend for the mark and its gaps
LONGEST_ALT = 300


def shorten(text: str, longest: int = LONGEST_ALT) -> str:
    """Bring a text to one line of at most `longest` characters, cut between words."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(",;: ") + "…"


def image_element(png: str, alt: str) -> str:
    """Write an HTML image element from base64 PNG data and an alt text."""
    return f'<img src="data:image/png;base64,{"".join(png.split())}" alt="{escape(alt)}" style="max-width: 100%">'


class Picture:
    """A finished figure with its description; as the last expression of a cell it is displayed.

    Attributes:
        figure: the matplotlib figure, for further changes; it is rendered when displayed or saved.
        alt: what a reader who cannot see the picture should know; may contain measured values.
        summary: what stands in the notebook's text; must be the same in every run. Equals `alt` unless given.
    """

    as_html: ClassVar[bool] = False  # see `read_pictures_aloud`

    def __init__(self, figure: "Figure", alt: str, summary: str | None = None):
        if not isinstance(alt, str) or not alt.strip():
            raise ValueError(f"The alt text is {alt!r}; say in a sentence what the picture shows.")
        self.figure = figure
        self.alt = shorten(alt)
        self.summary = shorten(alt if summary is None else summary)

    @property
    def axes(self) -> list:
        """The axes, panel by panel, for what is special to a figure."""
        return self.figure.axes

    def legend(self) -> "Picture":
        """Explain everything that has a label below the figure; call it again after adding something labelled."""
        for legend in self.figure.legends:
            legend.remove()
        handles = {}
        for axes in self.axes:
            handles |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
        if handles:
            widest = max(map(text_width, handles)) + _BESIDE_LABEL
            columns = max(1, min(len(handles), int(self.figure.get_figwidth() / widest)))
            with use_style():
                legend = self.figure.legend(
                    handles.values(), handles, loc="outside lower center", ncols=columns
                )
            for text in legend.get_texts():
                text.set_parse_math(False)
        return self

    def png(self) -> bytes:
        """Render the figure: the same figure gives the same bytes.

        256 colours are enough for every drawing of the course, and make a notebook a third as large.
        """
        from PIL import Image
        from PIL.PngImagePlugin import PngInfo

        full, small = io.BytesIO(), io.BytesIO()
        with use_style():
            self.figure.savefig(full, format="png", dpi=DOTS_PER_INCH)
        image = Image.open(full).convert("RGB").quantize(256, dither=Image.Dither.NONE)
        description = PngInfo()
        description.add_itxt("Description", self.alt)
        resolution = (DOTS_PER_INCH, DOTS_PER_INCH)
        image.save(small, format="png", optimize=True, dpi=resolution, pnginfo=description)
        return small.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write the picture as a PNG file and return its path.

        Raises:
            ValueError: if the file name does not end in .png.
        """
        path = Path(path)
        if path.suffix.lower() != ".png":
            raise ValueError(
                f"Pictures are saved as PNG, but the file is named {path.name!r}; end its name in .png."
            )
        path.write_bytes(self.png())
        return path

    def __repr__(self) -> str:
        return f"<Figure: {self.summary}>"

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        data = {"text/plain": repr(self), "image/png": base64.b64encode(self.png()).decode("ascii")}
        if self.as_html:
            data["text/html"] = image_element(data["image/png"], self.alt)
        # Shown at its size in inches: the extra pixels are for projectors and fine screens.
        width = round(self.figure.get_figwidth() * _PIXELS_AN_INCH)
        return data, {"image/png": {"alt": self.alt, "width": width}}


def show(figure: "Figure", alt: str) -> Picture:
    """Put your own matplotlib figure into a notebook cell, with alt text.

    Args:
        figure: a matplotlib figure, from `figure()` or from pyplot; pyplot forgets it, so that it is shown once.
        alt: one or two sentences that say what is seen, without measured values; cut after 300 characters.

    Raises:
        ValueError: if `figure` is not a figure or the alt text is empty.

    Example:
        >>> drawing = figure(8, 3)                                                      # doctest: +SKIP
        >>> _ = drawing.subplots().plot([1, 2, 4])                                      # doctest: +SKIP
        >>> show(drawing, alt="A curve that doubles at every step.")                    # doctest: +SKIP
    """
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        raise ValueError(
            f"show() needs a matplotlib figure, not a {type(figure).__name__}; for an axes, give axes.figure."
        )
    picture = Picture(figure, alt)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
    return picture


def read_pictures_aloud(on: bool = True) -> None:
    """Show every following picture as an HTML image with alt text, so that a screen reader in JupyterLab reads it.

    For a learner's own session: saved notebooks of the course keep plain PNG.
    """
    Picture.as_html = bool(on)
