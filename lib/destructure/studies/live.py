"""One more run of a corner, small enough for a lesson, to be set beside the stored ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from destructure.structure import Structure
from destructure.studies.plans.removal import BUDGETS, corner
from destructure.study import run_configuration, stored_interval

LIVE_SEED = 0
"""Not among the stored seeds."""

WIDTHS = (16, 32)
"""Those whose first two budgets take about ten seconds of one processor core."""


def live_run(
    stored: pd.DataFrame, structure: Structure, width: int = 16, seed: int = LIVE_SEED
) -> list[dict[str, Any]]:
    """Train a corner as the stored runs were, cut off after the second budget of its width.

    The warm-up and every step up to there are those of the whole run; the learning rate is that of the stored runs.

    Args:
        stored: rows of the plan `structure_corners`.
        structure: one of the sixteen corners.
        width: 16 or 32.
        seed: one that is not stored.

    Returns:
        One row per budget, with the columns of the table.

    Raises:
        ValueError: if the width is another one, or no stored run is like this one.
    """
    if width not in WIDTHS:
        raise ValueError(f"width is {width}; a lesson has time for width {WIDTHS[0]} or {WIDTHS[1]}.")
    alike = _alike(stored, structure.code, width)
    rate = float(alike["learning_rate"].iloc[0])
    run = corner(structure, width, learning_rate=rate, seed=seed, budgets=BUDGETS[width][:2])
    return run_configuration(run, device="cpu", progress=False)


def expected_interval(stored: pd.DataFrame, row: Mapping[str, Any]) -> tuple[float, float]:
    """Where the loss of a live row should land: a 99.9% prediction interval over the stored seeds.

    Args:
        stored: rows of the plan `structure_corners`.
        row: one that `live_run` returned.

    Raises:
        ValueError: if no stored run is like this one.
    """
    alike = _alike(stored, row["structure"], row["width"])
    return stored_interval(stored, alike[alike["budget"] == row["budget"]].iloc[0].to_dict())


def _alike(stored: pd.DataFrame, code: str, width: int) -> pd.DataFrame:
    alike = stored[(stored["arm"] == "corner") & (stored["structure"] == code) & (stored["width"] == width)]
    if alike.empty:
        raise ValueError(f"No stored run has the structure {code} at width {width}; choose one that has.")
    return alike
