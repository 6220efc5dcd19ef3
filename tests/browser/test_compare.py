"""Compare in a real browser: started by a click, filled in live, watched by others, kept over a refresh."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_a_comparison_from_the_click_to_the_winner(page: Page, browser: Browser, server: str) -> None:
    two = "fit_variants=current+settings&fit_variants=solver+Picard"
    visit(page, f"{server}/train?fit_task=two+moons&fit_width=8&fit_epochs=3&fit_seeds=2&{two}")
    page.get_by_text("Compare", exact=True).click()
    page.get_by_role("button", name="Start comparison").click()
    expect(page.get_by_test_id("stProgress").last).to_contain_text("of 4", timeout=SLOW)
    context = browser.new_context()
    watching = context.new_page()
    visit(watching, page.url)
    expect(watching.get_by_text("You are watching somebody else's comparison.")).to_be_visible(timeout=SLOW)
    expect(page.get_by_test_id("stProgress").last).to_contain_text("Finished: 4 runs", timeout=6 * SLOW)
    page.reload()
    settle(page)
    expect(page.get_by_test_id("stProgress").last).to_contain_text("Finished: 4 runs", timeout=SLOW)
    picture = page.locator(".st-key-contenders .js-plotly-plot")
    expect(picture.locator(".scatterlayer .trace").first).to_be_visible(timeout=SLOW)
    context.close()
