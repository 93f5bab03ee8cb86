"""Code that never ends, takes all memory, exits, patches, looks for the answer or prints megabytes.

One sentence within the limit, and the kernel as before: in a forked child (Linux), and as far as it goes in a thread.
"""

import os
import random
import signal
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import torch

from destructure.exercises.catalogue import find
from destructure.exercises.kinds import isolation

SHIFT = find("04.code.shift")
BODIES = {
    "an endless loop": ("while True: pass", "had not ended after 2 seconds"),
    "a loop that takes everything": (
        "while True:\n    try:\n        while True: time.sleep(0.01)\n    except Exception: pass",
        "had not ended",
    ),
    "exit": ("raise SystemExit(3)", "raised SystemExit: 3 (line 3 of your code)."),
    "interrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "generator exit": ("raise GeneratorExit", "raised GeneratorExit"),
    "an exception of its own": ("class X(BaseException): pass\nraise X('oh')", "raised X: oh (line 4"),
    "an evil result": ("class X:\n    def detach(self): raise SystemExit\nreturn X()", "raised SystemExit"),
    "megabytes printed": ("print('look', 'x' * 10**7)\nreturn target", "(Your function printed: look xxx"),
    "errors printed": ("import sys\nprint('y' * 10**6, file=sys.stderr)\nreturn target", "printed: yyy"),
    "patched torch": (
        "torch.full_like = torch.cat = lambda *a, **k: target * 0\n"
        "torch.Tensor.__getitem__ = torch.cat\nreturn target * 0",
        "wanted is",
    ),
    "patched numpy": ("import numpy as np\nnp.isclose = np.isin = lambda *a, **k: True\nreturn target", "Nothing"),
    "changed modes": (
        "import os, random, numpy as np\ntorch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float64)\n"
        "torch.set_default_device('meta')\nnp.seterr(all='raise')\nos.chdir('/')\nrandom.seed(1)\ntorch.manual_seed(1)\n"
        "np.random.seed(1)\nreturn target",
        "Nothing is shifted",
    ),
    "frames": (
        "import sys\nframe = sys._getframe()\nwhile frame:\n    for value in list(frame.f_locals.values()):\n"
        "        if hasattr(value, 'reference'): exec(value.reference, {'torch': torch})\n    frame = frame.f_back\n"
        "return target",
        "Nothing is shifted",
    ),
}  # fmt: skip
ONLY_APART = {
    "a huge number": ("return 10 ** (10 ** 9)", "had not ended"),
    "gigabytes": ("return torch.ones(10**12)", "you tried to allocate 4000000000000 bytes"),
    "gigabytes in a list": ("return [0] * 10**10", "raised MemoryError"),
    "the process ended": ("import os\nos._exit(0)", "ended the process in which it ran (exit code 0)"),
    "the process crashed": ("import ctypes\nctypes.string_at(0)", "(signal 11)"),
    "written past Python": ("import os\nos.write(1, b'x' * 1000)\nreturn target", "Nothing is shifted"),
    "the catalogue asked": (
        "from destructure.exercises.catalogue import find\nexec(find('04.code.shift').kind.reference)",
        "the answers are closed",
    ),
    "memory searched": ("import gc\nreturn [one for one in gc.get_objects()]", "the answers are closed"),
}


def source(body):
    return "import time\ndef shift_right(target, begin):\n" + textwrap.indent(body, "    ")


def state():
    """What checks must leave alone."""
    functions = torch.full_like, torch.cat, torch.Tensor.__getitem__, np.isclose, np.array, os.getcwd()
    modes = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled(), str(np.geterr())
    legacy = np.random.get_state()[1].sum()  # noqa: NPY002
    numbers = torch.get_rng_state().sum().item(), legacy, hash(random.getstate())
    return functions, modes, numbers, sys.stdout, threading.active_count()


def tried(body, says, capfd):
    before, began = state(), time.monotonic()
    verdict = SHIFT.check(source(body))
    assert time.monotonic() - began < isolation.SECONDS + 10  # a machine may be busy
    assert verdict.score < 0.5
    assert verdict.counted
    assert says in verdict.message
    assert len(verdict.message) < 500
    assert state() == before
    assert capfd.readouterr() == ("", "")
    assert SHIFT.check(SHIFT.reference).score == 1


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(isolation, "SECONDS", 2)


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks")


@pytest.mark.slow
@linux
@pytest.mark.parametrize(("body", "says"), (BODIES | ONLY_APART).values(), ids=BODIES | ONLY_APART)
def test_hostile_code_in_a_child(body, says, capfd):
    tried(body, says, capfd)


@pytest.mark.slow
@pytest.mark.parametrize(("body", "says"), BODIES.values(), ids=BODIES)
def test_hostile_code_in_a_thread(body, says, capfd, monkeypatch):
    """Windows and macOS."""
    monkeypatch.setattr(isolation, "_in_a_child", isolation._in_a_thread)
    tried(body, says, capfd)


STUBBORN = """
end = time.monotonic() + 6
while time.monotonic() < end:
    try:
        while time.monotonic() < end: pass
    except BaseException: pass
"""


@pytest.mark.slow
def test_what_cannot_be_stopped_is_said(monkeypatch):
    monkeypatch.setattr(isolation, "_in_a_child", isolation._in_a_thread)
    assert "could not be stopped and goes on: restart the kernel." in SHIFT.check(source(STUBBORN)).message
    time.sleep(6)


@linux
@pytest.mark.parametrize("way", ["_in_a_child", "_in_a_thread"])
def test_an_interrupt_is_one_sentence(way, monkeypatch):
    monkeypatch.setattr(isolation, "_in_a_child", getattr(isolation, way))
    monkeypatch.setattr(isolation, "SECONDS", 30)
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    verdict = SHIFT.check(source("while True: pass"))
    assert (verdict.message, verdict.counted) == ("You interrupted the check; it does not count.", False)


def test_a_live_function_sees_the_notebook_and_changes_nothing_there():
    calls = []

    def shift_right(target, begin):
        calls.append(1)
        return torch.cat([torch.full_like(target[:, :1], begin), target[:, :-1]], 1)

    assert SHIFT.check(shift_right).score == 1
    assert len(calls) == (0 if sys.platform == "linux" else len(SHIFT.kind.cases()))
