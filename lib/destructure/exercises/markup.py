"""Small HTML pieces that the live exercise and its static picture share."""

import base64
from functools import cache
from html import escape
from importlib.resources import files

from markdown_it import MarkdownIt

__all__ = ["escape", "front_file", "image", "inline", "markdown"]


_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")


@cache
def markdown(text: str) -> str:
    """Render Markdown to HTML; raw HTML inside it is shown, not run."""
    return _RENDERER.render(text).strip()


def inline(text: str) -> str:
    """Render one line of Markdown (a label, an option) without the paragraph around it."""
    return markdown(text).removeprefix("<p>").removesuffix("</p>")


def image(svg: str, description: str, css_class: str = "exercise-picture") -> str:
    """An SVG drawing as an `<img>`: it survives the cleaning that notebook viewers do, and always has alt text."""
    return (
        f'<img class="{css_class}" alt="{escape(description)}" src="{data_address(svg)}" '
        'style="max-width: 100%; background: white">'
    )


def handed_in(what: str) -> str:
    """A closed box for what was handed in last, which the front end fills."""
    return (
        '<details class="exercise-source" hidden><summary>What you handed in last</summary>'
        f'<pre tabindex="0" aria-label="{what} handed in last"></pre></details>'
    )


def data_address(svg: str) -> str:
    """The drawing as an address that an `<img>` can point to."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def front_file(*names: str) -> str:
    """Texts of the folder `front/`, one after the other."""
    folder = files("destructure.exercises") / "front"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
