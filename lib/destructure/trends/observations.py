"""Dated measurements of a growing quantity, each with the name of the series that it belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from destructure.tables import load_table, sure_rows

PriceMeasure = Literal["price", "constant price", "total cost"]

_PRICE_COLUMNS = {
    "price": ("price_usd", "operations a second per US dollar of the day"),
    "constant price": ("price_usd_constant", "operations a second per US dollar of constant value"),
    "total cost": ("usd2006_per_million_operations", "operations per US dollar of 2006, all costs included"),
}


@dataclass(frozen=True, eq=False)
class Observations:
    """Positive values with their years: what the fits, forecasts and backtests take.

    Args:
        years: when, as years with fractions, shape (dots,).
        values: how much, all above zero, shape (dots,).
        series: for every dot the name of the series it belongs to, or one name for all.
        names: for every dot what it is (a machine, a model); "" where unknown.
        unit: unit of `values`, for axes and messages.

    Raises:
        ValueError: if the lengths differ, there is no dot, or a value is not a positive number.
    """

    years: np.ndarray
    values: np.ndarray
    series: Sequence[str] | str
    names: Sequence[str] = ()
    unit: str = ""

    def __post_init__(self):
        years, values = np.asarray(self.years, dtype=float), np.asarray(self.values, dtype=float)
        series = (self.series,) * years.size if isinstance(self.series, str) else tuple(self.series)
        names = tuple(self.names) or ("",) * years.size
        if not years.ndim == values.ndim == 1 or not years.size == values.size == len(series) == len(names):
            raise ValueError(
                f"{years.size} years, {values.size} values, {len(series)} series and {len(names)} names were "
                "given; there must be one of each for every dot."
            )
        if not years.size:
            raise ValueError("There are no dots; widen the window of years or choose another series.")
        wrong = ~(np.isfinite(years) & np.isfinite(values) & (values > 0))
        if wrong.any():
            first = int(np.argmax(wrong))
            raise ValueError(
                f"Dot {first + 1} has year {years[first]} and value {values[first]}; a growth trend needs a year "
                "and a value above zero, so leave such dots out."
            )
        order = np.argsort(years, kind="stable")
        for field, content in (
            ("years", years[order]),
            ("values", values[order]),
            ("series", tuple(series[index] for index in order)),
            ("names", tuple(names[index] for index in order)),
        ):
            object.__setattr__(self, field, content)

    def __len__(self) -> int:
        return self.years.size

    def __str__(self) -> str:
        return (
            f"{' and '.join(self.series_names)}: {len(self)} dots, "
            f"{np.floor(self.years[0]):.0f} to {np.floor(self.years[-1]):.0f}"
        )

    @property
    def series_names(self) -> tuple[str, ...]:
        """The different series, in order of their first dot."""
        return tuple(dict.fromkeys(self.series))

    def between(self, first_year: float, last_year: float) -> "Observations":
        """Only the dots from `first_year` to `last_year`, both included: 2008 includes all of 2008."""
        # A dot of mid-2008 (2008.5) belongs to "until 2008"; a whole-numbered last year means its end.
        end = last_year + 1 if float(last_year).is_integer() else np.nextafter(last_year, np.inf)
        return self._only((self.years >= first_year) & (self.years < end))

    def best_so_far(self) -> "Observations":
        """Only the dots that beat every earlier one: the front that a buyer sees.

        A front rises by construction, so its slope is not comparable with a slope through all dots.
        """
        earlier_best = np.concatenate([[0.0], np.maximum.accumulate(self.values)[:-1]])
        return self._only(self.values > earlier_best)

    def scaled(self, factor: float, unit: str) -> "Observations":
        """The same dots in another unit, for example from "per dollar" to "per 1000 dollars"."""
        return replace(self, values=self.values * factor, unit=unit)

    @classmethod
    def together(cls, parts: Iterable["Observations"]) -> "Observations":
        """Several series side by side in one object; a fit over it needs `allow_splice=True`."""
        parts = tuple(parts)
        return cls(
            years=np.concatenate([part.years for part in parts]),
            values=np.concatenate([part.values for part in parts]),
            series=[name for part in parts for name in part.series],
            names=[name for part in parts for name in part.names],
            unit=" / ".join(dict.fromkeys(part.unit for part in parts)),
        )

    def _only(self, keep: np.ndarray) -> "Observations":
        chosen = np.flatnonzero(keep)
        return replace(
            self,
            years=self.years[chosen],
            values=self.values[chosen],
            series=[self.series[index] for index in chosen],
            names=[self.names[index] for index in chosen],
        )


def require_one_series(observations: Observations, allow_splice: bool) -> bool:
    """Whether the dots are spliced from several series.

    Raises:
        ValueError: if they are and `allow_splice` is not set.
    """
    names = observations.series_names
    if len(names) > 1 and not allow_splice:
        raise ValueError(
            f"The dots come from {len(names)} series ({', '.join(names)}), which count different things; fit one "
            "at a time, or pass allow_splice=True and say so beside the result."
        )
    return len(names) > 1


def slide_observations() -> Observations:
    """The 44 dots of slide 7 (talk 7:31–9:06, after Sutton's keynote): calculations a second per 1000 dollars.

    Read off the slide: good to about half a year and a factor of 1.6.
    """
    table = load_table("compute_slide")
    return Observations(
        years=table["year"].to_numpy(dtype=float),
        values=10.0 ** table["log10_calculations_per_second_per_1000_usd"].to_numpy(),
        series="Slide 7",
        unit="calculations a second per 1000 US dollars",
    )


def hardware_observations(
    series: str, measure: PriceMeasure = "price", market: str | None = None, include_unsure: bool = False
) -> Observations:
    """Operations for a dollar, machine by machine, of one series in `data/hardware.csv`.

    Args:
        series: "Moravec" (1891–1997), "Nordhaus" (1857–2006), "GPU FP32" or "GPU 16-bit matrix".
        measure: "price" (dollars of the day), "constant price" (corrected for inflation; not for graphics
            processors) or "total cost" (Nordhaus only: with the operator's time and electricity).
        market: "consumer" or "professional" graphics processors only; `None` for all.
        include_unsure: also take rows whose numbers were not confirmed.

    Raises:
        ValueError: if there is no such series, market or measure.
    """
    table = load_table("hardware")
    _require("series", series, table["series"].unique())
    _require("measure", measure, _PRICE_COLUMNS)
    column, unit = _PRICE_COLUMNS[measure]
    table = table[(table["series"] == series) & (sure_rows(table) | include_unsure)]
    if market is not None:
        _require("market", market, [name for name in table["market"].unique() if name])
        table = table[table["market"] == market]
    table = table[table[column].notna()]
    if table.empty:
        raise ValueError(f"The series {series!r} has no column for measure {measure!r}; use measure='price'.")
    rate = 1e6 / table[column] if measure == "total cost" else table["operations_per_second"] / table[column]
    return Observations(table["year"].to_numpy(), rate.to_numpy(), series, table["name"].to_list(), unit)


def training_observations(family: str | None = None, include_unsure: bool = False) -> Observations:
    """Operations spent on training, model by model, from `data/models.csv`.

    The table is a selection, not a census: a trend through it describes the models chosen.

    Args:
        family: one architecture family, or `None` for all models, whatever their family; the outside estimates
            for undisclosed systems are then taken too, as in Epoch AI's own trends.
        include_unsure: also take rows with numbers that were not confirmed, and, with a family, rows with a
            presumed family or an outside estimate.

    Raises:
        ValueError: if there is no such family.
    """
    table = load_table("models")
    sure = table["verified"]
    if family is not None:
        _require("family", family, table["family"].unique())
        sure = sure_rows(table)
        table = table[table["family"] == family]
    table = table[table["training_flop"].notna() & (sure[table.index] | include_unsure)]
    return Observations(
        years=_decimal_years(table["date"]),
        values=table["training_flop"].to_numpy(),
        series="training compute" if family is None else f"training compute, {family}",
        names=table["name"].to_list(),
        unit="floating-point operations",
    )


def _decimal_years(dates: pd.Series) -> np.ndarray:
    days_in_year = np.where(dates.dt.is_leap_year, 366, 365)
    return (dates.dt.year + (dates.dt.day_of_year - 1) / days_in_year).to_numpy()


def _require(what: str, given: str, allowed: Iterable[str]) -> None:
    allowed = tuple(allowed)
    if given not in allowed:
        raise ValueError(f"{what} is {given!r}; it must be one of {', '.join(map(repr, allowed))}.")
