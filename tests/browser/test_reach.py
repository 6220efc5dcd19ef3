"""Reach: your own digit in three clicks, every control by Tab, every picture as a file."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]
FOCUSED = """() => {
  let focused = document.activeElement;
  while (focused.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;  // in a component
  return focused.getAttribute("aria-label") || focused.textContent;
}"""


def test_from_home_to_your_own_digit_in_three_clicks(page: Page, server: str) -> None:
    visit(page, server)
    page.get_by_role("link", name="Try your own digit").click()  # the first click
    page.wait_for_url(re.compile("/predict"))
    settle(page)
    board = page.locator("canvas").last
    board.wait_for()
    box = board.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 50)
    page.mouse.down()  # the second one: a stroke
    page.mouse.move(box["x"] + 150, box["y"] + 250, steps=8)
    page.mouse.up()
    expect(page.get_by_text(re.compile("Converged on 1"))).to_be_visible(timeout=SLOW)
    assert page.get_by_test_id("stException").count() == 0


def test_the_keyboard_reaches_every_kind_of_control(page: Page, server: str) -> None:
    visit(page, f"{server}/fixed_points")
    seen: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if "Copy link" in seen[-1]:
            break
    reached = "\n".join(seen)
    for control in (
        "Home",
        "One number",
        "Map",
        "Parameter a",
        "Damping",
        "Chaos",
        "Show the code",
        "Copy link",
    ):
        assert control in reached, control
    page.get_by_role("tab", name="One number").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_role("tab", name="Four solvers")).to_have_attribute("aria-selected", "true")


def test_a_picture_as_svg_as_png_and_as_csv(page: Page, server: str) -> None:
    visit(page, f"{server}/glossary")
    assert save(page).endswith(".svg")
    page.get_by_test_id("stPopoverButton").filter(has_text="Download").click()
    page.get_by_role("radio", name="PNG").click()
    settle(page)
    with page.expect_download() as table:
        page.get_by_role("button", name="Solver styles").click()
    assert "Newton-Krylov" in table.value.path().read_text()
    page.keyboard.press("Escape")
    settle(page)
    assert save(page).endswith(".png")


def save(page: Page) -> str:
    """Click the camera of the page's picture; returns the file name."""
    page.locator(".js-plotly-plot").hover()
    with page.expect_download() as picture:
        page.locator(".modebar-btn").first.click()
    return picture.value.suggested_filename


def test_pictures_have_texts_for_screen_readers(page: Page, server: str) -> None:
    visit(page, server)
    charts = page.get_by_test_id("stPlotlyChart")
    assert charts.count() == 11
    texts = [
        charts.nth(i).evaluate(
            "e => (e.closest('[aria-label]') || e.querySelector('[aria-label]'))?.ariaLabel"
        )
        for i in range(11)
    ]
    assert all(texts), texts
    assert len(set(texts)) == 11
