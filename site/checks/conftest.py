"""What the checks of the built pages share; `make site-check` builds first, then runs them. Not part of `make test`.

A check of your own is a file `test_*.py` here. It takes `pages` (path → text of every built page), `visits`
(path → what Chromium saw there, `visits.Visit`) or `browser_page` (an empty page, to click and type).
"""

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from visits import BUILT, Visit, visit_all

from chromium import FLAGS, MISSING, chromium


def pytest_addoption(parser):
    parser.addoption(
        "--only", default="", help="open only pages whose path has this in it, while you work on them"
    )


@pytest.fixture(scope="session")
def pages() -> dict[Path, str]:
    """The text of every page that the builds have made: site, decks, handout."""
    found = {path: path.read_text("utf-8") for path in sorted(BUILT.rglob("*.html"))}
    assert found, f"nothing is built in {BUILT}; make site-check builds first"
    return found


@pytest.fixture(scope="session")
def visits(pages, request) -> dict[Path, Visit]:
    """What Chromium saw, page by page; skipped with one line where there is no Chromium."""
    if chromium() is None:
        pytest.skip(MISSING)
    wanted = request.config.getoption("--only")
    # test_decks.py opens the decks at their size; the instructor's handout has all that the student's has.
    elsewhere = {
        path for path in pages if path.is_relative_to(BUILT / "slides") or path.parent == BUILT / "handout"
    }
    elsewhere |= {path for path, text in pages.items() if 'http-equiv="refresh"' in text}
    opened = [path for path in pages if wanted in str(path) and path not in elsewhere]
    big_first = sorted(opened, key=lambda path: -len(pages[path]))
    return asyncio.run(visit_all(big_first))


@pytest.fixture
def browser_page():
    """An empty page of a Chromium of its own, for a check that clicks and types."""
    if chromium() is None:
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()
