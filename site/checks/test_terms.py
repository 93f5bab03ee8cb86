"""Terms of the glossary in the pages: once per page, with their meaning, for the keyboard, too."""

import re
from collections import Counter

from visits import BUILT, told

TERM = re.compile(r'<a class="term" href="[^"#]*glossary\.html#([^"]+)" title="([^"]*)">')


def test_a_term_is_marked_once_per_page_and_told(pages):
    found = {path: TERM.findall(text) for path, text in pages.items()}
    assert len({id for terms in found.values() for id, _ in terms}) > 100
    assert (
        told(found, lambda terms: [id for id, count in Counter(id for id, _ in terms).items() if count > 1])
        == []
    )
    assert told(found, lambda terms: [id for id, meaning in terms if not meaning]) == []


def test_each_row_of_the_glossary_has_its_place(pages):
    glossary = pages[BUILT / "pages/notebooks/glossary.html"]
    ids = re.findall(r'<span id="(term-[^"]+)">', glossary)
    assert len(ids) == len(set(ids)) == glossary.count("<tr") - 1


def test_the_keyboard_shows_a_meaning_and_escape_hides_it(browser_page):
    browser_page.goto((BUILT / "pages/notebooks/04_encoder_decoder.html").as_uri())
    term = browser_page.locator("a.term").first
    meaning = term.get_attribute("data-meaning")
    term.focus()
    tip = browser_page.locator("#tip")
    assert tip.is_visible()
    assert tip.inner_text() == meaning
    assert term.get_attribute("aria-describedby") == "tip"
    browser_page.keyboard.press("Escape")
    assert tip.is_hidden()
