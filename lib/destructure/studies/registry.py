"""All registered studies: what `python -m destructure results` runs."""

from destructure.studies import (
    bottleneck_probe,
    closer_than_twice,
    concatenation,
    docstring_writer,
    language_identification,
    recurrence,
    structure_compute,
    unseen_numbers,
)

STUDIES = tuple(
    module.STUDY
    for module in (
        unseen_numbers,
        structure_compute,
        recurrence,
        concatenation,
        docstring_writer,
        language_identification,
        closer_than_twice,
        bottleneck_probe,
    )
)
"""In the order of the notebooks."""
