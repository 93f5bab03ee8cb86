"""Exercises of notebook 08, "Removing structure" (CS25 V4, 23:32 to 27:03; the registered experiment)."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.removal_code import FACTOR, SIGN_FLIP
from destructure.exercises.drawings import curves
from destructure.exercises.kinds import (
    Choice,
    Item,
    Match,
    Number,
    Option,
    Prediction,
    Switchboard,
    WrongValue,
)
from destructure.structure import Structure

TITLE = "Removing structure"

SEEDS = Exercise(
    id="08.prediction.seeds",
    title="Predict: what does a seed alone change?",
    question=(
        "The same encoder-decoder (width 32) is trained many times with 4 · 10¹⁰ FLOPs. Task, data,"
        " learning rate and"
        " number of steps are the same; only the random numbers differ: the first weights and the order of"
        " the examples. How"
        " many **points of exact match** lie between the worst and the best run? (0: all alike; 100: from"
        " none right to all"
        " right.)"
    ),
    talk="26:27",
    objective="put a number on the spread over seeds before comparing anything",
    difficulty=1,
    minutes=2,
    hints=(
        "Training is at its steepest somewhere: a model that takes off a little later is far behind at"
        " that moment.",
        "At 4 · 10¹⁰ FLOPs this model is neither useless nor perfect.",
        "In notebook 06, seeds of one arm differed by some tens of points where the curve was steep.",
    ),
    solution=(
        "The reveal shows what the stored runs did. Where the curve is steep, a small difference in *when*"
        " a run takes off"
        " is a large difference in *how far* it is. So one run an arm can rank two models in either order."
    ),
    kind=Prediction("points between the worst and the best run", lowest=0, highest=100),
    reference={"guess": 30, "low": 10, "high": 60},
    also_right={"as a tuple": (5, 1, 20), "a large spread": {"guess": 80, "low": 60, "high": 95}},
)

WORTH = Exercise(
    id="08.prediction.worth",
    title="Predict: what is the whole structure worth?",
    question=(
        "Take the encoder-decoder at a small budget, 2 · 10¹⁰ FLOPs. **How many times as much compute**"
        " does the decoder-only"
        " model need to get the same loss? 2 means twice as much (the four structures help), 0.5 half as"
        " much (they stand in"
        " the way), 1 the same."
    ),
    talk="26:27",
    objective="state a compute factor with an interval before seeing it",
    difficulty=2,
    minutes=3,
    hints=(
        "The lecture says: structure helps while compute is small. Then the factor at a small budget"
        " is above 1.",
        "Notebook 06 compared the two on another set of numbers, from 5 · 10¹⁰ FLOPs on.",
        "A factor of 10 or of 0.1 would be very large for an edit that changes no more than half of the"
        " weights.",
    ),
    solution=(
        "The reveal shows the stored factor. What counts is on which side of 1 your interval lies: that is"
        " a statement about"
        " the lecture's thesis that the data can contradict."
    ),
    kind=Prediction("times the compute that decoder-only needs", lowest=0, highest=5),
    reference={"guess": 1, "low": 0.5, "high": 2},
    also_right={"helps a lot": {"guess": 3, "low": 2, "high": 4}, "as a tuple": (0.5, 0.2, 0.9)},
)

_BUDGETS = [10 + 0.25 * step for step in range(7)]


def _line(*values: float) -> list[tuple[float, float]]:
    return list(zip(_BUDGETS, values, strict=True))


_FACTORS = {
    "A": _line(1.9, 1.7, 1.45, 1.2, 0.95, 0.75, 0.6),
    "B": _line(1.01, 0.99, 1.02, 1.0, 0.98, 1.01, 1.0),
    "C": _line(0.55, 0.55, 0.56, 0.55, 0.54, 0.55, 0.55),
    "D": _line(2.0, 1.9, 1.78, 1.66, 1.55, 1.45, 1.36),
}

VERDICTS = Exercise(
    id="08.match.verdicts",
    title="Which verdict?",
    question=(
        "Four compute factors κ over compute (drawn for this exercise, not measured; imagine every"
        " interval as narrow as the"
        " line). Give each the verdict that the registered rule gives."
    ),
    talk="11:24",
    objective="read the verdict on the thesis off a compute factor",
    difficulty=2,
    minutes=3,
    hints=(
        "First look at the smallest budget: is κ above 1 there?",
        "Then at the slope, and at whether κ goes below 1 further right.",
        "A starts above 1 and ends below it; D starts above 1 and falls, but stays above.",
    ),
    solution=(
        "**A** helps first and hinders later: *supported*. **B** is within 0.9 to 1.1 everywhere:"
        " *equivalent*, removing the"
        " structure is free. **C** is below 1 from the start: *contradicted*, it never helped. **D**"
        " helps, and less and less,"
        " but does not hinder within the range: *weakly supported*."
    ),
    kind=Match(
        left={label: Item(f"Curve {label}") for label in _FACTORS},
        right={
            "equivalent": Item("equivalent"),
            "weakly supported": Item("weakly supported"),
            "supported": Item("supported"),
            "contradicted": Item("contradicted"),
        },
        pairs={"A": "supported", "B": "equivalent", "C": "contradicted", "D": "weakly supported"},
        wrong_pairs={
            (
                "A",
                "weakly supported",
            ): "Curve A goes below 1 further right: there the structure stands in the way.",
            ("A", "contradicted"): "Curve A begins above 1: with little compute the structure helps.",
            ("B", "contradicted"): (
                "Curve B stays within 0.9 to 1.1: removing the structure costs nothing and gains nothing."
            ),
            ("B", "supported"): "Curve B never leaves the margin around 1; it neither helps nor hinders.",
            (
                "C",
                "supported",
            ): "Curve C is below 1 at the smallest budget already: the structure never helped.",
            (
                "C",
                "equivalent",
            ): "Curve C is flat, but far from 1: without the structure half the compute is enough.",
            ("C", "weakly supported"): "Curve C never lies above 1, so the structure helps nowhere.",
            (
                "D",
                "supported",
            ): "Curve D falls, but it never goes below 1: nowhere does the structure stand in the way.",
            (
                "D",
                "contradicted",
            ): "Curve D begins above 1 and falls, as the thesis says; only the crossing is missing.",
        },
        drawing=curves(
            list(_FACTORS.items()), across="compute, powers of ten of FLOPs", up="compute factor κ"
        ),
        description=(
            "Four curves of the compute factor from 10 to 11.5. A falls from 1.9 to 0.6 and crosses 1. B"
            " stays at 1. C stays"
            " at 0.55. D falls from 2 to 1.36."
        ),
    ),
    reference={"A": "supported", "B": "equivalent", "C": "contradicted", "D": "weakly supported"},
    also_right={
        "in the order of the curves": ["supported", "equivalent", "contradicted", "weakly supported"]
    },
)

T5_SHARED = Exercise(
    id="08.switchboard.t5",
    title="Find T5's variant in our cube",
    question=(
        "T5's table has a variant called *Encoder-decoder, shared*: an encoder and a decoder with"
        " cross-attention, the decoder"
        " reads the encoder's last layer, the encoder reads in both directions; but **both stacks use the"
        " same weights**."
        " Set the four switches to the corner of our cube that comes closest."
    ),
    talk="24:30",
    objective="name a published architecture by its four switches",
    difficulty=1,
    minutes=2,
    hints=(
        "Which row of the lecture's table does shared weights belong to?",
        "Everything else stays as in the encoder-decoder.",
        "Switch off S2, and nothing else.",
    ),
    solution=(
        "Only S2 is off: `S1 -- S3 S4`. It is not on the lecture's ladder, which removes S1 first; in"
        " a cube of all sixteen corners T5's path and the lecture's are two ways down."
    ),
    kind=Switchboard(
        start=Structure.ENCODER_DECODER,
        wanted=(Structure.ENCODER_DECODER.without("separate_parameters"),),
        why={
            "separate_cross_attention": "T5's shared variant keeps its cross-attention.",
            "separate_parameters": "Both stacks use the same weights: that is what S2 is about.",
            "final_layer_memory": "Its decoder reads the encoder's last layer, as before.",
            "bidirectional_input": "Its encoder still reads in both directions.",
        },
        wrong_corners={
            Structure.PREFIX_LM.code: "This is T5's next variant, the prefix language model: one stack, one softmax.",
            Structure.DECODER_ONLY.code: "This is T5's causal language model, with all four removed.",
        },
    ),
    reference="S1 -- S3 S4",
    also_right={"as truth values": [True, False, True, True]},
)

_CELLS = {"both": 0.2, "first": 0.5, "second": 0.4, "none": 0.4}
_INTERACTION = ((_CELLS["both"] - _CELLS["second"]) - (_CELLS["first"] - _CELLS["none"])) / 2

INTERACTION = Exercise(
    id="08.number.interaction",
    title="An interaction by hand",
    question=(
        "Four corners, two switches A and B (made-up losses): both present 0.2; only A present 0.5; only B"
        " present 0.4; none"
        " present 0.4. The **interaction** is half of the difference between what A does when B is present"
        " and what A"
        " does when B is absent. How large is it (in nats a token)? Mind the sign."
    ),
    talk="23:32",
    objective="compute an interaction of two switches",
    difficulty=2,
    minutes=4,
    hints=(
        "What does A do when B is present? And when B is absent?",
        "With B: 0.2 − 0.4. Without B: 0.5 − 0.4.",
        "Half of (−0.2) − (+0.1).",
    ),
    solution=(
        "With B, A lowers the loss by 0.2; without B, it raises it by 0.1. The interaction is (−0.2 − 0.1)"
        " / 2 = −0.15. So"
        " whoever removes B first finds A harmful, and whoever removes A first finds it useful: with an"
        " interaction, the order"
        " of removal decides the story."
    ),
    kind=Number(
        answer=_INTERACTION,
        unit="nats a token",
        tolerance=0.004,
        wrong_values=(
            WrongValue("not halved", 2 * _INTERACTION, "Nearly: take half of the difference.", 0.7),
            WrongValue(
                "main effect",
                ((0.2 - 0.4) + (0.5 - 0.4)) / 2,
                "This is the main effect of A, the mean of what it does in both cases; the interaction is"
                " about their"
                " difference.",
                0.4,
            ),
            WrongValue(
                "sign turned round",
                -_INTERACTION,
                "The sign is turned round: take A's effect with B minus A's effect without B.",
                0.6,
            ),
            WrongValue(
                "only with B",
                0.2 - 0.4,
                "This is what A does when B is present; compare it with B absent.",
                0.3,
            ),
        ),
        lowest=-1,
        highest=1,
        steps=4,
    ),
    reference=-0.15,
    also_right={"with its unit": "-0.15 nats a token"},
)

CORRECTED = Exercise(
    id="08.number.corrected",
    title="What eight seeds can show at best",
    question=(
        "An exact sign-flip test of **8** paired seeds: if the structure does nothing, every difference is"
        " as likely to be"
        " above as below 0. What is the smallest *corrected* p value (two-sided) that one of **8** tests"
        " can reach when they"
        " are corrected by Holm's method (the smallest p value is multiplied by the number of tests)?"
    ),
    talk="26:27",
    objective="tell before an experiment what it cannot show",
    difficulty=2,
    minutes=4,
    hints=(
        "How many ways are there to flip the signs of eight differences?",
        "Of 2⁸ = 256 flips, two are the most extreme: all plus and all minus.",
        "8 · 2 / 256.",
    ),
    solution=(
        "2 / 256 = 0.0078, times 8 tests = **0.0625**. So no corrected p value can fall below 5%, however"
        " clear the data are."
        " That follows from counting, and could have been seen before the plan was registered; it was not."
        " The verdicts rest"
        " on intervals, which this does not touch. Nine seeds would have been enough: 8 · 2 / 512 = 0.031."
    ),
    kind=Number(
        answer=0.0625,
        tolerance=0.0006,
        wrong_values=(
            WrongValue(
                "not corrected", 2 / 256, "This is one test's smallest p value; there are eight.", 0.5
            ),
            WrongValue(
                "one-sided",
                8 / 256,
                "Two flips are the most extreme: all plus and all minus (two-sided).",
                0.6,
            ),
            WrongValue(
                "threshold divided",
                0.05 / 8,
                "This is 5% divided by the number of tests: the bar, not what the data can reach.",
                0.3,
            ),
            WrongValue("in percent", 6.25, "Give a share between 0 and 1, not percent.", 0.8),
        ),
        lowest=0,
        steps=3,
    ),
    reference=0.0625,
    also_right={"as a division": "16/256"},
)

GAP = Exercise(
    id="08.choice.gap",
    title="A gap that closes",
    question=(
        "Two models are compared from little to much compute. The difference of their losses shrinks from"
        " 0.5 to 0.01 nats."
        " Somebody concludes: *with enough compute, the structure no longer matters*. What is wrong?"
    ),
    talk="11:24",
    objective="say why a compute factor is measured and not a gap of losses",
    difficulty=2,
    minutes=2,
    hints=(
        "What happens to any two losses that fall towards the same floor?",
        "Suppose one model always needs twice the compute of the other. What does the gap do?",
        "The factor of compute stays 2, the gap goes to 0.",
    ),
    solution=(
        "Both curves fall towards the same floor, so the gap shrinks whatever the structure does. Ask"
        " instead how much more"
        " *compute* one needs to match the other: if that is always twice as much, the structure matters"
        " as much as ever."
    ),
    kind=Choice(
        (
            Option(
                "seeds",
                "Nothing, if there are enough seeds.",
                "Seeds make the gap precise; what the gap means stays the same.",
            ),
            Option(
                "logarithm",
                "The axis of compute should have been linear.",
                "The axis changes how the curve looks, not that both losses near the same floor.",
            ),
            Option(
                "floor",
                "Both losses near the same floor, so the gap shrinks even if one always needs twice the"
                " compute.",
                "A compute factor does not depend on the floor.",
                is_right=True,
            ),
            Option(
                "larger",
                "The gap should have grown if structure hinders.",
                "It may shrink while the other model catches up, or cross; the size of the gap alone does"
                " not tell.",
                credit=0.2,
            ),
        )
    ),
    reference="floor",
    also_right={"its letter": "c"},
)

WRAP_UP = Exercise(
    id="08.choice.wrap_up",
    title="What may be concluded?",
    question="Choose every statement that this notebook's method supports, whatever its numbers turn out to be.",
    talk="26:46",
    objective="say what a registered experiment on one small task can and cannot show",
    difficulty=2,
    minutes=3,
    hints=(
        "Two statements are true of the method, not of the results.",
        "What did the plan fix before the runs? And how far does the range reach?",
        "Look for the statements about verdicts and about the order of removal.",
    ),
    solution=(
        "Verdicts are computed from intervals by rules that were written down first, and all sixteen"
        " corners are needed"
        " because what a structure does may depend on the others. The rest claims more than one task, a"
        " small range or a"
        " non-significant test can carry."
    ),
    kind=Choice(
        (
            Option(
                "rules",
                "A verdict comes from intervals, by a rule that was fixed before the runs.",
                "The rule stands in the registration.",
                is_right=True,
            ),
            Option(
                "scale",
                "A verdict of “contradicted” refutes the lecture for large language models.",
                "The range ends many orders of magnitude below them, on one made-up task.",
            ),
            Option(
                "corners",
                "The ladder alone cannot tell a structure's effect from the order of removal.",
                "An interaction shows up only where the surroundings vary.",
                is_right=True,
            ),
            Option(
                "null",
                "A p value above 5% shows that removing the structure is free.",
                "“Not significant” may mean too few seeds; “free” needs an interval inside 0.9 to 1.1.",
            ),
            Option(
                "diverged",
                "Runs that diverge or never take off are left out, so that they do not distort the mean.",
                "Leaving them out would make the arm that fails look better; they count as failures.",
            ),
        ),
        several=True,
    ),
    reference=["rules", "corners"],
    also_right={"letters": ["a", "c"]},
)

EXERCISES = (
    SEEDS,
    WORTH,
    FACTOR,
    VERDICTS,
    SIGN_FLIP,
    CORRECTED,
    INTERACTION,
    T5_SHARED,
    GAP,
    WRAP_UP,
)
