"""Models to try: a number to translate, a text to go on with or to look into, a corner of the cube to train.

Each widget is given functions, so that it can be tried without a model; what needs torch is imported when it is used.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any

import ipywidgets
import pandas as pd

from destructure.show.charts import curves
from destructure.show.live import SWITCH_LABELS, Live, picture_html
from destructure.show.picture import Picture
from destructure.show.style import QUIET
from destructure.structure import Structure
from destructure.tasks.docstrings import DocstringText
from destructure.tasks.numbers import NumberTranslation

WAITING = "Type a number in digits, such as 23, and press Enter."
LENGTH = 160
"""Characters that a sampled text goes on for."""


@contextmanager
def _refusals_in(field: ipywidgets.HTML):
    """What is refused becomes a sentence in the field."""
    try:
        yield
    except ValueError as error:
        field.value = escape(str(error))


def _on_change(controls: Sequence, call: Callable[[], None]) -> None:
    for control in controls:
        control.observe(lambda change: call(), names="value")


# --- translating a number ------------------------------------------------------------------------------------


def try_translator(
    model, task: NumberTranslation, draw: Callable[[int], Picture] | None = None
) -> "TryTranslator":
    """Show a field for numbers, translated by a model trained on `task`, which also knows the right answers.

    Args:
        draw: a number to a picture of what the model did with it, shown below the answer.
    """
    from destructure.train import translate

    return TryTranslator(
        lambda number: translate(model, task, [task.source_text(number)])[0], task.target_text, draw
    )


def read_digits(text: str) -> int:
    """A number typed in digits, with or without commas; ValueError for anything else."""
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not a number in digits; type one from 0 to 999,999, such as 23.")
    return int(digits[:20])


class TryTranslator(Live):
    """Translate whatever is typed, beside the right answer.

    Args:
        translate, truth: a number to the model's and to the right answer; may raise ValueError with one sentence.
        draw: a number to a picture shown below; by default none is.

    Attributes:
        field, button, answer, picture: the text field, the button, the HTML fields with the result.
    """

    about = "a field to type a number into"
    in_jupyter = (
        "a field to type a number into appears here; the model's translation is shown beside the right one."
    )

    def __init__(
        self,
        translate: Callable[[int], str],
        truth: Callable[[int], str],
        draw: Callable[[int], Picture] | None = None,
    ):
        self._translate, self._truth, self._draw = translate, truth, draw
        words = {"description": "Number", "placeholder": "for example 23", "tooltip": "Number"}
        self.field = ipywidgets.Text(continuous_update=False, **words)
        self.button = ipywidgets.Button(description="Translate")
        self.answer, self.picture = ipywidgets.HTML(WAITING), ipywidgets.HTML()
        super().__init__([ipywidgets.HBox([self.field, self.button]), self.answer, self.picture])
        _on_change([self.field], self.submit)
        self.button.on_click(lambda button: self.submit())

    def submit(self) -> None:
        """Translate what stands in the field."""
        text = self.field.value.strip()
        if not text:
            self.answer.value = WAITING
            return
        with _refusals_in(self.answer):
            number = read_digits(text)
            truth, written = self._truth(number), self._translate(number)
            verdict = "✓ right" if written == truth else f"✗ the right answer is <b>{escape(truth)}</b>"
            self.answer.value = f"the model writes <b>{escape(written) or '(nothing)'}</b> {verdict}"
            if self._draw:
                self.picture.value = picture_html(self._draw(number))


# --- going on with a text ------------------------------------------------------------------------------------


def try_sampling(model, task: DocstringText) -> "TrySampling":
    """Show dials for temperature, top-k and top-p over a language model trained on a task."""
    from destructure.generate import Sampling, generate

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
    in_jupyter = "a field for the beginning of a text and three dials appear here; the model writes on."

    def __init__(self, write: Callable[..., str], begins: str):
        self._write, self._seed = write, 0
        look = {"continuous_update": False, "style": {"description_width": "90px"}}
        self.field = ipywidgets.Text(begins, description="Begins with", **look)
        dials = {"temperature": (1.0, 0.1, 2.0, 0.1), "top-p": (1.0, 0.05, 1.0, 0.05)}
        self.temperature, self.top_p = (
            ipywidgets.FloatSlider(value, min=low, max=high, step=step, description=name, **look)
            for name, (value, low, high, step) in dials.items()
        )
        self.top_k = ipywidgets.IntSlider(0, min=0, max=50, description="top-k (0: all)", **look)
        self.button = ipywidgets.Button(description="Write again")
        self.written = ipywidgets.HTML("Move a dial, or press Write again.")
        controls = [self.field, self.temperature, self.top_k, self.top_p]
        super().__init__([*controls, self.button, self.written])
        _on_change(controls, self.submit)
        self.button.on_click(lambda button: self.submit(anew=True))

    def submit(self, anew: bool = False) -> None:
        """Write with the dials as they stand; `anew` draws other random numbers."""
        self._seed += anew
        begun, top_p = self.field.value, None if self.top_p.value >= 1 else self.top_p.value
        with _refusals_in(self.written):
            text = self._write(begun, self.temperature.value, self.top_k.value or None, top_p, self._seed)
            given = f'<span style="opacity: 0.6">{escape(begun)}</span>'
            self.written.value = f'<pre style="white-space: pre-wrap">{given}{escape(text)}</pre>'


# --- looking into a model ------------------------------------------------------------------------------------


class TryAttention(Live):
    """The attention maps of whatever is typed, of all heads side by side.

    Args:
        draw: a text to a picture; may raise ValueError.
        begins: what stands in the field at first.
    """

    about = "a field for a text, and the attention maps of what stands in it, of all heads"

    def __init__(self, draw: Callable[[str], Picture], begins: str):
        self._draw = draw
        self.field = ipywidgets.Text(begins, description="Text", continuous_update=False)
        self.picture = ipywidgets.HTML()
        super().__init__([self.field, self.picture])
        _on_change([self.field], self.submit)
        self.submit()

    def saved(self) -> Picture:
        """The maps of what stands in the field."""
        return self._draw(self.field.value)

    def submit(self) -> None:
        """Draw the maps anew."""
        with _refusals_in(self.picture):
            self.picture.value = picture_html(self.saved())


# --- training a corner ---------------------------------------------------------------------------------------


def live_points(stored: pd.DataFrame, mine: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw runs made just now among the stored ones of the same width: loss against compute.

    Args:
        stored: rows of the plan `structure_corners`.
        mine: rows of the learner's runs, with the same columns; those of the last run's width are drawn.

    Raises:
        ValueError: if there is no run.
    """
    if not mine:
        raise ValueError("There is no run to draw; train one first.")
    width = int(mine[-1]["width"])
    own = pd.DataFrame([dict(each) for each in mine if int(each["width"]) == width])
    corners = stored[(stored["arm"] == "corner") & (stored["width"] == width)]
    codes = list(own["structure"].unique())
    same = corners["structure"].where(corners["structure"].isin(codes), "other corners")
    return curves(
        corners.assign(stored=same),
        x="budget",
        y="loss",
        hue="stored",
        seeds="dots",
        band=pd.DataFrame(columns=["budget", "loss", "stored"]),  # every run a dot, no line
        order=[label for label in ("other corners", *codes) if label in set(same)],
        looks={"other corners": (QUIET, "-", ".")} | {code: place for place, code in enumerate(codes)},
        dodge=1.03,
        live=own.assign(stored=own["structure"]),
        log_x=True,
        log_y=True,
        title=f"Your runs among the stored ones (width {width})",
        alt=f"Loss against training FLOPs at width {width}: crosses for runs made just now; grey dots for the stored "
        "runs of all other corners, coloured ones for those of the same corner.",
    )


