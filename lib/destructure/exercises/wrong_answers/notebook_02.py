"""Wrong answers to the exercises of notebook 02."""

from destructure.exercises.wrong_answers import Wrong, WrongAnswers

_ENVELOPE = "def best_so_far(performance):\n    "

WRONG: dict[str, WrongAnswers] = {
    "02.match.curves": {
        "early and late swapped": Wrong(
            {"A": "less", "B": "even less", "C": "more"}, "with almost no compute"
        ),
        "late taken for later": Wrong({"A": "even less", "B": "more", "C": "less"}, "starts later than A"),
        "more is later": Wrong(
            {"A": "more", "B": "less", "C": "even less"}, "Built-in structure helps exactly there"
        ),
        "flat means less": Wrong({"A": "less", "B": "less", "C": "even less"}, "hardly rises afterwards"),
        "half done": Wrong({"B": "more"}, "Not matched yet: A, C"),
    },
    "02.prediction.window": {
        "upside down": Wrong({"guess": 10, "low": 11, "high": 9}, "upside down"),
        "outside its own interval": Wrong({"guess": 12.5, "low": 9, "high": 11}, "outside your own interval"),
        "certain": Wrong({"guess": 10, "low": 10, "high": 10}, "claims certainty"),
        "says nothing": Wrong({"guess": 10, "low": 8, "high": 13}, "almost everything"),
        "FLOPs instead of their power": Wrong({"guess": 1e10, "low": 1e9, "high": 1e11}, "impossible"),
    },
    "02.number.counting": {
        "five windows": Wrong(461.5, "with the window of 0 there are six"),
        "one counter a character": Wrong(2308, "every window has a counter of its own"),
        "price forgotten": Wrong(38461, "The price is missing"),
        "upside down": Wrong(0.0026, "asks for the reverse"),
        "negative": Wrong(-385, "cannot be below"),
    },
    "02.code.envelope": {
        "best of all": Wrong(
            _ENVELOPE + "return [max(performance) for _ in performance]", "only what came before"
        ),
        "running minimum": Wrong(
            _ENVELOPE + "return list(itertools.accumulate(performance, min))", "higher is better"
        ),
        "this place left out": Wrong(
            _ENVELOPE + "return [max(performance[:i] or performance[:1]) for i in range(len(performance))]",
            "one place early",
        ),
        "neighbours only": Wrong(
            _ENVELOPE + "return [max(performance[max(i - 1, 0) : i + 1]) for i in range(len(performance))]",
            "further back",
        ),
        "sorted": Wrong(_ENVELOPE + "return sorted(performance)", "keep the order"),
        "unchanged": Wrong(_ENVELOPE + "return performance", "falls somewhere"),
        "the first for ever": Wrong(
            _ENVELOPE + "return [performance[0] for _ in performance]", "below a measured value"
        ),
        "not Python": Wrong("def best_so_far(performance) return performance", "not Python yet"),
    },
    "02.choice.absence": {
        "refuted": Wrong("a", "how much is enough was not said"),
        "later": Wrong("b", "does not show it"),
        "seeds": Wrong("d", "not the range wider"),
    },
}
