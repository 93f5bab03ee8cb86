"""Exercises of notebook 01, "Compute trends" (CS25 V4, 7:31 to 9:06)."""

from math import log, log10
from random import Random

import numpy as np

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

TITLE = "Compute trends"

_MONTHS = 60 * log10(2)

DOUBLING = Exercise(
    id="01.number.doubling",
    title="Ten times in five years, as doublings",
    question=(
        "Something becomes **ten times** cheaper every **five years**, always by the same factor a year."
        " After how many *months* is it twice as cheap? (To half a month.)"
    ),
    talk="7:31",
    objective="turn a ten-fold time into a doubling time",
    difficulty=1,
    minutes=3,
    hints=(
        "How many doublings make a factor of ten? A little more than three: 2 · 2 · 2 = 8.",
        "A factor of ten is 1 / log10(2) = 3.32 doublings.",
        "60 months · log10(2).",
    ),
    solution=f"60 months hold 1 / log10(2) = 3.32 doublings, so one takes 60 · log10(2) = **{_MONTHS:.1f} months**.",
    kind=Number(
        answer=_MONTHS,
        unit="months",
        tolerance=0.5,
        other_units={"month": 1, "years": 12, "year": 12},
        wrong_values=(
            WrongValue(
                "amounts, not factors",
                12,
                "Ten is five times two as a product, but five doublings make 32 times, not ten times.",
                0.2,
            ),
            WrongValue(
                "years",
                _MONTHS / 12,
                "Right in years; the question asks for months.",
                0.8,
            ),
            WrongValue(
                "natural logarithm",
                60 * log(2),
                "With the natural logarithm it is 60 · ln(2) / ln(10); the division by ln(10) is missing.",
                0.5,
            ),
            WrongValue(
                "upside down",
                60 / log10(2),
                "Doubling cannot take longer than growing ten-fold: multiply by log10(2) instead of"
                " dividing.",
                0.3,
            ),
        ),
        lowest=0,
        highest=300,
        steps=2,
    ),
    reference=round(_MONTHS, 1),
    also_right={"with its unit": "18 months", "in years": "1.5 years"},
)

TEN_FOLD = Exercise(
    id="01.prediction.tenfold",
    title="Predict: the slide's own dots",
    question=(
        "The slide's caption says: roughly ten times more compute for a dollar every five years. Put one"
        " straight line through **all 44 dots** of the slide, 1900 to 2008, on a logarithmic axis. How"
        " many years does *that* line need for a factor of ten?"
    ),
    talk="7:31",
    objective="say beforehand what a claim implies for its own data",
    difficulty=1,
    minutes=2,
    hints=(
        "If the caption described the whole century, the line would need five years.",
        "The talk also says that growth was more than exponential: then the century as a whole was slower.",
        "The dots rise by about sixteen powers of ten in 108 years.",
    ),
    solution=(
        "Almost seven years. The caption fits the last four decades of the slide, and not its century;"
        " the fit below has the interval."
    ),
    kind=Prediction("years in which the line rises ten-fold", lowest=1, highest=30, unit="years"),
    reference={"guess": 5, "low": 3, "high": 8},
    also_right={
        "as a list": [7, 5, 12],
        "a guess that will turn out wrong": {"guess": 20, "low": 15, "high": 25},
    },
)

COVERAGE = Exercise(
    id="01.prediction.coverage",
    title="Predict: how good were 95% intervals?",
    question=(
        "Stand in every year of the slide from its eighth dot on. Fit a line to all dots known by then,"
        " and draw the interval in which 95% of the dots of the **next ten years** should lie. How many"
        " per cent of them really lie inside, on average over the years in which you stood?"
    ),
    talk="7:31",
    objective="tell the promise of an interval from its record",
    difficulty=2,
    minutes=2,
    hints=(
        "If growth had gone on along the line every time, it would be about 95.",
        "The dots bend upwards, so a straight line through the past comes out too low.",
        "The intervals are wide, because the early dots scatter by powers of ten; that saves many of them.",
    ),
    solution="About 83%: the intervals knew the scatter of the dots, and not that the line would bend.",
    kind=Prediction("per cent of the dots inside their intervals", lowest=0, highest=100, unit="%"),
    reference={"guess": 80, "low": 60, "high": 95},
    also_right={
        "as a list": [95, 90, 100],
        "a guess that will turn out wrong": {"guess": 20, "low": 10, "high": 40},
    },
)

