"""The two drawn exercises of notebook 09: dials and what they test; who sees an instruction that stands last."""

from itertools import permutations

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.dial_drawings import DIALS, dial_description, dial_drawing
from destructure.exercises.kinds import Item, Mask, Match, WrongMask, causal_mistakes, causal_rows
from destructure.exercises.variants import Draw, varied

# --- assumptions -----------------------------------------------------------------------------------------------

_ASSUMPTIONS = {
    "S1": "S1: looking things up in the input is a job apart, with a softmax of its own",
    "S2": "S2: what is learned about the input is of no use for the target",
    "S3": "S3: what the target needs is there only after the last layer has read",
    "S4": "S4: a token is understood only with what stands after it",
}
_MISTAKEN = {
    ("length", "S2"): (
        "makes input and target longer or shorter. The lecturer suspects S2 there, too, but another dial"
        " changes how much the two have in common, and S2 is needed there."
    ),
    ("length", "S3"): "changes how many tokens there are, not how many layers they go through.",
    (
        "length",
        "S4",
    ): "does not touch the order of the input: nothing that matters moves behind or before a thing.",
    ("likeness", "S1"): (
        "lets both sides speak the same languages. Whose assumption is it that reading and writing have nothing"
        " to learn from each other?"
    ),
    ("likeness", "S4"): "changes which language is read and written, not the order of the tokens.",
    ("depth", "S4"): "changes how many layers there are; each token has the same neighbours as before.",
    (
        "depth",
        "S2",
    ): "changes both stacks alike; which structure cares how far the last layer is from the first?",
    (
        "position",
        "S3",
    ): "leaves the layers alone: what moves is a token, from the end of the input to its beginning.",
    ("position", "S1"): "moves one token inside the input; the target looks things up as before.",
}
# The default variant first, then every other order of the four panels.
_ORDERS = list(permutations(DIALS))


@varied("09.match.assumptions")
def assumptions(draw: Draw) -> Exercise:
    """Match four drawn dials with the structures whose assumptions they test; the order of the panels varies."""
    order = draw.pick("order", _ORDERS)
    panels = dict(zip("ABCD", order, strict=True))
    pairs = {letter: DIALS[name].answer for letter, name in panels.items()}
    letters = {name: letter for letter, name in panels.items()}
    return Exercise(
        id="09.match.assumptions",
        title="Which dial tests which assumption?",
        question=(
            "A structure builds an assumption about the task into the model. To test it, turn a **dial** that"
            " changes how well the assumption fits, and see whether the structure is worth more where it fits"
            " better. Four dials are drawn, each with its two ends. Match each dial with the structure whose"
            " assumption it tests; **use every structure once**."
        ),
        talk="27:09",
        objective="turn a structure into an assumption, and an assumption into a test",
        difficulty=2,
        minutes=4,
        hints=(
            "Say first what each drawing *changes*: a place, a number of layers, two lengths, two languages.",
            (
                f"Two are quick: dial {letters['position']} moves a token to where others can or cannot look back"
                f" at it, and dial {letters['depth']} changes how many layers there are to wait for."
            ),
            (
                f"Of the other two, dial {letters['likeness']} lets input and target share what they are made of,"
                f" dial {letters['length']} changes how the input and the text written so far compete for"
                " attention."
            ),
        ),
        solution=(
            f"**{letters['length']}, length: S1.** With one softmax, a long input and a short target share the"
            f" attention; S1 gives each its own. **{letters['likeness']}, likeness: S2.** Two sets of weights pay"
            " if the two sides are of different kinds, and waste what they could share if not."
            f" **{letters['depth']}, depth: S3.** The target waits for the last layer; the more layers, the more"
            f" may be lost on the way. **{letters['position']}, position: S4.** Where what to do is said last,"
            " only a bidirectional input reads the rest with that in mind. (The lecture's hypothesis about"
            " lengths, 27:09, is about S2, so the notebook turns that dial for S2 as well.)"
        ),
        kind=Match(
            left={letter: Item(f"Dial {letter}") for letter in panels},
            right={key: Item(words) for key, words in _ASSUMPTIONS.items()},
            pairs=pairs,
            wrong_pairs={
                (letters[name], structure): f"Dial {letters[name]} {message}"
                for (name, structure), message in _MISTAKEN.items()
            },
            drawing=dial_drawing(order),
            description=dial_description(order),
        ),
        reference=pairs,
        also_right={"in the order of the panels": list(pairs.values())},
        parameters={"order": list(order)},
        effort={"pairs": 4},
    )


# --- the instruction last --------------------------------------------------------------------------------------

_TOKENS = ("d", "red", "a", "blue", "tell", "colour", "[BOS]")
_INPUT, _THINGS = 6, 4
_PLACES = range(len(_TOKENS))
_CAUSAL = causal_rows(len(_TOKENS))
_BOTH_WAYS = tuple(
    tuple(int(key < _INPUT if query < _INPUT else key <= query) for key in _PLACES) for query in _PLACES
)


def _instruction_first(query: int, key: int) -> bool:
    """What would be visible if "tell colour" stood before the things; rows and columns stay where they are."""
    is_instruction = range(_THINGS, _INPUT)
    if query in is_instruction and key < _THINGS:
        return False
    return key <= query or (query < _THINGS and key in is_instruction)


INSTRUCTION = Exercise(
    id="09.mask.instruction",
    title="Who knows what is asked?",
    question=(
        "The input is a list of two things, then the instruction: `d red a blue tell colour` (thing d is red,"
        " thing a is blue; tell their colours). After it comes `[BOS]`, where the target begins. The input is"
        " **causal**. Paint what each token may see. Then look at the two columns of the instruction, `tell`"
        " and `colour`: whose states can know what is asked?"
    ),
    talk="33:05",
    objective="see in a mask what a causal input cannot know when the instruction comes last",
    difficulty=1,
    minutes=3,
    hints=(
        "In a causal input a token sees itself and what stands to its left, and nothing else.",
        "The instruction stands to the right of both things. Which rows have it on their left?",
        "Row t sees columns 1 to t, in the input and in the target alike: one lower triangle.",
    ),
    solution=(
        "One lower triangle. In the columns of the instruction only the instruction itself and `[BOS]` are"
        " painted: the states of the things were made without knowing that colours would be asked for, so they"
        " must keep names and colours alike, and the target has to pick. With the instruction *first*, every"
        " thing would see it; with a bidirectional input (S4), too."
    ),
    kind=Mask(
        _TOKENS,
        _TOKENS,
        _CAUSAL,
        (
            *causal_mistakes(len(_TOKENS)),
            WrongMask(
                "bidirectional",
                _BOTH_WAYS,
                "Here the input is read in both directions, as with S4: the things see the instruction. In a"
                " causal input they do not.",
            ),
            WrongMask(
                "instruction first",
                tuple(tuple(int(_instruction_first(query, key)) for key in _PLACES) for query in _PLACES),
                "So it would be with the instruction *first*: every thing sees it. Here it stands last.",
            ),
            WrongMask(
                "target sees the instruction only",
                tuple(
                    tuple(int(key >= _THINGS or query < _INPUT) * _CAUSAL[query][key] for key in _PLACES)
                    for query in _PLACES
                ),
                "`[BOS]` sees the instruction, but no things: then it knows what is asked, and not of what.",
            ),
        ),
    ),
    reference=[list(row) for row in _CAUSAL],
    also_right={
        "as text": "1000000\n1100000\n1110000\n1111000\n1111100\n1111110\n1111111",
        "as truth values": [[key <= query for key in _PLACES] for query in _PLACES],
    },
)
