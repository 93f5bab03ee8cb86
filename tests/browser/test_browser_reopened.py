"""The second day: the notebook was saved, its server killed and the browser closed; now it is opened again. Also what
a phone's width, the dark theme, and Enter do."""

import json

import pytest
from nbformat.v4 import new_code_cell
from test_browser_exercises import (
    IDS,
    check,
    expect_right,
    open_notebook,
    save,
    section,
    serious,
    stored,
    write_notebook,
)

from conftest import LabOn, new_page
from destructure.exercises.catalogue import find

pytestmark = pytest.mark.browser

LIVE = """
from destructure import TransformerConfig
from destructure.show import TrendExplorer, figure, flip_structures, show, try_it

translator = try_it.TryTranslator(lambda number: "seven", lambda number: "seven")
translator
"""
OTHERS = """
import ipywidgets
from tqdm.auto import tqdm

for _ in tqdm(range(3), desc="kept"):
    pass
for _ in tqdm(range(3), desc="gone", leave=False):
    pass
ipywidgets.IntSlider(5, description="a slider of mine")
"""
SWITCHES = "flip_structures(TransformerConfig(vocabulary=40, max_length=32), 4, 4)"
FIGURE = """
drawing = figure(6, 2.5)
drawing.subplots().plot([1, 2, 4])
show(drawing, alt="A rising curve.")
"""


def write_second_day(lab, name):
    """One exercise of every kind, a result, the progress, live widgets and a figure."""
    work = write_notebook(lab, name)
    path = lab.root / "notebooks" / f"{name}.ipynb"
    cells = json.loads(path.read_text())["cells"]
    cells = [new_code_cell("".join(cell["source"])) for cell in cells[1:]]
    progress = cells.pop()
    more = (
        LIVE,
        OTHERS,
        SWITCHES,
        "TrendExplorer()",
        FIGURE,
    )
    save(lab, name, [*cells, *(new_code_cell(source.strip()) for source in more), progress])
    return work


def answer_all(page):
    """By hand, so that the outputs come from widgets that were answered after their cell had run."""
    section(page, "choice").get_by_role("radio", name="a) Training becomes sequential").check()
    check(section(page, "choice"))
    section(page, "number").get_by_label("Your answer in %").fill(str(find(IDS["number"]).reference))
    check(section(page, "number"))
    box = section(page, "prediction")
    for label, value in {"Best guess": "90", "At least": "80", "At most": "99"}.items():
        box.get_by_label(label).fill(value)
    check(box)
    expect_right(section(page, "prediction"))
    field = page.get_by_label("Number", exact=True)
    field.fill("7")
    field.press("Enter")
    page.get_by_text("the model writes seven").wait_for(state="attached")
    section(page, "mask").locator("[data-action=hint]").click()
    page.get_by_text("Hint 1 of 3").wait_for(state="attached")
    page.wait_for_timeout(3000)  # the cell's output, which will be saved, follows by a message of its own


def save_by_menu(page):
    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("!jupyterapp.shell.currentWidget.context.model.dirty")


def outputs(page):
    page.wait_for_selector(".jp-OutputArea-output")
    return page.locator(".jp-Notebook").text_content()  # also of what is not laid out


def screenshots(page, folder, name):
    """The whole notebook, screen by screen."""
    for number in range(20):
        page.screenshot(path=folder / f"{name}-{number:02}.png")
        moved = page.evaluate(
            """() => {
                const pane = document.querySelector('.jp-WindowedPanel-outer');
                const before = pane.scrollTop;
                pane.scrollBy(0, pane.clientHeight - 40);
                return pane.scrollTop > before;
            }"""
        )
        if not moved:
            return
        page.wait_for_timeout(300)


def test_the_second_day(browser, tmp_path, pictures):
    first = LabOn(tmp_path)
    work = write_second_day(first, "second")
    first.wait()
    with new_page(browser) as page:
        open_notebook(first, page, "second")
        answer_all(page)
        save_by_menu(page)
    first.process.kill()  # with its kernels' connections; nobody has shut anything down
    first.stop()
    answers = stored(work)

    with LabOn(tmp_path) as second, new_page(browser) as page:
        page.goto(second.page_of("second.ipynb"))
        page.get_by_text("Run All Cells to answer again").first.wait_for(state="attached", timeout=60_000)
        page.wait_for_timeout(3000)  # models that are not found give up after two seconds
        screenshots(page, pictures, "second-day")
        text = " ".join(outputs(page).split())
        assert "model not found" not in text
        assert "Loading widget" not in text
        for id in IDS.values():
            assert find(id).title in text
        assert text.count("Run → Run All Cells to answer again.") == len(IDS)
        assert "Your last answer: Training becomes sequential" in text
        assert "✗ Not right yet. The reverse" in text
        assert f"Your last answer: {find(IDS['number']).reference:g}" in text
        assert "97: inside your interval" in text
        assert "Hint 1." in text
        assert "Number 7" in text
        assert "the model writes seven ✓ right" in text
        assert "S2 separate parameters" in text
        assert "All notebooks" in text
        assert "a slider of mine 5" in text
        assert "kept: 100%" in text
        assert "gone" not in text.replace('desc="gone"', "")
        assert text.count("Run → Run All Cells to use it again.") == 5
        page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        page.wait_for_timeout(1000)
        page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
        screenshots(page, pictures, "second-day-dark")
        assert brightness(page, ".jp-RenderedImage img") < 60
        assert brightness(page, ".at-rest img") < 60

        save_by_menu(page)  # saved without having been run: what rests goes on resting
        page.reload()
        page.get_by_text("Run All Cells to answer again").first.wait_for(state="attached", timeout=60_000)
        assert "model not found" not in outputs(page)
        open_notebook(second, page, "second")
        expect_right(section(page, "number"))
        assert stored(work) == answers
        save_by_menu(page)
        notebook = tmp_path / "notebooks" / "second.ipynb"
        kept = json.loads(notebook.read_text())["metadata"]["widgets"]
        (states,) = (one["state"] for one in kept.values())
        assert len(states) == len(IDS) + 8, "yesterday's pages went with yesterday's outputs"
        assert notebook.stat().st_size < 600_000


