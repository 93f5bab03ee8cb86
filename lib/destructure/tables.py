"""The course's small data tables: load one by name, checked cell by cell against the dictionary of columns.

A table is `data/NAME.csv`. What every column means, its unit and what it may hold stand in `data/columns.csv`;
where every row comes from stands in `data/sources.csv`. `data/README.md` shows both to a reader.
"""

import csv
import io
import math
import re
from collections.abc import Iterable, Set
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from destructure.files import data_folder

_DTYPES = {"number": "float64", "whole number": "Int64", "date": "datetime64[ns]", "yes or no": "bool"}
_KINDS = ("text", "choice", "link", "source", *_DTYPES)
# Not float(): that also takes "nan", "inf" and "1_000", which nobody means in a table.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_QUANTITIES = {
    "number": (float, "it must be a number with a decimal point, such as 1200, 0.5 or 1.2e9"),
    "whole number": (int, "it must be a whole number"),
    "date": (date.fromisoformat, "it must be a date written like 2017-06-12"),
}
_EMPTY = {"number": math.nan, "whole number": pd.NA, "date": pd.NaT}
_DICTIONARY_HEADER = ("table", "column", "kind", "unit", "required", "low", "high", "choices", "meaning")


@dataclass(frozen=True)
class Column:
    """What one column may hold, in the words of `data/columns.csv`; "" where there is no unit or bound.

    Raises:
        ValueError: if kind, bounds and choices do not fit together.
    """

    name: str
    kind: str
    unit: str
    required: bool
    low: str
    high: str
    choices: tuple[str, ...]
    meaning: str

    def __post_init__(self):
        if self.kind not in _KINDS:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(_KINDS)}.")
        if (self.kind == "choice") != bool(self.choices):
            given = "|".join(self.choices)
            raise ValueError(
                f"kind is {self.kind!r} and choices is {given!r}; only kind 'choice' has choices."
            )
        for bound in filter(None, (self.low, self.high)):
            if self.kind not in _QUANTITIES:
                raise ValueError(
                    f"kind is {self.kind!r} and a bound is {bound!r}; only numbers and dates have bounds."
                )
            self._parse(bound)

    def value(self, text: str, sources: Set[str]) -> Any:
        """The value of one cell, in which a cell of kind "source" may use these keys; ValueError says what may be."""
        text = text.strip()
        if not text and self.required:
            raise ValueError("the cell is empty; every row needs a value here.")
        if not text:
            return _EMPTY.get(self.kind, "")
        if self.kind in _QUANTITIES:
            return self._within_bounds(text)
        allowed, form = {
            "choice": (text in self.choices, f"one of {', '.join(self.choices)}"),
            "yes or no": (text in ("yes", "no"), "yes or no"),
            "link": (text.startswith(("https://", "http://")), "an address that starts with https://"),
            "source": (text in sources, "a source that sources.csv lists, so add it there first"),
        }.get(self.kind, (True, ""))
        if not allowed:
            raise ValueError(f"{text!r} given; it must be {form}.")
        return text == "yes" if self.kind == "yes or no" else text

    def _parse(self, text: str) -> Any:
        convert, form = _QUANTITIES[self.kind]
        try:
            if self.kind != "date" and not _NUMBER.fullmatch(text):
                raise ValueError(text)
            return convert(text)
        except ValueError:
            raise ValueError(f"{text!r} given; {form}.") from None

    def _within_bounds(self, text: str) -> Any:
        value, unit = self._parse(text), f" {self.unit}" if self.unit else ""
        if self.low and value < self._parse(self.low):
            raise ValueError(f"{text} given; it must be {self.low}{unit} or more.")
        if self.high and value > self._parse(self.high):
            raise ValueError(f"{text} given; it must be {self.high}{unit} or less.")
        return value


def table_columns(folder: Path | None = None) -> dict[str, list[Column]]:
    """The columns of every table with their units and meaning, in the order of the dictionary.

    Args:
        folder: another folder with tables, a `columns.csv` and a `sources.csv`; by default the course's own.

    Raises:
        ValueError: on the first row of `columns.csv` that makes no sense.
    """
    tables: dict[str, list[Column]] = {}
    for row, cells in _rows(folder or data_folder(), "columns", _DICTIONARY_HEADER):
        table, name, kind, unit, required, low, high, choices, meaning = cells
        with _place(f"columns.csv, row {row}, column '{name}' of table '{table}'"):
            if required not in ("yes", "no"):
                raise ValueError(f"required is {required!r}; it must be yes or no.")
            options = tuple(choices.split("|")) if choices else ()
            column = Column(name, kind, unit, required == "yes", low, high, options, meaning)
        tables.setdefault(table, []).append(column)
    return tables


