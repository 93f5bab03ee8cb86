"""Secondary measures at the ends of the dials: the compute factor κ(C) as in part A, and when runs take off."""

import numpy as np
import pandas as pd

from destructure.statistics import (
    compute_factors,
    failures_counted,
    flops_text,
    judge_factors,
    median_take_off,
    take_off_runs,
)
from destructure.studies.dial_results.contrasts import Arm, Contrast
from destructure.studies.removal_results.factors import Removal


def contrast_factors(rows: pd.DataFrame, contrast: Contrast) -> Removal:
    """κ at every budget and the verdict on the thesis, as part A computes them, but at one width.

    Args:
        rows: settled rows. contrast: one of two arms at one setting.
    """
    arms = [failures_counted(arm.rows(rows)) for arm in (contrast.with_arm, contrast.without_arm)]
    factors = compute_factors(*arms)
    structures = contrast.with_arm.structure, contrast.without_arm.structure
    return Removal(contrast.label, *structures, factors, judge_factors(factors))


def take_off_text(rows: pd.DataFrame, arm: Arm) -> str:
    """When an arm takes off: how many of its runs did, and the median compute, such as "8 of 8, median 5.1e10"."""
    runs = take_off_runs(arm.rows(rows))
    middle = median_take_off(runs["take_off"], runs["limit"])
    told = f"median {flops_text(middle)}" if np.isfinite(middle) else "median beyond what was watched"
    return f"{runs['take_off'].notna().sum()} of {len(runs)}, {told}"
