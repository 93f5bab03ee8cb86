"""Exercises of notebook 00, "Study the change" (CS25 V4, 2:06 to 7:31)."""

from itertools import product
from random import Random

from destructure.exercises.catalogue import Exercise
from destructure.exercises.definitions import falling
from destructure.exercises.drawings import curves
from destructure.exercises.kinds import (
    Choice,
    Code,
    Flaw,
    Item,
    Match,
    Number,
    Option,
    Order,
    Prediction,
    Property,
    WrongValue,
    chain,
)
from destructure.exercises.variants import Draw, varied

TITLE = "Study the change"

DOMINANT = Exercise(
    id="00.choice.dominant",
    title="Why the dominant force?",
    question="The lecture looks for the *dominant* driving force, not for a complete list of forces. Why?",
    talk="2:06",
    objective="say what a forecast from one dominant force can and cannot give",
    difficulty=1,
    minutes=2,
    hints=(
        "Ask what he wants the forecast to get right.",
        "Think of the pen: air drag is left out, and still one knows where the pen goes.",
        "He wants the direction to be right; accuracy is given up for it.",
    ),
    solution=(
        "One force that outweighs the others gives the **direction** of change, and it is simple enough to "
        "understand. The forces left out limit the accuracy, which is not what he is after."
    ),
    kind=Choice(
        (
            Option(
                "all_known",
                "Because the other forces are known already.",
                "They are not known better; they are left out because they matter less here.",
            ),
            Option(
                "exact",
                "Because one force is enough for exact predictions.",
                "Exactness is what is given up: the forces left out still act.",
                credit=0.2,
            ),
            Option(
                "direction",
                "Because it gives the direction, and direction is what he wants, not accuracy.",
                "One dominant, understood force gives the direction.",
                is_right=True,
            ),
            Option(
                "proof",
                "Because with one force the prediction can be proved.",
                "Nothing is proved: he calls his view strongly opinionated himself.",
            ),
        )
    ),
    reference="direction",
    also_right={
        "its letter": "C",
        "its text": "Because it gives the direction, and direction is what he wants, not accuracy.",
    },
)

METHOD = Exercise(
    id="00.order.method",
    title="The method, in order",
    question="Bring the steps of the lecture's method into order. (The last one is this course's own.)",
    talk="2:06",
    objective="name the steps from a driving force to a forecast",
    difficulty=1,
    minutes=2,
    hints=(
        "You cannot roll something forward that you have not understood.",
        "Before understanding a force, you must have chosen one.",
        "Identify, understand, predict; and afterwards, check.",
    ),
    solution=(
        "Identify the dominant driving forces → understand them → predict where they lead → compare with what"
        " happened."
    ),
    kind=Order(
        steps={
            "predict": "Roll the force forward: predict the trajectory.",
            "check": "Compare the prediction with what happened.",
            "identify": "Identify the dominant driving forces.",
            "understand": "Understand these forces.",
        },
        rules=chain(
            "identify",
            "understand",
            "predict",
            "check",
            why={
                "understand": "You cannot understand a force before you have identified it.",
                "predict": "Only a force that is understood can be rolled forward.",
                "check": "There is nothing to compare before something was predicted.",
            },
        ),
    ),
    reference=["identify", "understand", "predict", "check"],
    also_right={"by number": [3, 4, 1, 2], "as text": "identify, understand, predict, check"},
)


