"""Results with real weights that a lesson shows the same way with and without the package.

What the lesson shows is the stored result. Where the package is installed, it is also computed and must agree. Which
of the two happened is said in a widget, so the outputs that tests compare are the same on every machine.
"""

import datetime
import html
import importlib.metadata
import json
import math
import os
import re
from collections.abc import Callable
from pathlib import Path

import ipywidgets
from IPython.display import display

from destructure.files import data_folder, write_atomically
from destructure.pretrained.packages import package_of, what_is_missing

TOLERANCE = 1e-3
DIGITS = 6  # significant digits of a stored number
STORE_ANEW = "DESTRUCTURE_STORE"  # set to 1 by `python -m destructure notebooks --store`


class Origin(ipywidgets.HTML):
    """The line under a result that says how it came about, in a form that tests of notebooks do not compare.

    It is stored in a notebook as the same words whatever it says; what it says is the widget's `value`.
    """

    def __init__(self, line: str):
        super().__init__(f"<em>{html.escape(line)}</em>")

    def __repr__(self) -> str:
        return "<Origin: whether this result was computed just now>"

    def _repr_mimebundle_(self, **keywords):
        bundle = super()._repr_mimebundle_(**keywords)
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        data["text/plain"] = repr(self)
        data["text/html"] = (
            "<p><em>In JupyterLab, with the notebook running, a line here says whether this result was computed just "
            "now or is the stored one.</em></p>"
        )
        return bundle


def live_or_stored(
    name: str, compute: Callable[[], object], *, needs: str, tolerance: float = TOLERANCE, show: bool = True
):
    """Return a stored result; where its package is installed, also compute it and insist that both agree.

    What comes back is the stored value in both cases, so a lesson's outputs are the same on every machine. A line
    under the cell says whether it was also computed just now.

    Args:
        name: of the result and of its file: small letters, digits and underscores.
        compute: called without arguments where the package is installed; gives numbers, text, lists and
            dictionaries with text as keys (tensors, arrays and tuples become lists).
        needs: the model it takes: "spelling_to_sound", "molecules", "sentence_encoder" or "chat_model".
        tolerance: how far floating-point numbers may be apart, absolutely or relative to the stored one; all else
            must be equal.
        show: whether to show the line.

    Returns:
        The stored value, as plain numbers, text, lists and dictionaries.

    Raises:
        ValueError: if nothing (or nothing readable) is stored under this name, if it was stored for another model, or
            if the computed result differs from the stored one.

    Example:
        >>> def capital():                                                        # doctest: +SKIP
        ...     return chat_model().next_tokens("The capital of Italy is", 3)
        >>> live_or_stored("capital", capital, needs="chat_model")                # doctest: +SKIP
        [[' Rome', 0.56], ...]
    """
    missing = what_is_missing(needs)
    if os.environ.get(STORE_ANEW) == "1" and missing is None:
        store(name, compute, needs=needs)
    record = _read(name, needs)
    if missing is None:
        difference = first_difference(record["value"], plain(compute()), tolerance)
        if difference:
            raise ValueError(
                f"The result {name!r} computed here is not the stored one: {difference}. If the change is wanted, "
                "store it anew with python -m destructure notebooks --store NUMBER; else please report it."
            )
    if show:
        display(Origin(_how_obtained(record, missing)))
    return record["value"]


def store(name: str, compute: Callable[[], object], *, needs: str) -> Path:
    """Compute a result and store it as `data/results/pretrained/NAME.json`, with package, version and date.

    `python -m destructure notebooks --store 05` does this for every `live_or_stored` of notebook 05. Nothing is
    stored that was not computed: FileNotFoundError if the package is not installed.
    """
    path = stored_file(name)
    missing = what_is_missing(needs)
    if missing:
        raise FileNotFoundError(f"The result {name!r} cannot be computed here. {missing}")
    package, value = package_of(needs), plain(compute())
    record = {
        "package": package.name,
        "version": package.version,
        "torch": importlib.metadata.version("torch").partition("+")[0],
        "date": datetime.date.today().isoformat(),
        "value": value,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f' "{part}": {json.dumps(content, ensure_ascii=False)}' for part, content in record.items()]
    write_atomically(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())
    return path


def stored_file(name: str) -> Path:
    """Where a result is stored; ValueError if its name has more than small letters, digits and underscores."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9_]+", name):
        raise ValueError(f"{name!r} cannot name a result; use small letters, digits and underscores.")
    return data_folder() / "results" / "pretrained" / f"{name}.json"


def plain(value):
    """Turn a result into what JSON holds: tensors to lists, numbers with six digits; ValueError for anything else."""
    if hasattr(value, "tolist"):  # tensors, arrays and numpy's single numbers
        value = value.tolist()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"A result contains {value}, which cannot be stored; look for its cause.")
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(part) for key, part in value.items()}
    raise ValueError(
        f"A result contains a {type(value).__name__}; give numbers, text, lists, or dictionaries with text as keys."
    )


def first_difference(stored, live, tolerance: float, where: str = "the value") -> str | None:
    """Say where two plain values first differ, or `None` if they agree within the tolerance."""
    if isinstance(stored, dict) and isinstance(live, dict):
        if stored.keys() != live.keys():
            return f"{where} has the keys {sorted(live)} instead of {sorted(stored)}"
        pairs = ((f"{where}[{key!r}]", stored[key], live[key]) for key in stored)
    elif isinstance(stored, list) and isinstance(live, list):
        if len(stored) != len(live):
            return f"{where} has {len(live)} entries instead of {len(stored)}"
        pairs = ((f"{where}[{i}]", *both) for i, both in enumerate(zip(stored, live, strict=True)))
    elif _is_number(stored) and _is_number(live) and float in (type(stored), type(live)):
        close = math.isclose(stored, live, rel_tol=tolerance, abs_tol=tolerance)
        return None if close else f"{where} is {live:g} instead of {stored:g}"
    else:
        same = type(stored) is type(live) and stored == live
        return None if same else f"{where} is {live!r} instead of {stored!r}"
    found = (first_difference(*both, tolerance, place) for place, *both in pairs)
    return next((difference for difference in found if difference), None)


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read(name: str, needs: str) -> dict:
    path = stored_file(name)
    make = "python -m destructure notebooks --store NUMBER (with the package installed) writes it"
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        parts = [record[part] for part in ("package", "version", "date", "value")]
    except FileNotFoundError:
        raise ValueError(f"No result is stored under the name {name!r}; {make}.") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(
            f"The stored result {path.name} cannot be read; restore data/results/pretrained from a fresh copy of the "
            f"course, or make it anew: {make}."
        ) from None
    package = package_of(needs)
    if parts[:2] != [package.name, package.version]:
        raise ValueError(
            f"The result {name!r} was stored with {parts[0]} {parts[1]}, but it should come from {package.name} "
            f"{package.version}; {make}."
        )
    return record


def _how_obtained(record: dict, missing: str | None) -> str:
    package = f"{record['package']} {record['version']}"
    if missing:
        return f"Stored result of {record['date']}, made with {package}; nothing was computed here. {missing}"
    return f"Computed just now with {package}; it agrees with the stored result of {record['date']}."
