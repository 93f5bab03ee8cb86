"""Alt text where the usual tools would drop it.

A `Picture` carries its alt text as metadata of the PNG. Of the programs that show notebooks, only some read it there:
nbconvert's classic pages do; JupyterLab 4.6 and nbconvert 7.17's lab pages and slides do not; VS Code reads out the
text beside the picture. An HTML image element works everywhere, but strict notebook tests would compare its bytes,
so it is made only on the way out: when a notebook is exported, or on a learner's wish.
"""

from copy import deepcopy
from html import escape

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


def with_alt_text(notebook):
    """Turn every picture of a notebook that has alt text into an HTML image element, for an export to a web page.

    Args:
        notebook: from nbformat; it is not changed.

    Returns:
        A copy.
    """
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt")
            if alt and "image/png" in output.get("data", {}):
                output["data"]["text/html"] = image_element(output["data"].pop("image/png"), alt)
    return notebook
