"""Exercises of notebook 07, "Four differences" (CS25 V4, 23:32 to 27:03)."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.edit_exercises import EDITS, JOINT
from destructure.exercises.definitions.edit_riddles import forensics, saving
from destructure.exercises.kinds import Choice, Option, Prediction

TITLE = "Four differences"

CLOSER = Exercise(
    id="07.prediction.closer",
    title="Predict: closer than twice?",
    question=(
        "The same model is trained twice, with two seeds: the mean distance of the two results counts as"
        " **100**. Now two"
        " *different* models, the edited encoder-decoder (two softmaxes) and decoder-only (one softmax),"
        " are trained from the"
        " same first weights on the same examples in the same order, for 300 steps. How far apart are they,"
        " on this scale?"
        " (0: the same function. 100: as far apart as the same model trained twice. 200: twice as far.)"
    ),
    talk="26:27",
    objective="commit to an expectation about a claim of the lecture before it is measured",
    difficulty=2,
    minutes=2,
    hints=(
        "The lecturer's guess is a number below 100.",
        (
            "For a low number: same first weights, same examples. For a high one: another function from the"
            " very first step."
        ),
        "Training can take a small difference and make it large, or lead both to the same answers.",
    ),
    solution="The result stands in the figure below, with every seed. Compare it with your interval.",
    kind=Prediction(
        "distance, where the same model trained twice has 100", lowest=0, highest=300, widest=0.6
    ),
    reference={"guess": 80, "low": 40, "high": 140},
    also_right={
        "as a list": [120, 80, 200],
        "a guess that will turn out wrong": {"guess": 5, "low": 0, "high": 20},
    },
)

LEFT_OVER = Exercise(
    id="07.choice.left_over",
    title="What is left after four edits?",
    question=(
        "The lecture's first edit lets cross-attention *borrow* the matrices of self-attention. Make all"
        " four edits in this way."
        " Which differences from a decoder-only model are left?"
    ),
    talk="26:27",
    objective="name what the lecture's four edits leave over",
    difficulty=2,
    minutes=4,
    hints=(
        "Borrowed matrices do not make one attention out of two: in which order are the two run?",
        "Count parameters in units of L d², and count sub-layers in a target layer.",
        "Two of the five are left; the other three are what the edits removed.",
    ),
    solution=(
        "**Two softmaxes**: a target token gives its whole attention to the target and then once more to"
        " the input, where one"
        " softmax would share it out. And **one more sub-layer** in each target layer, with a residual sum"
        " and FLOPs of its own,"
        " about 8% with equally long parts. The large matrices are equally many, every layer reads its own"
        " level, and the"
        " input is causal."
    ),
    kind=Choice(
        (
            Option(
                "softmaxes",
                "The weights of a target token sum to 1 over the target, and once more to 1 over the input.",
                "Two softmaxes are left: nothing in borrowing the matrices merges them.",
                is_right=True,
            ),
            Option(
                "parameters",
                "It has about one third more parameters in its stacks.",
                (
                    "Borrowed matrices are counted once: 12 L d² are left, as in decoder-only (and one"
                    " vector a layer more)."
                ),
            ),
            Option(
                "sublayer",
                "A target layer has one more sub-layer, and costs more FLOPs.",
                "The second attention still asks with queries and has an output of its own.",
                is_right=True,
            ),
            Option(
                "final",
                "Target layer 1 reads a fully processed input.",
                "That was edit 3: now layer 1 reads what input layer 1 reads.",
            ),
            Option(
                "future",
                "Input tokens see later input tokens.",
                "That was edit 4: the input is causal now.",
            ),
        ),
        several=True,
    ),
    reference=["softmaxes", "sublayer"],
    also_right={"by letters": ["a", "c"], "in one line": "a, c"},
)

SAME_FUNCTION = Exercise(
    id="07.choice.same_function",
    title="The edit that only takes away",
    question=(
        "Suppose you may choose the weights of the model *before* an edit as you like. For which edit can"
        " they be chosen so that the"
        " model before computes exactly what **any** given model after it computes, whatever the input?"
    ),
    talk="23:32",
    objective="tell an edit that removes freedom from edits that change the computation",
    difficulty=2,
    minutes=3,
    hints=(
        "Look for an edit after which the set of possible functions is a part of the set before.",
        "Which edit says “these two must be equal”, and nothing else?",
        "Two stacks may happen to hold the same numbers.",
    ),
    solution=(
        "**Edit 2.** Copy the one stack into both, and nothing changes: sharing only forbids the two to"
        " differ. The other three change"
        " what is computed: where the softmax sums, which states are read, what is visible. In this sense"
        " S2 alone is freedom that is"
        " taken away, and S1, S3 and S4 are other ways of wiring. (The question from the audience whether"
        " sharing and"
        " causality are not *more* structure has a point here.)"
    ),
    kind=Choice(
        (
            Option(
                "S1",
                "Edit 1: one softmax in place of two.",
                (
                    "Two softmaxes, one after the other, cannot share one sum between input and target for"
                    " every input."
                ),
            ),
            Option(
                "S2",
                "Edit 2: one stack for both parts.",
                "Put the same numbers into both stacks: the same logits, exactly.",
                is_right=True,
            ),
            Option(
                "S3",
                "Edit 3: layer l reads layer l.",
                "The first target layer would have to read states that the final layer no longer has.",
            ),
            Option(
                "S4",
                "Edit 4: causal input.",
                "Weights have no way to hide later tokens at every length; a mask does it.",
            ),
        )
    ),
    reference="S2",
    also_right={"its letter": "b", "its text": "Edit 2: one stack for both parts."},
)

EXERCISES = (CLOSER, JOINT, EDITS, forensics, saving, LEFT_OVER, SAME_FUNCTION)
