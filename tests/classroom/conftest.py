import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from classroom_of import hand_in  # noqa: F401


@pytest.fixture(autouse=True)
def usual(monkeypatch):
    for name in ("DESTRUCTURE_STUDENT", "DESTRUCTURE_NOBODY"):
        monkeypatch.delenv(name, raising=False)
