import pytest


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch):
    """A work folder of its own for every test: no test may touch a learner's answers."""
    folder = tmp_path / "work"
    monkeypatch.setenv("DESTRUCTURE_WORK", str(folder))
    monkeypatch.delenv("DESTRUCTURE_STUDENT", raising=False)
    return folder
