"""The code exercise of notebook 09: the advantage of a structure by hand."""

from collections.abc import Callable, Sequence
from math import isnan, log, nan
from random import Random

from destructure.exercises.catalogue import Exercise
from destructure.exercises.kinds import Code, Flaw, Property

FLOOR, TOKENS = 0.02, 65
Losses = Sequence[float | None]

_ADVANTAGE = '''def advantage(with_structure, without_structure):
    """Mean over the budgets of log(loss without / loss with); above 0 the structure helps."""

    def counted(loss):
        if loss is None or math.isnan(loss):
            return math.log(65)
        return max(loss, 0.02)

    pairs = zip(with_structure, without_structure)
    ratios = [math.log(counted(without) / counted(own)) for own, without in pairs]
    return sum(ratios) / len(ratios)
'''


def _failed(loss: float | None) -> bool:
    return loss is None or isnan(loss)


def _counted(loss: float | None, floor: float = FLOOR, failure: float = log(TOKENS)) -> float:
    return failure if _failed(loss) else max(loss, floor)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _ratios(own: Losses, without: Losses, count: Callable = _counted) -> list[float]:
    return [count(other) / count(mine) for mine, other in zip(own, without, strict=True)]


def _advantage(with_structure: Losses, without_structure: Losses) -> float:
    return _mean([log(ratio) for ratio in _ratios(with_structure, without_structure)])


def _upside_down(own: Losses, without: Losses) -> float:
    return -_advantage(own, without)


def _difference(own: Losses, without: Losses) -> float:
    return _mean([_counted(other) - _counted(mine) for mine, other in zip(own, without, strict=True)])


def _no_floor(own: Losses, without: Losses) -> float:
    return _mean([log(ratio) for ratio in _ratios(own, without, lambda loss: _counted(loss, floor=0.0))])


def _failures_dropped(own: Losses, without: Losses) -> float:
    both = [pair for pair in zip(own, without, strict=True) if not any(map(_failed, pair))]
    return _advantage(*zip(*both, strict=True)) if both else 0.0


def _failures_too_high(own: Losses, without: Losses) -> float:
    return _mean(
        [log(ratio) for ratio in _ratios(own, without, lambda loss: _counted(loss, failure=float(TOKENS)))]
    )


def _nan_overlooked(own: Losses, without: Losses) -> float:
    # nan agrees with any result, whatever the learner's code makes of a nan.
    return (
        nan
        if any(loss is not None and isnan(loss) for loss in (*own, *without))
        else _advantage(own, without)
    )


def _log_of_mean_ratio(own: Losses, without: Losses) -> float:
    return log(_mean(_ratios(own, without)))


def _log_of_means(own: Losses, without: Losses) -> float:
    return log(_mean([_counted(loss) for loss in without]) / _mean([_counted(loss) for loss in own]))


def _base_ten(own: Losses, without: Losses) -> float:
    return _advantage(own, without) / log(10)


def _sum(own: Losses, without: Losses) -> float:
    return _advantage(own, without) * len(own)


def _cases() -> list[tuple[Losses, Losses]]:
    """Falling losses of two arms: some below the floor, some of diverged runs, on either side."""
    random = Random("09.code.advantage")
    cases = []
    for number in range(14):
        arms = []
        for _ in range(2):
            losses: list[float | None] = [random.uniform(0.6, 2.0)]
            for _budget in range(random.choice((1, 2, 2, 3)) if not arms else len(arms[0]) - 1):
                losses.append(losses[-1] * random.uniform(0.1, 0.7))
            arms.append([round(loss, 4) for loss in losses])
        if number % 4 == 1:
            arms[random.randint(0, 1)][-1] = round(random.uniform(0.001, 0.012), 4)
        if number % 4 == 2:
            arms[random.randint(0, 1)][0] = None
        if number % 4 == 3:
            arms[random.randint(0, 1)][random.randint(0, 1)] = nan
        cases.append(tuple(arms))
    return cases


def _turns_round(function: Callable, case: tuple[Losses, Losses]) -> bool:
    own, without = case
    return abs(function(own, without) + function(without, own)) < 1e-9


def _unit_free(function: Callable, case: tuple[Losses, Losses]) -> bool:
    """All losses three times as high, the advantage stays; where no rule for failures or the floor comes in."""
    own, without = case
    if any(_failed(loss) or loss < FLOOR for loss in (*own, *without)):
        return True
    higher = function([3 * loss for loss in own], [3 * loss for loss in without])
    return abs(higher - function(own, without)) < 1e-9


