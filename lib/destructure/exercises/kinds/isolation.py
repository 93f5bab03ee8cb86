"""Runs other people's code apart: with limits of time and memory, its output caught, and everything left as it was.

On Linux the code runs in a forked child, which sees all that the notebook has defined and is killed when its time is
up, whatever it does; nothing that it changes is seen here. On Windows and macOS, where a fork is not to be had or not
safe, and once a GPU is in use, it runs in a thread: changes to the usual libraries are undone, and an endless loop
in Python is broken off; but a single call that never returns, or takes all memory, cannot be stopped there.
"""

import ctypes
import faulthandler
import gc
import io
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any

from destructure.files import notebooks_folder

SECONDS = 10.0
MORE_BYTES = 2 * 2**30
ABANDONED = "abandoned"
_SHOWN, _SLICE = 120, 0.1
_PATCHED = ("builtins", "math", "itertools", "random", "numpy", "torch", "torch.nn.functional")


@dataclass(frozen=True)
class Report:
    """What became of the work.

    Attributes:
        value: what it returned.
        stopped: why there is no value, a sentence; "" if there is one.
        counted: whether that was an attempt; not if the learner stopped it, or the check itself failed.
        printed: the first characters of its output, and how much there was, a sentence; "" if it printed nothing.
    """

    value: Any = None
    stopped: str = ""
    counted: bool = True
    printed: str = ""


_INTERRUPTED = Report(stopped="You interrupted the check; it does not count.", counted=False)
_TOO_LONG = "The function had not ended after {:g} seconds: does a loop never end? Try it on one small input."


def isolated(work: Callable[[], Any]) -> Report:
    """Do the work apart. What it returns, or raises, must be picklable: here it comes back as a value."""
    torch = sys.modules.get("torch")
    can_fork = sys.platform == "linux" and not (torch and torch.cuda.is_initialized())
    can_fork = can_fork and not multiprocessing.current_process().daemon  # which may have no children
    return (_in_a_child if can_fork else _in_a_thread)(work, SECONDS)


def _waited(wait: Callable[[float], bool], seconds: float) -> bool:
    """Whether it came in time. Waits in slices, so that a machine that slept for a minute has used up one of them."""
    return any(wait(_SLICE) for _ in range(max(1, round(seconds / _SLICE))))


# --- a forked child ----------------------------------------------------------------------------------------------


def _in_a_child(work: Callable[[], Any], seconds: float) -> Report:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_child, args=(work, seconds, sender), daemon=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # "multi-threaded, use of fork() …"
            child.start()
        sender.close()
        in_time = _waited(receiver.poll, seconds)
        return receiver.recv() if in_time else Report(stopped=_TOO_LONG.format(seconds))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (EOFError, OSError):
        child.join(1)
        how = f"signal {-child.exitcode}" if (child.exitcode or 0) < 0 else f"exit code {child.exitcode}"
        return Report(stopped=f"The function ended the process in which it ran ({how}); return the result.")
    finally:
        if child.pid:
            child.kill()
            child.join()
        receiver.close()


def _child(work: Callable[[], Any], seconds: float, sender: Any) -> None:
    try:
        _limit_this_process()
        sender.send(_in_a_thread(work, 2 * seconds))
    except BaseException as problem:
        sender.send(Report(stopped=f"The check itself failed ({problem!r}); try again.", counted=False))
    os._exit(0)


def _limit_this_process() -> None:
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Jupyter interrupts all processes; the parent decides
    faulthandler.disable()  # a crash here is told in a sentence
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    with open("/proc/self/status", encoding="ascii") as status:
        used = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (1024 * used + MORE_BYTES,) * 2)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)  # the threads of the parent's pool are not here
    _close_the_answers()


def _close_the_answers() -> None:
    """From now on this process neither reads the exercises' texts nor looks around in memory."""
    answers = str(notebooks_folder() / "exercises")

    def refuse(event: str, arguments: tuple) -> None:
        looks = event in ("gc.get_objects", "gc.get_referrers", "sys._current_frames")
        if looks or (event == "open" and str(arguments[0]).startswith(answers)):
            raise PermissionError("the answers are closed while a function is checked")

    for name, module in list(sys.modules.items()):
        if name.startswith("destructure.exercises"):
            for cached in list(vars(module).values()):
                getattr(cached, "cache_clear", int)()
    gc.freeze()  # what the parent shares is not copied by counting it
    sys.addaudithook(refuse)


