"""Where a figure's numbers come from, printed under it."""

from typing import Protocol

import pandas as pd

from destructure.tables import citation


class Sourced(Protocol):
    """Anything that knows the keys of `data/sources.csv` behind its numbers."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The keys."""


def cite(*shown: pd.DataFrame | Sourced | str) -> None:
    """Print where the numbers of a figure come from, once each, with links.

    Args:
        shown: the rows of the figure (with a column `source`), things that have `sources`, or keys of
            `data/sources.csv`.

    Raises:
        ValueError: if a key is unknown.
    """
    keys = {}
    for one in shown:
        own = (
            one["source"] if isinstance(one, pd.DataFrame) else [one] if isinstance(one, str) else one.sources
        )
        keys |= dict.fromkeys(own)
    for key in keys:
        print(f"Source: {citation(key)}")