def try_corner(stored: pd.DataFrame) -> "TryCorner":
    """Four switches and a button over the stored runs of the plan `structure_corners`."""

    def train(structure: Structure, width: int, seed: int) -> list[dict]:
        from destructure.studies.live import live_run

        return live_run(stored, structure, width, seed)

    return TryCorner(train, lambda mine: live_points(stored, mine))


class TryCorner(Live):
    """Train a corner and add its points to the figure; every press of the button takes the next seed.

    Args:
        train: (structure, width, seed) to the rows of a run.
        draw: all rows so far to a picture.

    Attributes:
        switches, width, button: the check boxes by switch, the list of widths, the button that trains.
        sentence, picture: the HTML fields with the result.
        rows: of all runs so far.
    """

    about = "four switches, and a button that trains the corner"
    in_jupyter = (
        "four switches and a button appear here; the button trains the corner and adds its points "
        "to the figure."
    )

    def __init__(
        self, train: Callable[[Structure, int, int], list[dict]], draw: Callable[[list[dict]], Picture]
    ):
        self._train, self._draw, self._seed = train, draw, 0
        self.rows: list[dict] = []
        self.switches = {
            switch: ipywidgets.Checkbox(True, description=SWITCH_LABELS[switch], indent=False)
            for switch in Structure.SWITCHES
        }
        self.width = ipywidgets.Dropdown(options=(16, 32), description="width")
        self.button = ipywidgets.Button(description="Train", button_style="primary")
        self.sentence = ipywidgets.HTML("Choose which structures are present, then press Train.")
        self.picture = ipywidgets.HTML()
        super().__init__([*self.switches.values(), self.width, self.button, self.sentence, self.picture])
        self.button.on_click(lambda button: self.submit())

    def submit(self) -> None:
        """Train the corner that the switches show, and draw."""
        structure = Structure(**{switch: box.value for switch, box in self.switches.items()})
        self.button.disabled = True
        self._seed += 1
        name = structure.code if structure.name == structure.code else f"{structure.code}, {structure.name}"
        self.sentence.value = f"Training {escape(name)}: ten seconds to a minute."
        try:
            with _refusals_in(self.sentence):
                rows = self._train(structure, int(self.width.value), self._seed)
                self.rows += rows
                self.picture.value = picture_html(self._draw(self.rows))
                self.sentence.value = f"{escape(name)}: {_said(rows[-1])}"
        except KeyboardInterrupt:
            self.sentence.value = "Stopped; nothing was added."
        finally:
            self.button.disabled = False


def _said(row: Mapping[str, Any]) -> str:
    if row["status"] != "finished":
        return "the run diverged; that is a result, too."
    right = f"{row['exact_match']:.0%} of unseen numbers right"
    return f"loss {row['loss']:.3g} nats per token, {right} (seed {row['seed']})."
