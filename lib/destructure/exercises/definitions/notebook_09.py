"""Exercises of notebook 09, "When each structure pays" (CS25 V4, 27:09 to 35:15)."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions.advantage_code import ADVANTAGE
from destructure.exercises.definitions.dial_exercises import INSTRUCTION, assumptions
from destructure.exercises.definitions.flan_exercises import CONFOUNDS, START
from destructure.exercises.kinds import Choice, Option, Prediction

TITLE = "When each structure pays"

# --- predictions -----------------------------------------------------------------------------------------------

ROLE_SWAP = Exercise(
    id="09.prediction.role_swap",
    title="Predict: does what was learned in one role help in the other?",
    question=(
        "Models learn to translate 5,000 numbers from English to German, and **500** of them also back, from German"
        " to English. They are tested on the way **back**, on unseen numbers. Two encoder-decoders are compared: one"
        " with separate parameters for input and target (S2), one that shares them; all else is the same, and so is"
        " the compute. At the largest budget, how many **points of exact match** is the *shared* one ahead, on"
        " average over the seeds? (−100 to 100; below 0: separate parameters are ahead.)"
    ),
    talk="27:09",
    objective="turn the lecture's argument about separate parameters into a number that can be wrong",
    difficulty=2,
    minutes=3,
    hints=(
        "With separate parameters, German is learned by the decoder from 5,000 pairs. Who reads it on the way"
        " back?",
        "For a number below 0: separate parameters are nearly twice as many, and each has one job only.",
        "Near 0 it must be if both learn the way back perfectly, or if neither learns it at all.",
    ),
    solution=(
        "The reveal shows every seed. Above 0 it is what the lecture's argument leads one to expect: what was"
        " learned about German as a target can be used to read German, if the weights are the same. Around or"
        " below 0, something else counts for more here."
    ),
    kind=Prediction("points that sharing is ahead", lowest=-100, highest=100, unit="points", widest=0.5),
    reference={"guess": 10, "low": -15, "high": 45},
    also_right={
        "as a list": [0, -10, 10],
        "separate ahead": {"guess": -30, "low": -60, "high": -5},
    },
)

READ_OUT = Exercise(
    id="09.prediction.read_out",
    title="Predict: what does the last encoder layer still know?",
    question=(
        "If the final layer is a bottleneck, it should have lost something that the first layer still had. So take"
        " an encoder-decoder with **4** layers a stack, trained on number translation, and let a *linear read-out*"
        " (one matrix and a softmax, trained on the frozen states) say for each input token **which token stands"
        " here**. After the *last* encoder layer: what **per cent** of the tokens of unseen inputs does it name"
        " right, on average over the seeds?"
    ),
    talk="31:43",
    objective="say beforehand what a bottleneck would look like in a measurement",
    difficulty=2,
    minutes=3,
    hints=(
        "Each layer *adds* to the state (the residual sum). Does adding erase?",
        "On the other side: nobody trains the encoder to keep the token. The decoder may need something else.",
        "100 means that nothing is lost that a matrix can find; below that, a linear read-out misses something,"
        " which may still be there in another form.",
    ),
    solution=(
        "The figure below shows every layer, every seed, and the untrained model beside it. If the share is"
        " near 100 at the last layer, final-layer memory has not lost the token; if it is far below, the"
        " lecture's worry is real here. Either way this is about *one* kind of information on a small task."
    ),
    kind=Prediction("per cent of tokens named right", lowest=0, highest=100, unit="%"),
    reference={"guess": 80, "low": 50, "high": 100},
    also_right={"as a tuple": (99, 95, 100), "much lost": {"guess": 30, "low": 10, "high": 60}},
)

# --- wrap-up ---------------------------------------------------------------------------------------------------

WRAP_UP = Exercise(
    id="09.choice.wrap_up",
    title="What do the words say?",
    question=(
        "One contrast of two arms is called *free*, *helps*, *hurts* or *unsettled*; the lecture's reasoning about"
        " a structure is *supported*, *complicated* or *contradicted* by its dial. Choose every statement that is"
        " true of these words as the plan defines them, whatever the numbers turn out to be."
    ),
    talk="27:09",
    objective="say what a verdict word means, and what it leaves open",
    difficulty=2,
    minutes=4,
    hints=(
        "The first four words are about one setting of a dial, the other three about what the whole dial shows: for"
        " S2 to S4 the difference of its ends, for S1 whether both ends are free.",
        "*Free* is tried first: does the 90% interval lie within the margin? Only then is 0 looked at.",
        "Three are true: one about two ends, one about a small advantage, one about more seeds.",
    ),
    solution=(
        "*Helps* is about one setting. *Contradicts* is about the dial: the advantage changes the wrong way from end"
        " to end (of S1 the lecture expects that it is free at both). So both may be true of one structure. *Free*"
        " needs a narrow interval near 0, which need not hold 0. *Unsettled* is about"
        " what these seeds can tell. None of the words speaks of large models, of the reason why, or of an arm"
        " that has learned its task: those are named beside the verdict."
    ),
    kind=Choice(
        (
            Option(
                "both_ends",
                "A structure may *help* at both ends of its dial, and the lecture's reasoning about it be"
                " *contradicted*.",
                "The verdict is about what happens *along* the dial.",
                is_right=True,
            ),
            Option(
                "free_null",
                "*Free* means that no significant difference was found.",
                "With few or noisy seeds that is often so; *free* needs the whole 90% interval within the margin.",
            ),
            Option(
                "scale",
                "*Contradicts* means that the lecture is wrong about large language models.",
                "It speaks of the lecture's reasoning on these small tasks; nothing here was run at that scale.",
            ),
            Option(
                "small",
                "A contrast may be *free* although its interval does not hold 0.",
                "A difference can be certain and yet too small to count.",
                is_right=True,
            ),
            Option(
                "reason",
                "*Supports* shows that the assumption is the reason why the structure pays.",
                "The two ends of a dial differ in more than one thing (in how hard they are, for one), so the reason"
                " stays open.",
            ),
            Option(
                "more_seeds",
                "*Unsettled* speaks of what these seeds can tell; more seeds could make it any of the other three.",
                "It is no finding that nothing happens.",
                is_right=True,
            ),
            Option(
                "learned",
                "*Helps* means that the arm with the structure has learned its task.",
                "Both arms may have failed, one of them less; arms below 90% are named beside each verdict.",
            ),
        ),
        several=True,
    ),
    reference=["both_ends", "small", "more_seeds"],
    also_right={"letters": ["a", "d", "f"], "in one line": "a, d, f"},
)

EXERCISES = (
    assumptions,
    ADVANTAGE,
    START,
    CONFOUNDS,
    ROLE_SWAP,
    READ_OUT,
    INSTRUCTION,
    WRAP_UP,
)
