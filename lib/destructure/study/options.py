"""Open-ended settings as plain, hashable data with exactly one text."""

import json
import math
from collections.abc import Mapping
from typing import Any

Options = tuple[tuple[str, Any], ...]
"""Names and values, sorted by name: what a dictionary becomes when it has to be frozen. `dict(options)` thaws it."""


def freeze(name: str, given: Mapping[str, Any] | Options) -> Options:
    """Settings as sorted pairs of a name and a plain value; lists become tuples.

    Args:
        name: what the settings are called, for the message.
        given: names to numbers, texts, booleans, None, or lists of those.

    Raises:
        ValueError: if a value is something else, or a number is not finite.
    """
    try:
        settings = dict(given)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} is {given!r}; give settings by name, such as {{'high': 9999}}, or nothing."
        ) from None
    wrong = [key for key in settings if not isinstance(key, str) or not key]
    if wrong:
        raise ValueError(f"{name} has a setting named {wrong[0]!r}; names are texts, such as 'high'.")
    return tuple((key, _plain(f"{name}[{key!r}]", settings[key])) for key in sorted(settings))


def canonical_json(value: Any) -> str:
    """The one text of plain data: keys sorted, no spaces, ASCII only, every float in its shortest exact form.

    So the same data give the same text on every machine and with every version of Python.

    Raises:
        ValueError: if a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def whole_number(name: str, value: Any) -> int:
    """A whole number from 0 on, else ValueError."""
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r}; give a whole number.")
    return value


def positive_number(name: str, value: Any) -> float:
    """A positive, finite number as a float, else ValueError."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ValueError(f"{name} is {value!r}; give a positive number.")
    return float(value)


def truth(value: Any) -> bool:
    """A cell that says True or False, else ValueError."""
    if str(value) not in ("True", "False"):
        raise ValueError(f"{value!r} is neither True nor False")
    return str(value) == "True"


def _plain(name: str, value: Any) -> Any:
    if hasattr(value, "item") and not getattr(value, "shape", ()):  # a single number of numpy or torch
        value = value.item()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, (list, tuple)):
        return tuple(_plain(f"{name}[{place}]", each) for place, each in enumerate(value))
    raise ValueError(
        f"{name} is {value!r}; a setting is a finite number, a text, True, False, None, or a list of those."
    )
