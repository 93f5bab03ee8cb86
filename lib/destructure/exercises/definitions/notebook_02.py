"""Exercises of notebook 02, "Structure and compute" (CS25 V4, 9:06 to 14:23)."""

from itertools import accumulate, pairwise
from math import exp
from random import Random

from destructure.exercises.catalogue import Exercise
from destructure.exercises.drawings import curves
from destructure.exercises.kinds import (
    Choice,
    Code,
    Flaw,
    Item,
    Match,
    Number,
    Option,
    Prediction,
    Property,
    WrongValue,
)

TITLE = "Structure and compute"

_POWERS = [8 + 0.125 * step for step in range(41)]


def _rising(power: float, middle: float, height: float, steepness: float) -> float:
    return round(height / (1 + exp(-steepness * (power - middle))), 3)


_SKETCH = {
    "A": [(power, _rising(power, 10.2, 0.55, 3.0)) for power in _POWERS],
    "B": [(power, _rising(power, 8.2, 0.30, 2.0)) for power in _POWERS],
    "C": [(power, _rising(power, 12.0, 0.95, 3.5)) for power in _POWERS],
}

CURVES = Exercise(
    id="02.match.curves",
    title="Whose curve is this?",
    question=(
        "A sketch after the lecture's figure (not measured): how good three methods get with more"
        " compute. Match"
        " each curve with the structure built into its method."
    ),
    talk="11:24",
    objective="read the trade of structure against compute off a figure",
    difficulty=1,
    minutes=2,
    hints=(
        "Which curve is best at the far left? Which at the far right?",
        "Built-in structure replaces what would have to be learned, so it helps where little can be learned.",
        "From left to right the leader changes from B to A to C.",
    ),
    solution=(
        "B leads early and levels off low: **more structure**. A needs more compute and gets"
        " further: **less**. C does"
        " nothing for long, and ends highest: **even less**. Which one is best depends on where you stand."
    ),
    kind=Match(
        left={label: Item(f"Curve {label}") for label in _SKETCH},
        right={
            "even less": Item("even less structure"),
            "more": Item("more structure"),
            "less": Item("less structure"),
        },
        pairs={"A": "less", "B": "more", "C": "even less"},
        wrong_pairs={
            ("A", "more"): (
                "Curve A starts late: with little compute it is behind. Built-in structure helps"
                " exactly there."
            ),
            ("A", "even less"): "Another curve starts later than A and ends higher: that one has even less.",
            (
                "B",
                "less",
            ): "B leads at the far left and hardly rises afterwards: what made it good from the start?",
            (
                "B",
                "even less",
            ): "B is good with almost no compute; something must have been built in beforehand.",
            (
                "C",
                "more",
            ): "C is useless for most of the range; structure is what makes a method useful early.",
        },
        drawing=curves(list(_SKETCH.items()), across="compute, powers of ten of FLOPs", up="performance"),
        description=(
            "Three rising curves over compute. B is highest at the left and flat at 0.3. A overtakes"
            " B near 10 and"
            " levels off at 0.55. C stays near 0 until 11, overtakes A near 12 and reaches 0.92."
        ),
    ),
    reference={"A": "less", "B": "more", "C": "even less"},
    also_right={
        "in the order of the curves": ["less", "more", "even less"],
        "in full words": {"A": "less structure", "B": "more structure", "C": "even less structure"},
    },
)

WINDOW = Exercise(
    id="02.prediction.window",
    title="Predict: when is counting overtaken?",
    question=(
        "Counting what followed the *last one* character, over 1.3 million characters, costs less than"
        " 3 · 10⁸ FLOPs (at 100 for each counter raised). A recurrent network must learn everything by"
        " gradients. How much training compute does it need to predict new text better? Answer with the"
        " power of ten: 9 means 10⁹ FLOPs."
    ),
    talk="11:24",
    objective="put a number and an interval on a crossing before seeing it",
    difficulty=1,
    minutes=2,
    hints=(
        "The study measures the recurrent network from 3 · 10⁸ to 3 · 10¹¹ FLOPs, that is, from 8.5 to 11.5.",
        "A window of one character is a strong assumption: after a `t`, whatever came before it is"
        " forgotten.",
        "A network of width 64 spends about 2 · 10⁵ FLOPs on each character; some 10⁵ characters are needed.",
    ),
    solution=(
        "About 10: some ten thousand million FLOPs. A window of two characters holds out about ten"
        " times longer, and"
        " longer windows longer still: the less a method assumes, the later it is overtaken."
    ),
    kind=Prediction("power of ten of the training FLOPs that recurrence needs", lowest=8, highest=13),
    reference={"guess": 10.5, "low": 9.5, "high": 11.5},
    also_right={
        "as a tuple": (9, 8.5, 10),
        "a guess that will turn out wrong": {"guess": 12, "low": 11.5, "high": 12.5},
    },
)

