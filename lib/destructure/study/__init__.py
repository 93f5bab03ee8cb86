"""Many runs, one table: a plan of frozen configurations becomes one tidy CSV, whatever happens on the way.

    plan = make_plan("example")             # destructure.studies.plans: what shall be run
    run_plan(plan, workers=2)               # or: python -m destructure sweep example --workers 2
    rows = read_results(plan.file)          # one row a run and budget, in the order of the plan

Where to look: `configuration` (what decides a run, and its name), `one_run` (from a configuration to rows),
`storage` (a CSV that is whole at every moment), `pools` (this process, joblib, Dask), `runner` (the loop over them),
`comparison` (are two tables the same, and does a stored row come out again).
"""

import lazy_loader

# On first use, so that a study that only stores rows need not load what runs them.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "columns": ["COLUMNS", "MEANINGS", "read_results"],
        "comparison": [
            "differences",
            "draw_rows",
            "rerun",
            "rerun_differences",
            "same_results",
            "stored_interval",
        ],
        "configuration": ["RunConfiguration"],
        "one_run": ["build_model", "build_task", "run_configuration"],
        "plan": ["Plan"],
        "runner": ["SweepReport", "SweepStopped", "run_plan"],
        "storage": ["ResultsFile"],
    },
)
