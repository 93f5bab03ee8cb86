"""Flip the four switches until a structure matches a drawing, a cost or a behaviour."""

from dataclasses import dataclass, field
from typing import ClassVar

from destructure.exercises.drawings import structure_description, structure_drawing
from destructure.exercises.kinds.base import Kind
from destructure.exercises.markup import data_address, image
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right
from destructure.structure import Structure

LABELS = {
    "separate_cross_attention": "S1 separate cross-attention",
    "separate_parameters": "S2 separate parameters",
    "final_layer_memory": "S3 final-layer memory",
    "bidirectional_input": "S4 bidirectional input",
}
_SHORT = {f"S{number}": switch for number, switch in enumerate(Structure.SWITCHES, start=1)}
_NAMES = {switch: short for short, switch in _SHORT.items()}


@dataclass(frozen=True)
class Switchboard(Kind):
    """Flip S1 to S4; the drawing (and the cost, if asked for) follows every flip.

    Attributes:
        start: what the switches show at first.
        wanted: every structure that is right; several may cost or behave the same.
        goal: a structure that is drawn as the goal; leave it out where the goal is a cost or a behaviour,
            described in the question.
        why: switch ("S1" to "S4") → what its setting shows in the goal; told when it is wrong.
        mistakes: code of a wrong structure ("S1 -- -- S4") → what choosing it shows.
        cost: (config, input tokens, target tokens) whose parameters and FLOPs are shown for each setting.
    """

    start: Structure
    wanted: tuple[Structure, ...]
    why: dict[str, str]
    goal: Structure | None = None
    mistakes: dict[str, str] = field(default_factory=dict)
    cost: tuple | None = None
    name: ClassVar[str] = "switchboard"

    def __post_init__(self):
        if self.start in self.wanted or not self.wanted:
            raise ValueError(
                "The switches must start at a setting that is not right yet, and one must be right."
            )
        if set(self.why) != set(_SHORT):
            raise ValueError(f"why needs a sentence for each of {', '.join(_SHORT)}.")

    @property
    def reference(self) -> str:
        """The code of a right setting."""
        return self.wanted[0].code

    def read(self, answer: Plain) -> Plain:
        """Accept a `Structure`, its code or name, or four truth values."""
        if isinstance(answer, list) and len(answer) == 4:
            answer = dict(zip(Structure.SWITCHES, answer, strict=True))
        try:
            if isinstance(answer, dict):
                switches = {_SHORT.get(key, key): value for key, value in answer.items()}
                if set(switches) != set(Structure.SWITCHES):
                    raise ValueError
                return Structure(**switches).code
            return Structure.named(answer.strip()).code
        except (ValueError, AttributeError, TypeError):
            raise UnreadableAnswer(
                f"{shown(answer)} is not a setting of the four switches; give one such as {self.example()}."
            ) from None

    def grade(self, answer: Plain) -> Verdict:
        """Each switch that is set right counts; the first wrong one is explained."""
        structure = Structure.named(answer)
        if structure in self.wanted:
            return right(f"This setting fits: {structure_description(structure)}.")
        differing = min((_differences(structure, one) for one in self.wanted), key=len)
        score = 1 - len(differing) / len(Structure.SWITCHES)
        if answer in self.mistakes:
            return partly(score, self.mistakes[answer], answer)
        first = differing[0]
        state = "on" if getattr(structure, first) else "off"
        more = f" ({len(differing)} switches are not right yet.)" if len(differing) > 1 else ""
        return partly(
            score, f"{LABELS[first]} is {state}. {self.why[_NAMES[first]]}{more}", f"{first} {state}"
        )

    def control(self, live: bool) -> str:
        """Four switches and the drawing that follows them."""
        goal = ""
        if self.goal is not None:
            description = "Goal: " + structure_description(self.goal)
            goal = f"<p><b>Goal</b></p>{image(structure_drawing(self.goal), description)}"
        drawing = image(structure_drawing(self.start), "Your setting: " + structure_description(self.start))
        text = f'<p class="exercise-caption" aria-live="polite">{self._caption(self.start)}</p>'
        if not live:
            rows = "".join(
                f"<li>{'☑' if getattr(self.start, switch) else '☐'} {label}</li>"
                for switch, label in LABELS.items()
            )
            switches = f'<ul style="list-style: none; padding-left: 1em">{rows}</ul>'
            return f"{goal}<p><b>Your switches, as they start</b></p>{switches}{drawing}{text}"
        rows = "".join(
            f'<label class="exercise-option"><input type="checkbox" role="switch" data-field="{switch}"'
            f"{' checked' if getattr(self.start, switch) else ''}><span>{label}</span></label>"
            for switch, label in LABELS.items()
        )
        fieldset = f'<fieldset class="exercise-switches"><legend>Your switches</legend>{rows}</fieldset>'
        return f'{goal}{fieldset}<div class="exercise-drawn">{drawing}{text}</div>'

    def _caption(self, structure: Structure) -> str:
        description = structure_description(structure)
        text = f"{description[0].upper()}{description[1:]}."
        if self.cost is None:
            return text
        from destructure.cost import forward_flops, parameters

        config, source, target = self.cost
        config = config.with_structure(structure)
        flops = forward_flops(config, source, target) / 1e6
        return f"{text} Parameters: {parameters(config):,}. Forward pass: {flops:.1f} million FLOPs."

    def front(self) -> dict:
        """Drawing and caption of all sixteen settings."""
        return {
            "start": {switch: getattr(self.start, switch) for switch in Structure.SWITCHES},
            "corners": {
                corner.code: {
                    "picture": data_address(structure_drawing(corner)),
                    "alt": "Your setting: " + structure_description(corner),
                    "caption": self._caption(corner),
                }
                for corner in Structure.all()
            },
        }

    def example(self) -> str:
        """The code of the setting at the start: never right."""
        return f'"{self.start.code}"'


def _differences(one: Structure, other: Structure) -> list[str]:
    return [switch for switch in Structure.SWITCHES if getattr(one, switch) != getattr(other, switch)]
