"""A real JupyterLab and a real Chromium, once for all browser tests."""

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from chromium import FLAGS, MISSING, chromium

TOKEN = "course"


def wait_for(address: str, log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=2)
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("JupyterLab did not start:\n" + log.read_text()[-2000:])


@pytest.fixture(scope="session")
def browser():
    if chromium() is None:
        pytest.skip(MISSING)
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: no browser tests"
    )
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


class Lab:
    """A running JupyterLab whose root folder holds `notebooks/`; on the same folder another may follow it."""

    def __init__(self, root: Path):
        self.root = root
        (root / "notebooks").mkdir(exist_ok=True)
        settings = root / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = [
            f"--ServerApp.root_dir={root}",
            f"--ServerApp.port={self.port}",
            f"--IdentityProvider.token={TOKEN}",
            "--ServerApp.open_browser=False",
            "--ServerApp.port_retries=0",
            f"--LabApp.user_settings_dir={root / 'settings'}",
            "--LabApp.expose_app_in_browser=True",
            "--allow-root",
        ]
        self.log = open(root / "lab.log", "w")  # noqa: SIM115 (closed in stop)
        command = [sys.executable, "-m", "jupyterlab", *options]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT, cwd=root)

    def address(self, notebook: str) -> str:
        return f"http://127.0.0.1:{self.port}/lab/tree/notebooks/{notebook}?token={TOKEN}&reset"

    def wait(self) -> None:
        wait_for(f"http://127.0.0.1:{self.port}/api?token={TOKEN}", self.root / "lab.log")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


@contextmanager
def new_page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    yield page
    context.close()


@pytest.fixture
def page(browser):
    with new_page(browser) as page:
        yield page


@pytest.fixture(scope="module")
def shared_page(browser):
    """One page for several tests, where opening a notebook for each would take too long."""
    with new_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Where screenshots go; its path is printed so that somebody looks at them."""
    folder = tmp_path_factory.mktemp("pictures")
    yield folder
    print(f"\nScreenshots: {folder}")
