"""Dated measurements of growing quantities as tidy rows: what the fits, forecasts and figures take.

One row per dot, by year: `series`, `year` (with fraction), `value` (above zero), `name` (of the machine or model),
`unconfirmed` (drawn hollow and never fitted) and `source` (a key of `data/sources.csv`).
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from destructure.tables import load_table, sure_rows

COLUMNS = ["series", "year", "value", "name", "unconfirmed", "source"]
MINIMUM_DOTS = 8

_PRICES = {
    "price": "price_usd",
    "constant price": "price_usd_constant",
    "total cost": "usd2006_per_million_operations",
}


def slide_dots() -> pd.DataFrame:
    """The 44 dots of slide 7 (talk 7:31–9:06, after Sutton's keynote): calculations a second per US dollar.

    Read off the slide, whose axis is for 1000 dollars: good to about half a year and a factor of 1.6.
    """
    table = load_table("compute_slide")
    # In this order, so that the values are those of the slide to the last bit.
    value = 10.0 ** table["log10_calculations_per_second_per_1000_usd"] * 1e-3
    return _dots(table.assign(series="Slide 7", value=value, name="", unconfirmed=False))


def hardware_dots(series: str, market: str | None = None, measure: str = "price") -> pd.DataFrame:
    """Operations a second per dollar, machine by machine, of one series in `data/hardware.csv`.

    Args:
        series: "Moravec" (1891–1997), "Nordhaus" (1857–2006), "GPU FP32" or "GPU 16-bit matrix".
        market: "consumer" or "professional" graphics processors only; `None` for all.
        measure: "price" (dollars of the day), "constant price" (corrected for inflation; not for graphics processors)
            or "total cost" (operations per dollar of 2006, with the operator's time and electricity; Nordhaus only).
            ValueError for what is not there.
    """
    table = load_table("hardware")
    _require("series", series, table["series"].unique())
    _require("measure", measure, _PRICES)
    table = table[table["series"] == series]
    if market is not None:
        _require("market", market, filter(None, table["market"].unique()))
        table = table[table["market"] == market]
    price = table[_PRICES[measure]]
    if price.isna().all():
        raise ValueError(f"The series {series!r} has no column for measure {measure!r}; use measure='price'.")
    value = 1e6 / price if measure == "total cost" else table["operations_per_second"] / price
    label = f"{series}, {market}" if market else series
    return _dots(table.assign(series=label, value=value, unconfirmed=~sure_rows(table))[price.notna()])


def price_dots() -> dict[str, pd.DataFrame]:
    """The course's series of operations per dollar of the day, by name."""
    graphics = [("GPU FP32", "consumer"), ("GPU FP32", "professional"), ("GPU 16-bit matrix",)]
    each = [slide_dots(), *(hardware_dots(*one) for one in (("Moravec",), ("Nordhaus",), *graphics))]
    return {dots["series"].iloc[0]: dots for dots in each}


def training_dots(family: str | None = None) -> pd.DataFrame:
    """Operations spent on training, model by model, from `data/models.csv`: a selection, not a census.

    Args:
        family: one architecture family (ValueError if there is none such): then presumed families and outside
            estimates for undisclosed systems are unconfirmed, too. `None` for all models; outside estimates then
            count, as in Epoch AI's own trends.
    """
    table = load_table("models")
    unconfirmed = ~table["verified"]
    if family is not None:
        _require("family", family, table["family"].unique())
        table = table[table["family"] == family]
        unconfirmed = ~sure_rows(table)
    dates = table["date"].dt
    year = dates.year + (dates.day_of_year - 1) / np.where(dates.is_leap_year, 366, 365)
    dots = table.assign(year=year, value=table["training_flop"], unconfirmed=unconfirmed)
    return _dots(dots.assign(series=family or "training compute")[table["training_flop"].notna()])


def between(dots: pd.DataFrame, first_year: float, last_year: float) -> pd.DataFrame:
    """Only the dots from `first_year` to `last_year`, both included; ValueError if none is left.

    A dot of mid-2008 (2008.5) belongs to "until 2008": a whole-numbered last year means its end.
    """
    end = last_year + 1 if float(last_year).is_integer() else np.nextafter(last_year, np.inf)
    chosen = dots[(dots["year"] >= first_year) & (dots["year"] < end)]
    if chosen.empty:
        raise ValueError(
            f"There are no dots from {first_year:g} to {last_year:g}; widen the window or choose another series."
        )
    return chosen


def best_so_far(dots: pd.DataFrame) -> pd.DataFrame:
    """Only the confirmed dots that beat every earlier one: the front that a buyer sees.

    A front rises by construction, so its slope is not comparable with a slope through all dots.
    """
    sure = dots[~dots["unconfirmed"]].sort_values("year", kind="stable")
    return sure[sure["value"] > sure["value"].cummax().shift(fill_value=0.0)]


def years_and_logs(dots: pd.DataFrame, needed: int = MINIMUM_DOTS) -> tuple[np.ndarray, np.ndarray]:
    """Years and log10(value) of the confirmed dots of one series, by year.

    Raises:
        ValueError: if the dots are of several series, too few or all of the same years, or a value is not positive.
    """
    sure = dots[~dots["unconfirmed"]].sort_values("year", kind="stable")
    names = list(sure["series"].unique())
    if len(names) > 1:
        raise ValueError(
            f"The dots come from {len(names)} series ({', '.join(names)}), which count different "
            "things; fit one at a time."
        )
    years, values = sure["year"].to_numpy(dtype=float), sure["value"].to_numpy(dtype=float)
    wrong = ~(np.isfinite(years) & np.isfinite(values) & (values > 0))
    if wrong.any():
        raise ValueError(
            f"A dot of year {years[wrong][0]} has the value {values[wrong][0]}; a growth trend needs a year and a "
            "value above zero, so leave such dots out."
        )
    different = np.unique(years).size
    if len(years) < needed or different < 3:
        span = f", {np.floor(years[0]):.0f} to {np.floor(years[-1]):.0f}" if len(years) else ""
        raise ValueError(
            f"{', '.join(names) or 'The series'}: {len(years)} dots{span} in {different} different years; a "
            f"trend needs at least {needed} dots in 3 different years, so widen the window."
        )
    return years, np.log10(values)


def _dots(table: pd.DataFrame) -> pd.DataFrame:
    table = table.astype({"year": float, "value": float, "unconfirmed": bool})
    return table[COLUMNS].sort_values("year", kind="stable", ignore_index=True)


def _require(what: str, given: str, allowed: Iterable[str]) -> None:
    allowed = tuple(allowed)
    if given not in allowed:
        raise ValueError(f"{what} is {given!r}; it must be one of {', '.join(map(repr, allowed))}.")
