"""Turns whatever was handed in as an answer into plain data, or says in one sentence why it cannot."""

import math
from typing import Any

from destructure.exercises.verdict import UnreadableAnswer

MAX_DEPTH = 6
MAX_ITEMS = 2_000
MAX_CHARACTERS = 20_000
MAX_NUMBER = 1e100

Plain = None | bool | int | float | str | list | dict


def as_plain(value: Any) -> Plain:
    """Copy an answer into None, bool, int, float, str, list and dict, within sane sizes.

    Only exact built-in types are walked (an answer may be any object, even one whose comparison or
    iteration misbehaves); NumPy arrays, torch tensors and `Structure` come in through their own data.

    Raises:
        UnreadableAnswer: for any other type, NaN, infinity, or data that is too large or too deep.
    """
    return _copy(value, depth=0, budget=[MAX_ITEMS])


def _copy(value: Any, depth: int, budget: list[int]) -> Plain:
    budget[0] -= 1
    if budget[0] < 0:
        raise UnreadableAnswer(f"This answer has more than {MAX_ITEMS} parts; give only what is asked for.")
    if depth > MAX_DEPTH:
        raise UnreadableAnswer(f"This answer is nested more than {MAX_DEPTH} deep; give a flatter one.")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int or kind is float:
        return _number(value)
    if kind is str:
        return _text(value)
    if kind in (list, tuple):
        return [_copy(item, depth + 1, budget) for item in value]
    if kind in (set, frozenset):
        return sorted((_copy(item, depth + 1, budget) for item in value), key=str)
    if kind is dict:
        return {_key(key): _copy(item, depth + 1, budget) for key, item in value.items()}
    return _copy(_foreign(value, kind), depth + 1, budget)


def _number(value: int | float) -> int | float:
    if isinstance(value, float) and not math.isfinite(value):
        raise UnreadableAnswer(f"{value} is not a finite number; give an ordinary number.")
    if abs(value) > MAX_NUMBER:
        raise UnreadableAnswer("This number is too large to be an answer; give one below 1e100.")
    return value


def _text(value: str) -> str:
    if len(value) > MAX_CHARACTERS:
        raise UnreadableAnswer(
            f"This answer is {len(value)} characters long; an answer has at most {MAX_CHARACTERS}."
        )
    # Lone surrogates cannot be written to a file; they come from broken copies, never from a keyboard.
    return value.encode("utf-8", "replace").decode("utf-8")


def _key(key: Any) -> str:
    if type(key) not in (str, int, bool):
        raise UnreadableAnswer(f"A name in this answer is of type {type(key).__name__}; names must be text.")
    if type(key) is int and abs(key) >= 10**9:
        raise UnreadableAnswer("A name in this answer is a very large number; names must be short text.")
    return _text(str(key))


def _foreign(value: Any, kind: type) -> Any:
    """Data of the few other types that learners have at hand."""
    home = str(getattr(kind, "__module__", "")).partition(".")[0]
    if home in ("numpy", "torch") and hasattr(kind, "tolist"):
        count = value.numel() if home == "torch" else getattr(value, "size", 0)
        if count > MAX_ITEMS:
            raise UnreadableAnswer(f"The array has {count} entries; an answer has at most {MAX_ITEMS} parts.")
        return value.tolist()
    if kind.__name__ == "Size" and home == "torch":
        return list(value)
    if home in ("fractions", "decimal") and hasattr(kind, "as_integer_ratio"):
        return float(value)
    if home == "destructure" and kind.__name__ == "Structure":
        return value.code
    raise UnreadableAnswer(
        f"An answer cannot be of type {kind.__name__}; give plain data such as a number, a text or a list."
    )


def shown(value: Plain, limit: int = 40) -> str:
    """A plain value as short text for a message."""
    text = " ".join((value if isinstance(value, str) else repr(value)).split())
    text = text if len(text) <= limit else text[: limit - 1] + "…"
    return f"“{text}”" if isinstance(value, str) else text
