"""The dots of the trend figures: every one with its sources, the sure ones kept apart from the unsure ones."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from destructure.tables import load_table, sure_rows
from destructure.trends import (
    MultiplyingTime,
    Observations,
    hardware_observations,
    rate_to_ten_fold_years,
    slide_observations,
    training_cost,
    training_observations,
)


@dataclass(frozen=True, eq=False)
class PlottedSeries:
    """One series as a figure shows it.

    Args:
        label: for the legend.
        sure: confirmed dots, drawn full; fits use only these. `None` if there are none.
        unsure: dots whose numbers or classification were not confirmed, drawn hollow and never fitted.
        sources: keys of `data/sources.csv` for all the dots.
    """

    label: str
    sure: Observations | None
    unsure: Observations | None
    sources: tuple[str, ...]

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return (self.sure or self.unsure).unit

    def changed(self, change: Callable[[Observations], Observations]) -> "PlottedSeries":
        """The same series with its dots changed, for example `series.changed(Observations.best_so_far)`."""
        return replace(
            self,
            sure=None if self.sure is None else change(self.sure),
            unsure=None if self.unsure is None else change(self.unsure),
        )


def slide_series() -> PlottedSeries:
    """The 44 dots of slide 7 (talk 7:31), for one dollar instead of the slide's thousand."""
    observations = slide_observations().scaled(1e-3, "calculations a second per US dollar")
    return PlottedSeries("Slide 7", observations, None, _sources(load_table("compute_slide")))


def hardware_series(series: str, market: str | None = None) -> PlottedSeries:
    """Operations a second for a dollar of the day, machine by machine.

    Args:
        series, market: as in `hardware_observations`.

    Raises:
        ValueError: if there is no such series or market.
    """
    table = load_table("hardware")
    table = table[(table["series"] == series) & (market is None or table["market"] == market)]
    return PlottedSeries(
        label=f"{series}, {market}" if market else series,
        sure=hardware_observations(series, market=market),
        unsure=_difference(
            hardware_observations(series, market=market, include_unsure=True),
            hardware_observations(series, market=market),
        ),
        sources=_sources(table),
    )


def family_series(family: str, first_year: int = 2012) -> PlottedSeries:
    """Training compute of the models of one architecture family, from `first_year` on.

    Unsure are outside estimates for undisclosed systems, presumed families and numbers that were not confirmed.

    Raises:
        ValueError: if there is no such family.
    """
    everything = training_observations(family, include_unsure=True).between(first_year, 2100)
    sure = training_observations(family).between(first_year, 2100)
    table = load_table("models")
    table = table[(table["family"] == family) & table["training_flop"].notna()]
    sources = _sources(table[table["date"].dt.year >= first_year])
    return PlottedSeries(family, sure, _difference(everything, sure), sources)


def processor_series(quantity: str) -> PlottedSeries:
    """Transistors, clock frequency or single-thread speed of processors, for Moore's law proper.

    Raises:
        ValueError: if there is no such quantity.
    """
    table = load_table("processor_trends")
    if quantity not in set(table["quantity"]):
        raise ValueError(
            f"There is no quantity {quantity!r}; choose of {', '.join(table['quantity'].unique())}."
        )
    table = table[table["quantity"] == quantity]
    sure, unsure = (
        Observations(part["year"].to_numpy(), part["value"].to_numpy(), quantity, unit=quantity)
        if len(part)
        else None
        for part in (table[sure_rows(table)], table[~sure_rows(table)])
    )
    return PlottedSeries(quantity, sure, unsure, _sources(table))


def run_cost_series(
    model: str, hardware: Iterable[PlottedSeries], first_year: int = 1970, label: str = ""
) -> PlottedSeries:
    """What one published training run would have cost on each best machine so far (see `training_cost`).

    Args:
        model: name in `data/models.csv`, of a run whose cost in operations is confirmed.
        hardware: series in operations a second per dollar, one after the other in time; where they meet, what
            counts as an operation changes.
        first_year: leave earlier machines out.
        label: for the legend, if not the name.

    Raises:
        ValueError: if there is no such model, or its training cost is not confirmed.
    """
    table = load_table("models")
    rows = table[(table["name"] == model) & sure_rows(table) & table["training_flop"].notna()]
    if len(rows) != 1:
        raise ValueError(
            f"There is no confirmed training cost for a model {model!r} in models.csv; give its exact name."
        )
    run, parts = rows.iloc[0], tuple(hardware)
    machines = Observations.together(part.sure for part in parts).best_so_far().between(first_year, 2100)
    dollars = [training_cost(run["training_flop"], rate) for rate in machines.values]
    cost = Observations(machines.years, np.array(dollars), model, machines.names, "US dollars of the day")
    sources = dict.fromkeys([run["source"], *(key for part in parts for key in part.sources)])
    return PlottedSeries(label or model, cost, None, tuple(sources))


@dataclass(frozen=True)
class TenFoldTime:
    """One row of `ten_fold_plot`: how many years a factor of ten takes.

    Args:
        label: what grew, and when.
        years: best value; `None` where only a range was published.
        low, high: the interval; `None` where none was published, `high` infinite where growth is not settled.
        is_sure: whether the number was read in its source.
        sources: keys of `data/sources.csv`.
        is_ours: fitted in this course; else published by others.
    """

    label: str
    years: float | None
    low: float | None
    high: float | None
    is_sure: bool
    sources: tuple[str, ...]
    is_ours: bool

    @classmethod
    def fitted(cls, label: str, time: MultiplyingTime, series: PlottedSeries) -> "TenFoldTime":
        """From a fit to the sure dots of a series."""
        return cls(label, time.years, time.low, time.high, True, series.sources, True)


def published_ten_fold_times(topic: str = "operations per dollar") -> tuple[TenFoldTime, ...]:
    """The rates of `data/published_rates.csv` on one topic, each as a ten-fold time.

    Total gains are left out, having no pace.

    Raises:
        ValueError: if there is no such topic.
    """
    table = load_table("published_rates")
    if topic not in set(table["topic"]):
        raise ValueError(f"There is no topic {topic!r}; choose of {', '.join(table['topic'].unique())}.")
    table = table[(table["topic"] == topic) & (table["measure"] != "total gain")]
    return tuple(_published(row) for _, row in table.iterrows())


def _published(row: pd.Series) -> TenFoldTime:
    def years(number: float) -> float | None:
        return None if math.isnan(number) else rate_to_ten_fold_years(row["measure"], number, row["unit"])

    ends = [end for end in (years(row["low"]), years(row["high"])) if end is not None]
    label = f"{row['quantity']} ({row['source']})"
    low, high = (min(ends), max(ends)) if ends else (None, None)
    return TenFoldTime(label, years(row["value"]), low, high, bool(row["verified"]), (row["source"],), False)


def _sources(table: pd.DataFrame) -> tuple[str, ...]:
    return tuple(table["source"].unique())


def _difference(everything: Observations, sure: Observations) -> Observations | None:
    """The dots that are not among the sure ones."""
    known = set(zip(sure.years, sure.values, sure.names, strict=True))
    dots = zip(everything.years, everything.values, everything.names, everything.series, strict=True)
    rest = [dot for dot in dots if dot[:3] not in known]
    if not rest:
        return None
    years, values, names, series = zip(*rest, strict=True)
    return Observations(np.array(years), np.array(values), series, names, everything.unit)
