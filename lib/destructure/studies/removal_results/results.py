"""All results of the experiment in one place, computed on first use and then kept."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from destructure.studies.removal_results import factors as of_factors
from destructure.studies.removal_results.noise import end_rows
from destructure.studies.removal_results.summaries import untrained
from destructure.studies.removal_results.tables import (
    Progress,
    RemovalTables,
    corner_progress,
    load_tables,
    noise_progress,
    scarce_progress,
    settled,
)


class Results:
    """What the tables say; `None` wherever a table has no complete seed yet.

    Args:
        tables: from `load_tables`; or a folder with the tables; by default the course's.

    Attributes:
        rows, few: settled rows of `structure_corners` and of `scarce_corners`: complete seeds only.
        ends: every run of the two ends of the ladder at width 32, for the noise.
        steps, whole, around: the ladder's four steps, the whole ladder, every switch in all eight surroundings.
        weak: corners that are not trained within the range.
        corners, scarce, noise: `Progress` of each plan.
    """

    def __init__(self, tables: RemovalTables | str | Path | None = None):
        self.tables = tables if isinstance(tables, RemovalTables) else load_tables(tables)
        self.corners: Progress = corner_progress(self.tables)
        self.scarce: Progress = scarce_progress(self.tables)
        self.noise: Progress = noise_progress(self.tables)
        self.rows: pd.DataFrame | None = settled(self.tables.corners, self.corners)
        self.few: pd.DataFrame | None = settled(self.tables.scarce, self.scarce)
        self.ends: pd.DataFrame | None = end_rows(self.tables.corners, self.tables.noise)

    @cached_property
    def steps(self) -> dict[str, of_factors.Removal] | None:
        """See `factors.ladder_steps`."""
        return None if self.rows is None else of_factors.ladder_steps(self.rows)

    @cached_property
    def whole(self) -> of_factors.Removal | None:
        """See `factors.whole_ladder`."""
        return None if self.rows is None else of_factors.whole_ladder(self.rows)

    @cached_property
    def around(self) -> dict[str, list[of_factors.Removal]] | None:
        """See `factors.surroundings`."""
        return None if self.rows is None else of_factors.surroundings(self.rows)

    @cached_property
    def weak(self) -> dict[str, float]:
        """See `summaries.untrained`."""
        return {} if self.rows is None else untrained(self.rows)
