"""What each structure is worth in compute, on the ladder and in every surrounding, and the verdicts that follow."""

import math
from dataclasses import dataclass

import pandas as pd

from destructure.statistics import (
    ComputeFactors,
    Judgement,
    compute_factors,
    failures_counted,
    holm,
    judge_factors,
    paired,
    sign_flip_p_value,
)
from destructure.statistics.compute_factor import DividedBy
from destructure.structure import Structure
from destructure.studies.removal_results.summaries import FLOOR, NOISE, arm_rows

LABELS = {switch: f"S{number}" for number, switch in enumerate(Structure.SWITCHES, start=1)}
NAMES = {
    "separate_cross_attention": "separate cross-attention",
    "separate_parameters": "separate parameters",
    "final_layer_memory": "final-layer memory",
    "bidirectional_input": "bidirectional input",
}


@dataclass(frozen=True)
class Removal:
    """One arm with a structure against one without it.

    Attributes:
        label: "S2", or "whole ladder".
        with_structure, without_structure: the two corners.
        factors: κ at every budget, its slope.
        judgement: the verdict on the thesis for this structure in this surrounding.
    """

    label: str
    with_structure: Structure
    without_structure: Structure
    factors: ComputeFactors
    judgement: Judgement

    @property
    def smallest(self):
        """The compute factor at the smallest budget that is not at the floor; `None` if there is none."""
        return self.factors.factors[0] if self.factors.factors else None


def removal(
    rows: pd.DataFrame,
    with_structure: Structure,
    without_structure: Structure,
    label: str = "",
    divided_by: DividedBy = "first reach",
) -> Removal:
    """Compare two corners over the envelopes of their widths, as registered.

    Args:
        rows: settled rows of `structure_corners`.
        with_structure, without_structure: the arms.
        label: what it is called.
        divided_by: as in `compute_factors`.

    Raises:
        ValueError: if an arm has no rows or no seed is complete.
    """
    factors = compute_factors(
        failures_counted(arm_rows(rows, with_structure)),
        failures_counted(arm_rows(rows, without_structure)),
        floor=FLOOR,
        noise=NOISE,
        divided_by=divided_by,
    )
    return Removal(label, with_structure, without_structure, factors, judge_factors(factors))


def ladder_steps(rows: pd.DataFrame, divided_by: DividedBy = "first reach") -> dict[str, Removal]:
    """The four steps of the ladder: switch → the arm before the edit against the arm after it."""
    ladder = Structure.ladder()
    return {
        switch: removal(rows, before, after, LABELS[switch], divided_by)
        for switch, before, after in zip(Structure.SWITCHES, ladder, ladder[1:], strict=False)
    }


def whole_ladder(rows: pd.DataFrame) -> Removal:
    """The encoder-decoder against decoder-only."""
    return removal(rows, Structure.ENCODER_DECODER, Structure.DECODER_ONLY, "whole ladder")


def surroundings(rows: pd.DataFrame) -> dict[str, list[Removal]]:
    """Each switch removed in all eight surroundings: switch → eight comparisons. Described, not tested."""
    return {
        switch: [
            removal(rows, corner, corner.without(switch), LABELS[switch])
            for corner in Structure.all()
            if getattr(corner, switch)
        ]
        for switch in Structure.SWITCHES
    }


def primary_tests(steps: dict[str, Removal]) -> pd.DataFrame:
    """The eight registered tests, corrected together by Holm's method.

    Columns: `test`, `p_value` (bootstrap over seeds), `corrected`, `significant`.

    Args:
        steps: from `ladder_steps`.
    """
    p_values = {}
    for switch, step in steps.items():
        smallest = step.smallest
        p_values[f"{LABELS[switch]}: κ at its smallest budget is 1"] = (
            smallest.p_value if smallest else math.nan
        )
        p_values[f"{LABELS[switch]}: the slope is 0"] = step.factors.slope_p_value
    return corrected_table(p_values, "test")


def corrected_table(p_values: dict[str, float], column: str) -> pd.DataFrame:
    """Tests corrected by Holm's method: names in `column`, then `p_value`, `corrected`, `significant`."""
    table = holm(p_values)
    return table.assign(significant=table["corrected"] <= 0.05).rename_axis(column).reset_index()


def exact_p_value(rows: pd.DataFrame, step: Removal) -> float:
    """The exact sign-flip test of "κ at the smallest budget is 1": paired log losses where both arms cost the same.

    At the smallest budget of all, only the smallest width has been measured, so both envelopes are that width.
    """
    budget = rows["budget"].min()
    arms = [
        arm_rows(rows, each).assign(side=side)
        for side, each in enumerate((step.with_structure, step.without_structure))
    ]
    both = pd.concat(arms)
    both = both[both["budget"] == budget]
    return sign_flip_p_value(paired(failures_counted(both), "side", 0, 1, logarithm=True))


def smallest_corrected_p(seeds: int, tests: int = 8) -> tuple[float, float]:
    """The smallest corrected p value that so many seeds can give one of so many tests: exact sign flips, bootstrap.

    Counted, not measured: two of the 2^n flips of signs are the most extreme ones. The bootstrap's is that of 2,000
    samples that all lie on one side.
    """
    exact = min(1.0, tests * 2 * 0.5**seeds)
    return exact, exact
