"""Charts that answer without a kernel: names on hover, and the rates and factors that the library gives."""

import sys
from pathlib import Path

import pytest
from visits import BUILT

from destructure.trends import between, fit_exponential, price_dots

sys.path.insert(0, str(Path(__file__).parents[1]))

import charts
import evidence


@pytest.fixture
def chart(browser_page):
    """Opens a page with a chart and waits until it is drawn."""

    def open_page(name):
        browser_page.goto((BUILT / f"pages/site/{name}.html").as_uri())
        browser_page.locator("figure.chart[data-drawn]").wait_for()
        return browser_page

    return open_page


def test_the_rate_of_a_window_is_that_of_the_library(chart):
    page = chart("trends")
    for series, first, last in (("Moravec", 1970, 1997), ("Nordhaus", 1945, 2006)):
        page.get_by_label("Series").select_option(series)
        for label, year in (("From year", first), ("Until year", last)):
            page.get_by_label(label).fill(str(year))
        years = fit_exponential(between(price_dots()[series], first, last)).ten_fold_time.years
        page.locator("figure.chart svg", has_text=f"ten times as much every {years:.2f} years").wait_for(
            timeout=20_000
        )


def test_a_dot_says_its_name(chart):
    page = chart("trends")
    page.locator("figure.chart svg .mark-symbol path").nth(40).hover()
    shown = page.locator("#vg-tooltip-element").inner_text()
    assert any(name and name in shown for name in charts.dots().name), shown


def test_ticking_another_structure_changes_the_arm(chart):
    page = chart("factors")
    before = page.locator("figure.chart svg").inner_html()
    page.get_by_label("with S1").check()
    page.wait_for_timeout(300)
    assert page.locator("figure.chart svg").inner_html() != before


def test_the_factors_are_those_that_the_notebook_prints():
    """S4 with nothing else, at 2e10 FLOPs: notebook 08 prints it in its verdicts."""
    table = charts.factors().query("structure == 'S4' and others == 'none of the others' and budget == 2e10")
    assert f"{table.factor.iloc[0]:.2f}" in evidence.verdicts()
