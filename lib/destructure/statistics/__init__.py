"""Statistics of the experiments: a handful of seeds, paired across arms, and verdicts computed from intervals.

Rows of a sweep come in as tidy tables; small frozen results go out. From the question to the function:

- How do two arms differ, seed by seed? `paired_differences`, then `bootstrap_interval` and `sign_flip_test`.
- Is the difference too small to matter? `equivalence_test`.
- Many tests at once? `holm`.
- What is a structure worth in compute? `compute_factors`; and what does that say of the thesis? `judge_factors`.
- Which arm begins to solve the task earlier? `paired_take_off`, then `compare_take_off`; `taken_off` for the curve.
- What does each switch do on its own and together with others? `factorial_effects`.

The protocol behind it: seeds are paired and resampled as a whole, failed runs count as failures, runs that never took
off are censored and stay in, and no interval is given for fewer seeds than could carry it (`seeds_needed`).
"""

from destructure.statistics.compute_factor import (
    ComputeFactor,
    ComputeFactors,
    compute_factors,
    noise_at_floor,
)
from destructure.statistics.factorial import Effect, FactorialEffects, factorial_effects
from destructure.statistics.resampling import bootstrap_interval, seeds_needed
from destructure.statistics.significance import (
    CorrectedTest,
    EquivalenceTest,
    SignFlipTest,
    equivalence_test,
    holm,
    sign_flip_test,
)
from destructure.statistics.tables import PairedDifferences, paired_differences
from destructure.statistics.take_off import (
    TakeOffComparison,
    compare_take_off,
    paired_take_off,
    taken_off,
    time_to_threshold,
)
from destructure.statistics.verdicts import MARGIN, Judgement, Verdict, judge, judge_factors
from destructure.trends.intervals import Interval

__all__ = [
    "MARGIN",
    "ComputeFactor",
    "ComputeFactors",
    "CorrectedTest",
    "Effect",
    "EquivalenceTest",
    "FactorialEffects",
    "Interval",
    "Judgement",
    "PairedDifferences",
    "SignFlipTest",
    "TakeOffComparison",
    "Verdict",
    "bootstrap_interval",
    "compare_take_off",
    "compute_factors",
    "equivalence_test",
    "factorial_effects",
    "holm",
    "judge",
    "judge_factors",
    "noise_at_floor",
    "paired_differences",
    "paired_take_off",
    "seeds_needed",
    "sign_flip_test",
    "taken_off",
    "time_to_threshold",
]
