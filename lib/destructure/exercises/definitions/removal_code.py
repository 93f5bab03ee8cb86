"""The code exercises of notebook 08: a compute factor by hand, and an exact sign-flip test by hand."""

from itertools import product
from math import exp, log
from random import Random

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Code, Flaw, Property

_FACTOR = '''def compute_factor(budgets, losses, wanted, compute):
    """Compute that the arm without the structure needs for the loss `wanted`, divided by `compute`."""
    for place in range(1, len(budgets)):
        if losses[place] <= wanted:
            high, low = np.log(losses[place - 1]), np.log(losses[place])
            share = (high - np.log(wanted)) / (high - low)
            before, after = np.log(budgets[place - 1]), np.log(budgets[place])
            return np.exp(before + share * (after - before)) / compute
'''


def _needed(budgets: list[float], losses: list[float], wanted: float, compute: float) -> float:
    return _between(budgets, losses, wanted, log, exp) / compute


def _between(budgets, losses, wanted, on, back, on_loss=None) -> float:
    """Where a falling curve reaches a value, by straight lines on the given scales."""
    on_loss = on_loss or on
    place = next(place for place in range(1, len(budgets)) if losses[place] <= wanted)
    high, low = on_loss(losses[place - 1]), on_loss(losses[place])
    share = (high - on_loss(wanted)) / (high - low)
    before, after = on(budgets[place - 1]), on(budgets[place])
    return back(before + share * (after - before))


def _plain(value: float) -> float:
    return value


def _first_budget(budgets, losses, wanted, compute):
    return next(budget for budget, loss in zip(budgets, losses, strict=True) if loss <= wanted) / compute


def _linear(budgets, losses, wanted, compute):
    return _between(budgets, losses, wanted, _plain, _plain) / compute


def _linear_loss(budgets, losses, wanted, compute):
    return _between(budgets, losses, wanted, log, exp, _plain) / compute


def _upside_down(budgets, losses, wanted, compute):
    return compute / _between(budgets, losses, wanted, log, exp)


def _not_divided(budgets, losses, wanted, compute):
    return _between(budgets, losses, wanted, log, exp)


def _loss_ratio(budgets, losses, wanted, compute):
    own = min(zip(budgets, losses, strict=True), key=lambda pair: abs(log(pair[0] / compute)))[1]
    return own / wanted


def _factor_cases() -> list[tuple]:
    random = Random("08.code.factor")
    cases = []
    for _ in range(12):
        budgets = [1e10 * 2**step for step in range(5)]
        losses = [random.uniform(1.5, 2.5)]
        for _step in range(4):
            losses.append(losses[-1] * random.uniform(0.3, 0.8))
        between = random.randint(1, 4)
        wanted = losses[between] * (losses[between - 1] / losses[between]) ** random.uniform(0.2, 0.8)
        cases.append((budgets, losses, wanted, budgets[random.randint(0, 3)]))
    return cases


def _shifts(function, case) -> bool:
    """All compute doubled, the factor stays."""
    budgets, losses, wanted, compute = case
    doubled = function([2 * budget for budget in budgets], losses, wanted, 2 * compute)
    return abs(doubled / function(*case) - 1) < 1e-6


FACTOR = Exercise(
    id="08.code.factor",
    title="A compute factor by hand",
    question=(
        "The arm *with* a structure has the loss `wanted` at `compute` FLOPs. The arm *without* it was"
        " measured at `budgets`"
        " (rising) with `losses` (falling). Write `compute_factor(budgets, losses, wanted, compute)`: the"
        " compute at which the"
        " arm without the structure reaches `wanted`, divided by `compute`. Between two budgets the"
        " logarithm of the loss is"
        " a straight line over the logarithm of compute. (`wanted` lies between the first and the last loss.)"
    ),
    talk="11:24",
    objective="compute what a structure is worth in compute",
    difficulty=3,
    minutes=10,
    hints=(
        "Find the first budget whose loss is at most `wanted`; the place you look for lies just before it.",
        "How far is log(wanted) from the upper to the lower of the two log losses, as a share of the way?",
        "Go the same share of the way from log(budget before) to log(budget after), take exp, divide by"
        " `compute`.",
    ),
    solution=f"```python\n{_FACTOR}```",
    kind=Code(
        function="compute_factor",
        starter="def compute_factor(budgets, losses, wanted, compute):\n    ...  # your code here\n",
        expected=_needed,
        cases=_factor_cases,
        flaws=(
            Flaw(
                "no line between budgets",
                "Yours takes the first budget that reached the loss; the place lies between it and the one"
                " before.",
                _first_budget,
                credit=0.5,
            ),
            Flaw(
                "straight without logarithms",
                "Yours goes straight between budgets and losses themselves; take the logarithms of both first.",
                _linear,
                credit=0.6,
            ),
            Flaw(
                "loss without its logarithm",
                "Compute is on a logarithmic scale in yours, the loss is not; take the logarithm of both.",
                _linear_loss,
                credit=0.6,
            ),
            Flaw(
                "upside down",
                "Yours is upside down: divide what the arm without the structure needs by `compute`.",
                _upside_down,
                credit=0.6,
            ),
            Flaw(
                "not divided",
                "Yours gives the compute itself; divide it by `compute`.",
                _not_divided,
                credit=0.6,
            ),
            Flaw(
                "ratio of losses",
                "Yours compares losses at one budget; ask at which compute the losses are equal.",
                _loss_ratio,
                credit=0.2,
            ),
        ),
        properties=(
            Property(
                "it changes with the unit",
                "If all compute is doubled, the factor must stay the same; yours changes.",
                _shifts,
            ),
        ),
        given={"np": "numpy", "math": "math"},
        tolerance=1e-4,
    ),
    reference=_FACTOR,
    also_right={
        "with numpy": (
            "def compute_factor(budgets, losses, wanted, compute):\n"
            "    place = np.interp(-np.log(wanted), -np.log(losses), np.log(budgets))\n"
            "    return np.exp(place) / compute\n"
        ),
    },
)

