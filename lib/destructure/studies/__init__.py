"""The registered studies of the course: each a table of runs, how rates are tuned, and what one run measures.

    from destructure.studies import recurrence
    recurrence.rows()                       # the stored table; recurrence.rates(): the tuned learning rates

`STUDIES` are all of them, in the order of the notebooks; `plans` are the runs of the large registered experiment.
"""

from importlib import import_module

import lazy_loader

REGISTERED = (
    "unseen_numbers",
    "structure_compute",
    "recurrence",
    "concatenation",
    "docstring_writer",
    "language_identification",
    "closer_than_twice",
    "bottleneck_probe",
    "multi_turn",
    "causality",
    "recall",
    "depth",
    "objective",
)
"""Modules with a `STUDY`, some with a second one: what `python -m destructure results` runs."""

# On first use: one study does not need the others.
_on_first_use, __dir__, __all__ = lazy_loader.attach(__name__, submodules=[*REGISTERED, "plans"])


def __getattr__(name):
    if name == "STUDIES":
        from destructure.study import Study

        modules = [import_module(f"{__name__}.{module}") for module in REGISTERED]
        return tuple(each for module in modules for each in vars(module).values() if isinstance(each, Study))
    return _on_first_use(name)
