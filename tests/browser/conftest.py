"""A real JupyterLab and a real Chromium, once for all browser tests."""

from contextlib import contextmanager
from pathlib import Path

import pytest

from chromium import FLAGS, MISSING, chromium
from running_lab import TOKEN, Lab


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


class LabOn(Lab):
    """JupyterLab on a root folder that holds `notebooks/`; on the same folder another may follow it."""

    def __init__(self, root: Path):
        self.root = root
        (root / "notebooks").mkdir(exist_ok=True)
        settings = root / "settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
        options = [f"--ServerApp.root_dir={root}", f"--LabApp.user_settings_dir={root / 'settings'}"]
        super().__init__(root, "-m", "jupyterlab", *options, "--allow-root")

    def page_of(self, notebook: str) -> str:
        return f"{self.address}/lab/tree/notebooks/{notebook}?token={TOKEN}&reset"


@pytest.fixture(scope="session")
def lab(browser, tmp_path_factory):
    with LabOn(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


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
