"""What an arm scored: its loss, exact match and take-off, over seeds, and its envelope over widths."""

import math

import numpy as np
import pandas as pd

from destructure.statistics.compute_factor import SMALLEST_LOSS
from destructure.statistics.matching import envelopes
from destructure.statistics.resampling import interval_of_samples, seed_weights
from destructure.statistics.survival import medians, observations
from destructure.statistics.tables import as_floats, complete_seeds, seed_table
from destructure.structure import Structure

FAILED = math.log(65)
"""Nats a token: what a diverged run counts as; 65 equally likely tokens, a model that knows nothing."""

FLOOR, NOISE = 0.0, 0.02
"""Nats a token: the loss of a perfect model, and how close to it losses cannot be told from it."""

RESAMPLES = 2_000
TRAINED = 0.9
"""Mean exact match at the largest width and budget below which an arm counts as not trained within the range."""


def flops_text(budget: float) -> str:
    """A budget as text: "1.6e11"."""
    return f"{budget:.2g}".replace("e+", "e")


def span_text(low: float, high: float) -> str:
    """An interval as text: "[0.90, 1.10]"; "[no interval]" if it has no ends (too few seeds, or unbounded)."""
    if not (math.isfinite(low) or math.isfinite(high)) or (low == 0 and math.isinf(high)):
        return "[no interval]"
    return f"[{low:.2f}, {high:.2f}]"


def share_below(share: float, bound: float) -> str:
    """A share below a bound as text that does not round up to it: 0.8999 is "89.99%" below 0.9, 0.853 is "85%"."""
    for digits in range(6):
        text = f"{share:.{digits}%}"
        if float(text[:-1]) < 100 * bound:
            return text
    return f"just below {bound:.0%}"


def seeds_text(count: int) -> str:
    """A number of seeds in words, such as "1 seed" or "5 seeds"."""
    return f"{count} seed{'' if count == 1 else 's'}"


def arm_rows(
    rows: pd.DataFrame, structure: Structure, arm: str = "corner", width: int | None = None
) -> pd.DataFrame:
    """The rows of one arm.

    Raises:
        ValueError: if there are none.
    """
    found = rows[(rows["arm"] == arm) & (rows["structure"] == structure.code)]
    found = found if width is None else found[found["width"] == width]
    if found.empty:
        raise ValueError(f"There are no rows of the arm {arm!r} with {structure.code}; run the plan first.")
    return found


def corner_rows(rows: pd.DataFrame, width: int | None = None, budget: float | None = None) -> pd.DataFrame:
    """The rows of all corners, at one width or budget if asked for."""
    found = rows[rows["arm"] == "corner"]
    found = found if width is None else found[found["width"] == width]
    return found if budget is None else found[found["budget"] == budget]


def run_table(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a run, its last budget, with the column `take_off`: FLOPs, and `limit`: FLOPs it was watched.

    `take_off` is NaN for a run that did not take off while it was watched. A diverged run counts as watched as long
    as the run that was watched longest, since it would have failed however long one had watched.
    """
    last = rows[rows["budget"] == rows.groupby("run")["budget"].transform("max")].copy()
    limit = as_floats(last["watched_flops"])
    longest = np.nanmax(limit)
    last["limit"] = np.where((last["status"] == "diverged") | np.isnan(limit), longest, limit)
    last["take_off"] = as_floats(last["take_off_flops"])
    return last.reset_index(drop=True)


def corner_summary(rows: pd.DataFrame, width: int, budget: float) -> pd.DataFrame:
    """Each corner over seeds, indexed by its code in the order of `Structure.all()`.

    Columns: `loss` (geometric mean, nats a token), `exact_match` (mean) and its standard deviation `spread`,
    `take_off` (median FLOPs over the whole run at this width, infinite if fewer than half took off), `took_off` (how
    many did) and `seeds`.

    Args:
        rows: settled rows.
        width, budget: which cell of each corner.

    Raises:
        ValueError: if there are no such rows.
    """
    cells = corner_rows(rows, width, budget)
    if cells.empty:
        raise ValueError(f"There are no corners at width {width} and {budget:g} FLOPs in the table.")
    runs = run_table(corner_rows(rows, width))
    found = []
    for structure in Structure.all():
        group = cells[cells["structure"] == structure.code]
        if group.empty:
            continue
        own = runs[runs["structure"] == structure.code]
        losses = np.log(np.maximum(group["loss"].fillna(FAILED).to_numpy(dtype=float), SMALLEST_LOSS))
        times, there, _ = observations(own["take_off"], own["limit"])
        found.append(
            {
                "structure": structure.code,
                "loss": float(np.exp(losses.mean())),
                "exact_match": float(group["exact_match"].mean()),
                "spread": float(group["exact_match"].std(ddof=1)) if len(group) > 1 else math.nan,
                "take_off": float(medians(times, there, np.ones((1, len(times))))[0]),
                "took_off": int(there.sum()),
                "seeds": len(group),
            }
        )
    return pd.DataFrame(found).set_index("structure")


def envelope(rows: pd.DataFrame) -> pd.DataFrame:
    """The best-so-far envelope of one arm over its widths: budget, loss, low, high (95% interval over seeds).

    Means over seeds are taken of the log loss, as for the compute factor.

    Args:
        rows: of one arm, settled.
    """
    table = seed_table(rows, ["width", "budget"], "loss", failed=FAILED)
    seeds, _ = complete_seeds(table)
    values = np.log(np.maximum(table[seeds].to_numpy(), SMALLEST_LOSS))
    compute = table.index.get_level_values(1).to_numpy(dtype=float)
    weights = np.vstack([np.full((1, len(seeds)), 1 / len(seeds)), seed_weights(len(seeds), RESAMPLES)])
    budgets = np.unique(compute)
    curves = envelopes(values, compute, budgets, weights)
    ends = [interval_of_samples(curve[1:], float(curve[0]), len(seeds)) for curve in curves]
    return pd.DataFrame(
        {
            "budget": budgets,
            "loss": np.exp(curves[:, 0]),
            "low": np.exp([each.low for each in ends]),
            "high": np.exp([each.high for each in ends]),
        }
    )


def untrained(rows: pd.DataFrame) -> dict[str, float]:
    """Corners below the gate of trainability, code → mean exact match at the largest width and its largest budget."""
    corners = corner_rows(rows)
    width = int(corners["width"].max())
    budget = corners[corners["width"] == width]["budget"].max()
    means = corner_rows(rows, width, budget).groupby("structure", sort=False)["exact_match"].mean()
    return {code: float(mean) for code, mean in means.items() if mean < TRAINED}
