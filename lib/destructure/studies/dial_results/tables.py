"""Reading part B's tables, and how much of the registered plan is in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from destructure.studies.plans import dials as plan
from destructure.studies.plans.removal import SEEDS
from destructure.studies.plans.tuning import TUNED_FOR, tuning_table
from destructure.studies.removal_results.tables import (
    Progress,
    cells_of,
    progress,
    read_tables,
    results_folder,
)


@dataclass(frozen=True, eq=False)
class DialTables:
    """The tables, as `read_results` gives them; `None` for one that is not there yet.

    Attributes:
        runs: `dial_runs`. corners: `structure_corners`, which holds two settings that part B shares with part A.
        tuning: `dial_tuning`. tuning_file: where it lies.
        probe: `bottleneck_probe`, see `bottleneck_probe`.
    """

    runs: pd.DataFrame | None = None
    corners: pd.DataFrame | None = None
    tuning: pd.DataFrame | None = None
    tuning_file: Path | None = None
    probe: pd.DataFrame | None = None


def load_dials(folder: str | Path | None = None) -> DialTables:
    """Read what there is.

    Args:
        folder: with the plans' tables; by default the course's `data/results`.

    Raises:
        ValueError: if a table is damaged, or the folder does not exist.
    """
    folder = results_folder(folder)
    found = read_tables(folder, runs="dial_runs", corners="structure_corners", tuning="dial_tuning")
    probe = folder / "bottleneck_probe.csv"
    return DialTables(
        **found,
        tuning_file=folder / "dial_tuning.csv" if "tuning" in found else None,
        probe=pd.read_csv(probe) if probe.is_file() else None,
    )


SHARED = (
    (plan.ONE_WAY.name, plan.PRESENT, "separate_parameters"),
    (plan.ONE_WAY.name, plan.ABSENT, "separate_parameters"),
    (plan.depth_setting(3).name, plan.PRESENT, "final_layer_memory"),
)
"""Comparisons whose runs are corners of part A: the setting's name, the surroundings, the switch."""


def combined(tables: DialTables) -> pd.DataFrame | None:
    """The rows of part B with those it shares with part A, named as part B names them; `None` if neither is there."""
    parts = [] if tables.runs is None else [tables.runs]
    if tables.corners is not None:
        corners = tables.corners
        plain = corners[(corners["arm"] == "corner") & (corners["width"] == plan.WIDTH)]
        for name, where, switch in SHARED:
            codes = [each.code for each in plan.pair(switch, where)]
            parts.append(plain[plain["structure"].isin(codes)].assign(arm=name))
    return pd.concat(parts, ignore_index=True) if parts else None


def cells() -> list[tuple]:
    """The cells of the design, see `removal_results.tables.CELL`: one for each arm and budget."""
    own = cells_of(plan.all_arms())
    shared = [
        (name, structure.code, plan.WIDTH, plan.LAYERS, float(budget))
        for name, where, switch in SHARED
        for structure in plan.pair(switch, where)
        for budget in plan.SHORT
    ]
    return own + shared


def dial_progress(tables: DialTables) -> Progress:
    """Which seeds have every run of the design, part A's share included."""
    return progress(combined(tables), cells(), SEEDS)


def chosen_rates(tables: DialTables) -> pd.DataFrame | None:
    """The tuning curves, see `plans.tuning.tuning_table`; `None` before any arm has both tuning seeds."""
    if tables.tuning_file is None:
        return None
    curves = tuning_table(tables.tuning_file)
    return curves if len(curves) else None


def rates_differ(tables: DialTables) -> list[str]:
    """Arms of `dial_runs` whose runs used another learning rate than tuning chose; empty if all is well."""
    curves = chosen_rates(tables)
    if tables.runs is None or curves is None:
        return []
    key = list(TUNED_FOR)
    best = curves[curves["chosen"]][[*key, "learning_rate"]].rename(columns={"learning_rate": "best"})
    used = tables.runs[["arm", *key, "learning_rate"]].drop_duplicates().merge(best, on=key, how="left")
    wrong = ~np.isclose(used["learning_rate"], used["best"].fillna(np.inf))
    return [f"{row.arm} {row.structure}" for row in used[wrong].itertuples()]
