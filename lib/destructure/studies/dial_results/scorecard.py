"""The thesis on one page: what published studies and the course's own experiments say of each of its claims.

Published readings are in data/thesis_scorecard.csv, with their sources. The course's own are computed here.
"""

from collections.abc import Iterable

import pandas as pd

from destructure.statistics import ComputeFactor
from destructure.studies.bottleneck_probe_results import no_bottleneck_seen
from destructure.studies.dial_results.reports import weak_note
from destructure.studies.dial_results.results import DialResults
from destructure.studies.removal_results.factors import LABELS, Removal
from destructure.studies.removal_results.results import Results
from destructure.studies.removal_results.summaries import flops_text, span_text
from destructure.tables import load_table

OURS = "this course"
READINGS = ("supports", "complicates", "contradicts")

_SMALL = "structure helps while compute is small"
_SHRINKS = "its advantage shrinks as compute grows"
_AHEAD = "with enough compute, less structure is ahead"
_NEW_USES = "structure is a bottleneck for new uses"
_LENGTH = "separate parameters suit long inputs and short targets"
_FINAL = "final-layer memory is a bottleneck"


def scorecard(removals: Results, dials: DialResults) -> pd.DataFrame:
    """All readings: `claim`, `study`, `finding`, `reading`, `source` (empty for the course's own).

    Args:
        removals, dials: the course's results; parts without a complete seed give no rows.
    """
    published = load_table("thesis_scorecard")
    columns = ["claim", "study", "finding", "reading", "source"]
    ours = pd.DataFrame(our_readings(removals, dials), columns=columns[:-1]).assign(source="")
    order = list(dict.fromkeys(published["claim"]))
    both = pd.concat([published[columns], ours], ignore_index=True)
    return both.sort_values("claim", key=lambda each: each.map(order.index), kind="stable", ignore_index=True)


def our_readings(removals: Results, dials: DialResults) -> list[tuple[str, str, str, str]]:
    """What the course's experiments say: (claim, study, finding, reading)."""
    found = []
    if removals.rows is not None:
        for switch, step in removals.steps.items():
            found += _of_removal(LABELS[switch], step, removals.weak)
    if dials.rows is not None:
        swap = dials.role_swap
        reading = {"hurts": "supports", "helps": "contradicts"}.get(swap.word, "complicates")
        told = f"on the way back S2 {swap.word}{weak_note(swap)}"
        found.append((_NEW_USES, f"{OURS}, S2", told, reading))
        for claim, name in ((_LENGTH, "S2 length"), (_FINAL, "S3 depth")):
            effect = dials.effects[name]
            reading = effect.verdict if effect.verdict in READINGS else "complicates"
            told = f"turning the dial of {name}: {effect.verdict}{weak_note(effect.first, effect.second)}"
            found.append((claim, f"{OURS}, {name[:2]}", told, reading))
    if dials.tables.probe is not None:
        seen = no_bottleneck_seen(dials.tables.probe)
        reading = (
            "contradicts" if seen.verdict else "complicates"
        )  # below the bar, something may be lost, or not
        found.append((_FINAL, f"{OURS}, read-outs", f"{seen.word}: {seen.reason}", reading))
    return found


def _of_removal(label: str, step: Removal, weak: Iterable[str]) -> list[tuple[str, str, str, str]]:
    judged, study, factors = step.judgement, f"{OURS}, {label}", step.factors.factors
    if judged.free or not factors:
        told = "free at every budget" if judged.free else "every budget at the floor"
        return [(claim, study, told, "complicates") for claim in (_SMALL, _SHRINKS, _AHEAD)]
    codes = [each.code for each in (step.with_structure, step.without_structure) if each.code in weak]
    note = f" (not trained within the range: {', '.join(codes)})" if codes else ""
    small = {"yes": "supports", "no": "contradicts"}.get(judged.helps_when_small, "complicates")
    falls = {"falls": "supports", "does not fall": "contradicts"}.get(judged.slope, "complicates")
    last = factors[-1].interval
    ahead = "supports" if last.high < 1 else "contradicts" if last.low > 1 else "complicates"
    return [
        (_SMALL, study, _factor(factors[0]) + note, small),
        (_SHRINKS, study, f"whether κ falls: {judged.slope}{note}", falls),
        (_AHEAD, study, f"{_factor(factors[-1])}, the last budget off the floor{note}", ahead),
    ]


def _factor(factor: ComputeFactor) -> str:
    sign = {"no": "", "above": "above ", "below": "below "}[factor.censored]
    interval = factor.interval
    span = span_text(interval.low, interval.high)
    return f"κ({flops_text(factor.compute)}) = {sign}{interval.estimate:.2f} {span}"
