"""How bad input is refused: with one sentence for whoever gave it."""

from contextlib import contextmanager

import pytest


@contextmanager
def refused(says, kind=ValueError):
    """The block raises an error whose message matches, is one line that ends with a full stop and names no folder."""
    with pytest.raises(kind, match=says) as error:
        yield
    text = str(error.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert "/tmp" not in text
