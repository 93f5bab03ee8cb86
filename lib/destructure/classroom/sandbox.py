"""A submitted function in a process of its own: called from here, run there, and nothing that it says is believed.

Where bubblewrap is installed the process sees a read-only system, the course's library without its exercises, an
empty folder for its files, no network and no other process; it has no rights that the sandbox did not give it.
"""

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from destructure.classroom import child
from destructure.exercises.catalogue import find
from destructure.exercises.kinds.code_running import CHANGED, Fault, Task

SECONDS = 20.0
"""For all calls of one function together."""
_START = 60.0
"""To start and to import torch, which is not the function's time."""
BUBBLEWRAP = "bubblewrap"
NONE = "none: a child process with limits only"


def isolation(ids: Iterable[str], allow_none: bool = False) -> str:
    """Which isolation will be used for these exercises.

    Raises:
        ValueError: if there is none, and grading without was not asked for.
    """
    if not any(find(id).kind.runs_code for id in ids):
        return "not needed, no code is run"
    if shutil.which("bwrap"):
        trial = ["bwrap", "--ro-bind", "/", "/", *_rights(), "true"]
        if subprocess.run(trial, capture_output=True).returncode == 0:
            return BUBBLEWRAP
    if allow_none:
        return NONE
    raise ValueError(
        "Submitted code must not run unprotected: bubblewrap is not installed here or may not be used (on Debian and"
        " Ubuntu: apt install bubblewrap). Inside a container or a machine of its own, --without-isolation grades"
        " with limits of time and memory only."
    )


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _rights() -> list[str]:
    """Namespaces of its own and no rights. Only the child of root keeps one: to become an ordinary user.

    The kernel does not count root's processes, nor those of a user namespace that root has made: nothing would stop
    a function that starts processes without end.
    """
    if _is_root():
        spaces = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
        return [*spaces, "--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    return ["--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"]


def _command(how: str, folder: str) -> list[str]:
    python = [sys.executable, "-s", "-P", "-B", str(Path(child.__file__).resolve())]
    if how != BUBBLEWRAP:
        return python
    package = Path(child.__file__).resolve().parents[1]
    seen = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(package.parent)}
    system = [path for path in ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache") if os.path.exists(path)]
    above = sorted({"/etc"} | {str(folder) for path in seen for folder in Path(path).parents} - {"/", "/tmp"})
    open_to_all = [part for path in above for part in ("--perms", "0755", "--dir", path)]
    shown = [part for path in [*system, *sorted(seen)] for part in ("--ro-bind", path, path)]
    hidden = ["--tmpfs", str(package / "shipped")] if (package / "shipped").is_dir() else []
    return [
        "bwrap", "--bind", folder, "/tmp", *open_to_all, *shown, *hidden, "--proc", "/proc", "--dev", "/dev",
        "--chdir", "/tmp", *_rights(), "--die-with-parent", "--new-session", "--clearenv", "--setenv", "HOME", "/tmp",
        "--setenv", "OMP_NUM_THREADS", "1", "--setenv", "PYTHONPATH", str(package.parent), *python,
        *([child.LESS_THAN_ROOT] if _is_root() else []),
    ]  # fmt: skip


class Sandbox:
    """One submission's process: started when it is needed, and again after something has ended it.

    Attributes:
        is_closed: whether no answers can be found from in there.
    """

    def __init__(self, how: str):
        self._how, self._process, self.is_closed = how, None, how == BUBBLEWRAP

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def function(self, source: str, task: Task, anew: bool = False) -> Callable:
        """The function that a source defines, to be called like any other.

        Args:
            anew: whether it must be a process in which nothing has run before.

        Raises:
            Fault: where it cannot be had; the function's own errors are raised like those of any function.
        """
        if anew or not self._process or self._raised or self._process.poll() is not None:
            self._start()
        self._until = time.monotonic() + _START  # importing torch is not the function's time
        try:
            self._ask({"source": source, "name": task.name, "given": task.given})
        except Fault:
            raise
        except Exception as problem:
            raised = f"Defining the function raised {type(problem).__name__}: {str(problem)[:200]}"
            raise Fault(raised, "raises an error") from None
        self._until = time.monotonic() + SECONDS
        return self._call

    def _call(self, *inputs: Any) -> Any:
        """Call it there; what it did to its inputs is seen by what comes back of them."""
        reply = self._ask({"call": child.encode(inputs)})
        if json.dumps(reply.get("inputs")) != json.dumps(child.encode(inputs)):
            raise Fault(CHANGED, "inputs changed")
        try:
            return child.decode(reply["result"])
        except Exception:
            raise self._fault("The function's result could not be brought back.") from None

    def _ask(self, request: dict) -> dict:
        """One line there and one line back; when the time is up the connection ends, whoever still holds it."""
        number = secrets.randbits(50)
        clock = threading.Timer(self._until - time.monotonic(), self._wire.shutdown, [socket.SHUT_RDWR])
        clock.start()
        try:
            self._wire.sendall(json.dumps(request | {"number": number}).encode() + b"\n")
            line = self._replies.readline(child.REPLY_BYTES + 1)
        except OSError:
            line = b""
        finally:
            clock.cancel()
        if len(line) > child.REPLY_BYTES:
            raise self._fault("The function's result is too large.")
        if not line.endswith(b"\n"):
            late = f"The function had not ended after {SECONDS:g} seconds."
            ended = "The function ended the process in which it ran."
            raise self._fault(late if time.monotonic() >= self._until else ended)
        try:
            reply = json.loads(line)
            is_ours = reply["number"] == number
            name, text, line = (str(part)[:200] for part in reply.get("raised", ("", "", "")))
        except Exception:
            is_ours = False
        if not is_ours:
            raise self._fault("The function's result could not be brought back.")
        if name:
            self._raised = True
            where = f" (line {line} of your code)" if line != "0" else ""
            raise type(name, (Exception,), {})(text + where)
        return reply

    def _fault(self, sentence: str) -> Fault:
        self._end()
        return Fault(sentence, "stopped")

    def _start(self) -> None:
        self._end()
        self._folder = tempfile.TemporaryDirectory(prefix="destructure-", ignore_cleanup_errors=True)
        os.chmod(self._folder.name, 0o777)
        self._wire, theirs = socket.socketpair()
        self._replies = self._wire.makefile("rb")
        told, tells = os.pipe()
        command, passed = _command(self._how, self._folder.name), ()
        if self._how == BUBBLEWRAP:
            command[1:1], passed = ["--info-fd", str(tells)], (tells,)
        pipes = {"stdin": theirs, "stdout": theirs, "stderr": subprocess.DEVNULL, "pass_fds": passed}
        self._process = subprocess.Popen(command, cwd=self._folder.name, **pipes)
        theirs.close()
        os.close(tells)
        with open(told, "rb") as told:
            self._first = json.loads(told.read() or b"{}").get("child-pid")
        self._raised = False

    def _end(self) -> None:
        """End the process and all that it has started: the first of a namespace is gone only after the others."""
        if self._process:
            with contextlib.suppress(OSError):
                os.kill(self._first or self._process.pid, signal.SIGKILL)
            self._replies.close()
            self._wire.close()
            self._process.wait()
            self._folder.cleanup()
            self._process = None
