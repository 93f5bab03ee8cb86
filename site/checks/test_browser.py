"""Every page, opened from the folder in Chromium: no other host, nothing that axe calls serious, no error."""

from urllib.parse import urlsplit

import pytest
from visits import BUILT, told

HERE = {"file", "data", "blob", "about"}


def test_nothing_is_asked_of_another_host(visits):
    assert told(visits, lambda seen: [url for url in seen.requests if urlsplit(url).scheme not in HERE]) == []


def test_no_page_raises_an_error(visits):
    assert told(visits, lambda seen: seen.errors) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(visits, theme):
    assert told(visits, lambda seen: seen.axe[theme]) == []


def test_every_page_fits_a_telephone(visits):
    assert told(visits, lambda seen: [f"{seen.wider} px too wide"] * (seen.wider > 0)) == []


@pytest.mark.parametrize("words", ["teacher forcing", "κ", "decoder-only"])
def test_the_search_finds_pages_without_a_server(browser_page, words):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    browser_page.goto(f"{(BUILT / 'pages/search.html').as_uri()}?q={words}")
    browser_page.get_by_text("Search finished").wait_for(timeout=20_000)
    assert browser_page.locator("ul.search a").count() > 4
    assert errors == []
