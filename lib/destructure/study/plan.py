"""A plan: a named list of runs, and the file their rows go to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from destructure.study.columns import COLUMNS, GAINED
from destructure.study.configuration import RunConfiguration
from destructure.study.estimate import seconds
from destructure.study.one_run import build_task, run_configuration
from destructure.study.runner import Work
from destructure.study.table import Table


@dataclass(frozen=True)
class Plan(Work):
    """Runs that belong together. Their order is the order of the rows in the finished table.

    Attributes:
        name: short, for the command line and the file's name.
        runs: the configurations, each once.
    """

    name: str
    runs: tuple[RunConfiguration, ...]

    def __post_init__(self):
        object.__setattr__(self, "runs", tuple(self.runs))
        if not isinstance(self.name, str) or not self.name.replace("_", "").isalnum():
            raise ValueError(f"A plan is named {self.name!r}; use letters, digits and underscores.")
        seen: dict[str, RunConfiguration] = {}
        for configuration in self.runs:
            if configuration.run in seen:
                raise ValueError(
                    f"The plan {self.name} has the run {configuration.run} twice ({self.describe(configuration)}); "
                    "every run may stand once."
                )
            seen[configuration.run] = configuration
        if not seen:
            raise ValueError(f"The plan {self.name} has no runs; give at least one configuration.")

    columns = COLUMNS
    gained = GAINED

    def planned(self, file: Path | None = None) -> list[RunConfiguration]:
        """All runs; which ones there are was decided when the plan was made."""
        return list(self.runs)

    def run_name(self, run: RunConfiguration) -> str:
        """The configuration's name, a hash."""
        return run.run

    def row_keys(self, run: RunConfiguration) -> frozenset[tuple]:
        """A row a budget."""
        return frozenset((run.run, budget) for budget in run.budgets)

    def key_of_row(self, row: Mapping[str, Any]) -> tuple:
        """The run's name and the row's budget."""
        return row["run"], float(row["budget"])

    compute = staticmethod(run_configuration)

    def cost(self, run: RunConfiguration) -> float:
        """Training FLOPs: of the trunk to the last budget, and of a cooldown for each of the others."""
        return run.budgets[-1] + dict(run.training)["cooldown"] * sum(run.budgets[:-1])

    def estimate(self, run: RunConfiguration, device: str) -> tuple[float, float | None]:
        """FLOPs, and seconds by width and stacks."""
        sizes = run.width, 1 + run.structure.separate_parameters
        return self.cost(run), seconds(self.name, device, *sizes, self.cost(run))

    def describe(self, run: RunConfiguration) -> str:
        """A run in a few words, for messages."""
        arm = f"{run.arm}, " if run.arm else ""
        return (
            f"{arm}{run.structure}, width {run.width}, learning rate {run.learning_rate:g}, seed {run.seed}"
        )

    def finish(self, table: Table) -> None:
        """Put the rows in the planned order, so that the finished table is the same whatever happened on the way."""
        table.tidy()

    def check(self) -> None:
        """Build every task once, so that a plan that cannot run is refused before its first run.

        Raises:
            ValueError: naming the run whose task cannot be built.
        """
        for task, dials in dict.fromkeys((each.task, each.dials) for each in self.runs):
            try:
                build_task(task, dials)
            except ValueError as error:
                raise ValueError(f"The plan {self.name} cannot run: {error}") from None
