"""The animated path to an answer, and a rotated digit, in a real browser."""

import pytest
from playwright.sync_api import Page

from tests.browser.harness import settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

POINTS = "() => Array.from(document.querySelectorAll('.js-plotly-plot')).find(p => p._transitionData._frames.length)"


def drawn(page: Page) -> list[int]:
    """Points of each solver's path that are drawn now."""
    names = "['Picard', 'Anderson', 'ODE flow']"
    return page.evaluate(f"({POINTS})()._fullData.filter(t => {names}.includes(t.name)).map(t => t.x.length)")


def test_play_the_path_and_turn_the_digit(page: Page, server: str) -> None:
    visit(page, f"{server}/predict?index=1&model=blog")
    whole = drawn(page)
    assert len(whole) == 3
    assert min(whole) > 1
    page.locator(".updatemenu-button").filter(has_text="Reset").click()
    page.wait_for_function(f"({POINTS})()._fullData.filter(t => t.name === 'Picard')[0].x.length === 1")
    page.locator(".updatemenu-button").filter(has_text="Play").click()
    page.wait_for_function(f"({POINTS})()._fullData.filter(t => t.name === 'Picard')[0].x.length > 2")
    page.get_by_role("tab", name="Why this answer").click()
    settle(page)
    page.get_by_role("button", name="Upside down").click()
    page.wait_for_function("location.search.includes('predict_turn=180')")
    settle(page)
    assert page.get_by_test_id("stException").count() == 0
