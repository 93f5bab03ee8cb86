"""The kinds of exercise, a file each."""

from destructure.exercises.kinds.base import Kind
from destructure.exercises.kinds.choice import Choice, Option
from destructure.exercises.kinds.code import Code, Flaw, Property
from destructure.exercises.kinds.mask import Mask, WrongMask, causal_mistakes, causal_rows
from destructure.exercises.kinds.match import Item, Match
from destructure.exercises.kinds.number import Number, WrongValue
from destructure.exercises.kinds.order import Order, Rule, chain
from destructure.exercises.kinds.prediction import Prediction
from destructure.exercises.kinds.shapes import Shapes, Stage
from destructure.exercises.kinds.switchboard import Switchboard

ALL_KINDS = (Choice, Number, Prediction, Mask, Switchboard, Order, Shapes, Match, Code)

__all__ = [
    "ALL_KINDS",
    "Choice",
    "Code",
    "Flaw",
    "Item",
    "Kind",
    "Mask",
    "Match",
    "Number",
    "Option",
    "Order",
    "Prediction",
    "Property",
    "Rule",
    "Shapes",
    "Stage",
    "Switchboard",
    "WrongMask",
    "WrongValue",
    "causal_mistakes",
    "causal_rows",
    "chain",
]
