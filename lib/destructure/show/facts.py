"""Claims that a notebook prints only when they are true, and where the numbers of a figure come from."""

import pandas as pd

from destructure.tables import citation


class FactError(AssertionError):
    """A claim of the course turned out false here."""


def fact(text: str, condition) -> None:
    """Print "✓ text" if the condition is true; stop the notebook if it is false.

    Every result a notebook states goes through here, so that a claim that stops being true is an error and not
    a sentence that lies. The text is compared in every test of a notebook: no number may differ between machines.

    Args:
        text: the claim, one line.
        condition: `True` or `False`; also numpy's or torch's single truth value.

    Raises:
        FactError: if the condition is false.
        ValueError: if the text is not one line, or the condition is not a single truth value.

    Example:
        >>> fact("two heads are better than one", 2 > 1)
        ✓ two heads are better than one
    """
    if not isinstance(text, str) or not text.strip() or len(text.splitlines()) != 1:
        raise ValueError(f"A fact is one line of text, but {text!r} was given.")
    if not _as_bool(condition):
        raise FactError(f"This should be true, but it is false here: {text.strip()}")
    print(f"✓ {text.strip()}")


def _as_bool(condition) -> bool:
    if isinstance(condition, bool):
        return condition
    shape = getattr(condition, "shape", ())
    # numpy.bool_ and torch tensors alike, without importing either
    if str(getattr(condition, "dtype", "")) in ("bool", "torch.bool") and tuple(shape) == ():
        return bool(condition.item())
    if tuple(shape) != ():
        raise ValueError(
            f"The condition has shape {tuple(shape)}, so it is not one truth value; reduce it with .all() or .any()."
        )
    raise ValueError(
        f"The condition is a {type(condition).__name__}, not a truth value; write a comparison, such as 'loss < 0.1'."
    )


def cite(*shown: pd.DataFrame | str) -> None:
    """Print where the numbers of a figure come from, once each, with links.

    Args:
        shown: the rows of the figure (with a column `source`), or keys of `data/sources.csv`.

    Raises:
        ValueError: if a key is unknown.
    """
    keys = [key for each in shown for key in ([each] if isinstance(each, str) else each["source"])]
    for key in dict.fromkeys(keys):
        print(f"Source: {citation(key)}")
