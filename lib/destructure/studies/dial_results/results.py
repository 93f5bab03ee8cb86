"""All results of part B in one place, computed on first use and then kept."""

from functools import cached_property
from pathlib import Path

import pandas as pd

from destructure.studies.dial_results import beyond
from destructure.studies.dial_results.contrasts import Contrast, final_lead
from destructure.studies.dial_results.effects import DIALS, DialEffect, dial_effect
from destructure.studies.dial_results.tables import DialTables, combined, dial_progress, load_dials
from destructure.studies.removal_results.summaries import TRAINED
from destructure.studies.removal_results.tables import Progress, settled


class DialResults:
    """What the tables say; `None` while no seed is complete.

    Args:
        tables: from `load_dials`; or a folder with the tables; by default the course's.

    Attributes:
        rows: settled rows, complete seeds only, part A's share included.
        progress: how much of the design is there.
    """

    def __init__(self, tables: DialTables | str | Path | None = None):
        self.tables = tables if isinstance(tables, DialTables) else load_dials(tables)
        self.progress: Progress = dial_progress(self.tables)
        self.rows: pd.DataFrame | None = settled(combined(self.tables), self.progress)

    @cached_property
    def effects(self) -> dict[str, DialEffect] | None:
        """The five dials, see `effects.dial_effect`."""
        return self._of(lambda rows: {name: dial_effect(rows, dial) for name, dial in DIALS.items()})

    @cached_property
    def surroundings(self) -> dict[str, list[Contrast]] | None:
        """See `beyond.every_surrounding`."""
        return self._of(beyond.every_surrounding)

    @cached_property
    def equal_parameters(self) -> list[Contrast] | None:
        """See `beyond.equal_parameters`."""
        return self._of(beyond.equal_parameters)

    @cached_property
    def depths(self) -> list[Contrast] | None:
        """See `beyond.depths`."""
        return self._of(beyond.depths)

    @cached_property
    def counter_proposals(self) -> dict[str, list[Contrast]] | None:
        """See `beyond.counter_proposals`."""
        return self._of(beyond.counter_proposals)

    @cached_property
    def widths(self) -> dict[str, list[Contrast]] | None:
        """See `beyond.widths`."""
        return self._of(beyond.widths)

    @cached_property
    def remedies(self) -> list[Contrast] | None:
        """See `beyond.remedies`."""
        return self._of(beyond.remedies)

    @cached_property
    def role_swap(self) -> Contrast | None:
        """See `beyond.role_swap`."""
        return self._of(beyond.role_swap)

    @cached_property
    def sharing_lead(self) -> pd.Series | None:
        """Points of exact match that shared parameters are ahead on the way back, seed by seed; see `final_lead`."""
        swap = self.role_swap
        return self._of(lambda rows: final_lead(rows, swap.without_arm, swap.with_arm))

    @property
    def arms(self) -> int:
        """How many arms there are."""
        return 0 if self.rows is None else len(self.rows[["arm", "structure"]].drop_duplicates())

    @cached_property
    def weak(self) -> dict[tuple[str, str], float]:
        """Arms below the gate of trainability: (name, code) → mean exact match at the largest budget."""
        if self.rows is None:
            return {}
        last = self.rows[self.rows["budget"] == self.rows.groupby("run")["budget"].transform("max")]
        means = last.groupby(["arm", "structure"], sort=False)["exact_match"].mean()
        return {arm: float(mean) for arm, mean in means.items() if mean < TRAINED}

    def _of(self, compute):
        return None if self.rows is None else compute(self.rows)
