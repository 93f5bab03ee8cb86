"""Tables of part B with planted effects: rows that look like a sweep's and cost nothing."""

import math
import random
from functools import cache

import pandas as pd

from destructure.studies.dial_results import DialTables
from destructure.studies.plans import dials as plan
from destructure.studies.plans.removal import SEEDS, corner
from removal_examples import MADE

NOTHING: dict = {}
"""Every arm of a setting has the same losses, up to the seed's luck."""


def arms():
    """The configurations of part B, seeds and rates still to be set."""
    return [*plan.length_arms(), *plan.likeness_arms(), *plan.depth_arms(), *plan.instruction_arms()]


@cache
def _cells(arm):
    return arm.cells()


def rows_of(arm, planted, seeds=SEEDS, noise=0.01, name=None):
    """Rows of one arm. `planted` maps (arm, code) to what is added to the log of its loss."""
    name = arm.arm if name is None else name
    for seed in seeds:
        luck = random.Random(f"{name}{arm.structure.code}{seed}").gauss(0, noise)
        for budget in arm.budgets:
            worse = planted.get((name, arm.structure.code), 0.0)
            loss = 0.8 * (budget / 4e10) ** -0.5 * math.exp(worse + luck)
            yield (
                _cells(arm)
                | MADE
                | {
                    "run": f"{arm.run[:10]}-{seed}",
                    "seed": seed,
                    "purpose": "reporting",
                    "budget": budget,
                    "loss": loss,
                    "exact_match": min(1.0, max(0.0, 1.25 - loss)),
                    "take_off_flops": None,
                    "take_off_censored": True,
                    "watched_flops": int(0.89 * budget),
                    "status": "finished",
                }
            )


def made_tables(planted=NOTHING, seeds=SEEDS, corner_seeds=SEEDS, noise=0.01):
    """`DialTables` with planted effects; corners that part B shares are planted by the name they get there."""
    runs = [row for arm in arms() for row in rows_of(arm, planted, seeds, noise)]
    shared = {}
    for name, where, switch in plan_shared():
        for structure in plan.pair(switch, where):
            shared[structure] = name
    corners = [
        row
        for structure, name in shared.items()
        for row in rows_of(corner(structure, plan.WIDTH), planted, corner_seeds, noise, name)
    ]
    return DialTables(runs=pd.DataFrame(runs), corners=pd.DataFrame(corners))


def plan_shared():
    """The settings that part B shares with part A."""
    from destructure.studies.dial_results.tables import SHARED

    return SHARED
