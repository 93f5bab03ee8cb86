"""Every verdict of the experiment as text: what `python -m destructure verdicts` prints, and notebook 08 shows."""

import math
from collections.abc import Iterator
from itertools import pairwise

import pandas as pd

from destructure.studies.plans.removal import BUDGETS
from destructure.studies.removal_results.effects import (
    CornerEffects,
    corner_effects,
    scarce_effects,
    take_off_effects,
)
from destructure.studies.removal_results.factors import (
    LABELS,
    Removal,
    exact_p_value,
    ladder_steps,
    primary_tests,
    smallest_corrected_p,
)
from destructure.studies.removal_results.noise import noise_floor
from destructure.studies.removal_results.overfitting import rises
from destructure.studies.removal_results.predictions import Prediction, brier_score, score_predictions
from destructure.studies.removal_results.results import Results
from destructure.studies.removal_results.shapes import deeper_take_off, shape_comparisons
from destructure.studies.removal_results.summaries import (
    TRAINED,
    corner_rows,
    flops_text,
    seeds_text,
    share_below,
    span_text,
)

SCOPE = (
    "This tests the form of the claim between 10^10 and 10^13 FLOP, on one small task. It cannot confirm or refute "
    "it for large language models."
)


def report(results: Results | None = None) -> str:
    """All verdicts, effects and predictions that the tables allow; a section without its table says so.

    Args:
        results: by default those of the course's own tables.
    """
    results = Results() if results is None else results
    missing = ["No seed of structure_corners is complete yet, so nothing can be said."]
    few = ["No seed of scarce_corners is complete yet, so nothing can be said."]
    no_ends = ["No run of the two ends of the ladder yet."]
    rows = results.rows
    parts = [SCOPE, ""]
    parts += _section("The tables", progress_lines(results))
    parts += _section("Noise: the same model, many seeds", noise_lines(results) or no_ends)
    for title, lines in (
        ("Verdicts", verdict_lines),
        ("Divided by C itself", literal_lines),
        ("The eight registered tests", test_lines),
        ("Every surrounding", surrounding_lines),
    ):
        parts += _section(title, missing if rows is None else lines(results))
    parts += _section("Main effects and interactions", missing if rows is None else list(_effects(rows)))
    parts += _section("Other shapes", missing if rows is None else shape_lines(rows))
    parts += _section("Scarce data", scarce_lines(results) or few)
    parts += _section("Predictions", prediction_lines(score_predictions(results)))
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, lines: list[str]) -> list[str]:
    return [title, "-" * len(title), *lines, ""]


def progress_lines(results: Results) -> list[str]:
    """How much of each plan is there."""
    return [
        f"{name}: {each if each.present else 'not there yet'}"
        for name, each in (
            ("structure_corners", results.corners),
            ("scarce_corners", results.scarce),
            ("noise_floor", results.noise),
        )
    ]


def noise_lines(results: Results) -> list[str]:
    """The spread over seeds of the two ends of the ladder."""
    return [] if results.ends is None else [str(each) for each in noise_floor(results.ends)]


def verdict_lines(results: Results) -> list[str]:
    """The verdict on each structure, with the arms that were not trained within the range."""
    lines = []
    for step in [*results.steps.values(), results.whole]:
        lines.append(f"{step.label}: {step.judgement.verdict} ({results.corners.label})")
        details = [step.judgement.reason, *factor_lines(step), *weak_lines(results, step)]
        lines += [f"    {line}" for line in details]
    return lines


def weak_lines(results: Results, step: Removal) -> list[str]:
    """Which arms of a comparison are not trained within the range."""
    return [
        f"{each.code} is not trained within the range: "
        f"{share_below(results.weak[each.code], TRAINED)} right at the largest budget"
        for each in (step.with_structure, step.without_structure)
        if each.code in results.weak
    ]


def factor_lines(step: Removal) -> list[str]:
    """κ at every budget, its slope, and the budgets at the floor."""
    sign = {"no": "", "above": "above ", "below": "below "}
    lines = [
        f"κ({flops_text(each.compute)}) = {sign[each.censored]}{each.interval.estimate:.2f} "
        f"{span_text(each.interval.low, each.interval.high)}"
        for each in step.factors.factors
    ]
    slope = step.factors.slope
    known = math.isfinite(slope.estimate)
    told = f"{slope.estimate:.2f} {span_text(slope.low, slope.high)}" if known else "not known"
    lines.append(f"slope {told}")
    if step.factors.at_floor:
        lines.append("at the floor: " + ", ".join(flops_text(budget) for budget in step.factors.at_floor))
    return lines


def literal_lines(results: Results) -> list[str]:
    """What changes if κ is divided by C where the arm with the structure had been as good before; see `DividedBy`."""
    lines = []
    for switch, literal in ladder_steps(results.rows, divided_by="budget").items():
        step = results.steps[switch]
        if literal.factors == step.factors:
            lines.append(f"{step.label}: nothing changes")
            continue
        other = [
            new for new, old in zip(factor_lines(literal), factor_lines(step), strict=True) if new != old
        ]
        verdict = literal.judgement.verdict
        kept = "still" if verdict == step.judgement.verdict else f"not {step.judgement.verdict} but"
        lines.append(f"{step.label}: {kept} {verdict}; " + "; ".join(other))
    return lines


