"""Exercises on models whose structure is hidden: tell them apart, and say what they must show for that."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Choice, Item, Match, Option
from destructure.show.style import HIDDEN, INK, SOURCE

Rows = tuple[tuple[int, ...], ...]

_LENGTH, _BOUNDARY, _CELL = 7, 4, 16


def _reached(kind: str) -> Rows:
    def cell(output: int, token: int) -> int:
        inside = kind == "blocks" and output < _BOUNDARY and token < _BOUNDARY
        return int(kind == "all" or token <= output or inside)

    return tuple(tuple(cell(output, token) for token in range(_LENGTH)) for output in range(_LENGTH))


def _drawing(kind: str) -> str:
    """Small SVG: a row an output, a column a token; a dot where changing the token changes the output."""
    side, parts = _LENGTH * _CELL, []
    for output, row in enumerate(_reached(kind)):
        for token, reaches in enumerate(row):
            x, y = token * _CELL + 1, output * _CELL + 1
            colour = SOURCE if reaches else HIDDEN
            parts.append(
                f'<rect x="{x}" y="{y}" width="{_CELL}" height="{_CELL}" fill="{colour}" stroke="white"/>'
            )
            if reaches:
                parts.append(f'<circle cx="{x + _CELL // 2}" cy="{y + _CELL // 2}" r="3" fill="white"/>')
    line = _BOUNDARY * _CELL + 1
    parts.append(f'<path d="M{line} 0V{side + 2}M0 {line}H{side + 2}" stroke="{INK}" stroke-width="2"/>')
    size = side + 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" viewBox="0 0 {size} {size}">'
        f"{''.join(parts)}</svg>"
    )


def _item(name: str, kind: str, text: str) -> Item:
    return Item(f"Box {name}", _drawing(kind), text)


BOXES = Exercise(
    id="06.match.boxes",
    title="Which box is which?",
    question=(
        "Four models hide behind the letters A to D. In each drawing a row is an output, a column a token"
        " of a sequence of"
        " seven, of which the first four are input; a dot means: changing this token changes this output."
        " And their next"
        " token:\n\n"
        "| box | can it write? | the boundary moves from 3 to 4 | the boundary moves from 0 to 1 |\n"
        "|---|---|---|---|\n"
        "| A | yes | probabilities change | probabilities stay |\n"
        "| B | no | | |\n"
        "| C | yes | probabilities stay | probabilities stay |\n"
        "| D | yes | probabilities change | it refuses to go without input |\n"
    ),
    talk="22:21",
    objective="tell structures apart by what they let through",
    difficulty=3,
    minutes=6,
    hints=(
        "Two drawings settle themselves: in which does a later token never matter, and in which always?",
        "A and D have the same drawing. What must a model with a separate cross-attention always have?",
        "An input of one token has nobody else to look at: so a model that treats input and target with the"
        " same weights"
        " cannot tell whether that token is input.",
    ),
    solution=(
        "**B** sees everything, and cannot write: encoder-only. **C** never looks ahead, wherever the"
        " boundary lies:"
        " decoder-only. **A** and **D** read the input both ways. **D** cannot do without input, because its"
        " cross-attention would have nothing to look at: encoder-decoder. **A** does not notice whether its"
        " first token is"
        " input, because both parts go through the same weights: prefix LM."
    ),
    kind=Match(
        left={
            "A": _item(
                "A", "blocks", "The four input tokens all reach each other's outputs; after that, a triangle."
            ),
            "B": _item("B", "all", "Every token reaches every output."),
            "C": _item("C", "causal", "One triangle: no token reaches an earlier output."),
            "D": _item(
                "D", "blocks", "The four input tokens all reach each other's outputs; after that, a triangle."
            ),
        },
        right={
            "encoder-decoder": Item("encoder-decoder"),
            "encoder-only": Item("encoder-only"),
            "decoder-only": Item("decoder-only"),
            "prefix LM": Item("prefix LM"),
        },
        pairs={"A": "prefix LM", "B": "encoder-only", "C": "decoder-only", "D": "encoder-decoder"},
        wrong_pairs={
            ("A", "encoder-decoder"): (
                "A works without any input. A separate cross-attention could not: it must have something to"
                " look at."
            ),
            ("D", "prefix LM"): (
                "D refuses to go without input. One stack for both parts would not mind: it has its own"
                " tokens to look at."
            ),
            (
                "A",
                "decoder-only",
            ): "In A later tokens of the input change earlier outputs; decoder-only never does that.",
            (
                "B",
                "encoder-decoder",
            ): "B cannot write, and lets every token reach every output, those at the end too.",
            ("B", "prefix LM"): "B cannot write; a prefix LM is a language model and can.",
            (
                "C",
                "prefix LM",
            ): "In C nothing ever reaches an earlier output; a prefix LM reads its input both ways.",
            ("C", "encoder-only"): "C writes, and never looks ahead; encoder-only is the reverse in both.",
            (
                "D",
                "decoder-only",
            ): "In D later tokens of the input change earlier outputs; decoder-only never does that.",
        },
    ),
    reference={"A": "prefix LM", "B": "encoder-only", "C": "decoder-only", "D": "encoder-decoder"},
    also_right={
        "in the order of the boxes": ["prefix LM", "encoder-only", "decoder-only", "encoder-decoder"]
    },
)

INTERFACE = Exercise(
    id="06.choice.interface",
    title="What must it show?",
    question=(
        "You may send text to a model whose structure is not published: it may be built in any of this"
        " course's ways. You want to know whether it reads its input **causally**. Which of these decides it,"
        " whichever way it comes out?"
    ),
    talk="22:21",
    objective="say which observation settles whether a model is causal, and which settles less",
    difficulty=2,
    minutes=4,
    hints=(
        "Causal means: no later token reaches an earlier output. What must you be shown to test just that?",
        "Any model whatever has some probabilities for the next token after a whole prompt.",
        "Take a causal encoder with weights of its own. What happens there when a token moves from the"
        " decoder's part to the encoder's?",
    ),
    solution=(
        "**The prompt's own token probabilities**, computed with the whole prompt in view: change a later"
        " token and see whether they move. Moving the boundary settles another question. If nothing changes,"
        " there is one causal stack: decoder-only. If something changes, the model is not decoder-only, but"
        " it may still be causal: an encoder with weights of its own, or a cross-attention, notices where the"
        " boundary lies, too. The next token alone settles nothing, for a model that reads both ways has one,"
        " too."
    ),
    kind=Choice(
        (
            Option(
                "prompt",
                "The probabilities of the prompt's own tokens, computed with the whole prompt in view.",
                "Change a later token: in a causal model the earlier probabilities stay as they are.",
                is_right=True,
            ),
            Option(
                "next",
                "The probabilities of the next token after any prompt you like.",
                "Every model that writes has these, however it reads. Nothing in them belongs to an earlier"
                " token.",
            ),
            Option(
                "boundary",
                "The answer's probabilities, and the freedom to count its first tokens as input, with no"
                " mark in between.",
                "That tells decoder-only from all others. But a causal encoder with weights of its own changes,"
                " too: a change does not say whether the input is read both ways.",
                credit=0.5,
            ),
            Option(
                "samples",
                "A million answers to the same prompt.",
                "They give the probabilities of the answers, as exactly as you like. But which prompt"
                " tokens saw which is"
                " not in them.",
            ),
            Option(
                "size",
                "The number of its parameters.",
                "Removing bidirectional reading changes a mask, not one parameter.",
            ),
        ),
    ),
    reference="prompt",
    also_right={"by its letter": "a"},
)