def brightness(page, selector):
    """The mean grey value of an image as it is seen, from 0 to 255."""
    from io import BytesIO

    from PIL import Image, ImageStat

    image = page.locator(selector).first
    image.scroll_into_view_if_needed()
    return ImageStat.Stat(Image.open(BytesIO(image.screenshot())).convert("L")).mean[0]


@pytest.fixture(scope="module")
def opened(lab, shared_page):
    write_second_day(lab, "wide")
    open_notebook(lab, shared_page, "wide")
    return shared_page


def test_enter_in_a_field_checks_but_never_locks(opened):
    box = section(opened, "number")
    box.get_by_label("Your answer in %").fill(str(find(IDS["number"]).reference))
    box.get_by_label("Your answer in %").press("Enter")
    expect_right(box)
    box = section(opened, "prediction")
    for label, value in {"Best guess": "90", "At least": "80", "At most": "99"}.items():
        box.get_by_label(label).fill(value)
        box.get_by_label(label).press("Enter")
    opened.wait_for_timeout(1000)
    assert box.locator('.exercise-feedback[data-state="locked"]').count() == 0


def test_the_text_path_works_as_it_is_pasted(opened, lab):
    box = section(opened, "shapes")
    box.locator(".exercise-text-path summary").click()
    pasted = box.locator(".exercise-text-path pre").inner_text()
    opened.evaluate(
        """async source => {
            const notebook = jupyterapp.shell.currentWidget;
            notebook.content.activeCellIndex = notebook.content.widgets.length - 1;
            await jupyterapp.commands.execute('notebook:insert-cell-below');
            notebook.content.activeCell.model.sharedModel.setSource(source);
            await jupyterapp.commands.execute('notebook:run-cell');
        }""",
        pasted,
    )
    opened.locator(".jp-OutputArea-output", has_text=f"{IDS['shapes']}: score").last.wait_for(
        state="attached"
    )
    assert stored(lab.root / "work-wide")[IDS["shapes"]]["attempts"] == 1


def test_a_draft_is_kept_when_typing_pauses_or_the_field_is_left(opened, lab):
    path = lab.root / "work-wide" / "answers.json"
    field = section(opened, "shapes").locator("[data-field]").first
    before = path.stat().st_mtime_ns
    field.press_sequentially("2, 5, 32", delay=60)
    assert path.stat().st_mtime_ns == before, "nothing is written while letters are typed"
    field.blur()
    opened.wait_for_timeout(1500)
    assert "2, 5, 32" in path.read_text()


@pytest.mark.parametrize("width", [375, 800])
def test_nothing_is_wider_than_its_box(opened, pictures, width):
    opened.evaluate("jupyterapp.shell.collapseLeft()")
    opened.set_viewport_size({"width": width, "height": 800})
    opened.wait_for_timeout(500)
    too_wide = {}
    for kind in IDS:
        box = section(opened, kind)
        box.screenshot(path=pictures / f"{kind}-{width}.png")
        too_wide |= {f"{kind}: {name}": size for name, size in box.evaluate(TOO_WIDE).items()}
    for name in ("section[data-reveal]", 'section[aria-label="Progress panel"]'):
        box = opened.locator(name)
        box.scroll_into_view_if_needed()
        box.screenshot(path=pictures / f"{box.get_attribute('aria-label').split()[0]}-{width}.png")
        too_wide |= {f"{name}: {part}": size for part, size in box.evaluate(TOO_WIDE).items()}
    opened.set_viewport_size({"width": 1280, "height": 900})
    assert too_wide == {}


TOO_WIDE = """box => {
    const found = {};
    const right = box.getBoundingClientRect().right;
    for (const part of box.querySelectorAll('*')) {
        if (part.closest('details:not([open])') || part.closest('svg') && part.tagName !== 'svg') continue;
        const scrolls = part.parentElement.closest('.exercise-table, .exercise-mask');  // meant to scroll, or inside
        if (!scrolls && part.getBoundingClientRect().right > right + 1) {
            found[`${part.tagName}.${part.className}`] = [part.getBoundingClientRect().right, right];
        }
    }
    return found;
}"""


def test_live_figures_are_dark_in_the_dark_theme(opened, pictures):
    opened.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    opened.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    for name in (".jp-RenderedImage img", '[data-exercise="00.match.falls"] img', ".widget-html img"):
        assert brightness(opened, name) < 60, name
    opened.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, 0)")
    screenshots(opened, pictures, "dark")
    opened.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    opened.wait_for_function("document.body.dataset.jpThemeLight === 'true'")
    assert brightness(opened, ".jp-RenderedImage img") > 200


def test_axe_finds_no_serious_fault_in_the_progress_table(opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    assert serious(axe, opened, 'section[aria-label="Progress panel"]') == []
