"""Choose a corner of the cube, train it for some seconds, and see its point among the stored ones."""

import html
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import pandas as pd
from matplotlib.ticker import FuncFormatter, NullFormatter

from destructure.show.alt_text import image_element
from destructure.show.picture import Picture
from destructure.show.style import CURVES, INK, QUIET, figure, use_style
from destructure.structure import Structure

WAITING = "Choose which structures are present, then press Train."
_SHORT = {
    "separate_cross_attention": "S1 separate cross-attention",
    "separate_parameters": "S2 separate parameters",
    "final_layer_memory": "S3 final-layer memory",
    "bidirectional_input": "S4 bidirectional input",
}


def live_points(
    stored: pd.DataFrame | None,
    mine: Sequence[Mapping[str, Any]],
    *,
    title: str | None = None,
    alt: str | None = None,
) -> Picture:
    """Draw runs made just now among the stored ones of the same width: loss against compute.

    Args:
        stored: rows of the corners (`structure`, `width`, `budget`, `loss`); `None` while there are none.
        mine: rows of the learner's runs, with the same columns; those of the last run's width are drawn.
        title: a line above.
        alt: replaces the description; it must not contain measured values.

    Raises:
        ValueError: if there is no run.
    """
    if not mine:
        raise ValueError("There is no run to draw; train one first.")
    width = int(mine[-1]["width"])
    rows = pd.DataFrame([dict(each) for each in mine if int(each["width"]) == width])
    with use_style():
        drawing = figure(8, 4.8)
        axes = drawing.subplots()
        if stored is not None:
            _draw_stored(axes, stored[stored["width"] == width], list(rows["structure"].unique()))
        for number, (code, own) in enumerate(rows.groupby("structure", sort=False)):
            colour = CURVES[number % len(CURVES)][0]
            axes.plot(
                own["budget"],
                own["loss"].astype(float),
                "X",
                color=colour,
                markeredgecolor=INK,
                markersize=14,
                zorder=5,
                label=f"your run: {code}",
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("training compute (FLOPs)")
        axes.set_ylabel("loss (nats a token)")
        axes.set_title(title or f"Your runs among the stored ones (width {width})")
        drawing.legend(loc="outside lower center", ncols=2)
    among = "grey dots for the stored runs of all corners, coloured ones for those of the same corner" * (
        stored is not None
    )
    summary = f"Loss against training FLOPs at width {width}: crosses for runs made just now" + (
        f"; {among}." if among else "."
    )
    return Picture(drawing, alt or summary, alt or summary)


def _draw_stored(axes, rows: pd.DataFrame, codes: list[str]) -> None:
    others = rows[~rows["structure"].isin(codes)]
    axes.plot(
        others["budget"] * 1.03,
        others["loss"],
        linestyle="",
        marker="o",
        markersize=3,
        color=QUIET,
        alpha=0.35,
        label="stored, other corners",
    )
    for number, code in enumerate(codes):
        own = rows[rows["structure"] == code]
        if len(own):
            axes.plot(
                own["budget"] * 0.97,
                own["loss"],
                linestyle="",
                marker="o",
                markersize=6,
                color=CURVES[number % len(CURVES)][0],
                label=f"stored: {code}",
            )


def try_corner(results) -> "TryCorner":
    """Four switches and a button over the stored runs of the registered experiment.

    Args:
        results: `removal_results.Results`.
    """

    def train(structure: Structure, width: int, seed: int) -> list[dict]:
        from destructure.studies.removal_results.live import live_run  # needs torch

        return live_run(results.tables, structure, width, seed)

    def draw(mine: list[dict]) -> Picture:
        corners = results.tables.corners
        return live_points(None if corners is None else corners[corners["arm"] == "corner"], mine)

    return TryCorner(train, draw)


class TryCorner(ipywidgets.VBox):
    """Train a corner and add its points to the figure.

    Nothing is printed and nothing runs before the button is pressed: sentence and figure are HTML fields. Every press
    takes the next seed, so that a corner tried twice shows what a seed changes.

    Args:
        train: (structure, width, seed) to the rows of a run.
        draw: all rows so far to a picture.

    Attributes:
        switches: a check box for each switch. width: the list of widths. button: trains.
        sentence, picture: the HTML fields with the result.
        rows: of all runs so far.
    """

    def __init__(
        self,
        train: Callable[[Structure, int, int], list[dict]],
        draw: Callable[[list[dict]], Picture],
    ):
        self._train, self._draw = train, draw
        self.rows: list[dict] = []
        self._seed = 0
        self.switches = {
            switch: ipywidgets.Checkbox(True, description=label, indent=False)
            for switch, label in _SHORT.items()
        }
        self.width = ipywidgets.Dropdown(options=(16, 32), description="width")
        self.button = ipywidgets.Button(description="Train", button_style="primary")
        self.sentence, self.picture = ipywidgets.HTML(WAITING), ipywidgets.HTML()
        super().__init__([*self.switches.values(), self.width, self.button, self.sentence, self.picture])
        self.button.on_click(lambda button: self.submit())

    def submit(self) -> None:
        """Train the corner that the switches show, and draw."""
        structure = Structure(**{switch: box.value for switch, box in self.switches.items()})
        self.button.disabled = True
        self._seed += 1
        name = structure.code if structure.name == structure.code else f"{structure.code}, {structure.name}"
        self.sentence.value = f"Training {html.escape(name)}: ten seconds to a minute."
        try:
            rows = self._train(structure, int(self.width.value), self._seed)
            self.rows += rows
            drawn = self._draw(self.rows)
            self.picture.value = image_element(b64encode(drawn.png()).decode("ascii"), drawn.alt)
            self.sentence.value = f"{html.escape(name)}: {_said(rows[-1])}"
        except ValueError as error:
            self.sentence.value = html.escape(str(error))
        except KeyboardInterrupt:
            self.sentence.value = "Stopped; nothing was added."
        finally:
            self.button.disabled = False

    def __repr__(self) -> str:
        return "<TryCorner: four switches, and a button that trains the corner>"

    def _repr_mimebundle_(self, **keywords):
        bundle = super()._repr_mimebundle_(**keywords)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/plain"] = repr(self)
        data["text/html"] = (
            "<p><em>In JupyterLab, with the notebook running, four switches and a button appear here; the button "
            "trains the corner and adds its points to the figure.</em></p>"
        )
        return bundle


def _said(row: Mapping[str, Any]) -> str:
    if row["status"] != "finished":
        return "the run diverged; that is a result, too."
    right = f"{row['exact_match']:.0%} of unseen numbers right"
    return f"loss {row['loss']:.3g} nats a token, {right} (seed {row['seed']})."
