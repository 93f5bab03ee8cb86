"""Wrong answers to the exercises of notebook 01."""

from math import log, log10

from destructure.exercises.wrong_answers import Wrong, WrongAnswers

_CODE = "def ten_fold_time(years, values):\n    "
_LINE = "np.polyfit(years - years.mean(), {}, 1)[0]"

WRONG: dict[str, WrongAnswers] = {
    "01.number.doubling": {
        "five doublings": Wrong(12, "five doublings make 32"),
        "years without a unit": Wrong(5 * log10(2), "Right in years"),
        "natural logarithm": Wrong(60 * log(2), "the division by ln(10) is missing"),
        "upside down": Wrong(60 / log10(2), "cannot take longer"),
        "negative": Wrong(-18, "cannot be below"),
        "half of five years": Wrong(30, "Too large"),
    },
    "01.match.growth": {
        "straight means linear": Wrong(
            {"A": "linear", "B": "more", "C": "break", "D": "exponential"}, "equal factors"
        ),
        "bend taken for exponential": Wrong(
            {"A": "more", "B": "exponential", "C": "break", "D": "linear"}, "bends upwards"
        ),
        "corner overlooked": Wrong(
            {"A": "exponential", "B": "more", "C": "linear", "D": "break"}, "has a corner"
        ),
        "flattening taken for faster": Wrong(
            {"A": "exponential", "B": "break", "C": "break", "D": "more"}, "flatter and flatter"
        ),
        "half done": Wrong({"A": "exponential", "B": "more"}, "Not matched yet: C, D"),
    },
    "01.prediction.tenfold": {
        "upside down": Wrong({"guess": 5, "low": 8, "high": 3}, "upside down"),
        "outside its own interval": Wrong({"guess": 12, "low": 3, "high": 8}, "outside your own interval"),
        "certain": Wrong({"guess": 5, "low": 5, "high": 5}, "claims certainty"),
        "says nothing": Wrong({"guess": 5, "low": 1, "high": 30}, "almost everything"),
        "impossible": Wrong({"guess": 5, "low": -5, "high": 8}, "impossible"),
    },
    "01.choice.stray": {
        "many dots": Wrong("a", "repeats its neighbour"),
        "too wide": Wrong("b", "The other way round"),
        "no growth": Wrong("d", "The slope may be right"),
    },
    "01.code.ten_fold_time": {
        "no logarithm": Wrong(f"{_CODE}return 1 / {_LINE.format('values')}", "take their logarithms first"),
        "natural logarithm": Wrong(f"{_CODE}return 1 / {_LINE.format('np.log(values)')}", "use np.log10"),
        "doubling time": Wrong(f"{_CODE}return 1 / {_LINE.format('np.log2(values)')}", "doubling time"),
        "slope returned": Wrong(f"{_CODE}return {_LINE.format('np.log10(values)')}", "turn it upside down"),
        "two dots only": Wrong(
            f"{_CODE}return (years[-1] - years[0]) / np.log10(values[-1] / values[0])",
            "first and the last dot",
        ),
        "wrong sign": Wrong(
            f"{_CODE}return -1 / {_LINE.format('np.log10(values)')}", "Your time is negative"
        ),
        "line through the first value": Wrong(
            f"{_CODE}return (years[-1] - years[0]) / np.log10(values[-1])"
            " if values[-1] > 1 else (years[-1] - years[0])",
            "must not depend on the unit",
        ),
        "not Python": Wrong("def ten_fold_time(years, values) return 5", "not Python yet"),
    },
    "01.prediction.coverage": {
        "upside down": Wrong({"guess": 80, "low": 95, "high": 60}, "upside down"),
        "outside its own interval": Wrong({"guess": 50, "low": 60, "high": 95}, "outside your own interval"),
        "certain": Wrong({"guess": 95, "low": 95, "high": 95}, "claims certainty"),
        "says nothing": Wrong({"guess": 50, "low": 0, "high": 100}, "almost everything"),
        "more than all": Wrong({"guess": 95, "low": 90, "high": 110}, "impossible"),
    },
    "01.choice.family": {
        "cause read into it": Wrong(["largest", "better", "hollow"], "nobody ran both families"),
        "shares measured": Wrong(["largest", "hollow", "share"], "not a census"),
        "only the largest": Wrong(["largest"], "1 still missing"),
    },
    "01.prediction.dated": {
        "upside down": Wrong({"guess": 200, "low": 700, "high": 80}, "upside down"),
        "outside its own interval": Wrong(
            {"guess": 900, "low": 80, "high": 700}, "outside your own interval"
        ),
        "certain": Wrong({"guess": 200, "low": 200, "high": 200}, "claims certainty"),
        "says nothing": Wrong({"guess": 500, "low": 0, "high": 2000}, "almost everything"),
        "impossible": Wrong({"guess": 200, "low": -10, "high": 400}, "impossible"),
    },
}