# --- a thread ----------------------------------------------------------------------------------------------------


class _Stopped(BaseException):
    """Raised in a thread from outside."""


def _in_a_thread(work: Callable[[], Any], seconds: float) -> Report:
    """Frames of whoever asked for the check are not below those of the work."""
    reports, printed, ended = [], _Printed(), threading.Event()
    thread = threading.Thread(target=lambda: (reports.append(_value(work)), ended.set()), daemon=True)
    with fence(), redirect_stdout(printed), redirect_stderr(printed):
        try:
            thread.start()
            _waited(ended.wait, seconds)  # before Python 3.13 an interrupted join takes the thread for ended
            stopped = Report(stopped=_TOO_LONG.format(seconds)) if thread.is_alive() else None
        except KeyboardInterrupt:
            stopped = _INTERRUPTED
        end, interrupt = time.monotonic() + 2, ctypes.pythonapi.PyThreadState_SetAsyncExc
        while thread.is_alive() and time.monotonic() < end:
            interrupt(ctypes.c_ulong(thread.ident), ctypes.py_object(_Stopped))
            thread.join(0.1)
    if stopped and thread.is_alive():
        thread.name = ABANDONED
        return Report(stopped=f"{stopped.stopped} It could not be stopped and goes on: restart the kernel.")
    return stopped or Report(reports[0], printed=printed.sentence())


def _value(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except BaseException as problem:
        return problem


class _Printed(io.TextIOBase):
    """Keeps the first characters of what is printed, and counts the rest."""

    def __init__(self):
        self.first, self.count = "", 0

    def write(self, text: str) -> int:
        self.first += str(text)[: 2 * _SHOWN - len(self.first)]
        self.count += len(text)
        return len(text)

    def sentence(self) -> str:
        shown = " ⏎ ".join(self.first.split("\n")).strip(" ⏎")[:_SHOWN]
        more = f"… ({self.count:,} characters)" * (self.count > len(self.first) or len(shown) == _SHOWN)
        return f" (Your function printed: {shown}{more})" if shown else ""


# --- what is put back --------------------------------------------------------------------------------------------


@contextmanager
def fence() -> Iterator[None]:
    """The usual state inside (gradients on, float32, processor), and outside everything as it was before.

    That is: torch's and NumPy's modes and random numbers, the current folder, and the functions of `_PATCHED`.
    """
    owners = [one for name, one in sys.modules.items() if name in _PATCHED or "destructure.exercises" in name]
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    owners += [torch.Tensor, torch.nn.Module] if torch else []
    before = [(owner, dict(vars(owner))) for owner in owners]
    folder, state, put_back = os.getcwd(), random.getstate(), []
    if numpy:
        put_back += [(numpy.random.set_state, numpy.random.get_state())]
        put_back += [(lambda errors: numpy.seterr(**errors), numpy.geterr())]
    if torch:
        device = torch.get_default_device()
        put_back += [(torch.set_default_dtype, torch.get_default_dtype())]
        put_back += [(torch.set_default_device, None if device == torch.device("cpu") else device)]
        put_back += [(torch.set_grad_enabled, torch.is_grad_enabled())]
        put_back += [(torch.random.set_rng_state, torch.random.get_rng_state())]
        put_back += [(torch.use_deterministic_algorithms, torch.are_deterministic_algorithms_enabled())]
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        torch.set_grad_enabled(True)
    try:
        yield
    finally:
        for owner, names in before:
            now = vars(owner)
            for name in [one for one, value in names.items() if now.get(one) is not value]:
                setattr(owner, name, names[name])
            for name in vars(owner).keys() - names if isinstance(owner, type) else ():
                delattr(owner, name)
        for restore, value in put_back:
            restore(value)
        os.chdir(folder)
        random.setstate(state)
