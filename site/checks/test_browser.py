"""Every page, opened from the folder in Chromium: no other host, nothing that axe calls serious, no error."""

from urllib.parse import urlsplit

import pytest
from visits import told

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