@varied("00.number.hit")
def hit(draw: Draw) -> Exercise:
    """How likely at least one of many unlikely predictions comes true."""
    percent, count = draw.pick("accuracy and count", _HIT_SIZES)
    missing = 100 * (1 - percent / 100) ** count
    return Exercise(
        id="00.number.hit",
        title="Right at least once",
        question=(
            f"You make **{count}** independent predictions. Each has a chance of **{percent}%** to come true."
            " How likely is it, in per cent, that *at least one* comes true? (To half a per cent.)"
        ),
        talk="3:52",
        objective="work out how many attempts make up for low accuracy",
        difficulty=2,
        minutes=4,
        hints=(
            "It is easier to work out how likely it is that none comes true.",
            f"One prediction fails with chance {100 - percent}%; all {count} must fail, independently.",
            f"100 · (1 − {1 - percent / 100:g}^{count}).",
        ),
        solution=(
            f"All {count} fail with chance {1 - percent / 100:g}^{count} = {missing:.1f}%. So at least one"
            f" comes true with {100 - missing:.1f}%. Low accuracy is made up for by many attempts, which is"
            " the point at 3:52."
        ),
        kind=Number(
            answer=100 - missing,
            unit="%",
            tolerance=0.5,
            other_units={"percent": 1, "per cent": 1},
            wrong_values=(
                WrongValue(
                    "chances added",
                    percent * count,
                    "Chances of separate events cannot be added: the sum may pass 100%, because several may"
                    " come true at once.",
                    0.2,
                ),
                WrongValue(
                    "chance of none",
                    missing,
                    "This is the chance that none comes true; take it from 100%.",
                    0.6,
                ),
                WrongValue(
                    "fraction",
                    1 - missing / 100,
                    "Right as a fraction of 1; the question asks for per cent.",
                    0.8,
                ),
                WrongValue(
                    "one attempt",
                    percent,
                    "This is the chance of a single prediction; there are more attempts.",
                ),
            ),
            lowest=0,
            highest=100,
            steps=3,
        ),
        reference=round(100 - missing, 1),
        also_right={"with its unit": f"{100 - missing:.2f} %", "not rounded": 100 - missing},
        parameters={"percent": percent, "count": count},
        effort={"operations": 3, "numbers to read": 2},
    )


# Chances between 20% and 90%, where neither adding up nor a single attempt comes near the right value.
_HIT_SIZES = [(1, 100)] + [
    (percent, count)
    for percent, count in product((1, 2, 3, 4), (30, 36, 42, 48, 54, 60, 72, 80))
    if 20 < 100 * (1 - (1 - percent / 100) ** count) < 90
    and abs(100 * (1 - percent / 100) ** count - 50) > 3
    and percent * count - 100 * (1 - (1 - percent / 100) ** count) > 2
]


@varied("00.number.fall")
def fall(draw: Draw) -> Exercise:
    """How long a pen falls if gravity is the only force."""
    height = draw.pick("height", [1.5, *(round(0.7 + 0.07 * step, 2) for step in range(40))])
    seconds = falling.fall_time(height)
    return Exercise(
        id="00.number.fall",
        title="The pen, by gravity alone",
        question=(
            f"A pen is dropped from **{height} m**. Take gravity (9.81 m/s²) as the only force. After how"
            " many seconds does it land? (To a hundredth of a second.)"
        ),
        talk="4:25",
        objective="predict from one dominant force",
        difficulty=2,
        minutes=3,
        hints=(
            "The lecture gives the position after t seconds: ½ · g · t².",
            "Set ½ · g · t² equal to the height and solve for t.",
            f"t = √(2 · {height} / 9.81).",
        ),
        solution=f"½ · g · t² = h gives t = √(2h/g) = √(2 · {height} / 9.81) = **{seconds:.3f} s**.",
        kind=Number(
            answer=seconds,
            unit="s",
            tolerance=0.006,
            other_units={"seconds": 1, "ms": 0.001},
            wrong_values=(
                WrongValue(
                    "no square root", 2 * height / 9.81, "This is t²: the square root is still missing.", 0.6
                ),
                WrongValue(
                    "the half forgotten",
                    (height / 9.81) ** 0.5,
                    "The ½ in ½ · g · t² is missing: the pen starts from rest.",
                    0.5,
                ),
                WrongValue(
                    "constant speed",
                    height / 9.81,
                    "Height divided by g is no time; g is an acceleration, not a speed.",
                ),
                WrongValue(
                    "speed instead",
                    (2 * height * 9.81) ** 0.5,
                    "This is the speed at landing, in m/s; the question asks for the time.",
                    0.3,
                ),
            ),
            lowest=0,
            steps=3,
        ),
        reference=round(seconds, 3),
        also_right={"with its unit": f"{seconds:.3f} s", "in milliseconds": f"{1000 * seconds:.1f} ms"},
        parameters={"height": height},
        effort={"operations": 3, "numbers to read": 2},
    )


