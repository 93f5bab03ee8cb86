"""Plans by name: what `python -m destructure sweep NAME` runs."""

from collections.abc import Callable

import pandas as pd

from destructure.files import data_folder
from destructure.study.columns import read_results
from destructure.study.configuration import RunConfiguration
from destructure.study.plan import Plan

_BUILDERS: dict[str, Callable[[], list[RunConfiguration]]] = {}


def register(builder: Callable[[], list[RunConfiguration]]) -> Callable[[], list[RunConfiguration]]:
    """Make a function that lists runs known as a plan, under the function's name.

    Raises:
        ValueError: if there is a plan of that name already.
    """
    if builder.__name__ in _BUILDERS:
        raise ValueError(f"There is already a plan named {builder.__name__!r}; choose another name.")
    _BUILDERS[builder.__name__] = builder
    return builder


def plan_names() -> tuple[str, ...]:
    """Names of all registered plans."""
    return tuple(_BUILDERS)


def make_plan(name: str) -> Plan:
    """The registered plan of that name.

    Raises:
        ValueError: if there is none; the message lists the names.
    """
    return Plan(name, tuple(_builder(name)()))


def stored_rows(name: str) -> pd.DataFrame:
    """The stored rows of a registered plan, one per run and budget, without listing its runs.

    Raises:
        ValueError: if there is no such plan, or its table is missing or damaged.
    """
    _builder(name)
    return read_results(data_folder() / "results" / f"{name}.csv")


def _builder(name: str) -> Callable[[], list[RunConfiguration]]:
    if name not in _BUILDERS:
        raise ValueError(f"There is no plan named {name!r}; the plans are {', '.join(plan_names())}.")
    return _BUILDERS[name]
