"""The lecture's table of differences, made from two models instead of typed."""

from dataclasses import dataclass

from destructure.inspection import Findings, inspect_structure
from destructure.structure import Structure

EDITS = {
    "separate_cross_attention": "let one attention play both roles",
    "separate_parameters": "let one stack serve both parts",
    "final_layer_memory": "let target layer l read what input layer l reads",
    "bidirectional_input": "make the input causal",
}
"""What removes each structure, in our words (CS25 V4, 24:30 to 26:27)."""

_QUESTIONS = {
    "separate_cross_attention": "S1: with what does the target look at the input?",
    "separate_parameters": "S2: whose parameters?",
    "final_layer_memory": "S3: what do target layers 1, 2, 3 read?",
    "bidirectional_input": "S4: what does an input token see?",
}


@dataclass(frozen=True)
class DifferenceTable:
    """Four rows: a question a switch, what each of two models shows, and the edit that leads from one to the other.

    In a notebook it is shown as a table; `rows` has the same as plain text.
    """

    columns: tuple[str, str, str, str]
    rows: tuple[tuple[str, str, str, str], ...]

    def __repr__(self) -> str:
        return f"<Table: {len(self.rows)} differences between {self.columns[1]} and {self.columns[2]}>"

    def _repr_markdown_(self) -> str:
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def difference_table(
    first: Structure = Structure.ENCODER_DECODER, second: Structure = Structure.DECODER_ONLY
) -> DifferenceTable:
    """Build a small model of each structure, look at both, and say what was found (CS25 V4, 23:32, slides 38 to 51).

    Every entry comes from the models' tensors and from what changes when they are disturbed; the structures' own
    fields are not read.
    """
    found = [inspect_structure(structure) for structure in (first, second)]
    rows = tuple(
        (question, *(_said(switch, each) for each in found), EDITS[switch])
        for switch, question in _QUESTIONS.items()
    )
    return DifferenceTable(("question", str(first), str(second), "the edit"), rows)


def _said(switch: str, found: Findings) -> str:
    if switch == "separate_cross_attention":
        return (
            f"{found.attention_matrices} matrices and {_count(found.softmaxes, 'softmax', 'softmaxes')} "
            "in a target layer"
        )
    if switch == "separate_parameters":
        if not found.shared_tensors:
            return "a stack each: no tensor in common"
        return f"all {found.input_tensors} tensors of the input's stack serve the target, too"
    if switch == "final_layer_memory":
        levels = ", ".join(map(str, found.layers_read))
        return f"the input after {levels} layers"
    return "earlier and later ones" if found.later_input_seen else "itself and earlier ones"


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
