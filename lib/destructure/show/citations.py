"""Where a figure's numbers come from, printed under it."""

from typing import Protocol

from destructure.tables import citation


class Sourced(Protocol):
    """Anything that knows the keys of `data/sources.csv` behind its numbers."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The keys."""


def cite(*shown: Sourced | str) -> None:
    """Print where the numbers of a figure come from, once each, with links.

    Args:
        shown: what the figure shows (it has `sources`), or keys of `data/sources.csv`.

    Raises:
        ValueError: if a key is unknown.
    """
    keys = dict.fromkeys(key for one in shown for key in ((one,) if isinstance(one, str) else one.sources))
    for key in keys:
        print(f"Source: {citation(key)}")
