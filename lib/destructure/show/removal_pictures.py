"""The figures of the registered experiment, each drawn from its results; `None` where its table is not there yet.

`all_pictures(results)` draws every one: what `python -m destructure verdicts --pictures FOLDER` writes.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from destructure.show.corner_spreads import corner_spread
from destructure.show.effect_plots import effect_bars
from destructure.show.factor_plots import factor_curves, surrounding_factors
from destructure.show.ladder_plots import ladder_curves, take_off_dots, tuning_curves
from destructure.show.picture import Picture
from destructure.show.removal_comparisons import removal_comparison
from destructure.show.spreads import spread
from destructure.show.structure_cube import corner_cube
from destructure.structure import Structure
from destructure.studies.plans.removal import BUDGETS
from destructure.studies.removal_results import effects, published, shapes, summaries
from destructure.studies.removal_results.factors import LABELS, NAMES
from destructure.studies.removal_results.noise import ENDS
from destructure.studies.removal_results.results import Results
from destructure.studies.removal_results.tables import tuning_points

WIDTH, BUDGET = 32, BUDGETS[32][1]


def not_yet(plan: str) -> None:
    """Say in one sentence that something must wait for a plan's runs: `picture(results) or not_yet(plan)`."""
    print(
        f"No seed of the plan {plan} is complete yet, so there is nothing to show here; "
        f"python -m destructure sweep {plan} runs what is missing."
    )


def tuning_picture(results: Results) -> Picture | None:
    """The learning rates that were tried for every arm."""
    points = tuning_points(results.tables)
    return None if points is None else tuning_curves(points, title="Learning rates, tuned for every arm")


def noise_picture(results: Results) -> Picture | None:
    """Exact match of the two ends of the ladder, all seeds, at every budget of width 32."""
    ends = results.ends
    if ends is None:
        return None
    groups = {}
    for budget in sorted(ends["budget"].unique()):
        for end in ENDS:
            own = ends[(ends["structure"] == end.code) & (ends["budget"] == budget)].sort_values("seed")
            if len(own):
                groups[f"{end.name}\n{summaries.flops_text(budget)}"] = own["exact_match"].tolist()
    return spread(_narrow(groups), title="The same model, trained again and again (width 32)")


def _narrow(groups: dict) -> dict:
    """Shorter labels, so that six groups fit side by side."""
    return {
        name.replace("encoder-decoder", "encoder-\ndecoder").replace("decoder-only", "decoder-\nonly"): values
        for name, values in groups.items()
    }


def ladder_picture(results: Results) -> Picture | None:
    """Loss over compute along the ladder."""
    if results.rows is None:
        return None
    ladder = Structure.ladder()
    corners = summaries.corner_rows(results.tables.corners)
    return ladder_curves(
        corners[corners["structure"].isin([each.code for each in ladder])],
        {each.code: summaries.envelope(summaries.arm_rows(results.rows, each)) for each in ladder},
        floor=summaries.NOISE,
        title=f"The ladder ({results.corners.label})",
    )


def take_off_picture(results: Results) -> Picture | None:
    """Compute at take-off along the ladder."""
    if results.tables.corners is None:
        return None
    runs = summaries.run_table(summaries.corner_rows(results.tables.corners))
    return take_off_dots(runs, Structure.ladder(), title="When each step of the ladder takes off")


def level_cube(results: Results) -> Picture | None:
    """The sixteen corners, shaded by exact match."""
    if results.rows is None:
        return None
    scores = summaries.corner_summary(results.rows, WIDTH, BUDGET)["exact_match"]
    where = f"width {WIDTH}, {summaries.flops_text(BUDGET)} FLOPs"
    return corner_cube(
        scores, name="exact match (mean over seeds)", title=f"How far every corner gets: {where}"
    )


def take_off_cube(results: Results) -> Picture | None:
    """The sixteen corners, shaded by their median compute at take-off."""
    if results.rows is None:
        return None
    times = summaries.corner_summary(results.rows, WIDTH, BUDGET)["take_off"]
    if not np.isfinite(times).any():
        return None
    return corner_cube(
        times,
        name="compute at take-off (median over seeds, FLOPs); white: fewer than half of the runs took off",
        text=summaries.flops_text,
        logarithmic=True,
        dark_is_low=False,
        title=f"When every corner takes off: width {WIDTH}",
    )


def scarce_cube(results: Results) -> Picture | None:
    """The sixteen corners with scarce data, shaded by exact match at the largest budget."""
    if results.few is None:
        return None
    budget, width = float(results.few["budget"].max()), int(results.few["width"].max())
    scores = summaries.corner_summary(results.few, width, budget)["exact_match"]
    return corner_cube(
        scores,
        name="exact match (mean over seeds)",
        title=f"500 training pairs, width {width}, {summaries.flops_text(budget)} FLOPs",
    )


def spread_picture(results: Results) -> Picture | None:
    """Every seed of every corner at one width and budget."""
    if results.rows is None:
        return None
    rows = summaries.corner_rows(results.rows, WIDTH, BUDGET)
    return corner_spread(rows, title=f"Every seed: width {WIDTH}, {summaries.flops_text(BUDGET)} FLOPs")


