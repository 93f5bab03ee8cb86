"""Two questions on the comparison behind the lecture's hypothesis about lengths: Flan's table 5 (notebook 09)."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Choice, Number, Option, WrongValue

T5_XXL = (-2.9, 23.7)
"""Score before and after tuning, as in `data/flan_gains.csv` (a test compares them)."""
PALM_8B = (6.4, 21.9)

_START = PALM_8B[0] - T5_XXL[0]
_END = T5_XXL[1] - PALM_8B[1]
_T5_GAIN, _PALM_GAIN = T5_XXL[1] - T5_XXL[0], PALM_8B[1] - PALM_8B[0]
_MORE = _T5_GAIN - _PALM_GAIN
_SHARE = 100 * _START / _MORE

START = Exercise(
    id="09.number.flan",
    title="Where a gain begins",
    question=(
        "In Flan's table 5, the two models nearest in size are T5-XXL (encoder-decoder, 11 billion parameters) and"
        f" PaLM 8B (decoder-only). Tuning takes T5-XXL from **−{-T5_XXL[0]}** to **{T5_XXL[1]}** points"
        f" (+{_T5_GAIN:.1f}), and PaLM 8B from **{PALM_8B[0]}** to **{PALM_8B[1]}** (+{_PALM_GAIN:.1f}). So T5 gained"
        f" {_MORE:.1f} points more. If both had *ended* at the same score, some of this lead in gain would still be"
        " there, because T5 *started* lower. **What share of the lead is that, in per cent?**"
    ),
    talk="27:09",
    objective="tell how much of a difference of gains is a difference of starting points",
    difficulty=2,
    minutes=3,
    hints=(
        "A gain is end minus start, so a difference of two gains has two parts: one from the ends, one from the"
        " starts.",
        "How many points lower did T5 start? How many points higher did it end?",
        f"The starts differ by {PALM_8B[0]} + {-T5_XXL[0]} points; divide by {_MORE:.1f}.",
    ),
    solution=(
        f"T5 started {_START:.1f} points lower and ended {_END:.1f} points higher: {_START:.1f} + {_END:.1f} ="
        f" {_MORE:.1f}. So {_START:.1f} / {_MORE:.1f} = **{_SHARE:.0f}%** of the lead in gain is a lower start, and"
        f" {100 - _SHARE:.0f}% a higher end. The gain alone does not tell the two apart; and a model of 11 billion"
        " parameters may end a little higher than one of 8 billion for other reasons than its architecture."
    ),
    kind=Number(
        answer=_SHARE,
        unit="%",
        tolerance=0.5,
        other_units={"percent": 1, "per cent": 1},
        wrong_values=(
            WrongValue(
                "share of the ends",
                100 - _SHARE,
                "This is the other part: how much of the lead comes from a higher *end*.",
                0.5,
            ),
            WrongValue(
                "share of its own gain",
                100 * _START / _T5_GAIN,
                f"This is a share of T5's whole gain; the question is about the {_MORE:.1f} points it gained *more*.",
                0.4,
            ),
            WrongValue(
                "up to zero",
                100 * -T5_XXL[0] / _T5_GAIN,
                "This is the share of T5's gain that only brings it up to 0; compare its start with PaLM's start.",
                0.3,
            ),
            WrongValue(
                "ratio of gains",
                100 * _PALM_GAIN / _T5_GAIN,
                "This compares the two gains; take the gains apart into starts and ends first.",
                0.2,
            ),
            WrongValue(
                "points",
                _START,
                f"So many *points* lower did it start; now divide by the {_MORE:.1f} points of the lead.",
                0.5,
            ),
            WrongValue(
                "fraction", _SHARE / 100, "Right as a fraction of 1; the question asks for per cent.", 0.8
            ),
        ),
        lowest=0,
        highest=100,
        steps=3,
    ),
    reference=round(_SHARE, 1),
    also_right={"with its unit": f"{_SHARE:.0f} %", "as a division": "930/11.1"},
)

CONFOUNDS = Exercise(
    id="09.choice.confounds",
    title="What else differed?",
    question=(
        "The same instruction tuning raised T5-XXL (encoder-decoder) by 26.6 points, and no PaLM model (decoder-only)"
        " by more than 15.5. The lecturer was surprised, and suspects the separate parameters. Which **other**"
        " differences between the T5 rows and the PaLM rows of the table could explain it as well?"
    ),
    talk="27:09",
    objective="list the confounds of a published comparison, and no invented ones",
    difficulty=2,
    minutes=4,
    hints=(
        "Four are true. What was different *before* tuning began? The tuning itself was the same for all.",
        "Look at the column of parameters, and at the sign of the scores before tuning.",
        "The other two: what each family learned to do in pre-training, and in which languages.",
    ),
    solution=(
        "Four things differ besides the four structures: **size** (only 11 and 8 billion are near each other), the"
        " **start** (below the level of guessing), the **objective** of pre-training, and its **text**: T5 is not"
        " multilingual, while two of the six scores test many languages. The tuning collection and the tests were the"
        " same, and the tests were held out. So the table fits the lecture's hypothesis, and several others as well."
    ),
    kind=Choice(
        (
            Option(
                "collection",
                "The PaLM models were tuned on another collection of tasks than the T5 models.",
                "The collection was the same; that is what makes the table worth looking at.",
            ),
            Option(
                "sizes",
                "The sizes hardly overlap: T5 has at most 11 billion parameters, PaLM at least 8 billion.",
                "Size and architecture change together.",
                is_right=True,
            ),
            Option(
                "start",
                "The T5 models started below the level of guessing, so they had further to rise.",
                "A low start makes a large gain easy.",
                is_right=True,
            ),
            Option(
                "held_out",
                "The T5 models were tuned on the very tests by which they are scored, the PaLM models were not.",
                "The four test collections were kept out of the tuning for all of them.",
            ),
            Option(
                "objective",
                "T5 was pre-trained mainly to fill gaps in a text, PaLM to continue it.",
                "The objective of pre-training came with the architecture.",
                is_right=True,
            ),
            Option(
                "scores",
                "The two families were scored by different tests.",
                "All rows are averages of the same six scores.",
            ),
            Option(
                "languages",
                "T5 is not multilingual, PaLM is; two of the six scores test many languages.",
                "The pre-training text differed, too.",
                is_right=True,
            ),
        ),
        several=True,
    ),
    reference=["sizes", "start", "objective", "languages"],
    also_right={"letters": ["b", "c", "e", "g"], "in one line": "b, c, e, g"},
)