def test_lines(results: Results) -> list[str]:
    """The eight tests after Holm's correction, the exact sign-flip test beside them, and what so few seeds allow."""
    lines = [
        f"{each.test}: p = {each.p_value:.3f}, corrected {each.corrected:.3f}"
        for each in primary_tests(results.steps).itertuples()
    ]
    exact = {step.label: exact_p_value(results.rows, step) for step in results.steps.values()}
    listed = ", ".join(f"{name} {p:.3f}" for name, p in exact.items())
    lines.append(f"beside them, exact sign flips at the smallest budget, not corrected: {listed}")
    seeds = len(results.corners.complete)
    flips, bootstrap = smallest_corrected_p(seeds)
    lines.append(
        f"smallest corrected p that {seeds_text(seeds)} can give: {flips:.3f} (sign flips), "
        f"{bootstrap:.3f} (bootstrap)"
    )
    return lines


test_lines.__test__ = False  # not a test for pytest


def surrounding_lines(results: Results) -> list[str]:
    """Each switch in all eight surroundings: κ at the smallest budget, and what `judge_factors` would call it."""
    lines = []
    for switch, found in results.around.items():
        for each in found:
            smallest = "every budget at the floor" if each.smallest is None else factor_lines(each)[0]
            lines.append(
                f"{LABELS[switch]} removed from {each.with_structure.code}: {smallest}; {each.judgement.verdict}"
            )
    return lines


def scarce_lines(results: Results) -> list[str]:
    """Effects with scarce data at the largest budget, and in how many runs the loss rose."""
    if results.few is None:
        return []
    return [*effect_lines(scarce_effects(results.few)), results.scarce.label, *_rise_lines(results)]


def _rise_lines(results: Results) -> list[str]:
    """In how many runs more training made the loss worse: scarce data, plentiful data beside it."""
    width = int(results.few["width"].max())
    steps = list(pairwise(sorted(results.few["budget"].unique())))
    found = [("scarce data", rises(results.few, width, *step)) for step in steps]
    if results.rows is not None:
        measured = set(corner_rows(results.rows, width)["budget"])
        found += [
            ("plentiful data", rises(results.rows, width, *step))
            for step in steps
            if measured.issuperset(step)
        ]
    last = found[len(steps) - 1][1]
    return [*(f"{name}: {each}" for name, each in found), f"scarce data, {last.name}:", *last.switch_lines()]


def _effects(rows: pd.DataFrame) -> Iterator[str]:
    for width, budgets in BUDGETS.items():
        yield from effect_lines(corner_effects(rows, width, budgets[1]))
        yield from effect_lines(take_off_effects(rows, width))


def effect_lines(found: CornerEffects) -> list[str]:
    """One line an effect, as a factor on the measure: above 1 the structure makes it larger, that is, worse."""
    what = "loss" if found.measure == "loss" else "compute at take-off"
    head = f"{what}, width {found.width}, {flops_text(found.budget)} FLOPs"
    if found.measure == "take-off":
        head += f", {found.censored} of {found.runs} runs without take-off"
    return [head] + [
        f"    {row.effect}: × {math.exp(row.estimate):.2f} {span_text(math.exp(row.low), math.exp(row.high))}"
        for row in found.table().itertuples()
    ]


def shape_lines(rows: pd.DataFrame) -> list[str]:
    """Equal parameters, and twice the layers."""
    lines = [
        f"{row.arm}, {row.structure}, against {row.against}, {flops_text(row.budget)} FLOPs: exact match "
        f"{row.exact_match:.0%} and {row.other_exact_match:.0%}, "
        f"loss × {row.ratio:.2f} {span_text(row.low, row.high)}"
        for row in shape_comparisons(rows).itertuples()
    ]
    deep = deeper_take_off(rows)
    lines.append(
        f"take-off of twice the layers over 3 layers: {deep.ratio.estimate:.2f} "
        f"{span_text(deep.ratio.low, deep.ratio.high)}, {deep.first_took_off} and {deep.second_took_off} of "
        f"{deep.runs} took off"
    )
    return lines


def prediction_lines(scored: list[Prediction]) -> list[str]:
    """One line a prediction, and the Brier score of those that are decided."""
    lines = []
    for each in scored:
        state = "" if each.is_final or not each.seeds else f", interim: {seeds_text(each.seeds)}"
        lines.append(f"{each.name} ({each.odds:.0%}): {each.came_true}{state}: {each.found}")
    counts = {
        outcome: sum(each.came_true == outcome for each in scored) for outcome in ("yes", "no", "undecided")
    }
    told = f"came true {counts['yes']}, did not {counts['no']}, undecided {counts['undecided']}"
    if counts["undecided"] < len(scored):
        told += f"; Brier score {brier_score(scored):.2f} (0 is perfect, always saying 50% gives 0.25)"
    lines.append(told)
    return lines