_TIMES = [0.05 * step for step in range(31)]
_CURVES = {"A": "flat sheet", "B": None, "C": "paper ball", "D": "pen"}

FALLS = Exercise(
    id="00.match.falls",
    title="Whose fall is this?",
    question=(
        "The figure shows the speed of four falling things over time. Two of them are the *same* sheet of"
        " paper. Match each curve. For which of them is “gravity is all that counts” a good model?"
    ),
    talk="4:25",
    objective="see when all but the dominant force can be neglected, and when not",
    difficulty=2,
    minutes=4,
    hints=(
        "Without air, the speed grows by 9.81 m/s in every second, for ever.",
        "The more area for its weight, the sooner drag balances gravity and the curve turns flat.",
        "From top to bottom: no air, the heavy pen, the paper as a ball, the paper flat.",
    ),
    solution=(
        "B is a straight line: no drag. D (the pen) follows it longest: for most of a second one force"
        " explains it. C and A have the same mass; only the shape differs, and for the flat sheet drag takes"
        " over within a tenth of a second."
    ),
    kind=Match(
        left={label: Item(f"Curve {label}") for label in _CURVES},
        right={
            "pen": Item("a pen"),
            "flat sheet": Item("a sheet of paper, flat"),
            "no air": Item("anything, without air"),
            "paper ball": Item("the same sheet, crumpled to a ball"),
        },
        pairs={label: name or "no air" for label, name in _CURVES.items()},
        wrong_pairs={
            ("A", "no air"): "Curve A hardly speeds up at all; without air everything keeps speeding up.",
            ("A", "paper ball"): (
                "A and C are the same sheet, but drag grows with the area: which of them shows more area to"
                " the air?"
            ),
            ("C", "flat sheet"): (
                "A and C are the same sheet, but drag grows with the area: which of them shows more area to"
                " the air?"
            ),
            ("B", "pen"): "Curve B is a straight line: nothing slows it down. Even a pen feels some drag.",
            (
                "D",
                "paper ball",
            ): "Curve D stays close to the straight line for longest: it must be the heaviest for its area.",
        },
        drawing=curves(
            [
                (label, [(time, falling.speed(time, falling.TERMINAL_SPEEDS.get(name))) for time in _TIMES])
                for label, name in _CURVES.items()
            ],
            across="time in seconds",
            up="speed in m/s",
        ),
        description=(
            "Speed over 1.5 seconds. B rises in a straight line to 14.7 m/s. D bends a little and reaches "
            "10.1. C bends more and reaches 7.3. A is flat at 1.0 after a tenth of a second."
        ),
    ),
    reference={"A": "flat sheet", "B": "no air", "C": "paper ball", "D": "pen"},
    also_right={
        "in the order of the curves": ["flat sheet", "no air", "paper ball", "pen"],
        "in full words": {
            "A": "a sheet of paper, flat",
            "B": "anything, without air",
            "C": "the same sheet, crumpled to a ball",
            "D": "a pen",
        },
    },
)

PAPER = Exercise(
    id="00.prediction.paper",
    title="Predict: a sheet of paper falls",
    question=(
        "By gravity alone, anything falls 2 m in 0.64 s. How long does a flat sheet of paper need, in air?"
    ),
    talk="4:25",
    objective="put a number and an interval on what the neglected force does",
    difficulty=1,
    minutes=2,
    hints=(
        "It cannot be faster than without air.",
        "Drop a sheet from above your head and count.",
        "After a tenth of a second it falls at about 1 m/s and speeds up no more.",
    ),
    solution=(
        f"About {falling.fall_time(2.0, falling.TERMINAL_SPEEDS['flat sheet']):.1f} s: three times as long as"
        " by gravity alone. Here drag is the dominant force, and the simple model fails."
    ),
    kind=Prediction("seconds that a flat sheet of paper needs to fall 2 m", lowest=0, highest=10, unit="s"),
    reference={"guess": 2, "low": 1, "high": 4},
    also_right={
        "as a tuple": (3, 1.5, 6),
        "a guess that will turn out wrong": {"guess": 8, "low": 7, "high": 9},
    },
)


