"""The course's small data tables: load one by name, checked cell by cell against the dictionary of columns.

A table is `data/NAME.csv`. What every column means, its unit and what it may hold stand in `data/columns.csv`;
where every row comes from stands in `data/sources.csv`. `data/README.md` shows both to a reader.
"""

import csv
import io
from pathlib import Path

import pandas as pd

from destructure.data_columns import DTYPES, Column
from destructure.places import data_folder

_DICTIONARY = "columns"
_DICTIONARY_HEADER = ("table", "column", "kind", "unit", "required", "low", "high", "choices", "meaning")


def table_names(folder: Path | None = None) -> tuple[str, ...]:
    """Names of all tables, in the order of the dictionary.

    Args:
        folder: another folder with tables, a `columns.csv` and a `sources.csv`; by default the course's own.
    """
    return tuple(_dictionary(folder or data_folder()))


def table_columns(name: str, folder: Path | None = None) -> tuple[Column, ...]:
    """The columns of one table with their units and meaning.

    Raises:
        ValueError: if there is no table of that name.
    """
    tables = _dictionary(folder or data_folder())
    if name not in tables:
        raise ValueError(f"There is no table {name!r}; the tables are {', '.join(tables)}.")
    return tables[name]


def load_table(name: str, folder: Path | None = None) -> pd.DataFrame:
    """One table as a DataFrame, every cell checked.

    Numbers are floats (empty: NaN), whole numbers `Int64` (empty: <NA>), dates datetimes, "yes" and "no"
    booleans, and everything else text (empty: "").

    Args:
        name: a name from `table_names()`.
        folder: as in `table_names()`.

    Raises:
        ValueError: on the first cell that is not what the dictionary allows, in one sentence with file, row
            (counted as a spreadsheet does, the header being row 1), column, what was given and what is allowed.
    """
    folder = folder or data_folder()
    columns = table_columns(name, folder)
    sources = _source_keys(folder) if any(column.kind == "source" for column in columns) else frozenset()
    records = []
    for row, cells in _rows(folder, name, tuple(column.name for column in columns)):
        records.append([])
        for column, text in zip(columns, cells, strict=True):
            try:
                records[-1].append(column.value(text, sources))
            except ValueError as error:
                raise ValueError(f"{name}.csv, row {row}, column '{column.name}': {error}") from None
    if not records:
        raise ValueError(f"{name}.csv has a header and no rows; restore the file from the repository.")
    frame = pd.DataFrame(records, columns=[column.name for column in columns])
    return frame.astype({column.name: DTYPES[column.kind] for column in columns})


def citation(source: str, folder: Path | None = None) -> str:
    """Full citation of a `source` key, with its link where there is one.

    Raises:
        ValueError: if `sources.csv` has no such key.
    """
    table = load_table("sources", folder).set_index("source")
    if source not in table.index:
        raise ValueError(f"sources.csv has no source {source!r}; use one that it lists, or add a row for it.")
    entry = table.loc[source]
    return f"{entry['citation']}, {entry['link']}" if entry["link"] else entry["citation"]


def sure_rows(table: pd.DataFrame) -> pd.Series:
    """True for the rows that a figure may show as sure.

    Verified; for models also with a checked family, and not an outside estimate of an undisclosed system.
    """
    sure = table["verified"]
    if "family_checked" in table:
        sure = sure & table["family_checked"] & (table["flop_basis"] != "outside estimate")
    return sure


def _rows(folder: Path, name: str, header: tuple[str, ...]) -> list[tuple[int, list[str]]]:
    """Row numbers and cells below the header, or one sentence on what is wrong with the file as a whole."""
    parsed = _parsed(folder / f"{name}.csv")
    _require_header(name, header, parsed[0] if parsed else [])
    rows = [(number, cells) for number, cells in enumerate(parsed[1:], start=2) if any(cells)]
    for number, cells in rows:
        if len(cells) != len(header):
            raise ValueError(
                f"{name}.csv, row {number}: {len(cells)} cells where {len(header)} are needed, from column "
                f"'{header[0]}' to column '{header[-1]}'; a text with a comma must stand between double quotes."
            )
    return rows


def _parsed(path: Path) -> list[list[str]]:
    if not path.is_file():
        raise ValueError(f"The table {path} is missing; restore it from the repository.")
    try:
        # utf-8-sig: spreadsheets like to write a byte-order mark that is no part of the first column's name.
        return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")), strict=True))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path.name} is not UTF-8 text (byte {error.start}); save it as CSV with UTF-8 encoding."
        ) from error
    except csv.Error as error:
        raise ValueError(
            f"{path.name} cannot be read as CSV ({error}); check that every double quote is closed, or restore "
            "the file from the repository."
        ) from error


def _require_header(name: str, wanted: tuple[str, ...], found: list[str]) -> None:
    if tuple(found) == wanted:
        return
    if len(found) == 1 and ";" in found[0]:
        raise ValueError(
            f"{name}.csv, row 1: cells are separated by ';'; save the file with commas between them."
        )
    strange = next((column for column in found if column not in wanted), None)
    absent = next((column for column in wanted if column not in found), None)
    if strange is not None:
        problem = f"column '{strange}' is not known"
    elif absent is not None:
        problem = f"column '{absent}' is missing"
    else:
        problem = f"columns {','.join(found)} are in another order or doubled"
    raise ValueError(f"{name}.csv, row 1: {problem}; the header must be {','.join(wanted)}.")


def _dictionary(folder: Path) -> dict[str, tuple[Column, ...]]:
    """All tables and their columns, from `columns.csv`."""
    tables: dict[str, tuple[Column, ...]] = {}
    for row, cells in _rows(folder, _DICTIONARY, _DICTIONARY_HEADER):
        table, name, kind, unit, required, low, high, choices, meaning = cells
        options = tuple(choices.split("|")) if choices else ()
        try:
            if required not in ("yes", "no"):
                raise ValueError(f"required is {required!r}; it must be yes or no.")
            column = Column(name, kind, unit, required == "yes", low, high, options, meaning)
        except ValueError as error:
            raise ValueError(
                f"{_DICTIONARY}.csv, row {row}, column '{name}' of table '{table}': {error}"
            ) from None
        tables[table] = (*tables.get(table, ()), column)
    return tables


def _source_keys(folder: Path) -> frozenset[str]:
    """All keys of `sources.csv`; each stands there once."""
    header = tuple(column.name for column in table_columns("sources", folder))
    seen: set[str] = set()
    for row, cells in _rows(folder, "sources", header):
        if cells[0] in seen:
            raise ValueError(
                f"sources.csv, row {row}, column 'source': {cells[0]!r} is listed twice; keep one row."
            )
        seen.add(cells[0])
    return frozenset(seen)
