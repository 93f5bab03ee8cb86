"""A plan: a named list of runs, and the file their rows go to."""

from dataclasses import dataclass
from pathlib import Path

from destructure.files import data_folder
from destructure.study.configuration import RunConfiguration
from destructure.study.one_run import build_task


@dataclass(frozen=True)
class Plan:
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
                    f"The plan {self.name} has the run {configuration.run} twice ({describe(configuration)}); "
                    "every run may stand once."
                )
            seen[configuration.run] = configuration
        if not seen:
            raise ValueError(f"The plan {self.name} has no runs; give at least one configuration.")

    @property
    def file(self) -> Path:
        """Where the rows go unless another file is named: data/results/NAME.csv."""
        return data_folder() / "results" / f"{self.name}.csv"

    @property
    def flops(self) -> float:
        """Training FLOPs of all runs, the cooldowns of all budgets included."""
        return sum(map(planned_flops, self.runs))

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


def planned_flops(configuration: RunConfiguration) -> float:
    """Training FLOPs of a run: the trunk to the last budget, and a cooldown for each of the others."""
    cooldown = dict(configuration.training)["cooldown"]
    return configuration.budgets[-1] + cooldown * sum(configuration.budgets[:-1])


def describe(configuration: RunConfiguration) -> str:
    """A run in a few words, for messages."""
    arm = f"{configuration.arm}, " if configuration.arm else ""
    return (
        f"{arm}{configuration.structure}, width {configuration.width}, "
        f"learning rate {configuration.learning_rate:g}, seed {configuration.seed}"
    )
