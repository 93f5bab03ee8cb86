"""What an arm scored: its loss, exact match and take-off, over seeds, and its envelope over widths."""

import math

import numpy as np
import pandas as pd

from destructure.statistics import (  # noqa: F401  until the notebooks take these from there
    FAILED,
    NOISE,
    TRAINED,
    failures_counted,
    flops_text,
    median_take_off,
    take_off_runs,
)
from destructure.statistics import envelope as best_so_far
from destructure.statistics.envelopes import SMALLEST_LOSS
from destructure.structure import Structure

FLOOR = 0.0
run_table = take_off_runs


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
        found.append(
            {
                "structure": structure.code,
                "loss": float(np.exp(losses.mean())),
                "exact_match": float(group["exact_match"].mean()),
                "spread": float(group["exact_match"].std(ddof=1)) if len(group) > 1 else math.nan,
                "take_off": median_take_off(own["take_off"], own["limit"]),
                "took_off": int(own["take_off"].notna().sum()),
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
    return best_so_far(failures_counted(rows))


def untrained(rows: pd.DataFrame) -> dict[str, float]:
    """Corners below the gate of trainability, code → mean exact match at the largest width and its largest budget."""
    corners = corner_rows(rows)
    width = int(corners["width"].max())
    budget = corners[corners["width"] == width]["budget"].max()
    means = corner_rows(rows, width, budget).groupby("structure", sort=False)["exact_match"].mean()
    return {code: float(mean) for code, mean in means.items() if mean < TRAINED}