_CHARACTERS, _WINDOW, _PRICE, _TRAINING = 1_300_000, 5, 100, 3e11
_TIMES = _TRAINING / (_CHARACTERS * (_WINDOW + 1) * _PRICE)

COUNTING = Exercise(
    id="02.number.counting",
    title="What counting costs",
    question=(
        "A text has 1,300,000 characters. For every character, one counter is raised for each window"
        " of 0, 1, 2, 3, 4 and"
        " 5 characters (leave out the few at the beginnings). Let one raised counter be worth 100"
        " FLOPs. The largest training run"
        " of the study spends 3 · 10¹¹ FLOPs. **How many times** more compute is that? (To the nearest ten.)"
    ),
    talk="11:24",
    objective="put two very different methods on one axis of compute",
    difficulty=2,
    minutes=4,
    hints=(
        "First the counters: how many are raised for one character?",
        "Six windows, so six counters a character, each worth 100 FLOPs.",
        "3 · 10¹¹ / (1,300,000 · 6 · 100).",
    ),
    solution=(
        f"1,300,000 · 6 · 100 = 7.8 · 10⁸ FLOPs, so the training run spends {_TIMES:.0f} times as"
        f" much. Even at 1,000"
        " FLOPs a counter it would be 38 times: how one counts moves the curve of counting by one"
        " decade, and it"
        " stays far to the left."
    ),
    kind=Number(
        answer=_TIMES,
        tolerance=6,
        wrong_values=(
            WrongValue(
                "five windows",
                _TRAINING / (_CHARACTERS * _WINDOW * _PRICE),
                "You counted five windows; with the window of 0 there are six.",
                0.6,
            ),
            WrongValue(
                "one counter a character",
                _TRAINING / (_CHARACTERS * _PRICE),
                "You counted one counter a character; every window has a counter of its own.",
                0.4,
            ),
            WrongValue(
                "price forgotten",
                _TRAINING / (_CHARACTERS * (_WINDOW + 1)),
                "The price is missing: one raised counter is worth 100 FLOPs.",
                0.5,
            ),
            WrongValue(
                "upside down",
                1 / _TIMES,
                "This is the share that counting takes of the training run; the question asks for"
                " the reverse.",
                0.5,
            ),
        ),
        lowest=0,
        steps=3,
    ),
    reference=380,
    also_right={"not rounded": _TIMES, "as a division": "300000000000/780000000"},
)

_BEST_SO_FAR = '''def best_so_far(performance):
    """The best performance up to and including each place; higher is better."""
    best = []
    for value in performance:
        best.append(max(value, best[-1]) if best else value)
    return best
'''


def _running_best(performance: list[float]) -> list[float]:
    return list(accumulate(performance, max))


def _best_of_all(performance: list[float]) -> list[float]:
    return [max(performance)] * len(performance)


def _running_worst(performance: list[float]) -> list[float]:
    return list(accumulate(performance, min))


def _without_the_last(performance: list[float]) -> list[float]:
    return performance[:1] + list(accumulate(performance[:-1], max))


def _neighbours(performance: list[float]) -> list[float]:
    return performance[:1] + [max(pair) for pair in pairwise(performance)]


def _envelope_cases() -> list[tuple]:
    random = Random("02.code.envelope")
    return [([round(random.uniform(0, 1), 3) for _ in range(random.randint(4, 9))],) for _ in range(12)]


def _never_falls(function, case) -> bool:
    best = list(function(*case))
    return all(later >= earlier for earlier, later in pairwise(best))


