"""The engine of the studies: a table of runs becomes one tidy CSV, whatever happens on the way.

    study = Study(name="numbers", columns=..., runs=grid(seed=range(200, 208), arm=ARMS), one_run=one_run)
    study.run(workers=2)                    # what is missing; or: python -m destructure results
    rows = study.rows()

Two kinds of `Work` go through the same loop (`runner`): a `Study` is a table of runs and a function that computes
one; a `Plan` is a list of frozen `RunConfiguration`s, each named by its hash (`python -m destructure sweep NAME`).

Where to look: `study` (studies, tuning, helpers), `models` (any model by name), `configuration` (what decides a run
of a plan, and its name), `one_run` (from a configuration to rows), `runner` (the loop), `estimate` and `progress`
(cost, time left), `table` and `storage` (a CSV that is whole at every moment), `pools` (this process, joblib, Dask).
"""

import lazy_loader

# On first use, so that reading a table need not load what runs a plan.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "columns": ["COLUMNS", "GAINED", "read_results", "stored_interval"],
        "configuration": ["RunConfiguration"],
        "measure": ["by_budget"],
        "models": ["build_model", "make_model"],
        "one_run": ["build_task", "run_configuration"],
        "plan": ["Plan"],
        "runner": ["Report", "SweepStopped"],
        "storage": ["ResultsFile"],
        "study": ["LATER", "Study", "Tuning", "grid", "names"],
    },
)