DATED = Exercise(
    id="01.prediction.dated",
    title="Your own forecast, with a date",
    question=(
        "Write a forecast that time can contradict. Of all consumer graphics cards that will have been"
        " launched by **31 December 2028**, take the one with the most 32-bit operations a second (peak"
        " rate, without matrix units) for a dollar of its launch price. How many **billion operations a"
        " second per dollar** does it give? In this table the best so far has 61 (launched in November"
        " 2022). Notebook 12 asks for this forecast again."
    ),
    talk="7:31",
    objective="roll a trend forward and say how wrong it may be",
    difficulty=2,
    minutes=5,
    hints=(
        "Six years from the best card to the date. What would ten times in five years make of 61?",
        "And ten times in nine years, as this series did from 2006 on? The two disagree by a factor of"
        " three and more.",
        "Then ask what no line knows: prices may rise, and makers may care about narrower numbers instead.",
    ),
    solution=(
        "Nobody knows yet. What makes it a good forecast: a quantity that anyone can look up, a date, a"
        " rule for who counts, and an interval that could fail."
    ),
    kind=Prediction("best billion operations a second per dollar", lowest=0, highest=2000),
    reference={"guess": 200, "low": 80, "high": 700},
    also_right={
        "as a list": [100, 60, 300],
        "the talk's rule": {"guess": 1000, "low": 500, "high": 1800},
    },
)

_YEARS = list(range(61))
_SHAPES = {
    "A": [0.1 * year for year in _YEARS],
    "B": [0.02 * year + 0.0017 * year**2 for year in _YEARS],
    "C": [0.18 * year if year < 25 else 4.5 + 0.02 * (year - 25) for year in _YEARS],
    "D": [log10(1 + 30 * year) for year in _YEARS],
}

GROWTH = Exercise(
    id="01.match.growth",
    title="Read a logarithmic axis",
    question=(
        "Four quantities over 60 years. The upward axis is **logarithmic**: it counts powers of ten."
        " Match each curve with the growth that it shows."
    ),
    talk="7:31",
    objective="see in a figure whether growth is exponential, more, or less",
    difficulty=2,
    minutes=4,
    hints=(
        "On a logarithmic axis equal steps upwards are equal factors.",
        "Adding the same amount is a huge factor at first and a tiny one later.",
        "One curve consists of two straight pieces: which growth has two paces?",
    ),
    solution=(
        "A is straight: the same factor every year. B bends upwards: the factor itself grows, which is"
        " what “more than exponential” means. C has two straight pieces: exponential twice, at two paces."
        " D adds the same amount every year: steep at first, then almost flat, without a corner."
    ),
    kind=Match(
        left={label: Item(f"Curve {label}") for label in _SHAPES},
        right={
            "more": Item("more than exponential: the factor a year grows"),
            "exponential": Item("exponential: the same factor every year"),
            "linear": Item("the same amount is added every year"),
            "break": Item("exponential, and from one year on exponential at a slower pace"),
        },
        pairs={"A": "exponential", "B": "more", "C": "break", "D": "linear"},
        wrong_pairs={
            ("A", "linear"): (
                "A is a straight line on a *logarithmic* axis: equal factors. Equal amounts are straight"
                " only on an ordinary axis."
            ),
            ("B", "exponential"): (
                "B bends upwards. On this axis the same factor every year is a straight line, so B does"
                " better than that."
            ),
            ("C", "linear"): (
                "C has a corner between two straight pieces. Adding the same amount gives a smooth curve"
                " that flattens from the start."
            ),
            ("D", "more"): "D gets flatter and flatter: its factor a year shrinks.",
        },
        drawing=curves(
            [(label, list(zip(_YEARS, heights, strict=True))) for label, heights in _SHAPES.items()],
            across="years",
            up="powers of ten",
        ),
        description=(
            "Powers of ten over 60 years. A rises in a straight line to 6. B starts slower, bends upwards"
            " and reaches 7.3. C rises in a straight line to 4.5 in year 25, then in a much flatter"
            " straight line to 5.2. D rises steeply to 2 within four years and then flattens smoothly to"
            " 3.3."
        ),
    ),
    reference={"A": "exponential", "B": "more", "C": "break", "D": "linear"},
    also_right={
        "in the order of the curves": ["exponential", "more", "break", "linear"],
        "in full words": {
            "A": "exponential: the same factor every year",
            "B": "more than exponential: the factor a year grows",
            "C": "exponential, and from one year on exponential at a slower pace",
            "D": "the same amount is added every year",
        },
    },
)

