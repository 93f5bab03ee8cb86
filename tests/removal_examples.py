"""Tables of the registered experiment with planted effects: rows that look like a sweep's and cost nothing."""

import json
import math
import random
from functools import cache

import pandas as pd

from destructure.structure import Structure
from destructure.studies.plans import removal as plan
from destructure.studies.removal_results.tables import NOISE_SEEDS, other_shapes
from destructure.study import COLUMNS, ResultsFile

MADE = {
    "step": 3, "tokens": 300, "examples": 1000, "parameters": 10, "non_embedding_parameters": 5, "seconds": 0.1,
    "processor_seconds": 0.1, "device": "cpu", "machine": "made up", "threads": 1, "python": "3", "torch": "2",
    "destructure": "0", "commit": "",
}  # fmt: skip

NOTHING = dict.fromkeys(Structure.SWITCHES, (1.0, 0.0))
"""switch → κ at 10^10 FLOPs and its slope: here removing anything is free."""

MIXED = {
    "separate_cross_attention": (1.0, 0.0),
    "separate_parameters": (2.2, -0.7),
    "final_layer_memory": (0.3, 0.0),
    "bidirectional_input": (1.5, 0.6),
}
"""S1 is free, S2 helps first and hinders later, S3 never helps, S4 helps more and more."""


def effective(structure, compute, planted):
    """The compute that is as good for the whole encoder-decoder: structures that are missing cost their κ."""
    for switch in Structure.SWITCHES:
        if not getattr(structure, switch):
            start, slope = planted[switch]
            # κ is defined at the compute of the arm *with* it; solve C_without = κ(C_with) · C_with for C_with.
            compute = (compute / (start * 1e10**-slope)) ** (1 / (1 + slope))
    return compute


@cache
def _cells(arm):
    return arm.cells()


def rows_of(arm, seeds, planted, noise=0.02, purpose="reporting", floor=0.0):
    """Rows of one arm (a configuration) for some seeds; the loss falls as compute^-0.8."""
    for seed in seeds:
        luck = random.Random(f"{seed}")
        shared = luck.gauss(0, 0.05)  # what a seed does to all arms
        own = random.Random(f"{arm.run}{seed}").gauss(0, noise)
        for budget in arm.budgets:
            good = effective(arm.structure, budget, planted) / 1e10
            loss = floor + 1.5 * math.exp(-0.8 * math.log(good) + shared + own)
            score = min(1.0, max(0.0, 1.2 - loss))
            take_off = 4e10 * budget / (good * 1e10) * math.exp(own + shared)
            watched = 0.89 * budget
            there = take_off <= watched
            yield (
                _cells(arm)
                | MADE
                | {
                    "run": f"{arm.run[:10]}-{seed}",
                    "seed": seed,
                    "purpose": purpose,
                    "budget": budget,
                    "flops": int(budget) + 1,
                    "loss": loss,
                    "exact_match": score,
                    "take_off_step": 50 if there else None,
                    "take_off_flops": int(take_off) if there else None,
                    "take_off_censored": not there,
                    "watched_step": 75,
                    "watched_flops": int(watched),
                    "status": "finished",
                }
            )


def corner_arms():
    """The arms of `structure_corners`, at one learning rate."""
    return [plan.corner(each, width) for width in plan.BUDGETS for each in Structure.all()] + other_shapes()


def corner_rows_of(planted, seeds=plan.SEEDS, **settings):
    return [row for arm in corner_arms() for row in rows_of(arm, seeds, planted, **settings)]


def scarce_rows_of(planted, seeds=plan.SEEDS, **settings):
    dials = {"dials": plan.SCARCE, "budgets": plan.SCARCE_BUDGETS}
    arms = [plan.corner(each, 32, **dials) for each in Structure.all()]
    return [row for arm in arms for row in rows_of(arm, seeds, planted, **settings)]


def noise_rows_of(planted, seeds=NOISE_SEEDS, **settings):
    arms = [plan.corner(each, 32) for each in (Structure.ENCODER_DECODER, Structure.DECODER_ONLY)]
    return [row for arm in arms for row in rows_of(arm, seeds, planted, **settings)]


def tuning_rows_of(planted, seeds=(100, 101)):
    from dataclasses import replace

    arms = [replace(arm, budgets=arm.budgets[:2]) for arm in corner_arms()]
    return [
        row
        | {
            "learning_rate": rate,
            "loss": row["loss"] * (1 + abs(math.log2(rate / 4e-3))),
            "run": f"{row['run']}{rate}",
        }
        for arm in arms
        for rate in (2e-3, 4e-3, 8e-3)
        for row in rows_of(replace(arm, learning_rate=rate), seeds, planted, purpose="tuning")
    ]


def write(folder, **tables):
    """Write tables under the plans' names (corners=rows, scarce=rows, noise=rows, tuning=rows)."""
    names = {"corners": "structure_corners", "scarce": "scarce_corners", "noise": "noise_floor"}
    names |= {"tuning": "structure_tuning"}
    for name, rows in tables.items():
        path = folder / f"{names[name]}.csv"
        path.unlink(missing_ok=True)
        ResultsFile(path, COLUMNS).append(rows)
    return folder


def frame(rows):
    """Rows without the way through a file, for functions that only compute."""
    table = pd.DataFrame(rows)
    return table.assign(budget=table["budget"].astype(float))


def budgets_of(row):
    return json.loads(row["budgets"])