ENVELOPE = Exercise(
    id="02.code.envelope",
    title="The best-so-far envelope",
    question=(
        "Write `best_so_far(performance)`. It gets a list of measured values, in the order of rising"
        " compute, and returns"
        " a list of the same length: at each place the best (highest) value up to and including this place."
    ),
    talk="11:24",
    objective="turn a curve that wiggles into what a method can do with a given amount of compute",
    difficulty=2,
    minutes=6,
    hints=(
        "Whoever has more compute may also spend less of it, so no value can be worse than an earlier one.",
        "Go through the list once and remember the best value so far.",
        "At each place append the larger of this value and the one appended last.",
    ),
    solution=f"```python\n{_BEST_SO_FAR}```\nIn one line: `list(itertools.accumulate(performance, max))`.",
    kind=Code(
        function="best_so_far",
        starter="def best_so_far(performance):\n    ...  # your code here\n",
        expected=_running_best,
        cases=_envelope_cases,
        flaws=(
            Flaw(
                "best of all",
                "You give the best value of the whole list everywhere; at each place only what came"
                " before counts.",
                _best_of_all,
            ),
            Flaw(
                "running minimum",
                "Yours keeps the lowest value; here higher is better.",
                _running_worst,
                credit=0.5,
            ),
            Flaw(
                "this place left out",
                "Yours stops one place early: the value at the place itself counts, too.",
                _without_the_last,
                credit=0.6,
            ),
            Flaw(
                "neighbours only",
                "You compare with the value just before; the best may lie further back.",
                _neighbours,
            ),
            Flaw(
                "sorted",
                "Sorting changes at which compute a value was measured; keep the order and carry the"
                " best along.",
                sorted,
            ),
        ),
        properties=(
            Property("it falls", "Yours falls somewhere; the best so far never gets worse.", _never_falls),
            Property(
                "below the curve",
                "Yours lies below a measured value; the best so far is at least the value itself.",
                lambda function, case: all(a >= b for a, b in zip(function(*case), case[0], strict=True)),
            ),
        ),
        given={"np": "numpy", "itertools": "itertools"},
    ),
    reference=_BEST_SO_FAR,
    also_right={
        "with itertools": "def best_so_far(performance):\n    return"
        " list(itertools.accumulate(performance, max))\n",
        "with numpy": "def best_so_far(performance):\n    return np.maximum.accumulate(performance)\n",
        "slowly": (
            "def best_so_far(performance):\n"
            "    return [max(performance[: place + 1]) for place in range(len(performance))]\n"
        ),
    },
)

ABSENCE = Exercise(
    id="02.choice.absence",
    title="What an absent crossing says",
    question=(
        "Suppose a figure is measured from 3 · 10⁸ to 3 · 10¹¹ FLOPs with eight seeds, and in all of"
        " them the method with less"
        " structure stays behind to the end. What follows?"
    ),
    talk="11:24",
    objective="say how far a measured range reaches",
    difficulty=2,
    minutes=2,
    hints=(
        "The lecture's figure has no numbers on its axis of compute.",
        "Which statements are about compute that nobody has spent here?",
        "Seeds narrow the interval inside the range; they do not widen the range.",
    ),
    solution=(
        "Only the range was measured. Whether the curves cross beyond it, and where, needs more"
        " compute or an argument;"
        " the figure gives neither. That is why the verdict reads “none **in range**”."
    ),
    kind=Choice(
        (
            Option(
                "refuted",
                "The lecture's claim is refuted: less structure does not pay.",
                "The claim is that it pays with enough compute; how much is enough was not said.",
            ),
            Option(
                "later",
                "The crossing comes later, at more than 3 · 10¹¹ FLOPs.",
                "It may; but this figure does not show it. Two falling curves need not ever cross.",
            ),
            Option(
                "range",
                "In this range the structure pays; beyond it the figure says nothing.",
                "A measurement speaks for its range.",
                is_right=True,
            ),
            Option(
                "seeds",
                "More seeds are needed to see the crossing.",
                "All eight seeds agree. More seeds make the interval narrower, not the range wider.",
            ),
        )
    ),
    reference="range",
    also_right={"its letter": "c"},
)

EXERCISES = (CURVES, WINDOW, COUNTING, ENVELOPE, ABSENCE)
