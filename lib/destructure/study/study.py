"""A registered study: a table of runs, how a learning rate is chosen, what one run measures, and a CSV of rows."""

import hashlib
import itertools
import json
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch

from destructure.study.one_run import use_threads
from destructure.study.runner import Work

TUNING, REPORTING = "tuning", "reporting"
LATER = ("examples_seen", "epochs", "seconds")
"""What a new run says, too, where a table began without it: training examples seen, repetitions counted; the same
divided by how many there are; seconds on the wall."""


def grid(**axes: Iterable) -> pd.DataFrame:
    """Every combination of the axes as a table: a column per axis, a row per combination; the last varies fastest."""
    return pd.DataFrame(list(itertools.product(*axes.values())), columns=list(axes))


def names(text: str) -> tuple[str, ...]:
    """Names of columns from a text with spaces between them."""
    return tuple(text.split())


@dataclass(frozen=True, eq=False)
class Tuning:
    """How learning rates are chosen: the best mean of a metric over the tuning runs.

    Attributes:
        runs: columns `learning_rate` and `seed`, perhaps `budgets`; whatever else there is gets a rate of its own.
        metric: column of the rows; a run that diverged has none, and counts as the worst.
        best: "min" or "max"; of rates that are equally good the lowest is chosen.
    """

    runs: pd.DataFrame
    metric: str
    best: Literal["min", "max"] = "min"

    @property
    def arm(self) -> list[str]:
        """The columns that say what gets a rate of its own."""
        return [name for name in self.runs if name not in ("learning_rate", "seed", "budgets")]

    def rates(self, rows: pd.DataFrame) -> dict[Any, float]:
        """The chosen rate of each arm; an arm is a value, or a tuple where several columns tell arms apart."""
        losses = (rows[self.metric] * (1 if self.best == "min" else -1)).fillna(np.inf)
        means = losses.groupby([rows[name] for name in (*self.arm, "learning_rate")]).mean()
        return {arm: float(best[-1]) for arm, best in means.groupby(level=self.arm).idxmin().items()}


