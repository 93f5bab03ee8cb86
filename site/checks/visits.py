"""Every built page, opened once in Chromium from its folder, with what was seen there."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import axe_playwright_python

from chromium import FLAGS, chromium

BUILT = Path(__file__).parents[1] / "built"
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
AT_ONCE = 2
# The same bar stands on every page and code is made of thousands of coloured words: one of each is enough.
THIN = """first => {
    if (!first) document.querySelectorAll(".sidebar-drawer, .toc-drawer").forEach(each => each.remove());
    const seen = new Set();
    document.querySelectorAll(".rows tr:nth-child(n + 20)").forEach(each => each.remove());
    document.querySelectorAll(".highlight pre span, pre.code span").forEach(each => {
        if (each.children.length == 0 && seen.has(each.className)) each.replaceWith(each.textContent);
        seen.add(each.className);
    });
}"""
AXE_RUN = """async rules => {
    const found = await axe.run(document, {resultTypes: ["violations"], ...(rules && {runOnly: rules})});
    const grave = found.violations.filter(each => ["serious", "critical"].includes(each.impact));
    return grave.map(each => `${each.id}, ${each.nodes.length} times: ${each.nodes[0].html.slice(0, 160)}`);
}"""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Visit:
    """What Chromium saw on one page."""

    requests: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    axe: dict[str, list[str]] = field(default_factory=dict)
    """Serious and critical findings, by "light" and "dark"."""
    wider: int = 0
    """Pixels by which the page is wider than a telephone of 375."""


async def _visit(page, path: Path, seen: Visit, first: bool) -> None:
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    await page.set_viewport_size({"width": 375, "height": 800})
    await page.goto(path.as_uri())
    seen.wider = await page.evaluate(WIDER)
    await page.set_viewport_size({"width": 1280, "height": 900})
    await page.evaluate(THIN, first)
    await page.evaluate(AXE)
    seen.axe["light"] = await page.evaluate(AXE_RUN, None)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    seen.axe["dark"] = await page.evaluate(AXE_RUN, ["color-contrast"])


async def visit_all(paths: list[Path]) -> dict[Path, Visit]:
    from playwright.async_api import async_playwright

    waiting, seen, begun = list(paths), {}, time.monotonic()
    async with async_playwright() as running:
        browser = await running.chromium.launch(executable_path=chromium(), args=FLAGS)

        async def work() -> None:
            page, now = await browser.new_page(), Visit()
            page.set_default_timeout(180_000)
            page.on("request", lambda request: now.requests.add(request.url))
            page.on("pageerror", lambda error: now.errors.append(str(error)))
            while waiting:
                path = waiting.pop(0)
                now = seen[path] = Visit()
                await _visit(page, path, now, path.name == "index.html")
                await page.goto("about:blank")  # what comes late counts for the page that it comes from

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
        await browser.close()
    print(f"\n{len(seen)} pages opened in {time.monotonic() - begun:.0f} s")
    return seen


def told(pages: dict, wrong: Callable) -> list[str]:
    """The pages of which `wrong(what the dictionary says of a page)` lists something, each with the first three."""
    found = {path: list(wrong(said)) for path, said in pages.items()}
    return [f"{path.relative_to(BUILT)}: {some[:3]}" for path, some in found.items() if some]
