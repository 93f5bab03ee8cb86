"""Where more training made the loss worse: with few examples, a model may learn them by heart (overfitting).

Not registered: looked at after the runs, described and not tested.
"""

from dataclasses import dataclass

import pandas as pd

from destructure.structure import Structure
from destructure.studies.removal_results.factors import LABELS
from destructure.studies.removal_results.summaries import corner_rows, flops_text


@dataclass(frozen=True)
class Rises:
    """In how many runs the loss rose from one budget to a larger one.

    Attributes:
        before, after: the budgets, training FLOPs.
        rose, runs: runs whose loss rose, and runs in all.
        present, removed: switch → the share of runs whose loss rose, with the structure and without it.
    """

    before: float
    after: float
    rose: int
    runs: int
    present: dict[str, float]
    removed: dict[str, float]

    @property
    def name(self) -> str:
        """What was counted."""
        return f"loss higher at {flops_text(self.after)} than at {flops_text(self.before)} FLOPs"

    def __str__(self) -> str:
        return f"{self.name}: {self.rose} of {self.runs} runs"

    def switch_lines(self) -> list[str]:
        """One line a structure."""
        return [
            f"    {LABELS[switch]} present {self.present[switch]:.0%}, removed {self.removed[switch]:.0%}"
            for switch in self.present
        ]


def rises(rows: pd.DataFrame, width: int, before: float, after: float) -> Rises:
    """Count the corners' runs whose loss on unseen examples rose between two budgets; a run that diverged counts.

    Args:
        rows: settled rows.
        width: of the models.
        before, after: the budgets, training FLOPs.

    Raises:
        ValueError: if the corners were not measured at one of the budgets.
    """
    cells = corner_rows(rows, width)
    for budget in (before, after):
        if budget not in set(cells["budget"]):
            there = ", ".join(flops_text(each) for each in sorted(cells["budget"].unique()))
            raise ValueError(
                f"The corners of width {width} were not measured at {flops_text(budget)} FLOPs; choose from {there}."
            )
    losses = cells.pivot(index=["run", *Structure.SWITCHES], columns="budget", values="loss")
    rose = (losses[after] > losses[before]) | losses[after].isna()
    shares = {switch: rose.groupby(level=switch).mean() for switch in Structure.SWITCHES}
    return Rises(
        before,
        after,
        int(rose.sum()),
        len(rose),
        {switch: float(share[True]) for switch, share in shares.items()},
        {switch: float(share[False]) for switch, share in shares.items()},
    )
