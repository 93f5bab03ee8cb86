"""Registered predictions, written down with odds before the runs, and scored after them."""

from collections.abc import Mapping

import pandas as pd

from destructure.tables import load_table

Decided = tuple[bool | None, str]


def predictions(part: str) -> pd.DataFrame:
    """The predictions of a part of `data/registration.md`, indexed by their id: `text`, `odds` from 0 to 1.

    Args:
        part: "A", "C" and "D" (notebook 08), "B" (09), "E" (10), "F" (11) or "G" (12).

    Raises:
        ValueError: if the part has none.
    """
    table = load_table("predictions")
    if part not in set(table["part"]):
        raise ValueError(f"Part {part!r} has no predictions; the parts are {sorted(set(table['part']))}.")
    return table[table["part"] == part].set_index("id")[["text", "odds"]]


def score(registered: pd.DataFrame, decided: Mapping[str, Decided]) -> pd.DataFrame:
    """Set what came of the predictions beside them.

    Args:
        registered: from `predictions`.
        decided: id → whether it came true (`None` where the data cannot say), and what was found, in a few words.

    Returns:
        `text`, `odds`, `came_true` ("yes", "no" or "undecided"), `found`, and `penalty`: the squared distance of the
        odds from what happened, missing where it is undecided. The mean penalty is the Brier score: 0 is perfect, and
        whoever always says 50% gets 0.25.

    Raises:
        ValueError: if a registered prediction is not decided, or another one is.
    """
    different = sorted(set(registered.index) ^ set(decided))
    if different:
        raise ValueError(
            f"{different[0]} is registered or decided, but not both; decide every registered prediction."
        )
    outcomes = pd.DataFrame.from_dict(decided, orient="index", columns=["true", "found"], dtype=object)
    outcomes = outcomes.loc[registered.index]
    happened = outcomes["true"].map({True: 1.0, False: 0.0, None: float("nan")}).astype(float)
    words = happened.map({1.0: "yes", 0.0: "no"}).fillna("undecided")
    penalty = (registered["odds"] - happened) ** 2
    return registered.assign(came_true=words, found=outcomes["found"], penalty=penalty)
