"""What tests ask of sweeps' tables: are two the same, and does a stored row come out again?"""

import json
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from destructure.structure import Structure
from destructure.study import RunConfiguration, run_configuration
from destructure.study.columns import CONFIGURATION, RESULTS, read_results, stored_interval

_SAME_MACHINE = ["device", "machine", "threads", "torch"]
_COUNTS = ["parameters", "non_embedding_parameters", "examples", "status"]


def differences(first, second):
    """The rows and columns in which two tables differ, those about the machine aside; None if they are the same."""
    tables = [each if isinstance(each, pd.DataFrame) else read_results(each) for each in (first, second)]
    one, other = (each[[*CONFIGURATION, *RESULTS]] for each in tables)
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} rows"
    unlike = one.compare(other)
    return None if unlike.empty else unlike


def rerun_differences(stored, fresh, table):
    """How a fresh row departs from a stored one of a table; an empty list if it is as it must be.

    On the same kind of machine every result must be equal to the last bit. Elsewhere rounding differs, with the fast
    numerics from one edition of the course to the next, too; there counts must be equal, scores in `stored_interval`.
    """
    exact = all(stored[name] == fresh[name] for name in _SAME_MACHINE) and stored["numerics"] != "fast"
    compared = [*CONFIGURATION, *RESULTS] if exact else [*_COUNTS, "step", "tokens", "flops"]
    found = [name for name in compared if not _equal(stored[name], fresh[name])]
    for name in [] if exact else ["loss", "exact_match"]:
        low, high = stored_interval(table, stored, name)
        if fresh[name] is None or not low <= fresh[name] <= high:
            found.append(name)
    return found


def draw_rows(table, count, *, seed, largest=np.inf):
    """Rows drawn at random, of budgets up to the largest."""
    possible = table[table["budget"] <= largest]
    chosen = np.random.default_rng(seed).permutation(len(possible))[:count]
    return [possible.iloc[place].to_dict() for place in chosen]


def _equal(one, other):
    if pd.isna(one) or pd.isna(other):
        return pd.isna(one) and pd.isna(other)
    return one == other


def configuration_of(row):
    """The configuration that a row was made with, whether its cells are text or as `read_results` gives them."""
    switches = [switch.name for switch in fields(Structure)]
    truth = {name: {"True": True, "False": False}[str(row[name])] for name in (*switches, "loss_on_inputs")}
    return RunConfiguration(
        **{name: row[name] for name in ("purpose", "arm", "task")},
        **{name: json.loads(row[name]) for name in ("dials", "model", "training", "measuring", "budgets")},
        **{name: int(row[name]) for name in ("width", "layers", "heads", "seed")},
        structure=Structure(**{name: truth[name] for name in switches}),
        loss_on_inputs=truth["loss_on_inputs"],
        learning_rate=float(row["learning_rate"]),
        numerics=row.get("numerics") or "plain",
    )


def rerun(row):
    """Run again what a row says, cut off after its own budget: fresh rows under the run's name, the last its own."""
    whole = configuration_of(row)
    budgets = tuple(budget for budget in whole.budgets if budget <= float(row["budget"]))
    named = {name: whole.cells()[name] for name in ("run", "budgets")}
    device = "cpu" if row["device"] == "cpu" else "auto"
    return [fresh | named for fresh in run_configuration(replace(whole, budgets=budgets), device)]
