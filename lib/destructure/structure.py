"""The four switches between an encoder-decoder and a decoder-only Transformer. Pure Python, no torch.

Source: CS25 V4 lecture, 23:32 to 27:03 (the comparison table) and 27:09 to 35:15 (each row questioned).
"""

from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from functools import wraps
from itertools import product
from typing import ClassVar


def explained(cls: type) -> type:
    """Let a data class answer a name that it does not know with the names that it has (`TypeError`)."""
    made, known = cls.__init__, [each.name for each in fields(cls) if each.init]

    @wraps(made)
    def __init__(self, *values, **named):
        if unknown := [name for name in named if name not in known]:
            raise TypeError(unknown_name(cls, unknown[0], known))
        made(self, *values, **named)

    cls.__init__ = __init__
    return cls


def unknown_name(cls: type, name: str, known: list[str]) -> str:
    """The sentence for a name that a class does not have."""
    near = "".join(f" (did you mean {each}?)" for each in get_close_matches(name, known, 1))
    return f"{cls.__name__} has no {name!r}{near}; it has {', '.join(known)}."


class _Named(type):
    def __getattr__(cls, name: str):
        raise AttributeError(unknown_name(cls, name, [each for each in vars(cls) if each[0] != "_"]))


@explained
@dataclass(frozen=True)
class Structure(metaclass=_Named):
    """What an encoder-decoder has and a decoder-only Transformer lacks: one corner of a four-dimensional cube.

    Each of the four switches is one row of the lecture's table (CS25 V4, 23:32); `True` means that the
    structure is present.

    Attributes:
        separate_cross_attention: S1. The target reads the input through a sub-layer of its own, with its own
            softmax. Without it, one softmax covers input and target together.
        separate_parameters: S2. Input and target have a stack each. Without it, one stack processes both.
        final_layer_memory: S3. Every target layer reads the *final* input states. Without it, target layer l
            reads what input layer l read.
        bidirectional_input: S4. Input tokens see each other in both directions. Without it, each input token
            sees only itself and earlier ones.
        tied_cross_attention: a third level of S1, outside the sixteen: cross-attention keeps its own softmax
            but borrows the four projection matrices of self-attention (the lecture's first edit, slide 41).

    Example:
        >>> Structure.ENCODER_DECODER.without("bidirectional_input").code
        'S1 S2 S3 --'
        >>> [step.code for step in Structure.ladder()][-1]
        '-- -- -- --'
    """

    separate_cross_attention: bool = True
    separate_parameters: bool = True
    final_layer_memory: bool = True
    bidirectional_input: bool = True
    tied_cross_attention: bool = False

    ENCODER_DECODER: ClassVar["Structure"]
    PREFIX_LM: ClassVar["Structure"]
    DECODER_ONLY: ClassVar["Structure"]
    SWITCHES: ClassVar[tuple[str, ...]]

    def __post_init__(self):
        for switch in fields(self):
            value = getattr(self, switch.name)
            if not isinstance(value, bool):
                raise ValueError(f"{switch.name} is {value!r}; a switch must be True or False.")
        if self.tied_cross_attention and not self.separate_cross_attention:
            raise ValueError(
                "tied_cross_attention needs separate_cross_attention=True: there is no cross-attention "
                "whose projections could be borrowed from self-attention."
            )

    @classmethod
    def all(cls) -> tuple["Structure", ...]:
        """All sixteen corners, from everything present to everything removed."""
        return tuple(cls(*switches) for switches in product((True, False), repeat=len(cls.SWITCHES)))

    @classmethod
    def ladder(cls) -> tuple["Structure", ...]:
        """The lecture's path, edit by edit (23:32 to 27:03): five corners from encoder-decoder to decoder-only."""
        steps = [cls.ENCODER_DECODER]
        for switch in cls.SWITCHES:
            steps.append(steps[-1].without(switch))
        return tuple(steps)

    @classmethod
    def named(cls, name: str) -> "Structure":
        """Find a corner by its usual name ("prefix LM") or by its code ("S1 -- S3 --").

        Raises:
            ValueError: if no structure has that name; the message lists the names.
        """
        by_name = {corner.code: corner for corner in cls.all()} | {
            usual: corner for corner, usual in _USUAL_NAMES.items()
        }
        if not isinstance(name, str) or name not in by_name:
            raise ValueError(
                f"There is no structure named {name!r}; use one of {list(_USUAL_NAMES.values())} "
                "or a code such as 'S1 -- S3 --'."
            )
        return by_name[name]

    def without(self, switch: str) -> "Structure":
        """Return a copy with one structure removed.

        Raises:
            ValueError: if there is no switch of that name.
        """
        if switch not in self.SWITCHES:
            raise ValueError(f"There is no switch {switch!r}; use one of {list(self.SWITCHES)}.")
        removed = {switch: False}
        if switch == "separate_cross_attention":
            removed["tied_cross_attention"] = False
        return replace(self, **removed)

    @property
    def code(self) -> str:
        """Four short marks, one per switch: "S1 S2 S3 S4" for the encoder-decoder, "--" where removed."""
        marks = [f"S{i}" if getattr(self, name) else "--" for i, name in enumerate(self.SWITCHES, start=1)]
        if self.tied_cross_attention:
            marks[0] = "S1t"
        return " ".join(marks)

    @property
    def name(self) -> str:
        """The usual name where there is one, else the code."""
        return _USUAL_NAMES.get(self, self.code)

    @property
    def is_single_stack(self) -> bool:
        """Whether the model is one ordinary stack over input and target written one after the other."""
        return not (self.separate_cross_attention or self.separate_parameters or self.final_layer_memory)

    def __str__(self) -> str:
        return self.name


Structure.SWITCHES = (
    "separate_cross_attention",
    "separate_parameters",
    "final_layer_memory",
    "bidirectional_input",
)
Structure.ENCODER_DECODER = Structure()
Structure.PREFIX_LM = Structure(False, False, False, True)
Structure.DECODER_ONLY = Structure(False, False, False, False)

_USUAL_NAMES = {
    Structure.ENCODER_DECODER: "encoder-decoder",
    Structure.PREFIX_LM: "prefix LM",
    Structure.DECODER_ONLY: "decoder-only",
}
