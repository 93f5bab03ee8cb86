"""Flip the four switches until a structure matches a drawing, a cost or a behaviour."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

from destructure.exercises.kinds.base import Kind
from destructure.exercises.markup import data_address, image
from destructure.exercises.plain import Plain, shown
from destructure.exercises.verdict import UnreadableAnswer, Verdict, partly, right
from destructure.show.structure_sketches import structure_description, structure_drawing
from destructure.structure import Structure

LABELS = {
    "separate_cross_attention": "S1 separate cross-attention",
    "separate_parameters": "S2 separate parameters",
    "final_layer_memory": "S3 final-layer memory",
    "bidirectional_input": "S4 bidirectional input",
}
_SWITCHES = {label[:2]: switch for switch, label in LABELS.items()}


@dataclass(frozen=True)
class Switchboard(Kind):
    """Flip S1 to S4; the drawing (and the cost, if asked for) follows every flip.

    Attributes:
        start: what the switches show at first.
        wanted: every structure that is right; several may cost or behave the same.
        why: switch ("S1" to "S4") → what its setting shows in the goal; told when it is wrong.
        goal: a structure that is drawn as the goal; leave it out where the goal is a cost or a behaviour,
            described in the question.
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
            raise ValueError("Switches must start at a setting that is not right yet, and one must be right.")
        if set(self.why) != set(_SWITCHES):
            raise ValueError(f"why needs a sentence for each of {', '.join(_SWITCHES)}.")

    @property
    def reference(self) -> str:
        """The code of a right setting."""
        return self.wanted[0].code

    def read(self, answer: Plain) -> Plain:
        """Accept a `Structure`, its code or name, the switches that are on, or four truth values."""
        if isinstance(answer, list) and len(answer) == 4:
            answer = dict(zip(Structure.SWITCHES, answer, strict=True))
        try:
            if isinstance(answer, dict):
                switches = {_SWITCHES.get(key.upper(), key): value for key, value in answer.items()}
                if set(switches) != set(Structure.SWITCHES) or not set(switches.values()) <= {0, 1}:
                    raise ValueError
                return Structure(**{name: bool(value) for name, value in switches.items()}).code
            on = re.findall(r"s[1-4]|\S+", answer.casefold())
            if set(on) <= {"s1", "s2", "s3", "s4", "--", "-", ","} and set(on) - {","}:
                return Structure(*(short.casefold() in on for short in _SWITCHES)).code
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
        wrong = min((self._differing(structure, one) for one in self.wanted), key=len)
        score = 1 - len(wrong) / len(_SWITCHES)
        if answer in self.mistakes:
            return partly(score, self.mistakes[answer], answer)
        switch = _SWITCHES[wrong[0]]
        state = "on" if getattr(structure, switch) else "off"
        more = f" ({len(wrong)} switches are not right yet.)" if len(wrong) > 1 else ""
        return partly(score, f"{LABELS[switch]} is {state}. {self.why[wrong[0]]}{more}", f"{switch} {state}")

    @staticmethod
    def _differing(one: Structure, other: Structure) -> list[str]:
        return [short for short, name in _SWITCHES.items() if getattr(one, name) != getattr(other, name)]

    def control(self, live: bool) -> str:
        """Four switches and the drawing that follows them."""
        goal = ""
        if self.goal is not None:
            description = "Goal: " + structure_description(self.goal)
            goal = f"<p><b>Goal</b></p>{image(structure_drawing(self.goal), description)}"
        drawing = image(structure_drawing(self.start), "Your setting: " + structure_description(self.start))
        text = f'<p class="exercise-caption" aria-live="polite">{self._caption(self.start)}</p>'
        states = self._states()
        if not live:
            rows = "".join(f"<li>{'☑' if states[name] else '☐'} {text}</li>" for name, text in LABELS.items())
            switches = f'<ul style="list-style: none; padding-left: 1em">{rows}</ul>'
            return f"{goal}<p><b>Your switches, as they start</b></p>{switches}{drawing}{text}"
        rows = "".join(
            f'<label class="exercise-option"><input type="checkbox" role="switch" data-field="{switch}"'
            f"{' checked' if states[switch] else ''}><span>{label}</span></label>"
            for switch, label in LABELS.items()
        )
        fieldset = f'<fieldset class="exercise-switches"><legend>Your switches</legend>{rows}</fieldset>'
        return f'{goal}{fieldset}<div class="exercise-drawn">{drawing}{text}</div>'

    def _states(self) -> dict[str, bool]:
        return {switch: getattr(self.start, switch) for switch in LABELS}

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
            "start": self._states(),
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