def loss_effects(results: Results) -> Picture | None:
    """Main effects and interactions on the loss, at the second budget of each width."""
    if results.rows is None:
        return None
    panels = {
        f"width {width}, {summaries.flops_text(budgets[1])}": effects.corner_effects(
            results.rows, width, budgets[1]
        ).table()
        for width, budgets in BUDGETS.items()
    }
    return effect_bars(
        panels,
        name="loss with the structure over loss without it (below 1 it helps)",
        title=f"Effects on the loss ({results.corners.label})",
    )


def take_off_effect_bars(results: Results) -> Picture | None:
    """Main effects and interactions on the compute at take-off, in each width."""
    if results.rows is None:
        return None
    found = {width: effects.take_off_effects(results.rows, width) for width in BUDGETS}
    panels = {f"width {width}": each.table() for width, each in found.items()}
    return effect_bars(
        panels,
        name="take-off with the structure over without it (below 1 it is earlier)",
        title=f"Effects on take-off ({results.corners.label})",
    )


def scarce_effect_bars(results: Results) -> Picture | None:
    """Main effects and interactions on the loss with scarce data, at every budget."""
    if results.few is None:
        return None
    panels = {
        f"{summaries.flops_text(budget)} FLOPs": effects.scarce_effects(results.few, budget).table()
        for budget in sorted(results.few["budget"].unique())
    }
    return effect_bars(
        panels,
        name="loss with the structure over loss without it (below 1 it helps)",
        title=f"500 training pairs ({results.scarce.label})",
    )


def factor_picture(results: Results) -> Picture | None:
    """κ for each step of the ladder, with its verdict."""
    if results.rows is None:
        return None
    panels = {
        f"{step.label} {NAMES[switch]}:\n{step.judgement.verdict}": step.factors
        for switch, step in results.steps.items()
    }
    if not any(step.factors.factors for step in results.steps.values()):
        return None
    return factor_curves(panels, title=f"What each structure is worth ({results.corners.label})")


def whole_picture(results: Results) -> Picture | None:
    """κ of the whole ladder."""
    if results.rows is None or not results.whole.factors.factors:
        return None
    return factor_curves(
        {"all four structures": results.whole.factors},
        title=f"The whole ladder ({results.corners.label})",
    )


def surrounding_picture(results: Results) -> Picture | None:
    """κ of each switch in all eight surroundings."""
    if results.rows is None:
        return None
    panels = {
        f"{LABELS[switch]} {NAMES[switch]}": [(each.with_structure.code, each.factors) for each in found]
        for switch, found in results.around.items()
    }
    if not any(factors.factors for found in panels.values() for _, factors in found):
        return None
    highlight = {
        f"{LABELS[switch]} {NAMES[switch]}": step.with_structure.code
        for switch, step in results.steps.items()
    }
    title = f"In all eight surroundings ({results.corners.label})"
    return surrounding_factors(panels, highlight=highlight, title=title)


def shape_picture(results: Results) -> Picture | None:
    """Arms of equal parameters and of twice the layers against what they are compared with, at each budget."""
    if results.rows is None:
        return None
    table = shapes.shape_comparisons(results.rows)
    names = {"same parameters": "7 layers", "twice the layers": "6 layers, narrow"}
    with np.errstate(divide="ignore"):  # an interval that too few seeds could not carry
        ends = {name: np.log(table[name]) for name in ("low", "high")}
    table = table.assign(
        effect=table["arm"].map(names) + " " + table["structure"] + " / " + table["against"],
        estimate=np.log(table["ratio"]),
        **ends,
    )
    panels: dict[str, pd.DataFrame] = {
        f"{summaries.flops_text(budget)}": rows for budget, rows in table.groupby("budget")
    }
    return effect_bars(
        panels, name="loss of the first over loss of the second", title="Other shapes (width 32)"
    )


def published_picture(results: Results) -> Picture:
    """T5's table 2 as removals, beside the same removals between our corners."""
    own = None if results.rows is None else published.our_removals(results.rows, WIDTH, BUDGET)
    return removal_comparison(
        published.t5_removals(),
        own,
        own_title=f"here, {summaries.flops_text(BUDGET)} FLOPs",
        title="The same removals, twice",
    )


PICTURES: dict[str, Callable[[Results], Picture | None]] = {
    "tuning": tuning_picture,
    "noise": noise_picture,
    "ladder": ladder_picture,
    "take_off": take_off_picture,
    "cube_level": level_cube,
    "cube_take_off": take_off_cube,
    "spread": spread_picture,
    "effects_loss": loss_effects,
    "effects_take_off": take_off_effect_bars,
    "factors": factor_picture,
    "factors_whole": whole_picture,
    "factors_surroundings": surrounding_picture,
    "shapes": shape_picture,
    "scarce_cube": scarce_cube,
    "scarce_effects": scarce_effect_bars,
    "published": published_picture,
}


def all_pictures(results: Results) -> dict[str, Picture]:
    """Every figure that the tables allow, by name."""
    drawn = {name: draw(results) for name, draw in PICTURES.items()}
    return {name: picture for name, picture in drawn.items() if picture is not None}
