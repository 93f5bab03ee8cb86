"""The kinds of exercise, a file each; an exercise's id says which one it is of."""

from destructure.exercises.kinds.base import Kind
from destructure.exercises.kinds.choice import Choice
from destructure.exercises.kinds.code import Code
from destructure.exercises.kinds.mask import Mask
from destructure.exercises.kinds.match import Match
from destructure.exercises.kinds.number import Number
from destructure.exercises.kinds.prediction import Prediction
from destructure.exercises.kinds.run import Run
from destructure.exercises.kinds.shapes import Shapes
from destructure.exercises.kinds.switchboard import Switchboard
from destructure.exercises.kinds.written import Written

_ALL = (Choice, Number, Prediction, Mask, Switchboard, Shapes, Match, Code, Run, Written)
KINDS: dict[str, type[Kind]] = {kind.name: kind for kind in _ALL}
"""Name → kind."""
