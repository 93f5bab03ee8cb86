"""One more run of a corner, small enough for a lesson, to be set beside the stored ones."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from destructure.structure import Structure
from destructure.studies.plans.removal import BUDGETS, corner
from destructure.studies.removal_results.summaries import corner_rows
from destructure.studies.removal_results.tables import RemovalTables, chosen_rates
from destructure.study import run_configuration, stored_interval
from destructure.study.configuration import RunConfiguration

LIVE_SEED = 0
"""Not among the stored seeds."""

WIDTHS = (16, 32)
"""Those whose first two budgets take about ten seconds of one processor core."""

UNTUNED = 4e-3


def live_configuration(
    tables: RemovalTables, structure: Structure, width: int = 16, seed: int = LIVE_SEED
) -> RunConfiguration:
    """A run like the stored ones, cut off after the second budget of its width.

    The warm-up and every step up to there are those of the whole run. The learning rate is that of the stored runs,
    else the tuned one, else 0.004.

    Args:
        tables: from `load_tables`.
        structure: one of the sixteen corners.
        width: 16 or 32.
        seed: one that is not stored.

    Raises:
        ValueError: if the width is another one.
    """
    if width not in WIDTHS:
        raise ValueError(f"width is {width}; a lesson has time for width {WIDTHS[0]} or {WIDTHS[1]}.")
    rate = _rate(tables, structure, width)
    return corner(structure, width, learning_rate=rate, seed=seed, budgets=BUDGETS[width][:2])


def live_run(
    tables: RemovalTables,
    structure: Structure,
    width: int = 16,
    seed: int = LIVE_SEED,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Train it: one row a budget, with the columns of the tables, the run's `structure` code among them."""
    return run_configuration(
        live_configuration(tables, structure, width, seed), device="cpu", progress=progress
    )


def expected_interval(
    tables: RemovalTables, row: Mapping[str, Any], score: str = "loss"
) -> tuple[float, float] | None:
    """Where a live row should land: a 99.9% prediction interval over the stored seeds; `None` with fewer than three.

    Args:
        tables: from `load_tables`.
        row: one that `live_run` returned.
        score: "loss" or "exact_match".
    """
    if tables.corners is None:
        return None
    cells = corner_rows(tables.corners, row["width"], row["budget"])
    same = cells[(cells["structure"] == row["structure"]) & (cells["learning_rate"] == row["learning_rate"])]
    if len(same) < 3:
        return None
    return stored_interval(tables.corners, same.iloc[0].to_dict(), score)


def _rate(tables: RemovalTables, structure: Structure, width: int) -> float:
    if tables.corners is not None:
        cells: pd.DataFrame = corner_rows(tables.corners, width)
        rates = cells[cells["structure"] == structure.code]["learning_rate"]
        if len(rates):
            return float(rates.iloc[0])
    curves = chosen_rates(tables)
    if curves is not None:
        mine = curves[curves["chosen"] & (curves["structure"] == structure.code) & (curves["width"] == width)]
        if len(mine):
            return float(mine["learning_rate"].iloc[0])
    return UNTUNED
