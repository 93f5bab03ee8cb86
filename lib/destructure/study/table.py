"""The table of one plan: which runs are complete, which are missing, and the order of its rows."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from destructure.study.columns import COLUMNS
from destructure.study.configuration import RunConfiguration
from destructure.study.plan import Plan
from destructure.study.storage import ResultsFile, Row


class PlanTable:
    """A plan's rows in its CSV file."""

    def __init__(self, plan: Plan, path: str | Path | None = None):
        self.plan = plan
        self.file = ResultsFile(path or plan.file, COLUMNS)
        self._looked_at: tuple[int, int] | None = None
        self._complete: set[str] = set()

    def repair(self) -> str:
        """Remove what something else than a sweep left half in the file.

        Returns:
            A sentence on what was removed, "" if nothing was.
        """
        torn = self.file.repair()
        halves = _incomplete(self.file.rows())
        if not torn and not halves:
            return ""
        self.file.rewrite(lambda rows: [row for row in rows if row["run"] not in _incomplete(rows)])
        cut = "Its last line was cut off in the middle. " if torn else ""
        return (
            f"{self.file.path.name} was damaged. {cut}{len(halves)} runs lacked some of their rows and will be run "
            "again; all complete runs are kept."
        )

    def missing(self) -> list[RunConfiguration]:
        """The plan's runs that have no rows yet, in its order."""
        complete = self.complete()
        return [configuration for configuration in self.plan.runs if configuration.run not in complete]

    def complete(self) -> set[str]:
        """Names of all runs in the file, other processes' included; the file is read only if it has changed."""
        try:
            state = self.file.path.stat()
        except FileNotFoundError:
            return set()
        now = (state.st_mtime_ns, state.st_ino)
        if now != self._looked_at:
            self._complete = {run for (run,) in self.file.keys("run")}
            self._looked_at = now
        return self._complete

    def add(self, rows: list[dict[str, Any]]) -> bool:
        """Store a run's rows; False if another process has stored them already."""
        return self.file.append(rows, unless=("run",))

    def tidy(self) -> None:
        """Put the rows into the plan's order, budgets rising; runs that the plan does not have go to the end."""
        places = {configuration.run: place for place, configuration in enumerate(self.plan.runs)}

        def order(row: Row):
            return places.get(row["run"], len(places)), row["run"], float(row["budget"])

        if self.file.path.exists():
            self.file.rewrite(lambda rows: sorted(rows, key=order))


def _incomplete(rows: list[Row]) -> set[str]:
    """Runs that have not exactly one row for each of their budgets."""
    counted = Counter(row["run"] for row in rows)
    return {row["run"] for row in rows if counted[row["run"]] != len(json.loads(row["budgets"]))}
