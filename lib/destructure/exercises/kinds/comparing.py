"""Brings what a function returned into one form, compares it with what was wanted, and shows an input that tells."""

import copy
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

Inputs = tuple
_FEW = 8


class Result(NamedTuple):
    """What a function returned, as plain data.

    Attributes:
        array: its numbers or truth values; `None` if it has none.
        kind: the name of its type.
        rounding: the largest relative error of its number format, if that is a short one, else 0.
    """

    array: np.ndarray | None
    kind: str
    rounding: float = 0.0

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was returned yet."""
        return self.kind in ("NoneType", "ellipsis")


def as_result(value: Any, with_weights: bool = False) -> Result:
    """Numbers from a tensor, an array, nested lists or tuples, an iterator, fractions and decimals.

    Args:
        with_weights: whether (result, weights), as libraries return it, stands for the result.
    """
    kind = type(value).__name__
    try:
        if with_weights and isinstance(value, tuple) and len(value) == 2 and hasattr(value[0], "shape"):
            value = value[0]
        if isinstance(value, Iterator):
            value = list(islice(value, 10_000))
        if isinstance(value, list | tuple) and any(hasattr(one, "detach") for one in value):
            value = [one.detach() if hasattr(one, "detach") else one for one in value]
        rounding = 0.0
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            rounding = _rounding(str(value.dtype))
            value = (value.float() if rounding else value).numpy()
        array = np.array(value)
        if array.dtype == object and all(isinstance(one, Number) for one in array.ravel()):
            array = array.astype(float)
        rounding = rounding or _rounding(str(array.dtype))
        return Result(array if array.dtype.kind in "biuf" else None, kind, rounding)
    except Exception:
        return Result(None, kind)


def _rounding(dtype: str) -> float:
    return 2**-7 if "bfloat16" in dtype else 2**-10 if "float16" in dtype else 0.0


def misshapen(result: Result, wanted: Result) -> str:
    """Say what is wrong with a result's form (type, shape, truth values or numbers); "" if nothing is."""
    mine, right = result.array, wanted.array
    if mine is None:
        form = "a number" if right.shape == () else f"an array of shape {right.shape}"
        return f"The function returned something of type {result.kind}; it should return {form}."
    if mine.shape != right.shape:
        return f"The result has shape {mine.shape}; it should have {right.shape}."
    if right.dtype == bool and not np.isin(mine, (0, 1)).all():
        other = mine[~np.isin(mine, (0, 1))][0]
        return f"The result holds numbers such as {other:.3g}; it should hold only True and False."
    if right.dtype != bool and mine.dtype == bool:
        return "The result holds only True and False; it should hold numbers."
    return ""


def astray(result: Result, wanted: Result, tolerance: float) -> np.ndarray | None:
    """True where a result of the right form is not the one wanted; `None` if its form is not right.

    Where a *mistake* leaves an entry undefined (NaN), anything agrees: what then stands there depends on how exactly
    −∞ was written. What a reference returns is never NaN.
    """
    if misshapen(result, wanted):
        return None
    mine, right = result.array.astype(float), wanted.array.astype(float)
    usual = np.abs(right[np.isfinite(right)]).max(initial=1.0)
    reach = max(tolerance, 4 * result.rounding) * usual
    return ~(np.isclose(mine, right, rtol=0.0, atol=reach) | np.isnan(right))


def counterexample(
    case: Inputs, names: Sequence[str], result: Result, wanted: Result, where: np.ndarray
) -> str:
    """Inputs for which the result is not the one wanted, in a sentence: both whole, or their first difference."""
    mine, right = result.array, wanted.array
    if right.size > _FEW:
        place = tuple(map(int, np.argwhere(where)[0]))
        mine = f"{_shown(mine[place])} at {list(place)} ({where.sum()} of {where.size} entries differ)"
        right = right[place]
    mine = mine if isinstance(mine, str) else _shown(mine)
    return f"With {shown_inputs(case, names)} it returns {mine}; wanted is {_shown(right)}."


def size_of(case: Inputs) -> int:
    """How many numbers the inputs hold."""
    parts = [each for one in case for each in (one.values() if isinstance(one, dict) else [one])]
    return sum(int(np.prod(getattr(each, "shape", np.shape(each)))) for each in parts)


def shown_inputs(case: Inputs, names: Sequence[str] = ()) -> str:
    """Inputs by name, in full where they are short, else by their shape."""
    return ", ".join(_input(name, value) for name, value in zip_longest(names, case, fillvalue=""))


def _input(name: str, value: Any) -> str:
    shape = tuple(getattr(value, "shape", np.shape(value) if isinstance(value, list) else ()))
    if isinstance(value, dict):
        return f"{name} a dictionary".strip()
    if np.prod(shape, dtype=int) > _FEW:
        return f"{name} of shape {shape}".strip()
    return f"{name} = {_shown(value)}" if name else _shown(value)


def _shown(value: Any) -> str:
    """A few numbers, at four digits."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else repr(value)


def unchanged(mine: Any, original: Any) -> bool:
    """Whether an input is still what it was."""
    try:
        if type(mine) is not type(original):
            return False
        if isinstance(original, dict):
            return mine.keys() == original.keys() and all(
                unchanged(mine[key], original[key]) for key in original
            )
        if isinstance(original, list | tuple):
            return len(mine) == len(original) and all(map(unchanged, mine, original))
        if hasattr(original, "shape"):
            return mine.shape == original.shape and bool((mine == original).all())
        return mine is original or bool(mine == original)
    except Exception:
        return False


def alike(array: np.ndarray, example: Any) -> Any:
    """A result in the form that the reference returns: a tensor, a list or a number."""
    if hasattr(example, "detach"):
        import torch

        return torch.as_tensor(copy.copy(array)).to(example.dtype)
    return array if isinstance(example, np.ndarray) else array.tolist()