def load_table(name: str, folder: Path | None = None) -> pd.DataFrame:
    """One table as a DataFrame, every cell checked.

    Numbers are floats (empty: NaN), whole numbers `Int64` (empty: <NA>), dates datetimes, "yes" and "no"
    booleans, and everything else text (empty: "").

    Args:
        name: a key of `table_columns()`.
        folder: as in `table_columns`.

    Raises:
        ValueError: if there is no such table, and on the first cell that is not what the dictionary allows, in one
            sentence with file, row (counted as a spreadsheet does, the header being row 1), column, what was given
            and what is allowed.
    """
    folder = folder or data_folder()
    tables = table_columns(folder)
    if name not in tables:
        raise ValueError(f"There is no table {name!r}; the tables are {', '.join(tables)}.")
    columns, records = tables[name], []
    names = [column.name for column in columns]
    known = _source_keys(folder, tables) if any(column.kind == "source" for column in columns) else set()
    for row, cells in _rows(folder, name, names):
        records.append([])
        for column, text in zip(columns, cells, strict=True):
            with _place(f"{name}.csv, row {row}, column '{column.name}'"):
                records[-1].append(column.value(text, known))
    if not records:
        raise ValueError(f"{name}.csv has a header and no rows; restore the file from the repository.")
    return pd.DataFrame(records, columns=names).astype(
        {column.name: _DTYPES.get(column.kind, "str") for column in columns}
    )


def citation(source: str, folder: Path | None = None) -> str:
    """Full citation of a `source` key, with its link where there is one; ValueError if there is no such key."""
    table = load_table("sources", folder).set_index("source")
    if source not in table.index:
        raise ValueError(f"sources.csv has no source {source!r}; use one that it lists, or add a row for it.")
    return ", ".join(filter(None, table.loc[source, ["citation", "link"]]))


def sure_rows(table: pd.DataFrame) -> pd.Series:
    """True for the rows that a figure may show as sure.

    Verified; for models also with a checked family, and not an outside estimate of an undisclosed system.
    """
    sure = table["verified"]
    if "family_checked" in table:
        sure = sure & table["family_checked"] & (table["flop_basis"] != "outside estimate")
    return sure


@contextmanager
def _place(where: str):
    """Say of a wrong value where it stands."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _rows(folder: Path, name: str, header: Iterable[str]) -> list[tuple[int, list[str]]]:
    """Row numbers and cells below the header, or one sentence on what is wrong with the file as a whole."""
    path, header = folder / f"{name}.csv", list(header)
    if not path.is_file():
        raise ValueError(f"The table {path} is missing; restore it from the repository.")
    try:
        # utf-8-sig: spreadsheets like to write a byte-order mark that is no part of the first column's name.
        parsed = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} is not UTF-8 text (byte {error.start}); save it as CSV with UTF-8 encoding."
        ) from error
    except csv.Error as error:
        raise ValueError(
            f"{path.name} cannot be read as CSV ({error}); check that every double quote is closed, or restore "
            "the file from the repository."
        ) from error
    if problem := _header_problem(header, parsed[0] if parsed else []):
        raise ValueError(f"{name}.csv, row 1: {problem}")
    rows = [(number, cells) for number, cells in enumerate(parsed[1:], start=2) if any(cells)]
    for number, cells in rows:
        if len(cells) != len(header):
            raise ValueError(
                f"{name}.csv, row {number}: {len(cells)} cells where {len(header)} are needed, from column "
                f"'{header[0]}' to column '{header[-1]}'; a text with a comma must stand between double quotes."
            )
    return rows


def _header_problem(wanted: list[str], found: list[str]) -> str:
    if found == wanted:
        return ""
    if len(found) == 1 and ";" in found[0]:
        return "cells are separated by ';'; save the file with commas between them."
    problem = f"columns {','.join(found)} are in another order or doubled"
    if absent := [column for column in wanted if column not in found]:
        problem = f"column '{absent[0]}' is missing"
    if strange := [column for column in found if column not in wanted]:
        problem = f"column '{strange[0]}' is not known"
    return f"{problem}; the header must be {','.join(wanted)}."


def _source_keys(folder: Path, tables: dict[str, list[Column]]) -> set[str]:
    """All keys of `sources.csv`; each stands there once."""
    seen: set[str] = set()
    for row, (key, *_) in _rows(folder, "sources", [column.name for column in tables["sources"]]):
        if key in seen:
            raise ValueError(
                f"sources.csv, row {row}, column 'source': {key!r} is listed twice; keep one row."
            )
        seen.add(key)
    return seen
