"""Wrong answers to the exercises of notebook 09."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers

_ADVANTAGE = "def advantage(with_structure, without_structure):\n"
_COUNTED = (
    _ADVANTAGE
    + "    def counted(loss):\n"
    + "        failed = loss is None or math.isnan(loss)\n"
    + "        return math.log(65) if failed else max(loss, 0.02)\n"
    + "    own = [counted(loss) for loss in with_structure]\n"
    + "    other = [counted(loss) for loss in without_structure]\n"
)
_PAIRS = "for a, b in zip(own, other)"
_RULE = f"    return sum(math.log(b / a) {_PAIRS}) / len(own)\n"
_TRIANGLE = [[int(key <= query) for key in range(7)] for query in range(7)]
_THINGS, _INPUT = 4, 6


def _assumptions(exercise: Exercise) -> dict[str, Wrong]:
    letters = {name: letter for letter, name in zip("ABCD", exercise.parameters["order"], strict=True)}
    right = dict(exercise.reference)

    def exchanged(one: str, other: str, *says: str) -> Wrong:
        """Two structures exchanged; what is said first is about the earlier panel."""
        mine, theirs = letters[one], letters[other]
        return Wrong(
            right | {mine: right[theirs], theirs: right[mine]}, says[0] if mine < theirs else says[1]
        )

    last = "D"
    return {
        "S1 and S2 exchanged": exchanged(
            "length", "likeness", "The lecturer suspects S2 there", "nothing to learn from each other"
        ),
        "S3 and S4 exchanged": exchanged("depth", "position", "same neighbours", "leaves the layers alone"),
        "S1 and S4 exchanged": exchanged(
            "length", "position", "does not touch the order", "moves one token inside the input"
        ),
        "one missing": Wrong(right | {last: ""}, f"Not matched yet: {last}"),
        "S3 used twice": Wrong(right | {letters["likeness"]: "S3"}, "used twice"),
    }


def _mask(change) -> list[list[int]]:
    return [[int(change(query, key)) for key in range(7)] for query in range(7)]


def _first(query: int, key: int) -> bool:
    """As if "tell colour" stood before the things."""
    places = {4: -2, 5: -1}
    return places.get(key, key) <= places.get(query, query)


WRONG: dict[str, WrongAnswers] = {
    "09.match.assumptions": _assumptions,
    "09.code.advantage": {
        "upside down": Wrong(
            _COUNTED + f"    return sum(math.log(a / b) {_PAIRS}) / len(own)\n", "upside down"
        ),
        "difference of losses": Wrong(
            _COUNTED + f"    return sum(b - a {_PAIRS}) / len(own)\n", "difference of the losses"
        ),
        "no floor": Wrong(_COUNTED.replace("max(loss, 0.02)", "loss") + _RULE, "no floor"),
        "failed runs dropped": Wrong(
            _ADVANTAGE
            + "    logs = []\n"
            + "    for a, b in zip(with_structure, without_structure):\n"
            + "        if a is not None and b is not None and not math.isnan(a) and not math.isnan(b):\n"
            + "            logs.append(math.log(max(b, 0.02) / max(a, 0.02)))\n"
            + "    return sum(logs) / len(logs)\n",
            "gains by failing",
        ),
        "failure counts as 65 nats": Wrong(_COUNTED.replace("math.log(65)", "65") + _RULE, "with 65 nats"),
        "nan overlooked": Wrong(
            _COUNTED.replace("loss is None or math.isnan(loss)", "loss is None").replace(
                "max(loss, 0.02)", "max(0.02, loss)"
            )
            + _RULE,
            "knows the first only",
        ),
        "logarithm of the mean ratio": Wrong(
            _COUNTED + f"    return math.log(sum(b / a {_PAIRS}) / len(own))\n", "single large ratio"
        ),
        "logarithm of two means": Wrong(
            _COUNTED + "    return math.log(sum(other) / sum(own))\n", "budget by budget"
        ),
        "base ten": Wrong(_COUNTED + _RULE.replace("math.log(b", "math.log10(b"), "base 10"),
        "sum": Wrong(_COUNTED + f"    return sum(math.log(b / a) {_PAIRS})\n", "divide it by their number"),
        "one side without the rules": Wrong(
            _COUNTED
            + "    other = [5 if loss is None or math.isnan(loss) else loss for loss in without_structure]\n"
            + _RULE,
            "change places",
        ),
        "in relative terms": Wrong(
            _COUNTED + f"    return sum((b - a) / (b + a) ** 2 * (b + a) ** 0.5 {_PAIRS}) / len(own)\n",
            "three times as high",
        ),
    },
    "09.number.flan": {
        "share of the ends": Wrong(16.2, "higher *end*"),
        "share of its own gain": Wrong(35.0, "T5's whole gain"),
        "up to zero": Wrong(10.9, "up to 0"),
        "ratio of gains": Wrong("58.3%", "compares the two gains"),
        "points": Wrong(9.3, "points* lower"),
        "fraction": Wrong(0.838, "fraction of 1"),
        "more than all": Wrong(120, "cannot be above"),
    },
    "09.choice.confounds": {
        "another collection": Wrong(["a", "b", "c", "e", "g"], "collection was the same"),
        "tests tuned on": Wrong(["b", "c", "d", "e", "g"], "kept out of the tuning"),
        "other tests": Wrong(["b", "c", "e", "f", "g"], "same six scores"),
        "size alone": Wrong(["b"], "3 still missing"),
        "languages overlooked": Wrong(["b", "c", "e"], "1 still missing"),
    },
    "09.prediction.role_swap": {
        "upside down": Wrong({"guess": 10, "low": 40, "high": -10}, "upside down"),
        "outside its own interval": Wrong({"guess": -20, "low": 0, "high": 30}, "outside your own interval"),
        "certain": Wrong((0, 0, 0), "claims certainty"),
        "says nothing": Wrong((0, -80, 80), "almost everything"),
        "impossible": Wrong((90, 60, 120), "impossible"),
    },
    "09.prediction.read_out": {
        "upside down": Wrong({"guess": 80, "low": 95, "high": 60}, "upside down"),
        "outside its own interval": Wrong({"guess": 99, "low": 20, "high": 60}, "outside your own interval"),
        "certain": Wrong((100, 100, 100), "claims certainty"),
        "says nothing": Wrong((50, 0, 100), "almost everything"),
        "impossible": Wrong((100, 95, 110), "impossible"),
    },
    "09.mask.instruction": {
        "bidirectional": Wrong(
            _mask(lambda query, key: key < _INPUT if query < _INPUT else True), "as with S4"
        ),
        "instruction first": Wrong(_mask(_first), "instruction *first*"),
        "strictly below the diagonal": Wrong(_mask(lambda query, key: key < query), "Off by one"),
        "rows and columns swapped": Wrong(_mask(lambda query, key: key >= query), "swapped"),
        "inverted": Wrong(_mask(lambda query, key: key > query), "Inverted"),
        "one step too many": Wrong(_mask(lambda query, key: key <= query + 1), "One step too many"),
        "target sees the instruction only": Wrong(
            [*_TRIANGLE[:6], [0] * _THINGS + [1] * 3], "and not of what"
        ),
        "instruction hidden from the target": Wrong(
            [*_TRIANGLE[:6], [1, 1, 1, 1, 0, 0, 1]], "it may also see “tell”"
        ),
    },
    "09.choice.wrap_up": {
        "free taken for a null": Wrong(["a", "b", "d", "f"], "With few or noisy seeds"),
        "too large": Wrong(["a", "c", "d", "f"], "at that scale"),
        "reason": Wrong(["a", "d", "e", "f"], "the reason stays open"),
        "learned": Wrong(["a", "d", "f", "g"], "one of them less"),
        "one missing": Wrong(["a", "f"], "1 still missing"),
    },
}
