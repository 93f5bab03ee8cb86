"""A field to type any number into, and what the trained model makes of it."""

import html
from collections.abc import Callable

import ipywidgets

from destructure.show.live import Live
from destructure.tasks.numbers import NumberTranslation

WAITING = "Type a number in digits, such as 23, and press Enter."


def try_translator(model, task: NumberTranslation) -> "TryTranslator":
    """Show a field for numbers, translated by a trained model.

    Args:
        model: trained on `task`.
        task: gives the words to read and the right answer, also for numbers outside its own range.
    """
    from destructure.train import translate  # needs torch

    def written(number: int) -> str:
        return translate(model, task, [task.source_text(number)])[0]

    return TryTranslator(written, task.target_text)


def read_digits(text: str) -> int:
    """A number typed in digits, with or without commas.

    Raises:
        ValueError: if it is anything else.
    """
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not a number in digits; type one from 0 to 999,999, such as 23.")
    return int(digits[:20])


class TryTranslator(Live):
    """Translate whatever is typed, beside the right answer.

    Args:
        translate: a number to the model's answer; may raise ValueError with one sentence.
        truth: a number to the right answer; may raise ValueError likewise.

    Attributes:
        field: the text field; setting `field.value` and calling `submit()` is the same as typing.
        answer: the HTML field with the result.
    """

    about = "a field to type a number into"
    in_jupyter = (
        "a field to type a number into appears here; the model's translation is shown beside the right one."
    )

    def __init__(self, translate: Callable[[int], str], truth: Callable[[int], str]):
        self._translate, self._truth = translate, truth
        self.field = ipywidgets.Text(
            description="Number", placeholder="for example 23", continuous_update=False, tooltip="Number"
        )
        self.button = ipywidgets.Button(description="Translate")
        self.answer = ipywidgets.HTML(WAITING)
        super().__init__([ipywidgets.HBox([self.field, self.button]), self.answer])
        self.field.observe(lambda change: self.submit(), names="value")
        self.button.on_click(lambda button: self.submit())

    def submit(self) -> None:
        """Translate what stands in the field."""
        text = self.field.value.strip()
        if not text:
            self.answer.value = WAITING
            return
        try:
            number = read_digits(text)
            truth, written = self._truth(number), self._translate(number)
        except ValueError as error:
            self.answer.value = html.escape(str(error))
            return
        verdict = "✓ right" if written == truth else f"✗ the right answer is <b>{html.escape(truth)}</b>"
        self.answer.value = f"the model writes <b>{html.escape(written) or '(nothing)'}</b> {verdict}"