def _fall_cases() -> list[tuple]:
    random = Random("00.code.fallen")
    return [(round(random.uniform(0.5, 2.0), 3), round(random.uniform(2.0, 25.0), 2)) for _ in range(12)]


_FALLEN = '''def distance_fallen(time, terminal_speed):
    """Metres fallen from rest after `time` seconds; drag grows with the square of the speed."""
    gravity, step = 9.81, 0.0005
    distance, speed = 0.0, 0.0
    for _ in range(round(time / step)):
        acceleration = gravity * (1 - (speed / terminal_speed) ** 2)
        distance += step * (speed + step * acceleration / 2)
        speed += step * acceleration
    return distance
'''

FALLEN = Exercise(
    id="00.code.fallen",
    title="A fall through air, in code",
    question=(
        "Write `distance_fallen(time, terminal_speed)`: how many metres something has fallen from rest after"
        " `time` seconds. Gravity pulls with 9.81 m/s²; drag grows with the *square* of the speed and"
        " balances gravity exactly at `terminal_speed` (m/s). Small time steps or a formula, as you like; 1%"
        " of error is fine."
    ),
    talk="4:25",
    objective="turn two forces into a prediction by computing",
    difficulty=3,
    minutes=10,
    hints=(
        (
            "Step through time: at each small step, the speed changes by acceleration · step, the distance by"
            " speed · step."
        ),
        "The acceleration is gravity · (1 − (speed / terminal_speed)²): zero at terminal speed.",
        "Start with distance = speed = 0, use steps of about 0.001 s, and return the distance.",
    ),
    solution=f"```python\n{_FALLEN}```\nThe formula is v²/g · ln cosh(g·t/v), with v the terminal speed.",
    kind=Code(
        function="distance_fallen",
        starter="def distance_fallen(time, terminal_speed):\n    ...  # your code here\n",
        expected=falling.distance_fallen,
        cases=_fall_cases,
        flaws=(
            Flaw(
                "drag forgotten",
                "Your fall has no drag: it is ½ · g · t² whatever the terminal speed.",
                falling.without_drag,
            ),
            Flaw(
                "no acceleration",
                "Yours falls at terminal speed from the start; it begins at rest.",
                falling.at_once_at_terminal_speed,
            ),
            Flaw(
                "linear drag",
                "Your drag grows with the speed itself; it should grow with its square.",
                falling.linear_drag,
                credit=0.6,
            ),
            Flaw(
                "speed returned",
                "You return the speed; the question asks for the distance.",
                falling.speed_instead,
                credit=0.6,
            ),
        ),
        properties=(
            Property(
                "faster than free fall",
                "Yours falls farther than without any air: does drag have the wrong sign?",
                lambda function, case: function(*case) <= 9.9 * case[0] ** 2 / 2,
            ),
            Property(
                "faster than terminal speed",
                "Yours falls farther than terminal speed allows.",
                lambda function, case: function(*case) <= 1.01 * case[0] * case[1],
            ),
            Property(
                "time runs backwards",
                "After more time, yours has not fallen farther.",
                lambda function, case: function(case[0] + 0.5, case[1]) > function(*case),
            ),
        ),
        given={"math": "math", "np": "numpy"},
        tolerance=0.01,
    ),
    reference=_FALLEN,
    also_right={
        "the formula": (
            "def distance_fallen(time, terminal_speed):\n"
            "    return terminal_speed**2 / 9.81 * math.log(math.cosh(9.81 * time / terminal_speed))\n"
        ),
    },
)

EXERCISES = (DOMINANT, METHOD, hit, fall, FALLS, PAPER, FALLEN)
