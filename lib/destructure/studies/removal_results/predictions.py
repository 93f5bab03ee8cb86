"""The registered predictions A1 to A12, each decided by code from the tables.

What was predicted and with which odds is read from data/registration.md, so that it stands in one place. Each has a
function here that decides it: "yes", "no", or "undecided" where the data cannot say (too few seeds for an interval,
an interval on both sides, nothing took off) or are not there yet.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from destructure.files import data_folder
from destructure.statistics import seeds_needed
from destructure.structure import Structure
from destructure.studies.removal_results.effects import corner_effects, factor_of, scarce_effects
from destructure.studies.removal_results.results import Results
from destructure.studies.removal_results.shapes import deeper_take_off
from destructure.studies.removal_results.summaries import corner_summary, flops_text, seeds_text, span_text

Outcome = Literal["yes", "no", "undecided"]
Found = tuple[Outcome, str]
Decider = Callable[[Results], Found]

WIDTH, BUDGET = 32, 4e10
"""Where A3, A5 and A8 are decided: width 32, its second budget."""

_ROW = re.compile(r"^\| *([A-Z]\d+) *\|(.*)\| *(\d+)% *\|\s*$", re.MULTILINE)
_MISSING = "no seed of its table is complete yet"


@dataclass(frozen=True)
class Prediction:
    """A registered prediction and what became of it.

    Attributes:
        name: "A1". what: as registered. odds: as registered, from 0 to 1.
        came_true: "yes", "no" or "undecided".
        found: what the tables say, in a few words.
        seeds: how many complete seeds that rests on, 0 if there are none.
        is_final: whether the table it rests on is complete.
    """

    name: str
    what: str
    odds: float
    came_true: Outcome
    found: str
    seeds: int
    is_final: bool


def registered(part: str = "A") -> list[tuple[str, str, float]]:
    """The predictions of a part of data/registration.md: name, what, odds.

    Raises:
        ValueError: if it lists none.
    """
    text = (data_folder() / "registration.md").read_text(encoding="utf-8")
    rows = [(name, what.strip(), int(odds) / 100) for name, what, odds in _ROW.findall(text)]
    found = [row for row in rows if row[0].startswith(part)]
    if not found:
        raise ValueError(
            f"data/registration.md lists no predictions of part {part!r}; restore it from the repository."
        )
    return found


def score_predictions(results: Results) -> list[Prediction]:
    """Decide every registered prediction of part A."""
    scored = []
    for name, what, odds in registered("A"):
        scarce = name in _SCARCE
        rows, progress = (results.few, results.scarce) if scarce else (results.rows, results.corners)
        if rows is None:
            scored.append(Prediction(name, what, odds, "undecided", _MISSING, 0, False))
            continue
        came_true, found = (_SCARCE if scarce else _CORNERS)[name](results)
        scored.append(
            Prediction(name, what, odds, came_true, found, len(progress.complete), progress.is_complete)
        )
    return scored


def brier_score(scored: list[Prediction]) -> float:
    """Mean squared distance of the odds from what happened (1 or 0), over the decided ones; NaN if there is none.

    0 is perfect; whoever always says 50% gets 0.25.
    """
    misses = [
        (each.odds - (each.came_true == "yes")) ** 2 for each in scored if each.came_true != "undecided"
    ]
    return float(np.mean(misses)) if misses else float("nan")


def _too_few(rows: pd.DataFrame) -> str:
    seeds = int(rows["seed"].nunique())
    return f"{seeds_text(seeds)} cannot carry a 95% interval" if seeds < seeds_needed() else ""


def _interval_rule(decide: Decider) -> Decider:
    """A prediction about intervals is undecided while there are too few seeds for any."""

    def decided(results: Results) -> Found:
        came_true, found = decide(results)
        few = _too_few(results.few if decide.__name__ == "_a9" else results.rows)
        return ("undecided", few) if few else (came_true, found)

    return decided


def _said(condition: bool) -> Outcome:
    return "yes" if condition else "no"


def _listed(factors) -> str:
    return ", ".join(_one(each) for each in factors) or "every budget at the floor"


def _one(factor) -> str:
    sign = {"no": "", "above": ">", "below": "<"}[factor.censored]
    return f"{sign}{factor.interval.estimate:.2f} {span_text(factor.interval.low, factor.interval.high)}"


@_interval_rule
def _a1(results):
    found = results.whole.factors.factors
    if not found:
        return "undecided", "every budget at the floor"
    return _said(all(_below_one(each) for each in found)), f"κ {_listed(found)}"


def _below_one(factor) -> bool:
    """Whether the interval lies below 1. A bound is not among the values that it bounds: below 1.00 is below 1."""
    return factor.interval.high < 1 or (factor.censored == "below" and factor.interval.high <= 1)


@_interval_rule
def _a2(results):
    step = results.steps["final_layer_memory"]
    outcome = {"no": "yes", "yes": "no", "unsettled": "undecided"}[step.judgement.helps_when_small]
    return outcome, f"κ {_listed(step.factors.factors[:1])} at the smallest budget"


def _a3(results):
    table = corner_effects(results.rows, WIDTH, BUDGET).table()
    main = table[table["order"] == 1].set_index("effect")["estimate"]
    return _said(main.abs().idxmax() == "S3"), _effects(main)


@_interval_rule
def _a4(results):
    verdict = results.steps["separate_cross_attention"].judgement.verdict
    return _said(verdict in ("inconclusive", "equivalent")), verdict


def _a5(results):
    spreads = corner_summary(results.rows, WIDTH, BUDGET)["spread"]
    whole, removed = (spreads[each.code] for each in Structure.ladder()[:2])
    if np.isnan(whole):
        return "undecided", "one seed has no spread"
    return _said(removed > whole), f"{100 * removed:.1f} against {100 * whole:.1f} points"


@_interval_rule
def _a6(results):
    found = results.steps["separate_parameters"].factors.factors
    return _said(any(each.interval.low > 1 for each in found)), f"κ {_listed(found)}"


@_interval_rule
def _a7(results):
    found = results.steps["bidirectional_input"].factors.factors
    below, above = (
        any(_below_one(each) for each in found),
        any(each.interval.low > 1 for each in found),
    )
    return _said(below and not above), f"κ {_listed(found)}"


def _a8(results):
    table = corner_effects(results.rows, WIDTH, BUDGET).table().set_index("effect")
    main, two = (table[table["order"] == order]["estimate"].abs() for order in (1, 2))
    return (
        _said(two.max() >= main.min()),
        f"{two.idxmax()} {two.max():.2f}, smallest main effect {main.idxmin()} {main.min():.2f}",
    )


@_interval_rule
def _a9(results):
    interval = scarce_effects(results.few).main("final_layer_memory").interval
    factor, low, high = (factor_of(each) for each in (interval.estimate, interval.low, interval.high))
    return _said(interval.high < 0), f"loss with S3 × {factor:.2f} {span_text(low, high)}"


def _a10(results):
    rows = results.few
    budget, width = float(rows["budget"].max()), int(rows["width"].max())
    scores = corner_summary(rows, width, budget)["exact_match"]
    ladder = [each.code for each in Structure.ladder()]
    others = scores.drop(ladder)
    return (
        _said(others.max() > scores[ladder].max()),
        f"best {others.idxmax()} {others.max():.1%}, best of the ladder {scores[ladder].idxmax()} "
        f"{scores[ladder].max():.1%}",
    )


@_interval_rule
def _a11(results):
    verdicts = [step.judgement.verdict for step in results.steps.values()]
    named = ", ".join(f"S{number} {verdict}" for number, verdict in enumerate(verdicts, start=1))
    return _said(any(each in ("supported", "weakly supported") for each in verdicts)), named


def _a12(results):
    found = deeper_take_off(results.rows)
    medians = found.first_median, found.second_median
    if all(np.isinf(medians)):
        return "undecided", "neither took off in half of its runs"
    shown = ["never in half of the runs" if np.isinf(each) else flops_text(each) for each in medians]
    return _said(medians[0] > medians[1]), f"median {shown[0]} against {shown[1]} FLOPs"


def _effects(main: pd.Series) -> str:
    return ", ".join(f"{name} {value:+.2f}" for name, value in main.items())


_CORNERS: dict[str, Decider] = {
    "A1": _a1, "A2": _a2, "A3": _a3, "A4": _a4, "A5": _a5, "A6": _a6, "A7": _a7, "A8": _a8, "A11": _a11, "A12": _a12,
}  # fmt: skip
_SCARCE: dict[str, Decider] = {"A9": _a9, "A10": _a10}
