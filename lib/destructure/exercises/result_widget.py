"""The result of a prediction: hidden until the prediction is locked, then drawn with the prediction over the data."""

import base64
import os
from collections import Counter
from collections.abc import Sequence
from textwrap import fill

import traitlets

from destructure.exercises.homework import Homework
from destructure.exercises.markup import escape, front_file
from destructure.exercises.pages import run_again
from destructure.exercises.widget import Panel
from destructure.exercises.workplace import NOBODY_VARIABLE
from destructure.show.picture import Picture

_COLUMNS = 60  # in which dots are stacked
_LEGEND, _AXIS = 24, 50  # letters of a line


class RevealWidget(Panel):
    """A measured result that appears as soon as the learner has locked a prediction.

    Attributes:
        shown: whether the result is visible; `text` says what it means, `picture` and `alt` draw it.
    """

    _esm = front_file("result.js")
    buttons = ("show",)

    identity = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bool(False).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)

    def __init__(self, homework: Homework, outcome: float, data: Sequence[float], dots: str):
        super().__init__(identity=homework.exercise.id)
        self.homework, self.outcome, self.dots = homework, float(outcome), dots
        self.data = [float(one) for one in data]
        self.text = f"Lock your prediction in the exercise above; the result appears then. {homework.note}"
        homework.waiting.add(self)
        self._rest()
        self.refresh(homework)

    def refresh(self, homework: Homework) -> None:
        """Show the result if the prediction is locked by now."""
        if not homework.is_locked:
            return
        self.homework = homework
        homework.keep_outcome(self.outcome)
        kind = homework.exercise.kind
        prediction = kind.read(homework.record.checked)
        self._open(kind.judge(prediction, self.outcome), prediction)

    def click(self, action: str) -> None:
        """Show the result without a prediction, and keep that it was shown."""
        super().click(action)
        self.homework.show_result()
        self._open("Shown without a prediction of yours.", None)

    def _open(self, text: str, prediction: dict | None) -> None:
        drawn = self._draw(prediction)
        self.alt = drawn.alt
        self.picture = "data:image/png;base64," + base64.b64encode(drawn.png()).decode()
        self.text = text
        self.shown = True
        self._rest()

    def _rest(self) -> None:
        drawn = f'<img src="{self.picture}" alt="{escape(self.alt)}">' if self.shown else ""
        self.resting = f"<p>{escape(self.text)}</p>{drawn}{run_again('go on')}"

    def __repr__(self) -> str:
        return f"Result of exercise {self.identity}"

    def saved(self) -> Picture | str:
        """The result, where it is shown or no learner is there who could predict; else how to get to see it.

        It is a PNG because its numbers may differ between machines, and everything else in a saved output is compared
        exactly.
        """
        return self._draw(None) if self.shown or os.environ.get(NOBODY_VARIABLE) else self.resting

    def _draw(self, prediction: dict | None) -> Picture:
        from destructure.show import SOURCE, TARGET, figure, use_style

        kind, outcome = self.homework.exercise.kind, self.outcome
        drawing = figure(8, 2.6)
        with use_style():
            axes = drawing.subplots()
        alt = f"{kind.quantity}: the result is {outcome:.3g} {kind.unit}".strip() + "."
        places = [round(_COLUMNS * (one - kind.lowest) / (kind.highest - kind.lowest)) for one in self.data]
        step = min(0.07, 0.8 / max(Counter(places).values(), default=1))
        for number, (place, one) in enumerate(zip(places, self.data, strict=True)):
            height = 0.08 + step * places[:number].count(place)  # each stands on those before it
            label = None if number else fill(f"one dot each: {self.dots}", _LEGEND)
            axes.plot([one], [height], "o", color=SOURCE, alpha=0.6, label=label)
        axes.axvline(outcome, color=SOURCE, linestyle="-", label=f"result: {outcome:.3g} {kind.unit}".strip())
        if prediction:
            low, high, guess = prediction["low"], prediction["high"], prediction["guess"]
            axes.axvspan(low, high, color=TARGET, alpha=0.3, label="your interval")
            diamond = {"marker": "D", "markersize": 11, "markeredgecolor": "black"}
            axes.plot([guess], [0.85], color=TARGET, label="your guess", **diamond)
            alt += f" The prediction was {guess:g}, between {low:g} and {high:g}."
        margin = 0.03 * (kind.highest - kind.lowest)
        axes.set(xlim=(kind.lowest - margin, kind.highest + margin), ylim=(0, 1), yticks=[])
        axes.set_xlabel(fill(f"{kind.quantity} ({kind.unit})" if kind.unit else kind.quantity, _AXIS))
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return Picture(drawing, alt)
