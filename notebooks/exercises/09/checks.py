"""Dials, and losses of two arms, for the exercises of notebook 09."""

from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations
from math import isnan, nan
from random import Random

from destructure.exercises import Variants
from destructure.exercises.kinds.run import agrees, every_row
from destructure.files import data_folder
from destructure.show.structure_sketches import svg, text
from destructure.show.style import INK, QUIET, SHARED, SOURCE, TARGET

T5_XXL = (-2.9, 23.7)
"""Score before and after tuning, as in `data/flan_gains.csv` (a test compares them)."""
PALM_8B = (6.4, 21.9)

# --- losses of two arms ------------------------------------------------------------------------------------------

FLOOR = 0.02
Losses = Sequence[float | None]


def loss_cases(more: int = 0) -> list[tuple[Losses, Losses]]:
    """Losses of two arms: some below the floor or at it, some of diverged runs, on either side or on both."""
    random = Random("09.code.advantage")
    cases = [([1.0, 0.5], [1.0, 0.001]), ([0.02], [0.3]), ([0.001], [0.01]), ([5.0, 0.3], [6.0, 0.3])]
    cases += [([0.6, None], [0.7, 0.7]), ([0.7, 0.5], [0.6, nan]), ([0.5, None], [0.4, nan])]
    for _ in range(14 + more):
        budgets, odd = random.randint(1, 4), random.choice((0.0, 0.3))
        arms = [[round(random.uniform(0.05, 5.0), 4) for _ in range(budgets)] for _ in range(2)]
        for losses in arms:
            for place in range(budgets):
                if random.random() < odd:  # the first run never diverges
                    losses[place] = random.choice((0.001, 0.012, 0.02) + (None, nan) * (place > 0))
        cases.append(tuple(arms))
    return cases


def turns_round(function: Callable, case: tuple[Losses, Losses]) -> bool:
    """If the two lists change places, only the sign changes."""
    own, without = case
    return abs(function(own, without) + function(without, own)) < 1e-4


def unit_free(function: Callable, case: tuple[Losses, Losses]) -> bool:
    """All losses three times as high, the advantage stays; where no rule for failures or the floor comes in."""
    own, without = case
    if any(loss is None or isnan(loss) or loss < FLOOR for loss in (*own, *without)):
        return True
    higher = function([3 * loss for loss in own], [3 * loss for loss in without])
    return abs(higher - function(own, without)) < 1e-4


# --- dials -------------------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _CELL = 330, 150, 15


Dial = namedtuple("Dial", "answer description")
"""The structure ("S1" to "S4") whose assumption a dial tests; what is drawn, in words that do not give it away."""

DIALS = {
    "position": Dial("S4", "a row of input tokens; the one that says what to do stands last, or first"),
    "depth": Dial(
        "S3", "a stack for the input beside a stack for the target, each of four layers, or of two"
    ),
    "length": Dial("S1", "nine input tokens and three target tokens, or three input and nine target tokens"),
    "likeness": Dial(
        "S2",
        "English goes in and German comes out, or both languages go in and both come out",
    ),
}

ORDERS = Variants("order", "order", list(permutations(DIALS)))


