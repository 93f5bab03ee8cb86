"""What the intervals say about the lecture's thesis: computed from them, never typed.

The thesis for one structure: it helps while compute is small and stands in the way when there is more of it (CS25 V4,
9:06 to 14:23). In terms of the compute factor κ(C): above 1 at the smallest budget, falling, below 1 later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from destructure.statistics.compute_factor import ComputeFactors
from destructure.statistics.intervals import Interval

Verdict = Literal["supported", "weakly supported", "contradicted", "equivalent", "inconclusive"]

MARGIN = (0.9, 1.1)
"""Compute factors within this range count as "removing it is free"."""


@dataclass(frozen=True)
class Judgement:
    """A verdict on the thesis for one structure, with the findings it is made of.

    Attributes:
        verdict: see `judge`.
        reason: one sentence.
        helps_when_small: "yes", "no" or "unsettled": is κ above 1 at the smallest budget?
        slope: "falls", "does not fall" or "unsettled": does κ fall as compute grows?
        crosses: whether κ is above 1 at one budget and below 1 at a larger one.
        free: whether κ is within the margin at every budget.
    """

    verdict: Verdict
    reason: str
    helps_when_small: Literal["yes", "no", "unsettled"]
    slope: Literal["falls", "does not fall", "unsettled"]
    crosses: bool
    free: bool

    def __str__(self) -> str:
        return f"{self.verdict}: {self.reason}"


def judge(
    factors: Sequence[Interval],
    slope: Interval,
    *,
    narrow_factors: Sequence[Interval] | None = None,
) -> Judgement:
    """Judge the thesis by intervals alone. The first rule that applies gives the verdict.

    1. "inconclusive" if there is no budget to judge by.
    2. "equivalent" if every budget's `narrow_factors` lies within `MARGIN`: at any budget, removing the structure
       is free (two one-sided tests at every budget). A difference that small decides nothing, whatever its sign.
    3. "contradicted" if κ is at most 1 at the smallest budget (it never helped when it should have), or the slope is
       at least 0 (it helps as much or more with compute).
    4. "supported" if κ is above 1 at one budget and below 1 at a larger one.
    5. "weakly supported" if κ is above 1 at the smallest budget and the slope is below 0.
    6. "inconclusive" otherwise: the intervals straddle.

    "Above", "below" and "at least" speak of the whole interval.

    Args:
        factors: κ with its interval at each budget, in rising order of compute.
        slope: d log κ / d log C with its interval.
        narrow_factors: the intervals for equivalence (90% beside 95%); by default `factors`, which is stricter.

    Raises:
        ValueError: if the lists differ in length.
    """
    narrow = factors if narrow_factors is None else narrow_factors
    if len(factors) != len(narrow):
        raise ValueError(f"There are {len(factors)} factors and {len(narrow)} narrow ones; give as many.")
    if not factors:
        reason = "no budget is left to judge by."
        return Judgement("inconclusive", reason, "unsettled", "unsettled", crosses=False, free=False)
    helps = "yes" if factors[0].low > 1 else "no" if factors[0].high <= 1 else "unsettled"
    falls = "does not fall" if slope.low >= 0 else "falls" if slope.high < 0 else "unsettled"
    crosses = _crosses(factors)
    free = all(MARGIN[0] <= each.low and each.high <= MARGIN[1] for each in narrow)
    verdict, reason = _rule(helps, falls, crosses, free)
    return Judgement(verdict, reason, helps, falls, crosses, free)


def judge_factors(found: ComputeFactors) -> Judgement:
    """`judge` on what `compute_factors` found."""
    return judge(
        [each.interval for each in found.factors],
        found.slope,
        narrow_factors=[each.narrow_interval for each in found.factors],
    )


def _rule(helps: str, falls: str, crosses: bool, free: bool) -> tuple[Verdict, str]:
    if free:
        return "equivalent", f"at every budget κ lies between {MARGIN[0]:g} and {MARGIN[1]:g}."
    if helps == "no":
        return "contradicted", "it does not help at the smallest budget."
    if falls == "does not fall":
        return "contradicted", "κ does not fall as compute grows."
    if crosses:
        return "supported", "κ is above 1 at one budget and below 1 at a larger one."
    if helps == "yes" and falls == "falls":
        return "weakly supported", "it helps at the smallest budget, and less as compute grows."
    questions = {"whether it helps at the smallest budget": helps, "whether κ falls": falls}
    left = [question for question, answer in questions.items() if answer == "unsettled"]
    return "inconclusive", f"the intervals leave open {' and '.join(left)}."


def _crosses(factors: Sequence[Interval]) -> bool:
    helped = False
    for each in factors:
        if helped and each.high < 1:
            return True
        helped = helped or each.low > 1
    return False
