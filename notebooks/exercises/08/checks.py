"""Compute factors and flips of signs, for the exercises of notebook 08."""

from random import Random

from destructure.exercises.drawings import curves

_BUDGETS = [10 + 0.25 * step for step in range(7)]
_FACTORS = {
    "A": (1.9, 1.7, 1.45, 1.2, 0.95, 0.75, 0.6),
    "B": (1.01, 0.99, 1.02, 1.0, 0.98, 1.01, 1.0),
    "C": (0.55, 0.55, 0.56, 0.55, 0.54, 0.55, 0.55),
    "D": (2.0, 1.9, 1.78, 1.66, 1.55, 1.45, 1.36),
}
FACTORS = curves(
    [(label, list(zip(_BUDGETS, values, strict=True))) for label, values in _FACTORS.items()],
    across="compute, powers of ten of FLOPs",
    up="compute factor κ",
)


def factor_cases() -> list[tuple]:
    """Falling losses over rising budgets, a loss between them, and the compute at which it is wanted."""
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


def doubled_compute_changes_nothing(function, case) -> bool:
    """All compute doubled, the factor stays."""
    budgets, losses, wanted, compute = case
    doubled = function([2 * budget for budget in budgets], losses, wanted, 2 * compute)
    return abs(doubled / function(*case) - 1) < 1e-6


def flip_cases() -> list[tuple]:
    """Paired differences of 4 to 8 seeds."""
    random = Random("08.code.sign_flip")
    return [
        ([round(random.gauss(random.choice((0.0, 0.6, -0.9)), 1.0), 3) for _ in range(random.randint(4, 8))],)
        for _ in range(14)
    ]


def symmetric(function, case) -> bool:
    """All signs turned round, the p value stays."""
    (differences,) = case
    return abs(function([-each for each in differences]) - function(differences)) < 1e-9