def dial_drawing(order: Sequence[str]) -> str:
    """Four panels A to D, two by two, each with both ends of one dial.

    Args:
        order: keys of `DIALS`, from panel A to panel D.
    """
    panels = {"position": _position, "depth": _depth, "length": _length, "likeness": _likeness}
    parts = []
    for place, name in enumerate(order):
        left, top = (place % 2) * _WIDTH, (place // 2) * _HEIGHT
        drawn = "".join(
            [
                f'<rect x="6" y="6" width="{_WIDTH - 12}" height="{_HEIGHT - 12}" rx="6" fill="none"'
                f' stroke="{QUIET}"/>',
                text(22, 28, "ABCD"[place], bold=True),
                *panels[name](),
            ]
        )
        parts.append(f'<g transform="translate({left} {top})">{drawn}</g>')
    return svg(2 * _WIDTH, 2 * _HEIGHT, parts)


def dial_description(order: Sequence[str]) -> str:
    """The same in words."""
    panels = (
        f"Dial {letter}: {DIALS[name].description}." for letter, name in zip("ABCD", order, strict=True)
    )
    return " ".join(panels)


def _cells(left: float, top: float, count: int, colour: str) -> list[str]:
    return [
        f'<rect x="{left + _CELL * number}" y="{top}" width="{_CELL}" height="{_CELL}" fill="{colour}"'
        f' fill-opacity="0.55" stroke="{INK}"/>'
        for number in range(count)
    ]


def _arrow(left: float, right: float, height: float) -> str:
    return (
        f'<path d="M{left} {height} H{right - 7}" stroke="{INK}" stroke-width="2"/>'
        f'<path d="M{right} {height} l-9 -5 v10 z" fill="{INK}"/>'
    )


def _or() -> str:
    return text(22, 80, "or", QUIET)


def _position() -> list[str]:
    """Six quiet tokens and a black one."""
    parts = [_or()]
    for top, place in ((38, 6), (98, 0)):
        parts += _cells(70 + _CELL * (place == 0), top, 6, SOURCE)
        x = 70 + _CELL * place
        parts.append(f'<rect x="{x}" y="{top}" width="{_CELL}" height="{_CELL}" fill="{INK}"/>')
        parts.append(text(x + _CELL / 2, top + 31, "what to do"))
    return [*parts, text(250, 50, "last"), text(250, 110, "first")]


def _depth() -> list[str]:
    parts = [text(112, 136, "4 layers"), text(252, 136, "2 layers"), text(182, 80, "or", QUIET)]
    for left, layers in ((70, 4), (210, 2)):
        for layer in range(layers):
            top = 100 - 22 * layer
            for x, colour in ((left, SOURCE), (left + 48, TARGET)):
                parts.append(
                    f'<rect x="{x}" y="{top}" width="36" height="18" rx="3" fill="{colour}"'
                    f' fill-opacity="0.55" stroke="{INK}"/>'
                )
    return parts


def _length() -> list[str]:
    parts = [_or()]
    for top, source, target in ((38, 9, 3), (98, 3, 9)):
        parts += _cells(58, top, source, SOURCE)
        start = 58 + _CELL * source
        parts += [_arrow(start + 6, start + 36, top + 8), *_cells(start + 42, top, target, TARGET)]
        parts.append(text(58 + _CELL * source / 2, top + 31, "input"))
        parts.append(text(start + 42 + _CELL * target / 2, top + 31, "target"))
    return parts


def _likeness() -> list[str]:
    parts = [_or()]
    for top, pairs, colours in (
        (26, (("seven", "sieben"), ("two", "zwei")), (SOURCE, TARGET)),
        (90, (("seven", "sieben"), ("zwei", "two")), (SHARED, SHARED)),
    ):
        for row, words in enumerate(pairs):
            y = top + 24 * row
            for x, word, colour in zip((70, 200), words, colours, strict=True):
                parts.append(
                    f'<rect x="{x}" y="{y}" width="70" height="20" rx="3" fill="{colour}" fill-opacity="0.3"'
                    f' stroke="{INK}"/>'
                )
                parts.append(text(x + 35, y + 15, word))
            parts.append(_arrow(146, 194, y + 10))
    return parts


# --- the task: a contrast of your own ---------------------------------------------------------------------------

FIRST, SECOND = ("long to short", "short to long")


@cache
def _losses(setting: str, code: str):
    """A row per seed, a column per budget."""
    import pandas as pd

    rows = pd.read_csv(data_folder() / "results/dial_runs.csv")
    rows = rows[(rows.arm == setting) & (rows.structure == code)]
    if rows.empty:
        raise LookupError(f"no stored runs of {setting} with {code}")
    return rows.pivot_table("loss", "seed", "budget")


def _advantages(rows) -> list[dict]:
    import numpy as np

    found = []
    for row in rows:
        kept, removed = (
            np.log(_losses(row["setting"], row[arm]).clip(lower=0.02)) for arm in ("kept", "removed")
        )
        found.append({**row, "advantage": float((removed - kept).loc[row["seed"]].mean())})
    return found


def own_contrast() -> list[dict]:
    """An example: S1 at the two ends of the length dial."""
    arms = {"kept": "S1 S2 S3 S4", "removed": "-- S2 S3 S4"}
    return _advantages(
        [
            {"setting": setting, **arms, "seed": seed}
            for setting in (FIRST, SECOND)
            for seed in range(200, 208)
        ]
    )


def one_structure(rows) -> bool:
    """The same two arms everywhere, and they differ in one structure."""
    arms = {(row["kept"], row["removed"]) for row in rows}
    kept, removed = (code.split() for code in next(iter(arms)))
    lost = [one for one, other in zip(kept, removed, strict=True) if one != other]
    gone = [other for one, other in zip(kept, removed, strict=True) if one != other]
    return len(arms) == len(lost) == 1 and lost != ["--"] and gone == ["--"]


def two_settings(rows) -> bool:
    """Two settings, each with all eight seeds."""
    seeds = {}
    for row in rows:
        seeds.setdefault(row["setting"], []).append(row["seed"])
    return len(seeds) == 2 and all(sorted(some) == list(range(200, 208)) for some in seeds.values())


own_advantage = agrees(_advantages, "setting seed", "advantage", within=0.001)


def _effects(rows) -> list[dict]:
    """Per seed left out (0: none): the mean of the first setting's advantages minus the second's."""
    found = []
    for row in rows:
        arms = {"kept": row["kept"], "removed": row["removed"]}
        seeds = [seed for seed in range(200, 208) if seed != row["left_out"]]
        first, second = (
            _advantages([{"setting": row[end], **arms, "seed": seed} for seed in seeds])
            for end in ("first", "second")
        )
        differences = [
            one["advantage"] - other["advantage"] for one, other in zip(first, second, strict=True)
        ]
        found.append(
            {
                **row,
                "effect": sum(differences) / len(seeds),
                "above": sum(each > 0 for each in differences),
            }
        )
    return found


def own_effect() -> list[dict]:
    """An example: the dial effect of the contrast above."""
    ends = {"kept": "S1 S2 S3 S4", "removed": "-- S2 S3 S4", "first": FIRST, "second": SECOND}
    return _effects([{**ends, "left_out": seed} for seed in (0, *range(200, 208))])


each_seed_once = every_row(lambda rows: [{"left_out": seed} for seed in (0, *range(200, 208))], "left_out")
effect_again = agrees(_effects, "left_out", "effect", within=0.002)
seeds_above = agrees(_effects, "left_out", "above")
