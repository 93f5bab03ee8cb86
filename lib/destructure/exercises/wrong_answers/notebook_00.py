"""Wrong answers to the exercises of notebook 00."""

from destructure.exercises.catalogue import Exercise
from destructure.exercises.wrong_answers import Wrong, WrongAnswers


def _hit(exercise: Exercise) -> dict[str, Wrong]:
    percent, count = exercise.parameters["percent"], exercise.parameters["count"]
    chance = exercise.kind.answer
    return {
        "chances added": Wrong(percent * count, "cannot be added"),
        "chance of none": Wrong(100 - chance, "none comes true"),
        "one attempt": Wrong(percent, "single prediction"),
        "fraction": Wrong(chance / 100, "as a fraction"),
        "more than certain": Wrong(150 if percent * count != 150 else 151, "cannot be above"),
        "rounded too far": Wrong(chance + 0.9, "Close"),
    }


def _fall(exercise: Exercise) -> dict[str, Wrong]:
    height, seconds = exercise.parameters["height"], exercise.kind.answer
    return {
        "no square root": Wrong(2 * height / 9.81, "square root"),
        "the half forgotten": Wrong((height / 9.81) ** 0.5, "½"),
        "speed instead": Wrong((2 * height * 9.81) ** 0.5, "speed at landing"),
        "constant speed": Wrong(height / 9.81, "is no time"),
        "milliseconds without a unit": Wrong(1000 * seconds, "factor of 1000"),
        "negative": Wrong(-seconds, "cannot be below"),
    }


_FALLEN = "def distance_fallen(time, terminal_speed):\n    "

WRONG: dict[str, WrongAnswers] = {
    "00.choice.dominant": {
        "known already": Wrong("a", "not known better"),
        "exact": Wrong("b", "Exactness is what is given up"),
        "provable": Wrong("d", "Nothing is proved"),
    },
    "00.order.method": {
        "predict first": Wrong(["predict", "identify", "understand", "check"], "rolled forward"),
        "understand first": Wrong(
            ["understand", "identify", "predict", "check"], "before you have identified"
        ),
        "check first": Wrong(["check", "identify", "understand", "predict"], "nothing to compare"),
    },
    "00.number.hit": _hit,
    "00.number.fall": _fall,
    "00.match.falls": {
        "sheet and ball swapped": Wrong(
            {"A": "paper ball", "B": "no air", "C": "flat sheet", "D": "pen"}, "which of them shows more area"
        ),
        "pen without air": Wrong(
            {"A": "flat sheet", "B": "pen", "C": "paper ball", "D": "no air"}, "straight line"
        ),
        "flat means no drag": Wrong(
            {"A": "no air", "B": "flat sheet", "C": "paper ball", "D": "pen"}, "hardly speeds up"
        ),
        "ball and pen swapped": Wrong(
            {"A": "flat sheet", "B": "no air", "C": "pen", "D": "paper ball"}, "heaviest for its area"
        ),
        "half done": Wrong({"A": "flat sheet", "B": "no air"}, "Not matched yet: C, D"),
    },
    "00.prediction.paper": {
        "upside down": Wrong({"guess": 2, "low": 4, "high": 1}, "upside down"),
        "outside its own interval": Wrong({"guess": 9, "low": 1, "high": 4}, "outside your own interval"),
        "certain": Wrong({"guess": 2, "low": 2, "high": 2}, "claims certainty"),
        "says nothing": Wrong({"guess": 5, "low": 0, "high": 10}, "almost everything"),
        "impossible": Wrong({"guess": 2, "low": -1, "high": 4}, "impossible"),
    },
    "00.code.fallen": {
        "drag forgotten": Wrong(_FALLEN + "return 0.5 * 9.81 * time * time", "no drag"),
        "no acceleration": Wrong(_FALLEN + "return time * terminal_speed", "begins at rest"),
        "linear drag": Wrong(
            _FALLEN + "d = v = 0.0\n    for _ in range(int(time * 10000)):\n"
            "        v += 0.0001 * 9.81 * (1 - v / terminal_speed)\n        d += 0.0001 * v\n    return d",
            "with its square",
        ),
        "speed returned": Wrong(
            _FALLEN + "return terminal_speed * np.tanh(9.81 * time / terminal_speed)", "return the speed"
        ),
        "drag pushes": Wrong(
            _FALLEN + "d = v = 0.0\n    for _ in range(int(time * 1000)):\n"
            "        v += 0.001 * 9.81 * (1 + (v / terminal_speed) ** 2) if v < 1e6 else 0\n"
            "        d += 0.001 * v\n    return d",
            "farther than without any air",
        ),
        "time ignored": Wrong(_FALLEN + "return 0.1", "not fallen farther"),
        "coarse steps": Wrong(
            _FALLEN + "d = v = 0.0\n    for _ in range(round(time / 0.1)):\n"
            "        d += 0.1 * v\n        v += 0.1 * 9.81 * (1 - (v / terminal_speed) ** 2)\n    return d",
            "differs from the reference",
        ),
        "not Python": Wrong("def distance_fallen(time, terminal_speed) return 1", "not Python yet"),
    },
}
