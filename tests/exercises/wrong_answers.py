"""The wrong answers in `wrong/NN.yaml`: what learners really get wrong, and a part of what the check must then say.

id → name → [answer, what is said]; for code the answer is source text, written as learners write it, not with the
mistakes that stand in the sheets. For an exercise that varies, an answer is an expression over its draws, and what is
said may have expressions in braces; for an own run, an expression over the right one.
"""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from destructure.exercises.catalogue import sheet_of
from destructure.exercises.definition import Exercise
from destructure.exercises.draws import Draw
from destructure.exercises.expressions import Names
from destructure.structure import Structure
from destructure.study.configuration import canonical_json


class Wrong(NamedTuple):
    """A wrong answer, and a part of the message that the learner must then read."""

    value: Any
    says: str


@cache
def _of_notebook(number: str) -> dict[str, dict[str, list]]:
    return yaml.safe_load((Path(__file__).parent / "wrong" / f"{number}.yaml").read_text(encoding="utf-8"))


def wrong_answers(exercise: Exercise, student: str = "") -> dict[str, Wrong]:
    """Name → wrong answer, in the variant of that student."""
    entries = _of_notebook(exercise.notebook).get(exercise.id, {})
    if not exercise.parameters and exercise.kind.name != "run":
        return {name: Wrong(*entry) for name, entry in entries.items()}
    names = vars(exercise.kind) | Names(sheet_of(exercise.id), Draw(student, exercise.id)).values
    names |= {"right": exercise.reference, "flipped": flipped, "rehashed": rehashed}
    return {
        name: Wrong(eval(answer, names), eval("f" + repr(says), names))
        for name, (answer, says) in entries.items()
    }


def flipped(code: str, *numbers: int) -> str:
    """The corner in which the switches of those numbers stand the other way."""
    structure = Structure.named(code)
    states = enumerate((getattr(structure, switch) for switch in Structure.SWITCHES), start=1)
    return Structure(*(state ^ (number in numbers) for number, state in states)).code


def rehashed(plan: dict, **changes: Any) -> dict:
    """A registered plan with changes, and the hash that fits them."""
    content = {
        name: each for name, each in (plan | changes).items() if name not in ("registered", "known", "sha256")
    }
    return plan | changes | {"sha256": hashlib.sha256(canonical_json(content).encode()).hexdigest()}
