"""Every kind of exercise in JupyterLab: by mouse, by keyboard alone, after a reload and a restart, and with axe."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from destructure.exercises import answer, write_summary
from destructure.exercises.catalogue import find
from destructure.exercises.editions import exercise_cell

pytestmark = pytest.mark.browser

IDS = {
    "choice": "04.choice.teacher_forcing",
    "number": "04.number.cross_share",
    "prediction": "04.prediction.unseen",
    "mask": "04.mask.decoder",
    "switchboard": "04.switchboard.memory",
    "shapes": "04.shapes.cross",
    "match": "00.match.falls",
    "code": "00.code.fallen",
    "run": "07.run.costs",
    "written": "07.written.path",
}
FORMULA = "return terminal_speed**2 / 9.81 * math.log(math.cosh(9.81 * time / terminal_speed))"


def write_notebook(lab, name):
    work = lab.root / f"work-{name}"
    first = (
        "import math, os\n"
        f'os.environ["DESTRUCTURE_WORK"] = {str(work)!r}\n'
        "from destructure.exercises import answer, exercise, progress_panel, reveal"
    )
    cells = [new_markdown_cell("# One of every kind"), new_code_cell(first)]
    for kind, id in IDS.items():
        cells.append(exercise_cell(id))
        if kind == "prediction":
            cells.append(new_code_cell(f'reveal("{id}", 97, [95, 97, 99])'))
    save(lab, name, [*cells, new_code_cell("progress_panel()")])
    return work


def save(lab, name, cells):
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(
        new_notebook(cells=cells, metadata={"kernelspec": kernel}), lab.root / "notebooks" / f"{name}.ipynb"
    )


RUN_ALL = """async restart => {
    const session = jupyterapp.shell.currentWidget.context.sessionContext;
    await session.ready;
    if (restart) await session.session.kernel.restart();
    await jupyterapp.commands.execute('notebook:run-all-cells');
}"""


def run_all(page, restart=False):
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(RUN_ALL, restart)
    # The last cell shows the progress panel.
    page.locator('section[aria-label="Progress panel"] table').wait_for(state="attached")


def open_notebook(lab, page, name):
    page.goto(lab.page_of(f"{name}.ipynb"))
    run_all(page)


def section(page, kind):
    found = page.locator(f'section[data-exercise="{IDS[kind]}"]')
    found.scroll_into_view_if_needed()
    return found


def expect_right(box):
    # "attached", not "visible": JupyterLab does not lay out cells that have moved off the screen. After a reload,
    # outputs above may still grow and push this cell away, so it is brought back until its widget has been drawn.
    feedback = box.locator('.exercise-feedback:is([data-state="right"], [data-state="locked"])')
    for _ in range(40):
        if feedback.count():
            break
        box.page.wait_for_timeout(500)
        box.scroll_into_view_if_needed()
    feedback.wait_for(state="attached")
    box.scroll_into_view_if_needed()


def check(box):
    box.get_by_role("button", name=box.locator(".exercise-primary").inner_text(), exact=True).click()


def stored(work):
    return json.loads((work / "answers.json").read_text())["answers"]


# --- by mouse ------------------------------------------------------------------------------------------------


def mouse_choice(page, box):
    box.get_by_role("radio", name="c) The model never learns").check()


def mouse_number(page, box):
    box.get_by_label("Your answer in %").fill(str(find(IDS["number"]).reference))


def mouse_prediction(page, box):
    for label, value in {"Best guess": "90", "At least": "80", "At most": "99"}.items():
        box.get_by_label(label).fill(value)


def mouse_mask(page, box):
    """Each row in one stroke."""
    for row in range(4):
        first, last = (box.locator(f'[data-row="{row}"][data-column="{column}"]') for column in (0, row))
        first.hover()
        page.mouse.down()
        last.hover()  # one jump: the cells in between must be painted too
        page.mouse.up()


def mouse_switchboard(page, box):
    for name in ("S3 final-layer memory", "S4 bidirectional input"):
        box.get_by_role("switch", name=name).click()
    assert "every target layer reads the final input layer" in box.locator(
        ".exercise-drawn img"
    ).get_attribute("alt")


def mouse_shapes(page, box):
    for key, shape in find(IDS["shapes"]).reference.items():
        box.locator(f'[data-field="{key}"]').fill(", ".join(map(str, shape)))


def mouse_match(page, box):
    for key, partner in find(IDS["match"]).reference.items():
        box.get_by_label(f"Curve {key}").select_option(partner)


def mouse_code(page, box):
    """Edit the cell, run it, and check."""
    function = f"def distance_fallen(time, terminal_speed):\n    {FORMULA}"
    edit_cell(page, "code", f'{function}\n\n\nexercise("{IDS["code"]}")')


def edit_cell(page, kind, source):
    cell = page.locator(".jp-CodeCell", has=page.locator(f'section[data-exercise="{IDS[kind]}"]'))
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(700)


def mouse_run(page, box):
    edit_cell(page, "run", f'own_costs = {find(IDS["run"]).reference}\n\nexercise("{IDS["run"]}", own_costs)')


def mouse_written(page, box):
    box.locator("textarea").fill(find(IDS["written"]).reference)


def answered_values(box):
    return box.evaluate(
        """box => [
            ...[...box.querySelectorAll('[type=text], select, textarea')].map(f => f.value),
            ...[...box.querySelectorAll('[type=radio], [type=checkbox]')].map(f => f.checked),
            ...[...box.querySelectorAll('[aria-pressed]')].map(f => f.getAttribute('aria-pressed')),
            ...[...box.querySelectorAll('[data-step]')].map(f => f.dataset.step),
            ...[...box.querySelectorAll('.exercise-source pre')].map(f => f.textContent),
        ]"""
    )


def test_every_kind_by_mouse_then_reload_then_restart(lab, page, pictures):
    work = write_notebook(lab, "mouse")
    open_notebook(lab, page, "mouse")
    values = {}
    for kind in IDS:
        box = section(page, kind)
        globals()[f"mouse_{kind}"](page, box)
        box = section(page, kind)
        check(box)
        expect_right(box)
        if kind == "prediction":
            box.locator("button.exercise-primary:disabled").wait_for(state="attached")
        if kind == "written":
            mark_own_text(box)
        values[kind] = answered_values(box)
        box.screenshot(path=pictures / f"{kind}.png")
    result = page.locator("section[data-reveal]")
    result.scroll_into_view_if_needed()
    result.get_by_text("97: inside your interval").wait_for(state="attached")
    result.screenshot(path=pictures / "result.png")
    assert {id: record["score"] for id, record in stored(work).items()} == dict.fromkeys(IDS.values(), 1)
    panel = page.locator('section[aria-label="Progress panel"]')
    panel.scroll_into_view_if_needed()
    panel.get_by_role("button", name="Refresh").click()
    panel.get_by_text("Next:").wait_for()
    panel.screenshot(path=pictures / "progress.png")

    page.evaluate("jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(500)
    page.reload()  # the kernel lives on
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    for kind in IDS:
        box = section(page, kind)
        expect_right(box)
        assert answered_values(box) == values[kind], f"{kind} after a reload"

    run_all(page, restart=True)  # a new kernel: everything comes from answers.json
    for kind in IDS:
        box = section(page, kind)
        expect_right(box)
        assert normal(answered_values(box)) == normal(values[kind]), f"{kind} after a restart"
    assert page.locator("section[data-reveal] img").count() == 1
    assert {record["attempts"] for record in stored(work).values()} == {1}


def mark_own_text(box):
    """The text is closed, the rubric open: what is ticked is kept."""
    assert box.locator("textarea").get_attribute("readonly") is not None
    box.get_by_role("checkbox").first.check()
    box.get_by_role("button", name="Keep my marks").click()
    box.get_by_text("By your own marking: 2 of 6 points").wait_for()


def normal(values):
    """Numbers as numbers: what was typed "90" is stored as 90.0."""
    out = []
    for value in values:
        try:
            out.append(float(value))
        except (TypeError, ValueError):
            out.append(value)
    return out


# --- by keyboard alone ---------------------------------------------------------------------------------------


class Keyboard:
    """Somebody without a mouse: Tab, arrows, Space, Enter and letters."""

    def __init__(self, page, box):
        self.page, self.box = page, box
        box.locator("a").first.focus()  # the talk link: the first thing that Tab reaches in an exercise

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def tab_to(self, selector):
        """Press Tab until the element has the focus; it must be reachable."""
        for _ in range(40):
            self.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                assert self.box.evaluate("box => box.contains(document.activeElement)"), (
                    f"Tab left before {selector}"
                )
                return
        pytest.fail(f"Tab does not reach {selector}")

    def type(self, text):
        self.page.keyboard.type(text)


def keyboard_choice(keys):
    keys.tab_to("input[type=radio]")
    keys.press("Space", "ArrowDown", "ArrowDown")


def keyboard_number(keys):
    keys.tab_to("[data-field=number]")
    keys.type(str(find(IDS["number"]).reference))


def keyboard_prediction(keys):
    for field, value in {"guess": "90", "low": "80", "high": "99"}.items():
        keys.tab_to(f"[data-field={field}]")
        keys.type(value)


def keyboard_mask(keys):
    keys.tab_to(".exercise-cell")
    for row in range(4):
        for _ in range(row):
            keys.press("Space", "ArrowRight")
        keys.press("Space", "Home", *(["ArrowDown"] if row < 3 else []))


def keyboard_switchboard(keys):
    for switch in ("final_layer_memory", "bidirectional_input"):
        keys.tab_to(f"[data-field={switch}]")
        keys.press("Space")


def keyboard_shapes(keys):
    for key, shape in find(IDS["shapes"]).reference.items():
        keys.tab_to(f'[data-field="{key}"]')
        keys.type(" ".join(map(str, shape)))


def keyboard_match(keys):
    partners = list(find(IDS["match"]).kind.right)
    for key, partner in find(IDS["match"]).reference.items():
        keys.tab_to(f'[data-field="{key}"]')
        keys.press(*["ArrowDown"] * (1 + partners.index(partner)))


def keyboard_code(keys):
    function = f"def distance_fallen(time, terminal_speed):\n    {FORMULA}"
    edit_by_keyboard(keys, "code", f'{function}\n\n\nexercise("{IDS["code"]}", distance_fallen)')


def keyboard_run(keys):
    rows = find(IDS["run"]).reference
    edit_by_keyboard(keys, "run", f'own_costs = {rows}\n\nexercise("{IDS["run"]}", own_costs)')


def keyboard_written(keys):
    keys.tab_to("textarea")
    keys.type("Begun.")
    keys.press("Enter", "Enter")  # a new line, not an answer
    keys.page.keyboard.insert_text(find(IDS["written"]).reference)


def edit_by_keyboard(keys, kind, source):
    """From the exercise back to its own cell: Escape, Enter, edit, run; then on to the button."""
    page = keys.page
    page.evaluate(
        """id => {
            const notebook = jupyterapp.shell.currentWidget.content;
            notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.sharedModel.source.includes(id));
            notebook.node.focus();
        }""",
        IDS[kind],
    )
    keys.press("Enter", "Control+a")
    keys.page.keyboard.insert_text(source)
    keys.press("Control+Enter")
    expect_right(section(page, kind))  # running the cell has checked it
    keys.box = section(page, kind)
    keys.box.locator("a").first.focus()


def test_every_kind_by_keyboard_alone(lab, page):
    work = write_notebook(lab, "keyboard")
    open_notebook(lab, page, "keyboard")
    cells = page.locator(".jp-Cell").count()
    for kind in IDS:
        keys = Keyboard(page, section(page, kind))
        globals()[f"keyboard_{kind}"](keys)
        keys.tab_to("[data-action=check]")
        keys.press("Enter")
        expect_right(section(page, kind))
    assert {id: record["score"] for id, record in stored(work).items()} == dict.fromkeys(IDS.values(), 1)
    # In command mode "a", "b", "x" and "dd" insert and delete cells; not while an exercise has the focus.
    for kind, selector in {
        "mask": ".exercise-cell",
        "choice": "input",
        "shapes": "input",
    }.items():
        section(page, kind).locator(selector).first.focus()
        keys.press("a", "b", "x", "d", "d", "z", "y", "m")
    assert page.locator(".jp-Cell").count() == cells
    assert page.locator(".jp-MarkdownCell").count() == 1


# --- accessibility, feedback, silence ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(lab, shared_page):
    write_notebook(lab, "shared")
    save(lab, "04_encoder_decoder", [new_markdown_cell("# Target")])
    open_notebook(lab, shared_page, "shared")
    return shared_page


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_axe_finds_no_serious_fault(opened, pictures, theme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, light = opened, "Light" in theme
    page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(light).lower())
    problems = []
    for kind in IDS:
        box = section(page, kind)
        if light:
            for action in ("hint", "solution", "check"):
                box.locator(f"[data-action={action}]").click()
        box.locator(".exercise-feedback[data-state=unanswered]").wait_for(state="attached")
        problems += [
            f"{kind}: {text}" for text in serious(axe, page, f'section[data-exercise="{IDS[kind]}"]')
        ]
        box.screenshot(path=pictures / f"{kind}-{'light' if light else 'dark'}.png")
    problems += serious(axe, page, 'section[aria-label="Progress panel"]') + serious(
        axe, page, "section[data-reveal]"
    )
    assert problems == []


def serious(axe, page, selector):
    assert page.locator(selector).count() == 1
    violations = axe.run(page, context=selector).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:150]}"
        for violation in violations
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def test_axe_would_find_a_fault(lab, page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page.set_content('<section data-x><img src="data:,"><button></button></section>')
    assert len(serious(axe, page, "[data-x]")) == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_the_page_to_keep(page, tmp_path, monkeypatch, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    monkeypatch.setenv("DESTRUCTURE_WORK", str(tmp_path))
    for id in IDS.values():
        answer(id, find(id).reference)
    write_summary()
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto((tmp_path / "my_course.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert serious(axe, page, "main") == []


def test_progress_links_open_the_notebook_inside_jupyterlab(opened):
    panel = opened.locator('section[aria-label="Progress panel"]')
    panel.scroll_into_view_if_needed()
    panel.get_by_role("link", name="04 Encoder-decoder").click()
    opened.locator(".lm-TabBar-tab.jp-mod-current", has_text="04_encoder_decoder.ipynb").first.wait_for()
    opened.evaluate(
        "() => void jupyterapp.commands.execute('docmanager:open', {path: 'notebooks/shared.ipynb'})"
    )
    section(opened, "choice").wait_for()


def test_feedback_and_then_a_silent_kernel(opened, pictures):
    box = section(opened, "choice")
    box.get_by_role("radio", name="a) Training becomes sequential").check()
    check(box)
    box.get_by_text("✗ Not right yet").wait_for()
    assert "The reverse" in box.locator(".exercise-feedback").inner_text()
    box.screenshot(path=pictures / "feedback.png")
    box.get_by_role("radio", name="c)").check()
    box.locator('.exercise-feedback[data-state=""]').wait_for(
        state="attached"
    )  # a verdict on another answer goes
    opened.evaluate("jupyterapp.shell.currentWidget.context.sessionContext.shutdown()")
    check(box)
    box.get_by_text("The kernel has not answered").wait_for()
