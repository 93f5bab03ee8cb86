"""Compute factors and flips of signs, for the exercises of notebook 08."""

from functools import cache
from itertools import pairwise, product
from operator import mul
from random import Random

from destructure.exercises.drawings import curves
from destructure.exercises.kinds.run import agrees, every_row
from destructure.files import data_folder

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


def factor_cases(more: int = 0) -> list[tuple]:
    """Falling losses over rising budgets, evenly spaced or not, a loss between or at them, and some compute."""
    random = Random("08.code.factor")
    cases = [([1e10, 1e11, 1e12], [2.0, 1.0, 0.5], 1.4, 1e10), ([1.0, 8.0], [0.4, 0.1], 0.2, 2.0)]
    for number in range(12 + more):
        budgets, losses = [10 ** random.uniform(8, 11)], [random.uniform(0.5, 2.5)]
        for _ in range(random.randint(1, 4)):
            budgets.append(budgets[-1] * random.choice((2, 2, 10, random.uniform(1.2, 20))))
            losses.append(losses[-1] * random.uniform(0.3, 0.8))
        place = random.randint(1, len(budgets) - 1)
        share = (random.uniform(0.2, 0.8), 1.0, 0.0, random.uniform(0, 1))[number % 4]
        wanted = (
            losses[place] if share == 1 else losses[place - 1] * (losses[place] / losses[place - 1]) ** share
        )
        cases.append(
            (budgets, losses, wanted, random.choice((random.choice(budgets), 10 ** random.uniform(8, 12))))
        )
    return cases


def doubled_compute_changes_nothing(function, case) -> bool:
    """All compute doubled, the factor stays."""
    budgets, losses, wanted, compute = case
    doubled = function([2 * budget for budget in budgets], losses, wanted, 2 * compute)
    return abs(doubled / function(*case) - 1) < 1e-4


def flip_cases(more: int = 0) -> list[tuple]:
    """Paired differences of 1 to 8 seeds, with ties between the totals, zeros, and both signs."""
    random = Random("08.code.sign_flip")
    edges = [[0.5], [-0.3, 0.0], [0.0, 0.0], [0.1, 0.2, 0.3, 0.3, -0.1], [-0.7, -0.1, -0.2], [1, 1, 1, 1, -1]]
    for number in range(12 + more):
        digits, centre = (3, 1)[number % 2], random.choice((0.0, 0.6, -0.9))
        edges.append([round(random.gauss(centre, 1.0), digits) for _ in range(random.randint(2, 8))])
    return [(differences,) for differences in edges]


def symmetric(function, case) -> bool:
    """All signs turned round, the p value stays."""
    (differences,) = case
    return abs(function([-each for each in differences]) - function(differences)) < 1e-4


# --- the task: a factor without one seed, and exact tests on the stored runs ------------------------------------

LADDER = ("S1 S2 S3 S4", "-- S2 S3 S4", "-- -- S3 S4", "-- -- -- S4", "-- -- -- --")
STEPS = {f"S{number}": pair for number, pair in enumerate(pairwise(LADDER), start=1)}
SEEDS = tuple(range(200, 208))


@cache
def _losses(code: str):
    """Log losses of a corner: a row per width and budget, a column per seed."""
    import numpy as np
    import pandas as pd

    rows = pd.read_csv(data_folder() / "results/structure_corners.csv")
    rows = rows[(rows.arm == "corner") & (rows.structure == code)]
    return np.log(rows.pivot_table("loss", ["width", "budget"], "seed").clip(lower=1e-6))


@cache
def _factor(step: str, left_out: int) -> float:
    """The compute factor at 2e10 FLOPs from all seeds but one."""
    seeds = [seed for seed in SEEDS if seed != left_out]
    kept, removed = (
        _losses(code)[seeds].mean(axis=1).groupby("budget").min().cummin() for code in STEPS[step]
    )
    wanted, budgets = kept[2e10], list(removed.index)
    place = next(place for place, loss in enumerate(removed) if loss <= wanted)
    high, low = removed.iloc[place - 1], removed.iloc[place]
    share = (high - wanted) / (high - low)
    spent = budgets[place - 1] * (budgets[place] / budgets[place - 1]) ** share
    return float(spent / kept.index[kept <= wanted][0])


def _factors(rows) -> list[dict]:
    return [{**row, "factor": _factor(row["step"], int(row["left_out"]))} for row in rows]


def own_factors() -> list[dict]:
    """An example: the step of S1."""
    return _factors([{"step": "S1", "left_out": seed} for seed in (0, *SEEDS)])


def a_step(rows) -> bool:
    """One step of the ladder whose factor at 2e10 is a number."""
    return len({row["step"] for row in rows}) == 1 and rows[0]["step"] in ("S1", "S2", "S4")


each_seed_left_out = every_row(lambda rows: [{"left_out": seed} for seed in (0, *SEEDS)], "left_out")
factors_again = agrees(_factors, "left_out", "factor", within=0.005)


@cache
def own_tests() -> list[dict]:
    """Mean log ratio and exact p of each step of the ladder, at width 32 and 4e10 FLOPs."""
    found = []
    for step, (kept, removed) in STEPS.items():
        ratios = (_losses(removed).loc[(32, 4e10)] - _losses(kept).loc[(32, 4e10)]).tolist()
        totals = [abs(sum(map(mul, signs, ratios))) for signs in product((1, -1), repeat=8)]
        p = sum(total >= abs(sum(ratios)) - 1e-9 for total in totals) / 256
        found.append({"step": step, "mean": sum(ratios) / 8, "p": p})
    return found


four_steps = every_row(lambda rows: own_tests(), "step")
mean_ratio = agrees(lambda rows: own_tests(), "step", "mean", within=0.005)
exact_p = agrees(lambda rows: own_tests(), "step", "p", within=1e-6)