ADVANTAGE = Exercise(
    id="09.code.advantage",
    title="The advantage of a structure by hand",
    question=(
        "`with_structure` and `without_structure` are the losses of one seed's two arms, one loss for each"
        " budget, in the same order. Write `advantage(with_structure, without_structure)`: the **mean over"
        " the budgets of log(loss without / loss with)**, natural logarithm. Two rules were fixed before the"
        " runs: a loss below 0.02 counts as 0.02 (so near the floor only noise is left), and a run that"
        " diverged (its loss is `nan`, or there is none) counts with ln 65, the loss of a model that"
        " knows nothing of the 65 tokens."
    ),
    talk="27:09",
    objective="compute what a structure is worth at equal compute, failures and floor included",
    difficulty=2,
    minutes=8,
    hints=(
        "First write a small function that turns one entry of a list into the loss that counts.",
        "`max(loss, 0.02)` does one rule; `loss is None or math.isnan(loss)` finds the runs of the other.",
        "Take the logarithm of each ratio first (without above, with below), then the mean of the logarithms.",
    ),
    solution=(
        f"```python\n{_ADVANTAGE}```\nA logarithm treats half the loss and twice the loss alike: they are as"
        " far from 0, on either side. At 0.69 the structure halves the loss, at −0.69 it doubles it."
    ),
    kind=Code(
        function="advantage",
        starter="def advantage(with_structure, without_structure):\n    ...  # your code here\n",
        expected=_advantage,
        cases=_cases,
        flaws=(
            Flaw(
                "upside down",
                "Yours is upside down: the loss *without* the structure goes above, so that a structure that"
                " helps is above 0.",
                _upside_down,
                credit=0.6,
            ),
            Flaw(
                "difference of losses",
                "Yours takes the difference of the losses, which is large early and small late whatever the"
                " structure does; take the logarithm of their ratio.",
                _difference,
                credit=0.3,
            ),
            Flaw(
                "no floor",
                "Yours has no floor: near 0 a tiny difference makes a huge ratio. Count a loss below 0.02 as"
                " 0.02.",
                _no_floor,
                credit=0.6,
            ),
            Flaw(
                "failed runs dropped",
                "Yours leaves out budgets at which a run diverged. Then an arm gains by failing; count the"
                " failure with ln 65.",
                _failures_dropped,
                credit=0.5,
            ),
            Flaw(
                "failure counts 65",
                "Yours counts a diverged run with 65 nats; 65 is the number of tokens, and knowing nothing of"
                " them costs ln 65.",
                _failures_too_high,
                credit=0.7,
            ),
            Flaw(
                "nan overlooked",
                "A diverged run is written as `None` or as `nan`; yours knows the first only. Count both with"
                " ln 65.",
                _nan_overlooked,
                credit=0.7,
            ),
            Flaw(
                "logarithm of the mean ratio",
                "Yours takes the mean of the ratios and then its logarithm; a single large ratio rules it."
                " Take the logarithms first.",
                _log_of_mean_ratio,
                credit=0.5,
            ),
            Flaw(
                "logarithm of two means",
                "Yours compares the mean losses, so the smallest budget, with the highest losses, rules it."
                " Compare budget by budget.",
                _log_of_means,
                credit=0.4,
            ),
            Flaw(
                "base ten",
                "Yours uses the logarithm to base 10; the rule is written with the natural one.",
                _base_ten,
                credit=0.8,
            ),
            Flaw(
                "sum",
                "Yours is the sum over the budgets; divide it by their number.",
                _sum,
                credit=0.7,
            ),
        ),
        properties=(
            Property(
                "sides differ",
                "If the two lists change places, only the sign may change; are both treated by the same rules?",
                _turns_round,
            ),
            Property(
                "depends on the unit",
                "If every loss is three times as high, the ratios and so the advantage stay; yours changes.",
                _unit_free,
            ),
        ),
        given={"np": "numpy", "math": "math"},
        tolerance=1e-6,
    ),
    reference=_ADVANTAGE,
    also_right={
        "with numpy": (
            "def advantage(with_structure, without_structure):\n"
            "    both = np.array([with_structure, without_structure], dtype=float)\n"
            "    own, without = np.log(np.maximum(np.where(np.isnan(both), np.log(65), both), 0.02))\n"
            "    return float((without - own).mean())\n"
        ),
    },
)
