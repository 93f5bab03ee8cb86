"""What can be kept when a conversation goes on, for each structure. No torch here.

Within one answer every structure keeps its cache: the input stays as it is, and no target token sees a later one. The
structures differ when the *input grows*, by a new turn of a conversation (CS25 V4, 33:05 to 35:15).
"""

from dataclasses import dataclass

from destructure.structure import Structure


@dataclass(frozen=True)
class Kept:
    """What need not be computed again when a turn is added to the input.

    Attributes:
        earlier_input: keys and values of the input so far.
        answer: keys and values that the model made while it wrote its own answer, which is now part of the input.
        why: one sentence.
    """

    earlier_input: bool
    answer: bool
    why: str


def kept_when_input_grows(structure: Structure) -> Kept:
    """What stays valid of a cache when the input grows by the model's answer and a new turn.

    It holds for models that tell input and target apart by structure alone: a segment table, a table of the target's
    own, or positions that start again also make an answer written unlike an answer read.
    """
    if structure.bidirectional_input:
        return Kept(
            earlier_input=False,
            answer=False,
            why="Nothing is kept: the input is read in both directions (S4), so a new turn changes what every "
            "earlier input token holds, and all of it must be read again.",
        )
    differences = _why_writing_differs(structure)
    if differences:
        return Kept(
            earlier_input=True,
            answer=False,
            why="The earlier input is kept, because no input token sees a later one; the answer must be read once "
            f"more as input, because {' and '.join(differences)}.",
        )
    return Kept(
        earlier_input=True,
        answer=True,
        why="Everything is kept: no token sees a later one, and an answer is written by the same computation "
        "by which it would be read.",
    )


def _why_writing_differs(structure: Structure) -> list[str]:
    reasons = {
        "separate_parameters": "the target has a stack of its own (S2)",
        "separate_cross_attention": "the target passes through cross-attention (S1)",
        "final_layer_memory": "the target looks at the final input states (S3)",
    }
    return [reason for switch, reason in reasons.items() if getattr(structure, switch)]
