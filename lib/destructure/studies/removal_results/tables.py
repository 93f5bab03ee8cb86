"""Reading the experiment's tables, and how much of the registered plan is in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from destructure.files import data_folder
from destructure.structure import Structure
from destructure.studies.plans import removal as plan
from destructure.studies.plans.tuning import TUNING_SEEDS, tuning_table
from destructure.study.columns import read_results

CELL = ("arm", "structure", "width", "layers", "budget")
"""What makes a cell of the design; with a seed, a row."""

NOISE_SEEDS = tuple(range(208, 224))
"""Of the extra runs that enter the section on noise only."""


@dataclass(frozen=True, eq=False)
class RemovalTables:
    """The tables of the experiment, as `read_results` gives them; `None` for one that is not there yet.

    Attributes:
        tuning: `structure_tuning`. corners: `structure_corners`. scarce: `scarce_corners`. noise: `noise_floor`.
        tuning_file: where the tuning table lies, for the choice of rates.
    """

    tuning: pd.DataFrame | None = None
    corners: pd.DataFrame | None = None
    scarce: pd.DataFrame | None = None
    noise: pd.DataFrame | None = None
    tuning_file: Path | None = None


def load_tables(folder: str | Path | None = None) -> RemovalTables:
    """Read what there is.

    Args:
        folder: with the plans' tables; by default the course's `data/results`.

    Raises:
        ValueError: if a table is damaged, or the folder does not exist.
    """
    folder = results_folder(folder)
    found = read_tables(
        folder,
        tuning="structure_tuning",
        corners="structure_corners",
        scarce="scarce_corners",
        noise="noise_floor",
    )
    return RemovalTables(**found, tuning_file=folder / "structure_tuning.csv" if "tuning" in found else None)


def results_folder(folder: str | Path | None = None) -> Path:
    """A folder with the tables of the sweeps; by default the course's `data/results`.

    Raises:
        ValueError: if it does not exist.
    """
    folder = data_folder() / "results" if folder is None else Path(folder)
    if not folder.is_dir():
        raise ValueError(f"There is no folder {folder}; give one that holds the tables of the sweeps.")
    return folder


def read_tables(folder: Path, **plans: str) -> dict[str, pd.DataFrame]:
    """Read the tables of plans, by the names they are given here; a table that is missing or empty is left out."""
    files = {name: folder / f"{plan}.csv" for name, plan in plans.items()}
    found = {name: read_results(file) for name, file in files.items() if file.is_file()}
    return {name: rows for name, rows in found.items() if len(rows)}


@dataclass(frozen=True)
class Progress:
    """How much of a plan is in its table.

    Attributes:
        registered: the plan's seeds.
        complete: those that have every run.
        runs: how many runs the plan has; `present` of them are in the table.
        diverged: how many of those diverged.
    """

    registered: tuple[int, ...]
    complete: tuple[int, ...]
    runs: int
    present: int
    diverged: int

    @property
    def is_complete(self) -> bool:
        """Whether every registered run is there."""
        return self.complete == self.registered

    @property
    def label(self) -> str:
        """What stands beside each verdict: "final: 8 seeds", or "interim: 5 of 8 seeds"."""
        if self.is_complete:
            return f"final: {len(self.complete)} seeds"
        return f"interim: {len(self.complete)} of {len(self.registered)} seeds"

    def __str__(self) -> str:
        return (
            f"{len(self.complete)} of {len(self.registered)} seeds complete; {self.present:,} of {self.runs:,} "
            f"registered runs present, {self.diverged} diverged"
        )


def corner_cells() -> list[tuple]:
    """The cells of `structure_corners`: all sixteen corners at three widths, and the arms beyond them."""
    arms = [plan.corner(structure, width) for width in plan.BUDGETS for structure in Structure.all()]
    return cells_of([*arms, *other_shapes()])


def scarce_cells() -> list[tuple]:
    """The cells of `scarce_corners`."""
    settings = {"dials": plan.SCARCE, "budgets": plan.SCARCE_BUDGETS}
    return cells_of([plan.corner(structure, 32, **settings) for structure in Structure.all()])


def noise_cells() -> list[tuple]:
    """The cells of `noise_floor`: the two ends of the ladder."""
    return cells_of([plan.corner(each, 32) for each in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)])


def tuning_cells() -> list[tuple]:
    """The smallest and the largest budget of tuning, of every arm at every width; rates are not listed."""
    return [
        cell
        for cell in corner_cells()
        if cell[-1] in plan.BUDGETS[32 if cell[0] != "corner" else cell[2]][:2]
    ]


def other_shapes() -> list:
    """The arms beyond the corners: three of equal parameters, one of twice the layers."""
    single = (plan.SHARED_STACK, plan.PREFIX_LM, plan.DECODER_ONLY)
    return [*(plan.same_parameters(each, 32) for each in single), plan.twice_the_layers(32)]


def cells_of(arms: list) -> list[tuple]:
    """The cells of some arms, see `CELL`: one for each arm and budget."""
    return [
        (arm.arm, arm.structure.code, arm.width, arm.layers, float(budget))
        for arm in arms
        for budget in arm.budgets
    ]


def progress(rows: pd.DataFrame | None, cells: list[tuple], seeds: tuple[int, ...] = plan.SEEDS) -> Progress:
    """Which seeds of a plan have every run.

    Args:
        rows: the plan's table, or `None`.
        cells: the plan's cells, such as `corner_cells()`.
        seeds: the plan's seeds.
    """
    arms = {cell[:-1] for cell in cells}
    if rows is None:
        return Progress(tuple(seeds), (), len(arms) * len(seeds), 0, 0)
    keys = list(zip(*(rows[name].tolist() for name in CELL), strict=True))
    present = set(zip(keys, rows["seed"].tolist(), strict=True))
    complete = tuple(seed for seed in seeds if all((cell, seed) in present for cell in cells))
    last = {arm: max(cell[-1] for cell in cells if cell[:-1] == arm) for arm in arms}
    runs = [((*arm, last[arm]), seed) for arm in arms for seed in seeds]
    diverged = rows[rows["status"] == "diverged"]["run"].nunique()
    return Progress(tuple(seeds), complete, len(runs), sum(run in present for run in runs), diverged)


def corner_progress(tables: RemovalTables) -> Progress:
    """`progress` of `structure_corners`."""
    return progress(tables.corners, corner_cells())


def scarce_progress(tables: RemovalTables) -> Progress:
    """`progress` of `scarce_corners`."""
    return progress(tables.scarce, scarce_cells())


def noise_progress(tables: RemovalTables) -> Progress:
    """`progress` of `noise_floor`."""
    return progress(tables.noise, noise_cells(), NOISE_SEEDS)


def settled(rows: pd.DataFrame | None, found: Progress) -> pd.DataFrame | None:
    """The rows that verdicts may use: those of complete seeds; `None` if no seed is complete.

    A run that diverged scores no exact match; its loss stays empty, so that whoever uses it says what it counts as.
    """
    if rows is None or not found.complete:
        return None
    rows = rows[rows["seed"].isin(found.complete) & (rows["purpose"] == "reporting")]
    return rows.assign(
        exact_match=rows["exact_match"].fillna(0.0),
        seed=rows["seed"].astype(int),
        width=rows["width"].astype(int),
        layers=rows["layers"].astype(int),
    ).reset_index(drop=True)


def chosen_rates(tables: RemovalTables) -> pd.DataFrame | None:
    """The tuning curves, see `plans.tuning.tuning_table`; `None` before any arm has both tuning seeds."""
    if tables.tuning is None or tables.tuning_file is None:
        return None
    curves = tuning_table(tables.tuning_file)
    return curves if len(curves) else None


def tuning_points(tables: RemovalTables) -> pd.DataFrame | None:
    """Every tuning run at its larger budget: structure, width, layers, learning_rate, seed, loss, chosen.

    `chosen` marks the rate with the lowest mean loss over both tuning seeds; no rate is chosen while one of them is
    missing.
    """
    if tables.tuning is None:
        return None
    rows = tables.tuning
    last = rows[rows["budget"] == rows.groupby("run")["budget"].transform("max")]
    last = last[["structure", "width", "layers", "learning_rate", "seed", "loss"]].copy()
    curves = chosen_rates(tables)
    if curves is None:
        return last.assign(chosen=False).reset_index(drop=True)
    key = ["structure", "width", "layers", "learning_rate"]
    points = last.merge(curves[[*key, "chosen"]], on=key, how="left")
    return points.assign(chosen=points["chosen"].eq(True))


def tuning_is_complete(tables: RemovalTables) -> bool:
    """Whether every arm has been tuned, until its best rate lies between two worse ones or at the end of the grid."""
    from destructure.studies.plans.registry import make_plan

    if tables.tuning is None:
        return False
    cells, rows = set(tuning_cells()), tables.tuning
    present = set(zip(*(rows[name].tolist() for name in (*CELL, "seed")), strict=True))
    if any((*cell, seed) not in present for cell in cells for seed in TUNING_SEEDS):
        return False
    if tables.tuning_file != plan.tuning_file():
        return True  # a copy elsewhere: whether its edges are settled, only the plan beside it can say
    return {run.run for run in make_plan("structure_tuning").runs} <= set(rows["run"])


def rates_differ(rows: pd.DataFrame, curves: pd.DataFrame) -> list[str]:
    """Arms whose runs used another learning rate than tuning chose, as "code width layers"; empty if all is well.

    Args:
        rows: of `structure_corners`, `scarce_corners` or `noise_floor`.
        curves: from `chosen_rates`.
    """
    key = ["structure", "width", "layers"]
    best = curves[curves["chosen"]].set_index(key)["learning_rate"]
    used = rows[[*key, "learning_rate"]].drop_duplicates()
    return [
        f"{row.structure} width {row.width} layers {row.layers}"
        for row in used.itertuples()
        if not np.isclose(best.get((row.structure, row.width, row.layers), np.nan), row.learning_rate)
    ]
