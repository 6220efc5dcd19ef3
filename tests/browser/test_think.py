"""The live puzzle in a real browser: it plays once, a click and a key change it, and Python answers."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

BITS = "think?kind=Bits&think_seed=3"


def picture(page: Page) -> Locator:
    return page.locator("canvas[role=application]")


def ended(page: Page) -> None:
    """Wait until it has played."""
    expect(page.locator(".bar output")).to_have_text(
        re.compile(r"^after (\d+) of \1 evaluations$"), timeout=SLOW
    )
    expect(page.get_by_role("button", name="Play")).to_be_visible()


def test_it_plays_once_and_stops_at_the_end(page: Page, server: str) -> None:
    visit(page, f"{server}/{BITS}")
    ended(page)
    verdict = page.get_by_test_id("stMetricValue").first.inner_text()
    expect(picture(page)).to_have_attribute("aria-label", re.compile(f"Row of 32 bits.*{verdict}"))
    page.get_by_role("button", name="Reset").click()
    expect(page.locator(".bar output")).to_have_text(re.compile("^after 1 of"))


def test_a_click_and_keys_change_the_puzzle(page: Page, server: str) -> None:
    visit(page, f"{server}/{BITS}")
    box = picture(page).bounding_box()
    page.mouse.click(box["x"] + 19, box["y"] + 30)  # the first bit
    page.wait_for_url("**changes=0*")
    settle(page)
    expect(page.get_by_text("from scratch:")).to_be_visible()
    expect(page.get_by_text("dotted: from scratch")).to_be_visible()
    picture(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url("**changes=0.1*")
    settle(page)
    ended(page)
    page.get_by_role("button", name="Start again").click()
    page.wait_for_url(lambda url: "changes" not in url)


def test_a_press_on_the_curve_shows_that_moment(page: Page, server: str) -> None:
    visit(page, f"{server}/{BITS}")
    ended(page)
    curve = page.locator(".wrong svg")
    curve.scroll_into_view_if_needed()
    box = curve.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 60)
    expect(page.locator(".bar output")).not_to_have_text(re.compile(r"^after (\d+) of \1 evaluations$"))
    expect(page.get_by_text("dotted: from scratch")).to_be_hidden()


def test_a_wall_is_opened_from_the_keyboard(page: Page, server: str) -> None:
    visit(page, f"{server}/think")
    picture(page).focus()
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_url("**changes=*")
    settle(page)
    ended(page)


def test_many_quick_clicks_are_all_kept(page: Page, server: str) -> None:
    visit(page, f"{server}/{BITS}")
    box = picture(page).bounding_box()
    for place in range(6):
        page.mouse.click(box["x"] + 19 + 38 * place, box["y"] + 30)
    page.wait_for_url("**changes=0.1.2.3.4.5*")


def test_without_motion_the_end_is_shown_at_once(browser: Browser, server: str) -> None:
    page = browser.new_context(reduced_motion="reduce").new_page()
    visit(page, f"{server}/{BITS}")
    expect(page.locator(".bar output")).to_have_text(re.compile(r"^after (\d+) of \1 evaluations$"))
    expect(page.get_by_role("button", name="Play")).to_be_hidden()
    page.context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_picture_comes_first(browser: Browser, server: str, width: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": 800}).new_page()
    visit(page, f"{server}/think")
    box = picture(page).bounding_box()
    assert box["y"] + box["height"] < (800 if width == 1280 else 1000)
    page.context.close()
