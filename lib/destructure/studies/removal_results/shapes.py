"""Arms of another shape: as many parameters as the encoder-decoder, and twice the layers without S3."""

import numpy as np
import pandas as pd

from destructure.statistics import (
    TakeOffComparison,
    bootstrap_interval,
    compare_take_off,
    paired_differences,
    paired_take_off,
)
from destructure.structure import Structure
from destructure.studies.plans.removal import DECODER_ONLY, PREFIX_LM, SHARED_STACK
from destructure.studies.removal_results.summaries import FAILED, RESAMPLES, arm_rows, run_table

WIDTH = 32


def shape_comparisons(rows: pd.DataFrame) -> pd.DataFrame:
    """How far each arm of another shape is from the two it is to be compared with, at every budget.

    Columns: `arm`, `structure`, `against` ("encoder-decoder" or "3 layers"), `budget`, `exact_match` and
    `other_exact_match` (means), `ratio`, `low`, `high`: the arm's loss over the other's, with its 95% interval over
    paired seeds; above 1 the arm is worse.

    Args:
        rows: settled rows of `structure_corners`.
    """
    found = []
    for structure in (SHARED_STACK, PREFIX_LM, DECODER_ONLY):
        arm = arm_rows(rows, structure, "same parameters")
        found += _against(arm, arm_rows(rows, Structure.ENCODER_DECODER, width=WIDTH), "encoder-decoder")
        found += _against(arm, arm_rows(rows, structure, width=WIDTH), "3 layers")
    deep = arm_rows(rows, PREFIX_LM, "twice the layers")
    found += _against(deep, arm_rows(rows, PREFIX_LM, width=WIDTH), "3 layers")
    found += _against(deep, arm_rows(rows, SHARED_STACK, width=WIDTH), "3 layers with S3")
    return pd.DataFrame(found)


def _against(arm: pd.DataFrame, other: pd.DataFrame, name: str) -> list[dict]:
    found = []
    for budget in sorted(set(arm["budget"]) & set(other["budget"])):
        pair = [each[each["budget"] == budget].assign(side=side) for side, each in enumerate((arm, other))]
        logs = paired_differences(pd.concat(pair), 0, 1, arm="side", failed=FAILED, logarithm=True)
        ratio = bootstrap_interval(logs.differences, resamples=RESAMPLES)
        found.append(
            {
                "arm": arm["arm"].iloc[0],
                "structure": arm["structure"].iloc[0],
                "against": name,
                "budget": float(budget),
                "exact_match": float(pair[0]["exact_match"].mean()),
                "other_exact_match": float(pair[1]["exact_match"].mean()),
                "ratio": float(np.exp(ratio.estimate)),
                "low": float(np.exp(ratio.low)),
                "high": float(np.exp(ratio.high)),
            }
        )
    return found


def deeper_take_off(rows: pd.DataFrame) -> TakeOffComparison:
    """Twice the layers without S3 (first) against the prefix LM of 3 layers (second): compute at take-off."""
    arms = [
        run_table(arm_rows(rows, PREFIX_LM, "twice the layers")),
        run_table(arm_rows(rows, PREFIX_LM, width=WIDTH)),
    ]
    return compare_take_off(
        **paired_take_off(pd.concat(arms), "twice the layers", "corner"), resamples=RESAMPLES
    )
