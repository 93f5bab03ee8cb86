"""What one column of the course's tables may hold, and the check of one cell against it."""

import math
import re
from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

DTYPES = {
    "text": "str",
    "choice": "str",
    "link": "str",
    "source": "str",
    "number": "float64",
    "whole number": "Int64",
    "date": "datetime64[ns]",
    "yes or no": "bool",
}

# Not float(): that also takes "nan", "inf" and "1_000", which nobody means in a table.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_QUANTITIES: dict[str, tuple[Callable[[str], Any], str]] = {
    "number": (float, "it must be a number with a decimal point, such as 1200, 0.5 or 1.2e9"),
    "whole number": (int, "it must be a whole number"),
    "date": (date.fromisoformat, "it must be a date written like 2017-06-12"),
}


@dataclass(frozen=True)
class Column:
    """What one column may hold, in the words of `data/columns.csv`.

    Args:
        name: the name in the table's header.
        kind: a key of `DTYPES`.
        unit: unit of a number, "" where there is none.
        required: whether every row needs a value.
        low: smallest number or date allowed, as written in the file; "" for no bound.
        high: largest, likewise.
        choices: what a cell of kind "choice" may say; empty for other kinds.
        meaning: what the column says, in a sentence.

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
        if self.kind not in DTYPES:
            raise ValueError(f"kind is {self.kind!r}; it must be one of {', '.join(DTYPES)}.")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(
                f"kind is {self.kind!r} and choices is {'|'.join(self.choices)!r}; only kind 'choice' has choices."
            )
        for bound in filter(None, (self.low, self.high)):
            if self.kind not in _QUANTITIES:
                raise ValueError(
                    f"kind is {self.kind!r} and a bound is {bound!r}; only numbers and dates have bounds."
                )
            self.parse(bound)

    def parse(self, text: str) -> Any:
        """A number or date of this kind, without looking at the bounds.

        Raises:
            ValueError: if `text` is not written as this kind is.
        """
        convert, form = _QUANTITIES[self.kind]
        try:
            if self.kind != "date" and not _NUMBER.fullmatch(text):
                raise ValueError(text)
            return convert(text)
        except ValueError:
            raise ValueError(f"{text!r} given; {form}.") from None

    def value(self, text: str, sources: Set[str]) -> Any:
        """The value of one cell.

        Args:
            text: the cell.
            sources: the keys that a cell of kind "source" may use.

        Raises:
            ValueError: what was given and what is allowed.
        """
        text = text.strip()
        if not text:
            if self.required:
                raise ValueError("the cell is empty; every row needs a value here.")
            return {"number": math.nan, "whole number": pd.NA, "date": pd.NaT}.get(self.kind, "")
        if self.kind in _QUANTITIES:
            return self._within_bounds(text)
        if self.kind == "choice" and text not in self.choices:
            raise ValueError(f"{text!r} given; it must be one of {', '.join(self.choices)}.")
        if self.kind == "yes or no":
            if text not in ("yes", "no"):
                raise ValueError(f"{text!r} given; it must be yes or no.")
            return text == "yes"
        if self.kind == "link" and not text.startswith(("https://", "http://")):
            raise ValueError(f"{text!r} given; it must be an address that starts with https://.")
        if self.kind == "source" and text not in sources:
            raise ValueError(
                f"{text!r} given; it must be a source that sources.csv lists, so add it there first."
            )
        return text

    def _within_bounds(self, text: str) -> Any:
        value = self.parse(text)
        unit = f" {self.unit}" if self.unit else ""
        if self.low and value < self.parse(self.low):
            raise ValueError(f"{text} given; it must be {self.low}{unit} or more.")
        if self.high and value > self.parse(self.high):
            raise ValueError(f"{text} given; it must be {self.high}{unit} or less.")
        return value