_FLIP = '''def sign_flip_p(differences):
    """The two-sided p value of an exact sign-flip test of the mean."""
    from itertools import product

    seen = abs(sum(differences))
    flips = list(product((1, -1), repeat=len(differences)))
    extreme = 0
    for signs in flips:
        total = sum(sign * each for sign, each in zip(signs, differences))
        extreme += abs(total) >= seen - 1e-12
    return extreme / len(flips)
'''


def _totals(differences: list[float]) -> list[float]:
    return [
        sum(sign * each for sign, each in zip(signs, differences, strict=True))
        for signs in product((1, -1), repeat=len(differences))
    ]


def _two_sided(differences: list[float]) -> float:
    totals, seen = _totals(differences), abs(sum(differences))
    return sum(abs(total) >= seen - 1e-12 for total in totals) / len(totals)


def _one_sided(differences: list[float]) -> float:
    totals, seen = _totals(differences), sum(differences)
    return sum(total >= seen - 1e-12 for total in totals) / len(totals)


def _strictly(differences: list[float]) -> float:
    totals, seen = _totals(differences), abs(sum(differences))
    return sum(abs(total) > seen + 1e-12 for total in totals) / len(totals)


def _signs_only(differences: list[float]) -> float:
    return _two_sided([1.0 if each > 0 else -1.0 for each in differences])


def _complement(differences: list[float]) -> float:
    return 1 - _two_sided(differences)


def _flip_cases() -> list[tuple]:
    random = Random("08.code.sign_flip")
    return [
        ([round(random.gauss(random.choice((0.0, 0.6, -0.9)), 1.0), 3) for _ in range(random.randint(4, 8))],)
        for _ in range(14)
    ]


def _symmetric(function, case) -> bool:
    (differences,) = case
    return abs(function([-each for each in differences]) - function(differences)) < 1e-9


SIGN_FLIP = Exercise(
    id="08.code.sign_flip",
    title="An exact test by hand",
    question=(
        "Write `sign_flip_p(differences)`: the exact two-sided p value of a sign-flip test. If the"
        " structure does nothing,"
        " each paired difference could as well have had the other sign. So try **all** flips of signs, and"
        " return the share"
        " of them whose total is at least as far from 0 as the total that was seen (the flip that changes"
        " nothing"
        " counts, too)."
    ),
    talk="26:46",
    objective="build an exact test for a handful of seeds",
    difficulty=2,
    minutes=8,
    hints=(
        "`itertools.product((1, -1), repeat=n)` lists all 2ⁿ ways to give n differences a sign.",
        "For each of them, add up sign times difference; compare its absolute value with that of the real"
        " total.",
        "Count with >= (and a hair of slack for rounding), then divide by the number of flips.",
    ),
    solution=f"```python\n{_FLIP}```\nWith five seeds the smallest value is 2/32: below 0.05 nothing can be shown.",
    kind=Code(
        function="sign_flip_p",
        starter="def sign_flip_p(differences):\n    ...  # your code here\n",
        expected=_two_sided,
        cases=_flip_cases,
        flaws=(
            Flaw(
                "one-sided",
                "Yours counts flips on one side only; as far from 0 in either direction counts.",
                _one_sided,
                credit=0.6,
            ),
            Flaw(
                "strictly further",
                "Yours leaves out flips exactly as far as the real one; the real one itself counts, so p"
                " is never 0.",
                _strictly,
                credit=0.5,
            ),
            Flaw(
                "signs only",
                "Yours looks at the signs alone; add up the differences themselves.",
                _signs_only,
                credit=0.4,
            ),
            Flaw(
                "one minus p",
                "Yours is one minus the p value: small must mean that few flips are so far out.",
                _complement,
                credit=0.5,
            ),
        ),
        properties=(
            Property(
                "not symmetric",
                "With all signs turned round the p value must stay the same; yours changes.",
                _symmetric,
            ),
        ),
        given={"np": "numpy", "itertools": "itertools"},
    ),
    reference=_FLIP,
    also_right={
        "with numpy": (
            "def sign_flip_p(differences):\n"
            "    d = np.array(differences)\n"
            "    signs = np.array(list(itertools.product((1, -1), repeat=len(d))))\n"
            "    return float(np.mean(np.abs(signs @ d) >= abs(d.sum()) - 1e-9))\n"
        ),
    },
)
