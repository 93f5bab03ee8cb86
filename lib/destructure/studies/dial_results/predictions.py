"""The registered predictions B1 to B16, each decided by code from the tables."""

from collections.abc import Callable

from destructure.statistics import Interval, interval, seeds_needed
from destructure.studies.bottleneck_probe_results import no_bottleneck_seen
from destructure.studies.dial_results.contrasts import Contrast
from destructure.studies.dial_results.results import DialResults
from destructure.studies.plans import dials as plan
from destructure.studies.removal_results.predictions import Found, Outcome, Prediction, registered
from destructure.studies.removal_results.summaries import seeds_text, span_text

Decider = Callable[[DialResults], Found]


def score_predictions(results: DialResults) -> list[Prediction]:
    """Decide every registered prediction of part B."""
    scored = []
    for name, what, odds in registered("B"):
        seeds, final = len(results.progress.complete), results.progress.is_complete
        if results.rows is None:
            came_true, found = "undecided", "no seed of its table is complete yet"
        elif name in _BY_INTERVAL and seeds < seeds_needed():
            came_true, found = "undecided", f"{seeds_text(seeds)} cannot carry a 95% interval"
        else:
            came_true, found = _DECIDERS[name](results)
        scored.append(Prediction(name, what, odds, came_true, found, seeds, final))
    return scored


def _said(condition: bool) -> Outcome:
    return "yes" if condition else "no"


def _shown(interval: Interval) -> str:
    return f"{interval.estimate:+.2f} {span_text(interval.low, interval.high)}"


def _effect_above(name: str) -> Decider:
    return lambda results: (
        _said(results.effects[name].interval.low > 0),
        f"dial effect {_shown(results.effects[name].interval)}",
    )


def _b1(results):
    interval = results.effects["S1 length"].interval
    return _said(0 in interval), f"dial effect {_shown(interval)}"


def _b4(results):
    with_structure, without = results.role_swap.exact_match
    lead = interval(results.sharing_lead.to_numpy())
    return _said(without > with_structure), (
        f"exact match {with_structure:.0%} with S2, {without:.0%} without, {lead.estimate:+.0f} points "
        f"[{lead.low:.0f}, {lead.high:.0f}]"
    )


def _b5(results):
    wanted = f"{plan.CONVERSATION.name}, {plan.PRESENT}"
    found = next(each for each in results.surroundings["S2"] if each.label == wanted)
    return _said(found.word == "hurts"), _advantage(found)


def _b6(results):
    found = next(each for each in results.equal_parameters if each.label == plan.BOTH_WAYS.name)
    separate, one = found.exact_match
    return _said(one > separate), f"exact match {one:.0%} in one stack, {separate:.0%} in two"


def _b7(results):
    interval = results.effects["S3 depth"].interval
    return _said(interval.high < 0), f"dial effect {_shown(interval)}"


def _b8(results):
    words = [each.word for each in results.depths]
    return _said(set(words) == {"hurts"}), f"at {', '.join(map(str, plan.DEPTHS))} layers: {', '.join(words)}"


def _at_depth(heading: str, layers: int) -> Decider:
    def decide(results):
        found = next(
            each
            for each in results.counter_proposals[heading]
            if each.label == plan.depth_setting(layers).name
        )
        return _said(found.interval.low > 0), _advantage(found)

    return decide


def _b11(results):
    if results.tables.probe is None:
        return "undecided", "no read-out has been made yet"
    seen = no_bottleneck_seen(results.tables.probe)
    outcome: Outcome = {True: "yes", False: "no", None: "undecided"}[seen.verdict]
    return outcome, seen.reason


def _b13(results):
    narrow, *_, wide = results.widths["instruction last"]
    means = narrow.interval.estimate, wide.interval.estimate
    return _said(means[0] > means[1]), f"{means[0]:+.2f} at {narrow.label}, {means[1]:+.2f} at {wide.label}"


def _instruction_last(results: DialResults, remedy: str) -> Contrast:
    return next(each for each in results.remedies if each.label == f"instruction last: {remedy}")


def _b14(results):
    found = _instruction_last(results, plan.INPUT_TWICE)
    return _said(found.interval.low > 0), _advantage(found)


def _b15(results):
    found = _instruction_last(results, plan.INPUT_LOSS)
    return _said(not found.interval.low > 0), _advantage(found)


def _b16(results):
    lowest = min(results.weak, key=results.weak.get) if results.weak else None
    if lowest is None:
        return "no", "every arm gets 90% or more at its largest budget"
    score = results.weak[lowest]
    return (
        "yes",
        f"{len(results.weak)} of {results.arms} arms; the lowest is {' '.join(lowest)} with {score:.0%}",
    )


def _advantage(found: Contrast) -> str:
    return f"advantage {_shown(found.interval)}: {found.word}"


_DECIDERS: dict[str, Decider] = {
    "B1": _b1,
    "B2": _effect_above("S2 likeness"),
    "B3": _effect_above("S2 length"),
    "B4": _b4,
    "B5": _b5,
    "B6": _b6,
    "B7": _b7,
    "B8": _b8,
    "B9": _at_depth(f"{plan.LAYER_MIX} over the final layer", 4),
    "B10": _at_depth(f"layer by layer over {plan.LAYER_MIX}", 4),
    "B11": _b11,
    "B12": _effect_above("S4 position"),
    "B13": _b13,
    "B14": _b14,
    "B15": _b15,
    "B16": _b16,
}
_BY_INTERVAL = {"B1", "B2", "B3", "B5", "B7", "B8", "B9", "B10", "B12", "B14", "B15"}
