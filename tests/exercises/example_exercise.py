"""The exercise that CONTRIBUTING.md adds, as it would stand in a definitions file: at most 30 lines."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Mask, causal_mistakes, causal_rows
from destructure.exercises.wrong_answers import Wrong

# The exercise: in definitions/notebook_06.py
TOKENS = ("[BOS]", "That", "is")

EXAMPLE = Exercise(
    id="06.mask.input",
    title="The input's mask in a decoder-only model",
    question="In a decoder-only model the **input** stands in the same causal sequence. Paint its mask.",
    talk="22:21",
    objective="see that a decoder-only model reads its input causally, too",
    difficulty=1,
    minutes=2,
    hints=(
        "Which tokens may “That” see?",
        "There is one mask for everything that stands in the sequence.",
        "It is the lower triangle, the diagonal included.",
    ),
    solution="One causal mask covers input and target: the lower triangle.",
    kind=Mask(TOKENS, TOKENS, causal_rows(3), causal_mistakes(3)),
    reference=[[1, 0, 0], [1, 1, 0], [1, 1, 1]],
    also_right={"as text": "100\n110\n111"},
)
# End of the exercise

# Its wrong answers: in wrong_answers/notebook_06.py
WRONG = {
    "bidirectional": Wrong("111\n111\n111", "Everything is visible"),
    "mask off by one": Wrong("000\n100\n110", "Off by one"),
    "future leak": Wrong("110\n111\n111", "One step too many"),
}
