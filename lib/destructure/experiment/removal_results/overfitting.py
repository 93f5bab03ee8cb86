"""Where more training made the loss worse: with few examples, a model may learn them by heart (overfitting).

Not registered: looked at after the runs, described and not tested.
"""

from dataclasses import dataclass

import pandas as pd

from destructure.experiment.removal_results.factors import LABELS
from destructure.experiment.removal_results.summaries import FAILED, corner_rows, flops_text
from destructure.structure import Structure


@dataclass(frozen=True)
class Rises:
    """In how many runs the loss rose between the last two budgets.

    Attributes:
        before, after: the two budgets, training FLOPs.
        rose, runs: runs whose loss rose, and runs in all.
        present, removed: switch → the share of runs whose loss rose, with the structure and without it.
    """

    before: float
    after: float
    rose: int
    runs: int
    present: dict[str, float]
    removed: dict[str, float]

    def __str__(self) -> str:
        return (
            f"loss higher at {flops_text(self.after)} than at {flops_text(self.before)} FLOPs: "
            f"{self.rose} of {self.runs} runs"
        )

    def switch_lines(self) -> list[str]:
        """One line a structure."""
        return [
            f"    {LABELS[switch]} present {self.present[switch]:.0%}, removed {self.removed[switch]:.0%}"
            for switch in self.present
        ]


def rises(rows: pd.DataFrame, width: int) -> Rises:
    """Count the corners' runs whose loss on unseen examples rose between the last two budgets; a diverged run did.

    Args:
        rows: settled rows.
        width: of the models.

    Raises:
        ValueError: if there are fewer than two budgets.
    """
    cells = corner_rows(rows, width)
    budgets = sorted(cells["budget"].unique())
    if len(budgets) < 2:
        raise ValueError(f"A rise needs two budgets, but the corners of width {width} have {len(budgets)}.")
    before, after = budgets[-2:]
    losses = cells.assign(loss=cells["loss"].fillna(FAILED)).pivot(
        index=["run", *Structure.SWITCHES], columns="budget", values="loss"
    )
    rose = losses[after] > losses[before]
    shares = {switch: rose.groupby(level=switch).mean() for switch in Structure.SWITCHES}
    return Rises(
        before,
        after,
        int(rose.sum()),
        len(rose),
        {switch: float(share[True]) for switch, share in shares.items()},
        {switch: float(share[False]) for switch, share in shares.items()},
    )