STRAY = Exercise(
    id="01.choice.stray",
    title="What a small Durbin-Watson number says",
    question=(
        "Nordhaus's dots around their line have a Durbin-Watson number of 0.3; independent dots would"
        " have about 2. What follows for the interval that was printed?"
    ),
    talk="7:31",
    objective="say when an interval promises too much",
    difficulty=2,
    minutes=2,
    hints=(
        "Well below 2 means: if one dot lies above the line, the next one probably does too.",
        "Then 234 dots do not carry the news of 234 independent dots.",
        "An interval that counts them as independent believes in more news than there is.",
    ),
    solution=(
        "Neighbouring dots stray together, so there is less independent evidence than dots. The bootstrap"
        " draws single dots and cannot see that: the interval is too narrow, and nobody has told how much."
    ),
    kind=Choice(
        (
            Option(
                "fine",
                "Nothing: 234 dots are enough for any interval.",
                "The number of dots does not help if each repeats its neighbour.",
            ),
            Option(
                "wide",
                "It is too wide: the dots follow each other closely.",
                "The other way round: following each other makes for less evidence, hence for a wider"
                " honest interval.",
            ),
            Option(
                "narrow",
                "It is too narrow: dots that stray together count as fewer than they are.",
                "There is less independent evidence than dots, and the bootstrap of single dots cannot"
                " see that.",
                is_right=True,
            ),
            Option(
                "no_growth",
                "Compute did not become cheaper.",
                "The slope may be right; what is in doubt is how exactly it is known.",
            ),
        )
    ),
    reference="narrow",
    also_right={
        "its letter": "c",
        "its text": "It is too narrow: dots that stray together count as fewer than they are.",
    },
)

FAMILY = Exercise(
    id="01.choice.family",
    title="What the figure of families can show",
    question=(
        "From 2022 to 2025 the largest confirmed training runs are decoder-only models. Which statements"
        " does the figure support? (Choose all.)"
    ),
    talk="7:31",
    objective="keep a trend apart from its cause",
    difficulty=2,
    minutes=3,
    hints=(
        "Ask of each statement which experiment it needs.",
        "Who paid for a run, and which family they chose, come together in this table.",
        "Two statements only repeat what the dots say.",
    ),
    solution=(
        "The figure says who spent how much on what, as far as it is known. It cannot say what another"
        " family would have done with the same compute: nobody ran that. (Notebook 08 runs it, small.)"
    ),
    kind=Choice(
        (
            Option(
                "largest",
                "The largest runs that are confirmed were spent on decoder-only models.",
                "That the largest runs went to decoder-only models can be read off the dots.",
                is_right=True,
            ),
            Option(
                "better",
                "At equal compute, decoder-only models are better.",
                "No dot says how good a model is, and nobody ran both families with the same large compute.",
            ),
            Option(
                "hollow",
                "Some of the largest dots are estimates by outsiders.",
                "The hollow dots among the largest are outside estimates or presumed families.",
                is_right=True,
            ),
            Option(
                "share",
                "The share of decoder-only models among all models is the share of the dots.",
                "The table is a selection of models, not a census: its shares measure the selection.",
            ),
        ),
        several=True,
    ),
    reference=["largest", "hollow"],
    also_right={"as letters": "a, c", "in another order": ["hollow", "largest"]},
)


def _slope(years: np.ndarray, heights: np.ndarray) -> float:
    return float(np.polyfit(years - years.mean(), heights, 1)[0])


def _ten_fold_time(years, values):
    return 1 / _slope(np.asarray(years), np.log10(values))


