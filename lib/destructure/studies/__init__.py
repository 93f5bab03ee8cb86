"""The registered studies of the course: each a table of runs, how rates are tuned, and what one run measures.

    from destructure.studies import recurrence
    recurrence.rows()                       # the stored table; recurrence.rates(): the tuned learning rates

`STUDIES` are all of them; `plans` are the runs of the large registered experiment.
"""

import lazy_loader

# On first use: one study does not need the others.
__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "bottleneck_probe",
        "closer_than_twice",
        "concatenation",
        "docstring_writer",
        "language_identification",
        "plans",
        "recurrence",
        "structure_compute",
        "unseen_numbers",
    ],
    submod_attrs={"registry": ["STUDIES"]},
)
