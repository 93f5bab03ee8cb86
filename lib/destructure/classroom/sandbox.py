"""A submitted function in a process of its own: called from here, run there, and nothing that it says is believed.

Where bubblewrap is installed the process sees a read-only system, the course's library without its exercises, an
empty folder for its files, no network and no other process; it has no rights that the sandbox did not give it.
"""

import contextlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from destructure.classroom import child
from destructure.exercises.kinds.code_running import CHANGED, Fault, Task

SECONDS = 20.0
"""For all calls of one function together."""
_START = 60.0
"""To start and to import torch, which is not the function's time."""
LONGEST_SOURCE = 100_000
BUBBLEWRAP = "bubblewrap"
NONE = "none: a child process with limits only"


def isolation(allow_none: bool = False) -> str:
    """Which isolation will be used.

    Raises:
        ValueError: if there is none, and grading without was not asked for.
    """
    bwrap = shutil.which("bwrap")
    if (
        bwrap
        and subprocess.run(
            [bwrap, "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True
        ).returncode
        == 0
    ):
        return BUBBLEWRAP
    if allow_none:
        return NONE
    raise ValueError(
        "Submitted code must not run unprotected: bubblewrap is not installed here or may not be used (on Debian and"
        " Ubuntu: apt install bubblewrap). Inside a container or a machine of its own, --without-isolation grades"
        " with limits of time and memory only."
    )


def _command(how: str, folder: str) -> list[str]:
    python = [sys.executable, "-s", "-P", "-B", str(Path(child.__file__).resolve())]
    if how != BUBBLEWRAP:
        return python
    package = Path(child.__file__).resolve().parents[1]
    seen = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(package.parent)}
    system = [path for path in ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache") if os.path.exists(path)]
    shown = [part for path in [*system, *sorted(seen)] for part in ("--ro-bind", path, path)]
    hidden = ["--tmpfs", str(package / "shipped")] if (package / "shipped").is_dir() else []
    return [
        "bwrap", "--bind", folder, "/tmp", *shown, *hidden, "--proc", "/proc", "--dev", "/dev", "--chdir", "/tmp",
        "--unshare-all", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL", "--die-with-parent",
        "--new-session", "--clearenv", "--setenv", "HOME", "/tmp", "--setenv", "OMP_NUM_THREADS", "1",
        "--setenv", "PYTHONPATH", str(package.parent), *python,
    ]  # fmt: skip


class Sandbox:
    """One submission's process: started when it is needed, and again after something has ended it."""

    def __init__(self, how: str):
        self._how, self._process = how, None

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def function(self, source: str, task: Task) -> Callable:
        """The function that a source defines, to be called like any other.

        Raises:
            Fault: where it cannot be had; the function's own errors are raised like those of any function.
        """
        if len(source) > LONGEST_SOURCE:
            raise Fault(f"This source is longer than {LONGEST_SOURCE:,} characters.", "syntax error")
        if not self._process or self._process.poll() is not None:
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
        alarm = threading.Timer(_START + SECONDS, self._process.kill)  # where a full pipe makes us wait
        alarm.start()
        try:
            with contextlib.suppress(OSError):
                self._process.stdin.write(json.dumps(request).encode() + b"\n")
                self._process.stdin.flush()
            reply = json.loads(self._line())
        except (ValueError, RecursionError):
            raise self._fault("The function's result could not be brought back.") from None
        finally:
            alarm.cancel()
        if isinstance(reply, dict) and isinstance(reply.get("raised"), list) and len(reply["raised"]) == 3:
            name, text, line = (str(part)[:200] for part in reply["raised"])
            where = f" (line {line} of your code)" if line != "0" else ""
            raise type(name, (Exception,), {})(text + where)
        return reply if isinstance(reply, dict) else {}

    def _line(self) -> bytes:
        found, pipe = b"", self._process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                if not selector.select(max(0.0, self._until - time.monotonic())):
                    raise self._fault(f"The function had not ended after {SECONDS:g} seconds.")
                piece = os.read(pipe.fileno(), 2**16)
                found += piece
                if not piece:
                    raise self._fault("The function ended the process in which it ran.")
                if len(found) > child.REPLY_BYTES:
                    raise self._fault("The function's result is too large.")
        return found

    def _fault(self, sentence: str) -> Fault:
        self._end()
        return Fault(sentence, "stopped")

    def _start(self) -> None:
        self._end()
        self._folder = tempfile.TemporaryDirectory(prefix="destructure-", ignore_cleanup_errors=True)
        os.chmod(self._folder.name, 0o777)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(
            _command(self._how, self._folder.name), cwd=self._folder.name, **pipes
        )

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.stdout.close()
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()
            self._folder.cleanup()
            self._process = None
