import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """A work folder of its own for every test: no test may touch a learner's answers."""
    folder = tmp_path / "work"
    monkeypatch.setenv("DESTRUCTURE_WORK", str(folder))
    for name in ("DESTRUCTURE_STUDENT", "DESTRUCTURE_NOBODY"):
        monkeypatch.delenv(name, raising=False)
    return folder
