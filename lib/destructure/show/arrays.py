"""Plain data at the seam: nested lists, arrays and tensors to numpy, tokens to text, columns to their labels."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

_VISIBLE_SIGNS = {"": "(empty)", " ": "␣", "\n": "⏎", "\t": "⇥"}


def as_array(values, name: str) -> np.ndarray:
    """Nested lists, an array or a torch tensor (on any device) as a numpy array; ValueError if they are no table."""
    if hasattr(values, "detach"):  # a torch tensor, without importing torch
        values = values.detach().cpu()
        values = values.float() if values.is_floating_point() else values
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"The {name} is not a table: its rows have different lengths.") from error
    if array.dtype == object or array.dtype.kind in "US":
        raise ValueError(
            f"The {name} holds {array.dtype.type.__name__} values; give numbers or truth values."
        )
    return array


def token_labels(labels: Sequence[str], length: int, name: str) -> list[str]:
    """The labels, blank ones made visible; ValueError if there is not one per token."""
    if len(labels) != length:
        raise ValueError(f"There are {len(labels)} labels for {length} {name}; give one label for each.")
    return [_VISIBLE_SIGNS.get(str(label), str(label)) for label in labels]


def levels(column: pd.Series) -> list:
    """The labels of a column as they come, or in the order of a categorical one; missing ones are left out."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return [label for label in column.cat.categories if (column == label).any()]
    return list(column.dropna().unique())


def is_labels(column: pd.Series) -> bool:
    """Whether a column names groups: texts, truth values or categories rather than numbers."""
    return not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
