"""Arms of another shape: as many parameters as the encoder-decoder, and twice the layers without S3."""

import numpy as np
import pandas as pd

from destructure.statistics import (
    failures_counted,
    interval,
    interval_of,
    median_take_off,
    paired,
    resamples,
)
from destructure.structure import Structure
from destructure.studies.plans.removal import DECODER_ONLY, PREFIX_LM, SHARED_STACK
from destructure.studies.removal_results.summaries import arm_rows, run_table

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
        logs = paired(failures_counted(pd.concat(pair)), "side", 0, 1, logarithm=True)
        ratio = interval(logs)
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


def deeper_take_off(rows: pd.DataFrame):
    """Twice the layers without S3 against the prefix LM of 3 layers: compute at take-off."""
    arms = [
        run_table(arm_rows(rows, PREFIX_LM, "twice the layers")).sort_values("seed"),
        run_table(arm_rows(rows, PREFIX_LM, width=WIDTH)).sort_values("seed"),
    ]
    limit = np.minimum(*(arm["limit"].to_numpy() for arm in arms))
    n = len(limit)
    times = [np.where(arm["take_off"] <= limit, arm["take_off"], np.nan) for arm in arms]
    m = [median_take_off(t, limit) for t in times]
    many = [median_take_off(t, limit, resamples(n).shares) for t in times]

    class T:
        runs = n
        first_median, second_median = m
        first_took_off, second_took_off = (int(np.isfinite(t).sum()) for t in times)
        with np.errstate(invalid="ignore"):
            ratio = interval_of(many[0] / many[1], m[0] / m[1], n)

    return T
