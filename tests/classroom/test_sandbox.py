"""Submitted code in the sandbox: what it does there stays there, and what it says is compared and not believed."""

import shutil
import subprocess
import sys
import textwrap
import threading
import time
from itertools import accumulate
from pathlib import Path

import psutil
import pytest
import yaml

from destructure.classroom import sandbox
from destructure.classroom.grading import graded_code
from destructure.exercises.catalogue import find

SECRET = b"staff"
ENVELOPE, SHIFT = find("02.code.envelope"), find("04.code.shift")
SHEET = Path(__file__).parents[2] / "notebooks" / "exercises" / "02" / "code.envelope.md"
SABOTAGE = Path(__file__).with_name("sabotage.yaml").read_text(encoding="utf-8")
BODIES = yaml.safe_load(SABOTAGE.replace("SHEET", repr(str(SHEET))))


@pytest.fixture(scope="module")
def place():
    try:
        how = sandbox.isolation([ENVELOPE.id])
    except ValueError as problem:
        pytest.skip(str(problem))
    with sandbox.Sandbox(how) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_sabotage_earns_nothing_and_hears_why(name, place, monkeypatch):
    body, says = BODIES[name]["body"], BODIES[name]["says"]
    if "while True" in body:
        monkeypatch.setattr(sandbox, "SECONDS", 2.0)
    source = "def best_so_far(performance, seen=[]):\n" + textwrap.indent(body, "    ")
    verdict = graded_code(ENVELOPE, source, SECRET, place)
    assert verdict.score == 0
    assert says in verdict.message
    assert 10 < len(verdict.message) < 700
    monkeypatch.undo()
    assert graded_code(ENVELOPE, ENVELOPE.reference, SECRET, place).is_right


@pytest.mark.slow
def test_a_table_of_all_that_the_course_shows_earns_nothing(place):
    table = {str(values): list(accumulate(values, max)) for (values,) in ENVELOPE.kind.cases()}
    source = f"def best_so_far(performance):\n    return {table}.get(str(performance), performance)"
    verdict = graded_code(ENVELOPE, source, SECRET, place)
    assert (verdict.score, verdict.misconception) == (0, "no attempt")
    assert "right on the inputs that the course shows" in verdict.message


@pytest.mark.slow
def test_softmax_patched_earns_nothing(place):
    body = "functional.softmax = torch.Tensor.softmax = lambda *a, **k: 0"
    source = f"def attention(queries, keys, values, mask):\n    {body}\n    return queries * 0"
    verdict = graded_code(find("04.code.attention"), source, SECRET, place)
    assert verdict.score == 0
    assert "sets functional.softmax" in verdict.message


@pytest.mark.slow
def test_an_honest_mistake_keeps_its_marks(place):
    for flaw in ENVELOPE.kind.mistakes:
        assert graded_code(ENVELOPE, flaw.source, SECRET, place).score == flaw.credit, flaw.name
    own = (
        "import math\nclass Best:\n    def __init__(self): self.best = math.inf\n"
        "def best_so_far(performance):\n    return [min(value, Best().best) for value in performance]"
    )
    assert graded_code(ENVELOPE, own, SECRET, place).score > 0


def test_without_isolation_a_right_answer_must_not_reach_out_either():
    source = "import sys\n" + ENVELOPE.reference
    with sandbox.Sandbox(sandbox.NONE) as place:
        assert "line 1 imports sys" in graded_code(ENVELOPE, source, SECRET, place).message


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="counts the processes of Linux")
@pytest.mark.usefixtures("place")
def test_processes_are_few_and_end_with_the_sandbox(monkeypatch):
    monkeypatch.setattr(sandbox, "SECONDS", 2.0)
    mark = f"MARK_{time.time_ns()}"
    body = (
        f"import ctypes, os\nctypes.CDLL(None).prctl(15, b'{mark[-15:]}')\nwhile True:\n"
        "    try: os.fork()\n    except OSError: pass"
    )
    most = []

    def count():
        while not done.wait(0.1):
            most.append(alive(mark[-15:]))

    done = threading.Event()
    counter = threading.Thread(target=count)
    counter.start()
    with sandbox.Sandbox(sandbox.isolation([ENVELOPE.id])) as own:
        source = "def best_so_far(performance):\n" + textwrap.indent(body, "    ")
        assert "had not ended" in graded_code(ENVELOPE, source, SECRET, own).message
        assert alive(mark[-15:]) == 0
    done.set()
    counter.join()
    assert 2 < max(most) <= 64


def alive(name):
    return sum(each.info["name"] == name for each in psutil.process_iter(["name"]))


@pytest.mark.slow
def test_tensors_go_there_and_back(place):
    assert graded_code(SHIFT, SHIFT.reference, SECRET, place).is_right
    changed = "def shift_right(target, begin):\n    target[:] = begin\n    return target"
    assert "changes the inputs" in graded_code(SHIFT, changed, SECRET, place).message
    assert "This is not Python" in graded_code(SHIFT, "def shift_right(:", SECRET, place).message
    raises = graded_code(SHIFT, "import nothing\ndef shift_right(target, begin): ...", SECRET, place)
    assert "Defining the function raised ModuleNotFoundError" in raises.message


def test_without_a_sandbox_code_is_not_run_unless_asked(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="bubblewrap is not installed"):
        sandbox.isolation([ENVELOPE.id])
    assert sandbox.isolation([ENVELOPE.id], allow_none=True) == sandbox.NONE
    with sandbox.Sandbox(sandbox.NONE) as place:
        verdict = graded_code(ENVELOPE, ENVELOPE.reference, SECRET, place)
    assert verdict.is_right


def test_values_survive_the_way():
    import numpy as np
    import torch

    from destructure.classroom.child import decode, encode

    for value in (1, 2.5, None, True, "a", [1, [2.0]], (1, "b"), {"a": [1], 2: None}):
        assert decode(encode(value)) == value
    for value in (torch.zeros(2, 0, dtype=torch.int64), torch.tensor([[True], [False]]), torch.tensor(1.5)):
        assert torch.equal(decode(encode(value)), value)
        assert decode(encode(value)).dtype == value.dtype
    assert np.array_equal(decode(encode(np.arange(6.0).reshape(2, 3))), np.arange(6.0).reshape(2, 3))
    assert type(decode(encode(object()))).__name__ == "object"
    subprocess.run([sys.executable, "-c", "import destructure.classroom.child"], check=True)
