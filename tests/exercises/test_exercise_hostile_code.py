"""Code that never ends, takes all memory, exits, patches, looks for the answer or prints megabytes.

One sentence within the limit, and the kernel as before: in a forked child (Linux), and as far as it goes in a thread.
"""

import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from destructure.exercises.catalogue import find
from destructure.exercises.kinds import isolation

SHIFT = find("04.code.shift")
HOSTILE = yaml.safe_load((Path(__file__).parent / "hostile.yaml").read_text(encoding="utf-8"))
BODIES, ONLY_APART = HOSTILE["anywhere"], HOSTILE["only apart"]


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
    took = time.monotonic() - began
    assert verdict.score < 0.5
    assert verdict.counted
    assert says in verdict.message
    assert len(verdict.message) < 500
    assert state() == before
    assert capfd.readouterr() == ("", "")
    began = time.monotonic()
    assert SHIFT.check(SHIFT.reference).score == 1
    usual = time.monotonic() - began  # a machine may be busy
    assert took < isolation.SECONDS + 5 + 5 * usual


@pytest.fixture(autouse=True, scope="module")
def _warm():
    SHIFT.check(SHIFT.reference)  # the first check imports what all need


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


SLEEPER = """
import sys, time
from pathlib import Path
from destructure.exercises.kinds import isolation
begun, go = map(Path, sys.argv[1:])
isolation.SECONDS = 1
def work():
    begun.touch()
    while not go.exists(): time.sleep(0.01)
    return "done"
print(isolation.isolated(work))
"""


@linux
def test_a_machine_that_sleeps_uses_up_no_time(tmp_path):
    begun, go = tmp_path / "begun", tmp_path / "go"
    command = [sys.executable, "-c", SLEEPER, begun, go]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        while not begun.exists():
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGSTOP)
        time.sleep(2.5)  # longer than both limits, the parent's of one second and the child's of two
        os.killpg(process.pid, signal.SIGCONT)
        go.touch()
        assert b"value='done'" in process.communicate()[0]


@pytest.mark.slow
def test_what_cannot_be_stopped_is_said(monkeypatch):
    monkeypatch.setattr(isolation, "_in_a_child", isolation._in_a_thread)
    monkeypatch.setattr(isolation, "SECONDS", 0.5)
    before, verdict = threading.active_count(), SHIFT.check(source(HOSTILE["stubborn"]))
    assert "could not be stopped and goes on: restart the kernel." in verdict.message
    time.sleep(3)
    assert threading.active_count() == before, "the function was called once more"


@linux
@pytest.mark.parametrize("way", ["_in_a_child", "_in_a_thread"])
def test_an_interrupt_is_one_sentence(way, monkeypatch):
    monkeypatch.setattr(isolation, "_in_a_child", getattr(isolation, way))
    monkeypatch.setattr(isolation, "SECONDS", 30)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # else ignored in the background
    threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        verdict = SHIFT.check(source("while True: pass"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (verdict.message, verdict.counted) == ("You interrupted the check; it does not count.", False)
    running = {frame.f_code.co_filename for frame in sys._current_frames().values()}
    assert "<answer>" not in running, "the loop goes on"


def test_a_live_function_sees_the_notebook_and_changes_nothing_there():
    calls = []

    def shift_right(target, begin):
        calls.append(1)
        return torch.cat([torch.full_like(target[:, :1], begin), target[:, :-1]], 1)

    assert SHIFT.check(shift_right).score == 1
    assert len(calls) == (0 if sys.platform == "linux" else len(SHIFT.kind.cases()) + 8)
