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

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "compute_factor": ["ComputeFactor", "ComputeFactors", "compute_factors"],
        "crossings": ["Overtaking", "crossing", "overtaking"],
        "effects": ["factorial_effects", "holm", "sign_flip_p_value"],
        "envelopes": ["envelope"],
        "intervals": ["LEVEL", "Interval", "interval", "interval_of", "resamples", "seeds_needed"],
        "registered": ["predictions", "score"],
        "rows": ["FAILED", "NOISE", "TRAINED", "failures_counted", "flops_text", "paired"],
        "take_off": ["median_take_off", "take_off_runs"],
        "verdicts": ["MARGIN", "judge", "judge_factors"],
    },
)
