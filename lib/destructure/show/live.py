"""What the live widgets have in common: nothing is printed, and a saved notebook shows what belongs there."""

from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import ClassVar

import anywidget
import ipywidgets
import traitlets

from destructure.show.picture import Picture, image_element


class Keeper(anywidget.AnyWidget):
    """Sees to it that a notebook reopened without its kernel shows what stood in its widgets; itself invisible."""

    _esm = (files("destructure.show") / "keeper.js").read_text(encoding="utf-8")
    _css = (files("destructure.show") / "figures.css").read_text(encoding="utf-8")


keeper = cache(Keeper)
"""The one keeper of a kernel; it is there as soon as a widget is shown."""


class Saved(ipywidgets.DOMWidget):
    """For widgets: a saved notebook shows a fixed text, and a picture or HTML where the live view would be.

    Attributes:
        resting: HTML that a notebook shows when it is reopened without its kernel; "" for what the parts then hold.
    """

    resting = traitlets.Unicode().tag(sync=True)

    def saved(self) -> Picture | str | None:
        """What a notebook shows that was executed without a learner: a picture, HTML, or nothing."""

    def _repr_mimebundle_(self, **keywords):
        keeper()
        bundle = super()._repr_mimebundle_(**keywords)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data["text/plain"] = repr(self)
        shown = self.saved()
        if isinstance(shown, Picture):
            data["image/png"] = b64encode(shown.png()).decode("ascii")
            return data, {**metadata, "image/png": {"alt": shown.alt}}
        if shown is not None:
            data["text/html"] = shown
        return (data, metadata) if isinstance(bundle, tuple) else data


SWITCH_LABELS = {
    "separate_cross_attention": "S1 separate cross-attention",
    "tied_cross_attention": "but with self-attention's matrices",
    "separate_parameters": "S2 separate parameters",
    "final_layer_memory": "S3 final-layer memory",
    "bidirectional_input": "S4 bidirectional input",
}


class Live(Saved, ipywidgets.VBox):
    """A widget of several parts whose results appear in HTML fields, so that it works where cell outputs are fixed.

    Attributes:
        about: what it is, in a few words; stands in the notebook's text instead of its parts.
        in_jupyter: what a reader without a running notebook misses, a sentence after "In JupyterLab, …".
    """

    about: ClassVar[str]
    in_jupyter: ClassVar[str] = ""

    def saved(self) -> Picture | str | None:
        """A sentence about what is missing, or a picture."""
        return f"<p><em>In JupyterLab, with the notebook running, {self.in_jupyter}</em></p>"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.about}>"


def picture_html(picture: Picture) -> str:
    """A picture for an HTML field, with its alt text."""
    return image_element(b64encode(picture.png()).decode("ascii"), picture.alt)
