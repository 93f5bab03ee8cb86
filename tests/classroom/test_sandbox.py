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

from destructure.classroom import sandbox
from destructure.classroom.grading import graded_code
from destructure.exercises.catalogue import find

SECRET = b"staff"
ENVELOPE, SHIFT = find("02.code.envelope"), find("04.code.shift")
SHEET = Path(__file__).parents[2] / "notebooks" / "exercises" / "02" / "code.envelope.md"
BODIES = {
    "an endless loop": ("while True: pass", "had not ended"),
    "exit": ("raise SystemExit", "raised SystemExit"),
    "an error nobody catches": ("class X(BaseException): pass\nraise X", "raised X"),
    "an interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "the process ended": ("import os; os._exit(0)", "ended the process"),
    "a crash": ("import ctypes\nctypes.string_at(0)", "ended the process"),
    "everything killed": ("import os; os.kill(-1, 9)", "raised ProcessLookupError"),
    "gigabytes": ("return bytearray(10**11)", "raised MemoryError"),
    "gigabytes said": ("return ['x' * 10**6] * 100", "too large"),
    "a number without bounds": ("return 10 ** 10**4", ""),
    "a fork bomb": ("import os\nwhile True: os.fork()", ""),
    "a patient fork bomb": ("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass", "had not ended"),
    "children left behind": (
        "import os, time\nfor _ in range(20):\n    if not os.fork(): time.sleep(600)\nreturn []", "",
    ),
    "a command": ("import os\nos.system('touch here')\nreturn performance[:]", "imports os"),
    "the catalogue asked": (
        "from destructure.exercises.catalogue import find\nreturn find('02.code.envelope').kind.reference",
        "raised ValueError: The course's notebooks and tables were not found",
    ),
    "the catalogue asked, politely": (
        "try:\n    from destructure.exercises.catalogue import find\n    return find('02.code.envelope').solution\n"
        "except Exception: return performance", "imports destructure.exercises.catalogue",
    ),
    "the sheets read": (f"return open({str(SHEET)!r}).read()", "No such file"),
    "passwords read": ("return open('/etc/passwd').read()", "No such file"),
    "the network": ("import socket\nreturn socket.create_connection(('1.1.1.1', 53), 2)", "Network is unreachable"),
    "frames walked": (
        "import sys\nframe = sys._getframe()\nwhile frame.f_back: frame = frame.f_back\n"
        "return frame.f_locals.get('wanted', performance)", "imports sys",
    ),
    "memory searched": (
        "import gc\nreturn next((x for x in gc.get_objects() if x is best_so_far), None) or performance[:]",
        "imports gc",
    ),
    "the check replaced": (
        "import destructure.exercises.kinds.code as code\ncode.agree = code.partly = lambda *a: ''\n"
        "return performance", "imports destructure",
    ),
    "comparisons patched": (
        "np.isclose = np.array_equal = lambda *a, **k: True\nreturn performance[:1] * len(performance)",
        "sets np.isclose",
    ),
    "patched by a detour": ("setattr(np, 'isclose', lambda *a: True)\nreturn performance", "uses setattr"),
    "a look-up table": ("return {3: [1, 2, 3]}[len(performance)]", "raised KeyError"),
    "right at first": (
        "best_so_far.calls = getattr(best_so_far, 'calls', 0) + 1\n"
        "return list(np.maximum.accumulate(performance)) if best_so_far.calls < 3 else performance[:]",
        "sets best_so_far.calls",
    ),
    "a counter in a default": (
        "return list(np.maximum.accumulate(performance)) if len(seen.append(1) or seen) < 9 else performance[:]",
        "in another order",
    ),
    "chance": ("import random\nreturn [random.random() for _ in performance]", "imports random"),
    "chance of a library": ("return np.random.rand(len(performance))", "in another order"),
    "an answer forged": (
        "import os\nfor n in range(3, 9):\n    try: os.write(n, b'{\"result\": 1}\\n')\n"
        "    except OSError: pass\nreturn performance[:1] * len(performance)", "could not be brought back",
    ),
    "a result that bites back": ("class X:\n    def detach(self): raise SystemExit\nreturn X()", "raised SystemExit"),
    "a result that bites": ("class X(list):\n    __iter__ = lambda self: 1 / 0\nreturn X([1])", "raised"),
}  # fmt: skip


@pytest.fixture(scope="module")
def place():
    try:
        how = sandbox.isolation([ENVELOPE.id])
    except ValueError as problem:
        pytest.skip(str(problem))
    with sandbox.Sandbox(how) as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize(("body", "says"), BODIES.values(), ids=BODIES)
def test_sabotage_earns_nothing_and_hears_why(body, says, place, monkeypatch):
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
