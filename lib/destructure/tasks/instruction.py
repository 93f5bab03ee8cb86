"""A list of things and an instruction what to do with it, which comes first or last."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from destructure.tasks.base import Vocabulary, require_choice, require_whole
from destructure.tasks.drawn import DrawnTask, require_fit

Action = Literal["select", "count", "sort", "tell"]

NAMES = tuple("abcdefghijklmnopqrstuvwxyz")
COLOURS = ("red", "blue", "green", "yellow", "white", "black")
SHAPES = ("ball", "cube", "ring", "cone")
SIZES = tuple("0123456789")
ORDERS = ("rising", "falling")


class Thing(NamedTuple):
    """One thing of a list; no two of a list have the same name or the same size."""

    name: str
    colour: str
    shape: str
    size: str


ATTRIBUTES = Thing._fields


class ListExample(NamedTuple):
    """A list and what to do with it, such as ("count", "red") or ("sort", "rising")."""

    things: tuple[Thing, ...]
    instruction: tuple[Action, str]


@dataclass(frozen=True, kw_only=True)
class ListInstruction(DrawnTask):
    """Read a list of things, each with a name, a colour, a shape and a size, and do what an instruction says.

    - "select red" or "select ball": write the names of those things, in the order of the list, or "none".
    - "count red" or "count ball": write how many there are.
    - "sort rising" or "sort falling": write all names by size.
    - "tell name", "tell colour", "tell shape" or "tell size": write that of every thing, in the order of the list.

    Where the instruction stands is the dial: if it comes last, a model whose input is causal has read every thing
    without knowing what will be asked; if it comes first, nothing is gained by looking back. Splits share no list.

    Args:
        things: how many, 2 to 10.
        instruction_position: "last" or "first".
        input_twice: the whole input stands there twice, so that a causal model can read it again (Arora et al. 2024,
            arXiv 2407.05483).
        actions: those in use, any of "select", "count", "sort", "tell".
        train_examples, validation_examples, test_examples, split_seed: see `DrawnTask`.

    Raises:
        ValueError: if a dial is set to something that is not allowed, with what is.

    Example:
        >>> task = ListInstruction(things=2, train_examples=10, validation_examples=1, test_examples=1)
        >>> things = (Thing("d", "red", "ball", "7"), Thing("a", "blue", "ball", "2"))
        >>> example = ListExample(things, ("sort", "rising"))
        >>> task.source_text(example), task.target_text(example)
        ('d red ball 7 a blue ball 2 sort rising', 'a d')
    """

    things: int = 6
    instruction_position: Literal["last", "first"] = "last"
    input_twice: bool = False
    actions: Sequence[Action] = get_args(Action)

    # Sizes and counts share the digits, and "10" is a count only.
    vocabulary = Vocabulary(
        (*NAMES, *COLOURS, *SHAPES, *SIZES, "10", "none", *get_args(Action), *ORDERS, *ATTRIBUTES)
    )

    def __post_init__(self):
        super().__post_init__()
        require_whole("things", self.things, 2, len(SIZES))
        require_choice("instruction_position", self.instruction_position, ("last", "first"))
        if not isinstance(self.input_twice, bool):
            raise ValueError(f"input_twice is {self.input_twice!r}; it must be True or False.")
        actions = (self.actions,) if isinstance(self.actions, str) else tuple(self.actions)
        for action in actions:
            require_choice("An action", action, get_args(Action))
        if not actions or len(set(actions)) < len(actions):
            raise ValueError(f"actions is {actions}; name each action once, at least one.")
        object.__setattr__(self, "actions", actions)
        require_fit((4 * self.things + 2) * (1 + self.input_twice), self.things, "use fewer things")

    def _draw(self, generator: random.Random) -> ListExample:
        names, sizes = (generator.sample(each, self.things) for each in (NAMES, SIZES))
        things = tuple(
            Thing(name, generator.choice(COLOURS), generator.choice(SHAPES), size)
            for name, size in zip(names, sizes, strict=True)
        )
        action = generator.choice(self.actions)
        choices = {"sort": ORDERS, "tell": ATTRIBUTES}.get(action) or generator.choice((COLOURS, SHAPES))
        return ListExample(things, (action, generator.choice(choices)))

    def _content(self, example: ListExample) -> tuple:
        return tuple(tuple(thing) for thing in example.things)

    def _source(self, example: ListExample) -> tuple[str, ...]:
        things = tuple(token for thing in example.things for token in thing)
        instruction = tuple(example.instruction)
        once = things + instruction if self.instruction_position == "last" else instruction + things
        return once * 2 if self.input_twice else once

    def _target(self, example: ListExample) -> tuple[str, ...]:
        things, (action, what) = example
        if action == "sort":
            ordered = sorted(things, key=lambda thing: int(thing.size), reverse=what == "falling")
            return tuple(thing.name for thing in ordered)
        if action == "tell":
            return tuple(getattr(thing, what) for thing in things)
        chosen = tuple(thing.name for thing in things if what in (thing.colour, thing.shape))
        return (str(len(chosen)),) if action == "count" else chosen or ("none",)
