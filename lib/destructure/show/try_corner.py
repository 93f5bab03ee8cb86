"""Choose a corner of the cube, train it for some seconds, and see its point among the stored ones."""

import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets
import pandas as pd

from destructure.show.charts import curves
from destructure.show.live import SWITCH_LABELS, Live, picture_html
from destructure.show.picture import Picture
from destructure.show.style import QUIET
from destructure.structure import Structure

WAITING = "Choose which structures are present, then press Train."


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
    """Four switches and a button over the stored runs of the registered experiment.

    Args:
        stored: rows of the plan `structure_corners`.
    """

    def train(structure: Structure, width: int, seed: int) -> list[dict]:
        from destructure.studies.live import live_run  # needs torch

        return live_run(stored, structure, width, seed)

    return TryCorner(train, lambda mine: live_points(stored, mine))


class TryCorner(Live):
    """Train a corner and add its points to the figure; every press of the button takes the next seed.

    Args:
        train: (structure, width, seed) to the rows of a run.
        draw: all rows so far to a picture.

    Attributes:
        switches: a check box for each switch. width: the list of widths. button: trains.
        sentence, picture: the HTML fields with the result.
        rows: of all runs so far.
    """

    about = "four switches, and a button that trains the corner"
    in_jupyter = (
        "four switches and a button appear here; the button trains the corner and adds its points "
        "to the figure."
    )

    def __init__(
        self,
        train: Callable[[Structure, int, int], list[dict]],
        draw: Callable[[list[dict]], Picture],
    ):
        self._train, self._draw = train, draw
        self.rows: list[dict] = []
        self._seed = 0
        self.switches = {
            switch: ipywidgets.Checkbox(True, description=SWITCH_LABELS[switch], indent=False)
            for switch in Structure.SWITCHES
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
            self.picture.value = picture_html(self._draw(self.rows))
            self.sentence.value = f"{html.escape(name)}: {_said(rows[-1])}"
        except ValueError as error:
            self.sentence.value = html.escape(str(error))
        except KeyboardInterrupt:
            self.sentence.value = "Stopped; nothing was added."
        finally:
            self.button.disabled = False


def _said(row: Mapping[str, Any]) -> str:
    if row["status"] != "finished":
        return "the run diverged; that is a result, too."
    right = f"{row['exact_match']:.0%} of unseen numbers right"
    return f"loss {row['loss']:.3g} nats per token, {right} (seed {row['seed']})."
