"""The result of a prediction: hidden until the prediction is locked, then drawn with the prediction over the data."""

import base64
import weakref
from collections.abc import Sequence

import anywidget
import traitlets

from destructure.exercises.homework import Homework
from destructure.exercises.kinds import Prediction
from destructure.exercises.markup import front_file

_waiting: "weakref.WeakSet[RevealWidget]" = weakref.WeakSet()


class RevealWidget(anywidget.AnyWidget):
    """A measured result that appears as soon as the learner has locked a prediction.

    Attributes:
        shown: whether the result is visible; `text` says what it means, `picture` and `alt` draw it.
    """

    _esm, _css = front_file("result.js"), front_file("exercise.css")

    identity = traitlets.Unicode().tag(sync=True)
    shown = traitlets.Bool(False).tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    picture = traitlets.Unicode().tag(sync=True)
    alt = traitlets.Unicode().tag(sync=True)

    def __init__(self, homework: Homework, outcome: float, data: Sequence[float] = ()):
        super().__init__(identity=homework.exercise.id)
        self.homework, self.outcome, self.data = homework, float(outcome), [float(one) for one in data]
        self.text = "Lock your prediction in the exercise above; the result appears here at that moment."
        self.on_msg(self._on_message)
        _waiting.add(self)
        self.refresh(homework)

    def refresh(self, homework: Homework) -> None:
        """Show the result if the prediction is locked by now."""
        if not homework.is_locked:
            return
        self.homework = homework
        kind, prediction = homework.exercise.kind, homework.record.checked
        self._open(kind.judge(prediction, self.outcome), prediction)

    def click(self, action: str) -> None:
        """Do what the button does ("show"): show the result without a prediction, and keep that it was shown."""
        if action != "show":
            raise ValueError(f"There is no button {action!r}; use 'show'.")
        self.homework.show_result()
        self._open("Shown without a prediction of yours.", None)

    def _open(self, text: str, prediction: dict | None) -> None:
        png, self.alt = _draw(self.homework.exercise.kind, self.outcome, self.data, prediction)
        self.picture = "data:image/png;base64," + base64.b64encode(png).decode()
        self.text = text
        self.shown = True

    def _on_message(self, _, content: dict, __) -> None:
        if isinstance(content, dict) and content.get("action") == "show":
            self.click("show")

    def __repr__(self) -> str:
        return f"Result of exercise {self.identity}"

    def _repr_mimebundle_(self, **options):
        # Readers without a kernel cannot predict, so they see the result at once. It is a PNG because its numbers
        # may differ between machines, and everything else in a saved output is compared exactly.
        data, metadata = super()._repr_mimebundle_(**options)
        png, alt = _draw(self.homework.exercise.kind, self.outcome, self.data, None)
        data["text/plain"] = repr(self)
        data["image/png"] = base64.b64encode(png).decode()
        return data, {**(metadata or {}), "image/png": {"alt": alt}}


def refresh_waiting(homework: Homework) -> None:
    """Show the results that waited for this prediction."""
    for widget in list(_waiting):
        if widget.identity == homework.exercise.id:
            widget.refresh(homework)


def _draw(kind: Prediction, outcome: float, data: list[float], prediction: dict | None) -> tuple[bytes, str]:
    from destructure.show import SOURCE, TARGET, Picture, figure, use_style

    drawing = figure(8, 2.6)
    with use_style():
        axes = drawing.subplots()
    alt = f"{kind.quantity}: the result is {outcome:.3g} {kind.unit}".strip() + "."
    for number, one in enumerate(sorted(data)):
        axes.plot([one], [0.15 + 0.07 * (number % 7)], "o", color=SOURCE, alpha=0.6)
    axes.axvline(outcome, color=SOURCE, linestyle="-", label="result")
    if prediction:
        low, high, guess = prediction["low"], prediction["high"], prediction["guess"]
        axes.axvspan(low, high, color=TARGET, alpha=0.3, label="your interval")
        axes.plot(
            [guess], [0.85], "D", color=TARGET, markersize=11, markeredgecolor="black", label="your guess"
        )
        alt += f" The prediction was {guess:g}, between {low:g} and {high:g}."
    margin = 0.03 * (kind.highest - kind.lowest)
    axes.set(xlim=(kind.lowest - margin, kind.highest + margin), ylim=(0, 1), yticks=[])
    axes.set_xlabel(f"{kind.quantity} ({kind.unit})" if kind.unit else kind.quantity)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return Picture(drawing, alt).png(), alt
