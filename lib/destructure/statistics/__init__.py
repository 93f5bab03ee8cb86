"""Statistics of the experiments: a handful of seeds, paired across arms, and verdicts computed from intervals.

Rows of a sweep come in as tidy tables; small frozen results go out. From the question to the function:

- How do two arms differ, seed by seed? `paired`, then `interval` and `sign_flip_p_value`; many tests at once: `holm`.
- An interval for any other statistic? Compute it in each of `resamples(seeds)`, then `interval_of`.
- How good is a method at a given compute? `envelope`. When does one overtake another? `overtaking`, `crossing`.
- What is a structure worth in compute? `compute_factors`; and what does that say of the thesis? `judge_factors`.
- When does an arm begin to solve the task? `take_off_runs`, then `median_take_off`.
- What does each switch do on its own and together with others? `factorial_effects`.
- What came of what was predicted? `predictions`, then `score`.

The protocol behind it: seeds are paired and resampled as a whole, every resample enumerated; failed runs count as
failures (`failures_counted`), runs that never took off are censored and stay in, and no interval is given for fewer
seeds than could carry it (`seeds_needed`).
"""

from destructure.statistics.compute_factor import ComputeFactor, ComputeFactors, compute_factors
from destructure.statistics.effects import factorial_effects, holm, sign_flip_p_value
from destructure.statistics.envelopes import envelope
from destructure.statistics.interval import (
    LEVEL,
    Interval,
    interval,
    interval_of,
    p_value_of,
    resamples,
    seeds_needed,
)
from destructure.statistics.overtaking import Overtaking, crossing, overtaking
from destructure.statistics.predictions import predictions, score
from destructure.statistics.rows import (
    FAILED,
    NOISE,
    TRAINED,
    complete_seeds,
    failures_counted,
    flops_text,
    paired,
    seed_table,
)
from destructure.statistics.take_off import median_take_off, take_off_runs
from destructure.statistics.verdicts import MARGIN, Judgement, Verdict, judge, judge_factors

__all__ = [
    "FAILED",
    "LEVEL",
    "MARGIN",
    "NOISE",
    "TRAINED",
    "ComputeFactor",
    "ComputeFactors",
    "Interval",
    "Judgement",
    "Overtaking",
    "Verdict",
    "complete_seeds",
    "compute_factors",
    "crossing",
    "envelope",
    "factorial_effects",
    "failures_counted",
    "flops_text",
    "holm",
    "interval",
    "interval_of",
    "judge",
    "judge_factors",
    "median_take_off",
    "overtaking",
    "p_value_of",
    "paired",
    "predictions",
    "resamples",
    "score",
    "seed_table",
    "seeds_needed",
    "sign_flip_p_value",
    "take_off_runs",
]
