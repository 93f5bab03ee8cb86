"""Every address within the built folder leads somewhere, and no page names a file of another host."""

import re
from html import unescape
from urllib.parse import unquote

from visits import told

ADDRESS = re.compile(r'<(\w+)[^<>]*? (?:href|src)="([^"]+)"')
ANCHOR = re.compile(r'\b(?:id|name)="([^"]+)"')


def leads_nowhere(page, address, ids):
    """Whether an address within the site has no file, or no such place in its file."""
    path, _, anchor = unquote(unescape(address)).partition("#")
    target = (page.parent / path.partition("?")[0]).resolve() if path else page
    return not target.exists() or bool(anchor and target in ids and anchor not in ids[target])


def test_all_links_lead_somewhere(pages):
    ids = {path: set(map(unescape, ANCHOR.findall(text))) for path, text in pages.items()}
    links = {path: {(path, url) for _, url in ADDRESS.findall(text)} for path, text in pages.items()}
    ours = {
        path: [pair for pair in pairs if not re.match(r"\w+:|//", pair[1])] for path, pairs in links.items()
    }
    assert sum(map(len, ours.values())) > 1_000
    assert told(ours, lambda pairs: [url for page, url in pairs if leads_nowhere(page, url, ids)]) == []


def elsewhere(text):
    """What a page names to be fetched from another host; links that a reader may follow are none of it."""
    return [url for tag, url in ADDRESS.findall(text) if tag != "a" and re.match(r"(?!data:)\w+:|//", url)]


def test_nothing_is_named_to_be_fetched_from_elsewhere(pages):
    assert told(pages, elsewhere) == []


def test_what_leads_nowhere_or_elsewhere_is_found(pages):
    page = next(iter(pages))
    assert leads_nowhere(page, "nowhere.html", {})
    assert leads_nowhere(page, "#nowhere", {page: {"somewhere"}})
    assert not leads_nowhere(page, "#some%20where", {page: {"some where"}})
    assert elsewhere(
        '<script src="https://cdn.example/a.js"></script><a href="https://example.org">a</a>'
    ) == ["https://cdn.example/a.js"]
