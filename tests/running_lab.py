"""JupyterLab as `make lab` starts it, on a fresh copy of the course: what a learner has after the installation."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOKEN = "course"
RUN_ALL = """async () => {
    await jupyterapp.shell.currentWidget.context.sessionContext.ready;
    await jupyterapp.commands.execute('notebook:run-all-cells');
}"""


def fresh_course(parent: Path) -> Path:
    """The course's folder below `parent`, without anything of its users."""
    for part in ("lib", "notebooks", "data"):
        ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".running", "work")
        shutil.copytree(ROOT / part, parent / "destructure" / part, ignore=ignored)
    return parent / "destructure"


def environment(course: Path) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name != "DESTRUCTURE_WORK"}
    settings = {"JUPYTERLAB_SETTINGS_DIR": str(course.parent / "settings")}  # of a user who has none yet
    return own | settings | {"PYTHONPATH": str(course / "lib")}


class Lab:
    """A running JupyterLab.

    Args:
        folder: where it starts, and where its log is.
        command: arguments of Python.
        environment: of the process, by default this one's.
    """

    def __init__(self, folder: Path, *command: str, environment: dict[str, str] | None = None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address, self.log = f"http://127.0.0.1:{self.port}", folder / "lab.log"
        options = ["--no-browser", f"--port={self.port}", f"--IdentityProvider.token={TOKEN}"]
        options += ["--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"]
        there = {"cwd": folder, "env": environment, "start_new_session": True}
        with self.log.open("w") as output:
            command = [sys.executable, *command, *options]
            self.process = subprocess.Popen(command, stdout=output, stderr=output, **there)

    def wait(self) -> None:
        """Return when the server answers; RuntimeError with the end of its log if it does not."""
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.address}/api?token={TOKEN}", timeout=2)
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise RuntimeError("JupyterLab did not start:\n" + self.log.read_text()[-2000:])

    def __enter__(self) -> "Lab":
        try:
            self.wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and the server and kernels that it has started."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(30)


def lab_of(course: Path) -> Lab:
    """`make lab` on this copy of the course."""
    return Lab(course.parent, "-m", "destructure", "lab", environment=environment(course))
