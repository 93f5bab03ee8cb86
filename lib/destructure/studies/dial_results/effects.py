"""The dials: what a structure has at one end and at the other, and what that says of the lecture's reasoning."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from destructure.statistics import Interval, seeds_needed, sign_flip_p_value
from destructure.statistics import interval as interval_over_seeds
from destructure.studies.dial_results.contrasts import Arm, Contrast, compare
from destructure.studies.plans import dials as plan
from destructure.studies.removal_results import factors

Verdict = Literal["supports", "complicates", "contradicts", "not settled"]


@dataclass(frozen=True)
class Dial:
    """A dial and what the lecture leads one to expect of it.

    Attributes:
        name: "S2 length".
        switch: the structure. surroundings: what else is there. first, second: names of the settings at its ends.
        expected: where the advantage at the first end minus that at the second should lie: "above" or "below" 0;
            "nowhere" where the lecture says that the edit changes little.
        reasoning: the lecture's, in our words, or our reading of it. talk: when.
    """

    name: str
    switch: str
    surroundings: str
    first: str
    second: str
    expected: Literal["above", "below", "nowhere"]
    reasoning: str
    talk: str

    def contrast(self, rows: pd.DataFrame, setting: str) -> Contrast:
        """With and without the structure at one end."""
        with_structure, without = plan.pair(self.switch, self.surroundings)
        return compare(rows, setting, Arm(setting, with_structure), Arm(setting, without))


def _dial(name: str, switch: str, where: str, ends: tuple, expected: str, reasoning: str, talk: str) -> Dial:
    first, second = (each.name for each in ends)
    return Dial(name, switch, where, first, second, expected, reasoning, talk)


_LENGTH = (plan.LONG_TO_SHORT, plan.SHORT_TO_LONG)
DIALS = {
    dial.name: dial
    for dial in (
        _dial(
            "S1 length", "separate_cross_attention", plan.PRESENT, _LENGTH, "nowhere",
            "after all edits the two models come out alike, so nothing should be lost here", "26:27",
        ),
        _dial(
            "S2 length", "separate_parameters", plan.PRESENT, _LENGTH, "above",
            "stacks of their own suit long inputs with short answers", "27:09",
        ),
        _dial(
            "S2 likeness", "separate_parameters", plan.PRESENT, (plan.ONE_WAY, plan.BOTH_WAYS), "above",
            "stacks of their own suit an input and an answer that have little in common", "27:09",
        ),
        _dial(
            "S3 depth", "final_layer_memory", plan.PRESENT, (plan.depth_setting(4), plan.depth_setting(2)), "below",
            "reading the final layer only becomes a bottleneck as the encoder gets deeper", "31:43",
        ),
        _dial(
            "S4 position", "bidirectional_input", plan.ABSENT,
            (plan.instruction_setting("last"), plan.instruction_setting("first")), "above",
            "(our reading) both directions pay where what to do is said last", "33:05",
        ),
    )
}  # fmt: skip
"""The five primary ones, by name."""


@dataclass(frozen=True, eq=False)
class DialEffect:
    """What turning a dial does to the advantage of its structure.

    Attributes:
        dial: which. first, second: the advantage at its ends.
        interval: first minus second, with its 95% interval over paired seeds.
        p_value: exact sign flips, not corrected.
        verdict: "supports", "complicates", "contradicts"; "not settled" with too few seeds.
    """

    dial: Dial
    first: Contrast
    second: Contrast
    interval: Interval
    p_value: float
    verdict: Verdict


def dial_effect(rows: pd.DataFrame, dial: Dial) -> DialEffect:
    """Turn one dial.

    Args:
        rows: settled rows of part B, see `DialResults.rows`.

    Raises:
        ValueError: if an arm has no rows or no seed is complete.
    """
    first, second = (dial.contrast(rows, name) for name in (dial.first, dial.second))
    differences = _paired(first, second)
    interval = interval_over_seeds(differences)
    p_value = sign_flip_p_value(differences)
    return DialEffect(dial, first, second, interval, p_value, _verdict(dial, first, second, interval))


def _paired(first: Contrast, second: Contrast) -> np.ndarray:
    other = dict(zip(second.seeds, second.values, strict=True))
    return np.array([value - other[seed] for seed, value in zip(first.seeds, first.values, strict=True)])


def _verdict(dial: Dial, first: Contrast, second: Contrast, interval: Interval) -> Verdict:
    if len(first.seeds) < seeds_needed():
        return "not settled"
    if dial.expected == "nowhere":
        words = {first.word, second.word}
        return (
            "supports"
            if words == {"free"}
            else "contradicts"
            if words & {"helps", "hurts"}
            else "complicates"
        )
    above, below = interval.low > 0, interval.high < 0
    if not (above or below):
        return "complicates"
    return "supports" if above == (dial.expected == "above") else "contradicts"


def primary_tests(effects: dict[str, DialEffect]) -> pd.DataFrame:
    """The five registered tests, "turning the dial changes nothing", corrected together by Holm's method.

    Columns: `dial`, `p_value` (exact sign flips), `corrected`, `significant`.
    """
    return factors.corrected_table({name: effect.p_value for name, effect in effects.items()}, "dial")


def smallest_corrected_p(seeds: int) -> float:
    """The smallest corrected p value that so many seeds can give one of the five tests."""
    return factors.smallest_corrected_p(seeds, tests=len(DIALS))[0]


def span(interval: Interval) -> tuple[float, float, float]:
    """An interval of logarithms as factors: estimate, low, high."""
    return tuple(math.exp(each) for each in (interval.estimate, interval.low, interval.high))