def _without_logarithm(years, values):
    return 1 / _slope(np.asarray(years), np.asarray(values))


def _natural_logarithm(years, values):
    return 1 / _slope(np.asarray(years), np.log(values))


def _doubling_time(years, values):
    return log10(2) * _ten_fold_time(years, values)


def _slope_instead(years, values):
    return 1 / _ten_fold_time(years, values)


def _ends_only(years, values):
    return (years[-1] - years[0]) / log10(values[-1] / values[0])


def _growth_cases() -> list[tuple]:
    random = Random("01.code.ten_fold_time")
    cases = []
    for _ in range(8):
        years = sorted(random.uniform(1950, 2020) for _ in range(20))
        slope, start = 1 / random.uniform(3, 12), random.uniform(-3, 3)
        heights = [start + slope * (year - 1950) + random.gauss(0, 0.4) for year in years]
        cases.append((np.array(years), 10.0 ** np.array(heights)))
    return cases


_TEN_FOLD_TIME = '''def ten_fold_time(years, values):
    """Years for a factor of ten, from a least-squares line through the logarithms."""
    slope, height = np.polyfit(years - years.mean(), np.log10(values), 1)
    return 1 / slope
'''

CODE = Exercise(
    id="01.code.ten_fold_time",
    title="The ten-fold time, in code",
    question=(
        "Write `ten_fold_time(years, values)`: put a straight line through the **base-10 logarithms** of"
        " the values by least squares, and return after how many years that line has risen by one power of"
        " ten. Both inputs are numpy arrays; `np.polyfit(x, y, 1)` gives slope and height of a line."
    ),
    talk="7:31",
    objective="measure how fast something grows",
    difficulty=2,
    minutes=8,
    hints=(
        "Exponential growth is a straight line after taking logarithms.",
        "The slope is in powers of ten a year; the question asks for years for one power of ten.",
        "`1 / np.polyfit(years, np.log10(values), 1)[0]`.",
    ),
    solution=f"```python\n{_TEN_FOLD_TIME}```\nSubtracting the mean year only keeps the arithmetic accurate.",
    kind=Code(
        function="ten_fold_time",
        starter="def ten_fold_time(years, values):\n    ...  # your code here\n",
        expected=_ten_fold_time,
        cases=_growth_cases,
        flaws=(
            Flaw(
                "no logarithm",
                "Your line goes through the values themselves; take their logarithms first.",
                _without_logarithm,
            ),
            Flaw(
                "natural logarithm",
                "With the natural logarithm you get the time for a factor of e = 2.72; use np.log10.",
                _natural_logarithm,
                credit=0.6,
            ),
            Flaw(
                "doubling time", "This is the doubling time; ten times was asked.", _doubling_time, credit=0.6
            ),
            Flaw(
                "slope returned",
                "You return the slope, powers of ten a year; turn it upside down.",
                _slope_instead,
                credit=0.6,
            ),
            Flaw(
                "two dots only",
                "You use only the first and the last dot; a least-squares line uses all of them.",
                _ends_only,
                credit=0.5,
            ),
        ),
        properties=(
            Property(
                "negative time",
                "Your time is negative, but these values grow: is a sign or a division the wrong way round?",
                lambda function, case: function(*case) > 0,
            ),
            Property(
                "unit matters",
                "With all values a thousand times larger your result changes; the pace must not depend on"
                " the unit.",
                lambda function, case: abs(function(case[0], 1000 * case[1]) - function(*case)) < 1e-6,
            ),
        ),
        given={"np": "numpy", "math": "math"},
        tolerance=1e-3,
    ),
    reference=_TEN_FOLD_TIME,
    also_right={
        "by sums": (
            "def ten_fold_time(years, values):\n    x = years - np.mean(years)\n    y = np.log10(values)\n"
            "    return float((x * x).sum() / (x * y).sum())\n"
        ),
        "with the natural logarithm, turned back": (
            "def ten_fold_time(years, values):\n"
            "    return np.log(10) / np.polyfit(years - 1990, np.log(values), 1)[0]\n"
        ),
    },
)

EXERCISES = (DOUBLING, GROWTH, TEN_FOLD, STRAY, CODE, COVERAGE, FAMILY, DATED)
