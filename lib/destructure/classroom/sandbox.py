"""A submitted function in a process of its own: called from here, run there, and nothing that it says is believed.

Where bubblewrap is installed the process sees a read-only system, the course's library without its exercises, an
empty folder for its files, no network and no other process; no rights that `bubblewrap.jinja` does not give it.
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
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from destructure.classroom import child
from destructure.classroom.homework import TEMPLATES, require
from destructure.exercises.catalogue import find
from destructure.exercises.kinds.code_running import CHANGED, Fault

SECONDS, _START, _SLICE = 20.0, 60.0, 0.1
"""For all calls of one function together, and before them to start and to import torch."""
BUBBLEWRAP = "bubblewrap"
NONE = "none: a child process with limits only"
_LOST = "The function's result could not be brought back."


def isolation(ids: Iterable[str], allow_none: bool = False) -> str:
    """Which isolation will be used for these exercises.

    Raises:
        Refused: if there is none, and grading without was not asked for.
    """
    if not any(find(id).kind.runs_code for id in ids):
        return "not needed, no code is run"
    if shutil.which("bwrap"):
        with Sandbox(BUBBLEWRAP) as trial, contextlib.suppress(Fault):
            trial.function("def nothing(): pass", "nothing", {})
            return BUBBLEWRAP
    require(
        allow_none,
        "Submitted code must not run unprotected: bubblewrap is not installed here or may not be used (on Debian and"
        " Ubuntu: apt install bubblewrap). Inside a container or a machine of its own, --without-isolation grades"
        " with limits of time and memory only.",
    )
    return NONE


def _bubblewrap(folder: str, told: int) -> list[str]:
    """What comes before a command so that it sees next to nothing; its number is written into the file `told`."""
    package = Path(child.__file__).resolve().parents[1]
    seen = {sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), str(package.parent)}
    above = {"/etc"} | {str(folder) for path in seen for folder in Path(path).parents} - {"/", "/tmp"}
    who = {"is_root": os.geteuid() == 0, "ordinary": 60_000 + secrets.randbelow(5_000)}
    shown = {"folder": folder, "told": told, "package": package, "seen": sorted(seen), "above": sorted(above)}
    return TEMPLATES.get_template("bubblewrap.jinja").render(**who, **shown).splitlines()


class Sandbox(contextlib.ExitStack):
    """One submission's process: started when it is needed, ended with all that it has started.

    Attributes:
        is_closed: whether no answers can be found from in there.
    """

    def __init__(self, how: str):
        super().__init__()
        self.is_closed, self._process = how == BUBBLEWRAP, None

    def function(self, source: str, name: str, given: dict[str, str], anew: bool = False) -> Callable:
        """The function of that name that a source defines, to be called like any other.

        Args:
            given: alias → module, what the source may use.
            anew: whether it must be a process in which nothing has run before.

        Raises:
            Fault: where it cannot be had; the function's own errors are raised like those of any function.
        """
        if anew or not self._process or self._process.poll() is not None:
            self._start()
        self._left = _START
        _, raised, text = self._ask({"source": source, "name": name, "given": given})
        if raised:
            raise Fault(f"Defining the function raised {raised}: {text}", "raises an error")
        self._left = SECONDS
        return self._call

    def _call(self, *inputs: Any) -> Any:
        """Call it there; what it did to its inputs is seen by what comes back of them."""
        reply, raised, text = self._ask({"call": child.encode(inputs)})
        if raised:
            raise type(raised, (Exception,), {})(text)
        if json.dumps(reply.get("inputs")) != json.dumps(child.encode(inputs)):
            raise Fault(CHANGED, "inputs changed")
        try:
            return child.decode(reply["result"])
        except Exception:
            raise self._fault(_LOST) from None

    def _ask(self, request: dict) -> tuple[dict, str, str]:
        """One line there and one line back; when the time is up the connection ends, whoever still holds it.

        Returns the reply, and what was raised: its type's name, "" if nothing was, and its text.
        """
        number, line, replied = secrets.randbits(50), b"", threading.Event()
        threading.Thread(target=self._watch, args=[replied], daemon=True).start()
        with contextlib.suppress(OSError):
            self._wire.sendall(json.dumps(request | {"number": number}).encode() + b"\n")
            line = self._replies.readline(child.REPLY_BYTES + 1)
        replied.set()
        if len(line) > child.REPLY_BYTES:
            raise self._fault("The function's result is too large.")
        if not line.endswith(b"\n"):
            late = f"The function had not ended after {SECONDS:g} seconds."
            raise self._fault("The function ended the process in which it ran." if self._left > 0 else late)
        with contextlib.suppress(Exception):  # whatever a malformed line makes it raise
            reply = json.loads(line)
            raised, text = (str(part)[:250] for part in reply.get("raised", ("", "")))
            if reply["number"] == number:
                if raised:
                    self.close()
                return reply, raised, text
        raise self._fault(_LOST)

    def _watch(self, replied: threading.Event) -> None:
        """Count the time in slices, so that a machine that slept for a minute has used up one of them."""
        while self._left > 0 and not replied.wait(_SLICE):
            self._left -= _SLICE
        if not replied.is_set():
            self._wire.shutdown(socket.SHUT_RDWR)

    def _fault(self, sentence: str) -> Fault:
        self.close()
        return Fault(sentence, "stopped")

    def _start(self) -> None:
        """Put on the stack what has to be ended; the first process of a namespace is gone only after the others."""
        self.close()
        folder = tempfile.TemporaryDirectory(prefix="destructure-", ignore_cleanup_errors=True)
        os.chmod(self.enter_context(folder), 0o777)
        wire, theirs = socket.socketpair()
        self._wire, self._replies = self.enter_context(wire), self.enter_context(wire.makefile("rb"))
        told, tells = os.pipe()
        command = [sys.executable, "-s", "-P", "-B", str(Path(child.__file__).resolve())]
        bubblewrap, passed = (_bubblewrap(folder.name, tells), [tells]) if self.is_closed else ([], [])
        ends = {"stdin": theirs, "stdout": theirs, "stderr": subprocess.DEVNULL, "pass_fds": passed}
        self._process = subprocess.Popen([*bubblewrap, *command], cwd=folder.name, **ends)
        self.callback(self._process.wait)
        theirs.close()
        os.close(tells)
        with open(told, "rb") as told:
            first = json.loads(told.read() or b"{}").get("child-pid", self._process.pid)
        self.callback(_end, first)


def _end(process: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(process, signal.SIGKILL)
