"""A field to begin a text in, three dials, and what a small language model makes of it."""

import html
from collections.abc import Callable

import ipywidgets

from destructure.show.live import Live
from destructure.tasks.docstrings import DocstringText

LENGTH = 160
_FIRST_SEED = 1


def try_sampling(model, task: DocstringText) -> "TrySampling":
    """Show dials for temperature, top-k and top-p over a language model trained on a task."""
    from destructure.generate import Sampling, generate  # needs torch

    def write(text: str, temperature: float, top_k: int | None, top_p: float | None, seed: int) -> str:
        how = Sampling(temperature, top_k, top_p, seed=seed)
        (ids,) = generate(model, None, LENGTH, prompts=[task.encode_target(text)], how=how, end=None)
        return task.decode_target(ids)

    return TrySampling(write, "Return the ")


class TrySampling(Live):
    """Go on with whatever is typed, as the dials say; it writes when something is changed, not before.

    Args:
        write: (text, temperature, top_k or None, top_p or None, seed) to the continuation; may raise ValueError.
        begins: what stands in the field at first.

    Attributes:
        field, temperature, top_k, top_p: the controls; top-k 0 and top-p 1 keep every token.
        written: the HTML field with the text.
    """

    about = "a text to begin with, and dials for temperature, top-k and top-p"
    in_jupyter = (
        "a field for the beginning of a text and dials for temperature, top-k and top-p appear here; the model "
        "writes on."
    )

    def __init__(self, write: Callable[..., str], begins: str):
        self._write, self._seed = write, _FIRST_SEED - 1
        style = {"description_width": "90px"}
        self.field = ipywidgets.Text(begins, description="Begins with", continuous_update=False, style=style)
        self.temperature = ipywidgets.FloatSlider(
            1.0, min=0.1, max=2.0, step=0.1, description="temperature", continuous_update=False, style=style
        )
        self.top_k = ipywidgets.IntSlider(
            0, min=0, max=50, description="top-k (0: all)", continuous_update=False, style=style
        )
        self.top_p = ipywidgets.FloatSlider(
            1.0, min=0.05, max=1.0, step=0.05, description="top-p", continuous_update=False, style=style
        )
        self.button = ipywidgets.Button(description="Write again")
        self.written = ipywidgets.HTML("Move a dial, or press Write again.")
        dials = (self.temperature, self.top_k, self.top_p)
        super().__init__([self.field, *dials, self.button, self.written])
        for control in (self.field, *dials):
            control.observe(lambda change: self.submit(), names="value")
        self.button.on_click(lambda button: self.submit(anew=True))

    def submit(self, anew: bool = False) -> None:
        """Write with the dials as they stand; `anew` draws other random numbers."""
        self._seed += anew
        try:
            text = self._write(
                self.field.value,
                self.temperature.value,
                self.top_k.value or None,
                None if self.top_p.value >= 1 else self.top_p.value,
                self._seed,
            )
        except ValueError as error:
            self.written.value = html.escape(str(error))
            return
        given = f'<span style="opacity: 0.6">{html.escape(self.field.value)}</span>'
        self.written.value = f'<pre style="white-space: pre-wrap">{given}{html.escape(text)}</pre>'
