"""Fill in the shapes along a pipeline."""

import re
from dataclasses import dataclass, field
from math import prod
from typing import Annotated, ClassVar

from destructure.exercises.kinds.base import Form, Part, Shape, Text, Tick
from destructure.exercises.markup import escape, inline
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline.

    Attributes:
        key: its name in an answer.
        text: what happens here.
        shape: the shape of what comes out.
        given: whether the shape is shown, not asked.
        mistakes: wrong shape → what it shows.
    """

    key: str
    text: Text
    shape: Shape
    given: Tick = False
    mistakes: Annotated[dict[Shape, str], Part.NESTED] = field(default_factory=dict)


@dataclass(frozen=True)
class Shapes(Form):
    """Trace the shape of a tensor through a pipeline."""

    stages: tuple[Stage, ...]
    name: ClassVar[str] = "shapes"

    @property
    def reference(self) -> Plain:
        """The shapes that are asked for."""
        return {stage.key: list(stage.shape) for stage in self.stages if not stage.given}

    def names(self) -> list[str]:
        """Keys of the stages that are asked for."""
        return list(self.reference)

    def wanted(self) -> str:
        """A shape for each stage."""
        return f"one shape for each of {', '.join(self.names())}"

    def part(self, name: str, value: Plain) -> Plain:
        """Accept a list, a tuple or text."""
        if value is None:
            return []
        if isinstance(value, str):
            value = [part for part in re.split(r"(?:[\s,;×x*()\[\]]|by|torch\.Size)+", value) if part]
        if not isinstance(value, list) or len(value) > 8:
            raise UnreadableAnswer(f"A shape is a few whole numbers, such as 2, 3, 8, not {shown(value)}.")
        return [_size(size) for size in value]

    def grade(self, answer: Plain) -> Verdict:
        """Each right shape counts; the first wrong one is explained."""
        asked = [stage for stage in self.stages if not stage.given]
        mistakes = [stage for stage in asked if tuple(answer[stage.key]) != stage.shape]
        if not mistakes:
            return right("Every shape follows from the one before.")
        stage = next((one for one in mistakes if answer[one.key]), mistakes[0])
        message, name = _explain(stage, tuple(answer[stage.key]))
        return partly(1 - len(mistakes) / len(asked), f"“{stage.key}”: {message}", name)

    def control(self, live: bool) -> str:
        """A field at each stage."""
        rows = "".join(f"<li>{_row(stage, live)}</li>" for stage in self.stages)
        style = "" if live else ' style="list-style: none"'
        return f'<ol class="exercise-pipeline"{style}>{rows}</ol>'

    def example(self) -> str:
        """The same shape everywhere."""
        return str(dict.fromkeys(self.names(), (2, 3, 8)))


def _explain(stage: Stage, given: Shape) -> tuple[str, str]:
    if not given:
        return "still empty.", "incomplete"
    if given in stage.mistakes:
        return stage.mistakes[given], f"{stage.key}: {given}"
    if sorted(given) == sorted(stage.shape):
        return "the right sizes, in the wrong order of axes.", "axes swapped"
    if len(given) != len(stage.shape):
        return f"{len(given)} axes given, but it has {len(stage.shape)}.", "number of axes"
    if prod(given) == prod(stage.shape):
        return "the right number of entries, split over the axes in another way.", "wrong split"
    return "at least one size is wrong; follow each axis from the stage before.", "wrong size"


def _row(stage: Stage, live: bool) -> str:
    text, key = inline(stage.text), escape(stage.key)
    if stage.given:
        shape = "(" + ", ".join(map(str, stage.shape)) + ")"
        return f'<span class="exercise-stage"><span>{text}</span> <code>{shape}</code></span>'
    if not live:
        return f'<span class="exercise-stage">{text} <code>( ? )</code> <small>[{key}]</small></span>'
    return (
        f'<label class="exercise-stage">{text} <input type="text" autocomplete="off"'
        f' data-field="{key}" size="14" placeholder="2, 3, 8"> <small>{key}</small></label>'
    )


def _size(size: Plain) -> int:
    if isinstance(size, str) and re.fullmatch(r"[0-9]{1,9}", size):
        return int(size)
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 10**9:
        return size
    raise UnreadableAnswer(f"A size is a whole number, such as 8, not {shown(size)}.")
