"""The registered plans: what `python -m destructure sweep NAME` runs.

A plan is a function that returns a list of runs; `@register` makes it known under the function's name. The questions,
predictions and what would contradict them stand in data/registration.md, dated before the reporting runs.

Where to look: `building` (grids, widths of equal parameters), `tuning` (learning rates), `removal` (the sixteen
corners), `completing` (what they left open), `dials` (each structure against its dial), `real_text` (the thesis over
decades of compute), `own_removal` (a learner's own, notebook 12), `example` (a small plan to try the machinery with).
"""

from destructure.studies.plans.building import grid, matching_width
from destructure.studies.plans.completing import completion, completion_tuning, rounding
from destructure.studies.plans.dials import dial_runs, dial_tuning
from destructure.studies.plans.example import example
from destructure.studies.plans.own_removal import removal_examples
from destructure.studies.plans.real_text import continuation, verses, verses_checks, verses_path
from destructure.studies.plans.registry import make_plan, plan_names, register, stored_rows
from destructure.studies.plans.removal import (
    noise_floor,
    scarce_corners,
    structure_corners,
    structure_tuning,
)
