"""Every slide of every deck at 1280 × 720: nothing sticks out, no text below 20 pixels, nothing from elsewhere.

Text inside pictures is drawn at 26 pixels and scaled with them. `pytest -s` shows the figures.
"""

import pytest
from visits import AXE, AXE_RUN, BUILT

from destructure.course.contents import written_lessons

SMALLEST, PICTURE_TEXT = 20, 26  # pixels
LONGEST = 190  # words on a slide without code or tables
# All slides at once, each where it stands on the screen: reveal.js shows one and hides the rest.
LAID_OUT = """.reveal .slides { width: 1280px !important; height: 720px !important; margin: 0 !important;
  inset: 0 !important; transform: none !important; }
  .reveal .slides section { display: block !important; visibility: visible !important; }"""
MEASURE = """smallest => [...document.querySelectorAll("section.page")].map((page, place) => {
  const wrong = [], body = page.querySelector(".body"), texts = document.createTreeWalker(page, NodeFilter.SHOW_TEXT);
  const inside = (box) => box.left >= 0 && box.right <= 1280 && box.top >= 0 && box.bottom <= 720;
  const out = (box) => box.width && box.height && !inside(box);
  if (body.offsetHeight > 652) wrong.push(`${body.offsetHeight} pixels high`);
  while (texts.nextNode()) {
    const text = texts.currentNode, holder = text.parentElement, words = text.textContent.trim().slice(0, 30);
    if (!words || holder.closest("aside, mjx-assistive-mml") || !holder.checkVisibility()) continue;
    const size = parseFloat(getComputedStyle(holder).fontSize), range = document.createRange();
    range.selectNodeContents(text);
    if (size < smallest) wrong.push(`${size.toFixed(1)} pixels: ${words}`);
    if ([...range.getClientRects()].some(out)) wrong.push(`sticks out: ${words}`);
  }
  for (const one of page.querySelectorAll("img, svg, table")) {
    if (out(one.getBoundingClientRect())) wrong.push(`sticks out: ${one.tagName}`);
  }
  const scales = [...page.querySelectorAll(".figure")].map((one) => one.offsetHeight / one.naturalHeight);
  const prose = page.querySelector("pre, table") ? 0 : body.innerText.split(/\\s+/).length;
  return { place: place + 1, wrong: wrong.slice(0, 3), scales, prose };
})"""


@pytest.fixture
def deck(browser_page):
    """Opens a deck in Chromium; what was asked for and what failed is in its lists."""
    browser_page.asked, browser_page.errors = [], []
    browser_page.on("request", lambda request: browser_page.asked.append(request.url))
    browser_page.on("pageerror", lambda error: browser_page.errors.append(str(error)))
    browser_page.set_viewport_size({"width": 1280, "height": 720})

    def open_deck(path):
        browser_page.goto(path.as_uri())
        browser_page.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
        return browser_page

    return open_deck


@pytest.mark.parametrize("number", [one.number for one in written_lessons()])
def test_every_slide_can_be_read_from_the_back_row(deck, number):
    page = deck(BUILT / "slides/instructor" / f"{number}.html")
    page.add_style_tag(content=LAID_OUT)
    slides = page.evaluate(MEASURE, SMALLEST)
    texts = [(scale * PICTURE_TEXT, slide["place"]) for slide in slides for scale in slide["scales"]]
    small = [place for size, place in texts if size < SMALLEST - 0.05]
    print(f"\n{number}: {len(slides)} slides, at most {max(slide['prose'] for slide in slides)} words on one")
    print(f"{len(texts)} pictures, smallest text {min(texts, default=(PICTURE_TEXT,))[0]:.1f} pixels")
    assert small == [], "slides with small text in pictures"
    assert len(slides) > 30
    assert [(slide["place"], slide["wrong"]) for slide in slides if slide["wrong"]] == []
    assert [slide["place"] for slide in slides if slide["prose"] > LONGEST] == []
    assert page.errors == []
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_a_slide_that_is_too_long_or_too_small_is_found(deck):
    page = deck(BUILT / "slides/07.html")
    page.add_style_tag(content=LAID_OUT)
    page.evaluate("""() => { const [one, other, third] = document.querySelectorAll("section.page .body > p");
        one.style.fontSize = "19px"; other.style.marginTop = "700px"; third.style.marginLeft = "1200px"; }""")
    wrong = " ".join(each for slide in page.evaluate(MEASURE, SMALLEST) for each in slide["wrong"])
    assert all(part in wrong for part in ("19.0 pixels", "pixels high", "sticks out"))


def test_the_students_deck_keeps_solutions_and_results_closed(deck):
    closed = "[...document.querySelectorAll('details')].map((one) => one.open)"
    page = deck(BUILT / "slides/07.html")
    assert set(page.evaluate(closed)) == {False}
    assert page.evaluate("document.querySelectorAll('aside.notes').length") == 0
    order = [
        each["text"]
        for each in page.evaluate("""[...document.querySelectorAll("section.page")].map((page) => (
        { text: page.textContent }))""")
    ]
    question = next(place for place, text in enumerate(order) if "Predict: closer than twice?" in text)
    result = next(place for place, text in enumerate(order) if "Result: your number first" in text)
    assert question < result
    page = deck(BUILT / "slides/instructor/07.html")
    assert set(page.evaluate(closed)) == {True}


def test_the_speaker_sees_the_notes(deck):
    page = deck(BUILT / "slides/instructor/07.html")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    notes.get_by_text("One minute. Ask the room").wait_for(timeout=20_000)


@pytest.mark.parametrize("number", [one.number for one in written_lessons()])
def test_axe_finds_nothing_serious_on_any_slide(deck, number):
    page = deck(BUILT / "slides/instructor" / f"{number}.html")
    static = (
        ".reveal .slides, .reveal .slides section { display: block !important; position: static !important; }"
    )
    page.add_style_tag(content=static)
    page.evaluate(
        """document.querySelectorAll("section").forEach((one) => { one.hidden = false; one.ariaHidden = null; })"""
    )
    page.evaluate(AXE)
    assert page.evaluate(AXE_RUN, None) == []