@dataclass(frozen=True, eq=False, kw_only=True)
class Study(Work):
    """One registered study.

    `rows()` is the stored table, `rates()` the tuned learning rates, `missing()` the runs without rows, and `run()`
    computes those (see `Work.run`).

    Attributes:
        name: of the table, data/results/NAME.csv.
        columns: of the table.
        gained: columns after them that older rows lack.
        runs: the reporting runs, in their order. A column `budgets` holds tuples: such a run has a row (or several)
            per budget, in the table's column `budget`. All other columns are columns of the table, too, and tell one
            run from another.
        one_run: computes the rows of a run, given as a dictionary: a row of `runs` or of the tuning's, with
            `learning_rate` and `role` where there is tuning. What the run's own columns, the clock and the machine
            say is filled in.
        tuning: how learning rates are chosen; the table then has columns `role` and `learning_rate`.
    """

    name: str
    columns: tuple[str, ...]
    runs: pd.DataFrame
    one_run: Callable[[dict[str, Any]], Iterable[dict[str, Any]]]
    tuning: Tuning | None = None
    gained: tuple[str, ...] = ()
    devices: ClassVar = ("cpu",)
    here: ClassVar = "where the stored runs were made"

    def rows(self, role: str | None = None, file: str | Path | None = None) -> pd.DataFrame:
        """The stored rows, of one role ("tuning" or "reporting") or all; none if nothing has run yet."""
        path = Path(file or self.file)
        rows = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=list(self.columns))
        return rows if role is None else rows[rows["role"] == role]

    def rates(self, file: str | Path | None = None) -> dict[Any, float]:
        """The tuned learning rate of every arm whose tuning is complete."""
        if self.tuning is None:
            return {}
        stored = {self.key_of_row(row) for row in self.rows(file=file).to_dict("records")}
        lacking = {self._arm(run) for run in self._tuning_runs if not self.row_keys(run) <= stored}
        rates = self.tuning.rates(self.rows(TUNING, file)) if stored else {}
        return {arm: rate for arm, rate in rates.items() if arm not in lacking}

    # --- what the loop asks for ------------------------------------------------------------------------------

    def planned(self, file: Path | None = None) -> list[dict[str, Any]]:
        """All runs, tuning first; a reporting run whose rate is not known yet has None for it."""
        reports = self.runs.to_dict("records")
        if self.tuning is None:
            return reports
        usual = {self._arm(run): None for run in self._tuning_runs} | self.rates(file)
        return self._tuning_runs + [
            run | {"role": REPORTING, "learning_rate": usual.get(self._arm(run), 0.0)} for run in reports
        ]

    def is_ready(self, run: dict[str, Any]) -> bool:
        """Whether its learning rate is known."""
        return run.get("learning_rate", 0.0) is not None

    def run_name(self, run: dict[str, Any]) -> str:
        """The beginning of the SHA-256 of what tells the run from others."""
        text = json.dumps(sorted(self.row_keys(run)))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def row_keys(self, run: dict[str, Any]) -> frozenset[tuple]:
        """What stands in its rows' columns that tell runs apart, and each budget."""
        budgets = run.get("budgets", (None,))
        rows = [run if budget is None else run | {"budget": budget} for budget in budgets]
        return frozenset(map(self.key_of_row, rows))

    def key_of_row(self, row: Mapping[str, Any]) -> tuple:
        """Its columns that tell runs apart, and its budget; a reporting run is the same whichever rate it has."""
        return tuple(_cell(row[name]) for name in self._keys[row.get("role", REPORTING)])

    def estimate(self, run: dict[str, Any], device: str) -> tuple[float | None, float | None]:
        """What stored runs took that differ in seed and learning rate alone."""
        return self._alike.get(self._kind(run), (None, None)) if device == "cpu" else (None, None)

    def describe(self, run: dict[str, Any]) -> str:
        """A run in a few words, for messages."""
        return ", ".join(f"{name} {value}" for name, value in run.items())

    def compute(self, run: dict[str, Any], device: str = "cpu") -> list[dict[str, Any]]:
        """Compute a run with one thread on the CPU.

        Returns:
            Its rows, with the table's columns.

        Raises:
            KeyboardInterrupt: after the current training step, if Ctrl-C was pressed.
        """
        with use_threads():
            wall, processor = time.perf_counter(), time.process_time()
            rows = list(self.one_run(run))
            facts = {
                "seconds": round(time.perf_counter() - wall, 1),
                "cpu_seconds": round(time.process_time() - processor, 1),
                "threads": torch.get_num_threads(),
                "torch": torch.__version__.split("+")[0],
                "machine": f"{platform.system()} {platform.machine()} CPU",
            }
        usual = dict.fromkeys(self.gained) | facts | run
        return [{name: (usual | row)[name] for name in (*self.columns, *self.gained)} for row in rows]

    @cached_property
    def _tuning_runs(self) -> list[dict[str, Any]]:
        return [run | {"role": TUNING} for run in self.tuning.runs.to_dict("records")]

    def _kind(self, run: Mapping[str, Any]) -> str:
        """What it shares with runs that take as long, stored ones included."""
        names = [name for name in self._keys[run.get("role", REPORTING)] if "seed" not in name]
        return str([_cell(run[name]) for name in names if name not in ("learning_rate", "budget")])

    @cached_property
    def _alike(self) -> dict[str, tuple[float | None, float | None]]:
        """FLOPs and seconds of the stored runs of each kind, the median."""
        rows = self.rows()
        clock = rows.get("cpu_seconds", rows.get("seconds"))
        taken = pd.DataFrame({"flops": rows.get("flops"), "seconds": clock}, rows.index, dtype=float)
        kinds = pd.Series(map(self._kind, rows.to_dict("records")), rows.index, dtype=object)
        taken = taken.groupby(kinds).agg({"flops": "max", "seconds": "median"}).astype(object)
        return dict(zip(taken.index, taken.where(taken.notna(), None).itertuples(index=False), strict=True))

    @cached_property
    def _keys(self) -> dict[str, list[str]]:
        """For each role the columns that tell its runs apart."""
        roles = {REPORTING: self.runs} | ({} if self.tuning is None else {TUNING: self.tuning.runs})
        first = [] if self.tuning is None else ["role"]
        return {
            role: first + ["budget" if name == "budgets" else name for name in runs]
            for role, runs in roles.items()
        }

    def _arm(self, run: Mapping[str, Any]) -> Any:
        names = self.tuning.arm
        return tuple(run[name] for name in names) if len(names) > 1 else run[names[0]]


def _cell(value: Any) -> float | str:
    """A cell as a number if it is one: the same from a plan, from a table and from text."""
    try:
        return float({"True": 1, "False": 0}.get(value, value))
    except (TypeError, ValueError):
        return str(value)
