"""The dashboard in a browser: pages open and fit a phone, cards link to pages, links carry settings."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import copied_link, settle, visit

pytestmark = pytest.mark.browser

QUICK = {  # links to pages that would compile for longer
    "predict": "predict?model=mlp",
    "solvers": "solvers?race_model=random+cell&race_size=8&race_solvers=Picard",
}


@pytest.mark.long
def test_links_open_their_picture_whatever_was_set_before(page: Page, server: str) -> None:
    visit(page, f"{server}/fixed_points?explore=Sweep&w_radius=1.5&a=3&map_damping=0.3")
    page.get_by_role("link", name="Home").first.click()
    page.wait_for_url(f"{server}/")
    settle(page)
    flow = opened(page, page.get_by_role("link", name="See why only the flow settles"))
    expect(flow.get_by_role("tab", name="Two numbers")).to_have_attribute("aria-selected", "true")
    expect(flow.get_by_role("spinbutton", name="Radius r as a number")).to_have_value("2")
    visit(page, f"{server}/lesson")
    second = opened(page, page.get_by_role("link", name="Open the picture").nth(1))
    expect(second.get_by_text("multiplies the error, with alternating sign, by 0.8000")).to_be_visible()


def opened(page: Page, link: Locator) -> Page:
    """The tab that a link opens, with no error in it."""
    with page.context.expect_page() as found:
        link.click()
    settle(found.value)
    expect(found.value.get_by_test_id("stException")).to_have_count(0)
    return found.value


@pytest.mark.long
def test_a_copied_link_shows_the_same_picture(browser: Browser, page: Page, server: str) -> None:
    visit(page, f"{server}/toy")
    page.get_by_role("button", name="Too steep").click()
    settle(page)
    summary = page.get_by_text(re.compile("After 10 updates")).inner_text()
    link = copied_link(page)
    assert "seed=22" in link
    assert "steps=10" in link
    other = browser.new_context().new_page()
    visit(other, link)
    expect(other.get_by_text(summary)).to_have_count(1)
    other.context.close()


@pytest.mark.long
def test_a_link_copied_right_after_a_change_has_the_change(page: Page, server: str) -> None:
    visit(page, f"{server}/toy")
    updates = page.get_by_role("slider", name="Updates")
    for _ in range(5):
        updates.press("ArrowLeft")
        assert copied_link(page) == f"{server}/toy?steps={updates.get_attribute('aria-valuetext')}"
        page.get_by_text("Copied", exact=True).wait_for(state="hidden")


@pytest.mark.long
def test_back_and_the_menu_open_a_page_as_it_was_left(page: Page, server: str) -> None:
    settings = (
        "model=mlp&predict_way=Test+digit&index=7&predict_view=The+whole+test+set&predict_set=Confidence"
    )
    visit(page, f"{server}/predict?{settings}")
    address = page.url
    page.get_by_role("link", name="Glossary").first.click()
    page.wait_for_url(f"{server}/glossary")
    settle(page)
    page.go_back()
    page.wait_for_url(address)
    settle(page)
    expect(page.get_by_role("tab", name="The whole test set")).to_have_attribute("aria-selected", "true")
    page.get_by_role("link", name="Glossary").first.click()
    page.wait_for_url(f"{server}/glossary")
    settle(page)
    page.get_by_role("link", name="Predict").first.click()
    page.wait_for_url(address)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "home" else pytest.mark.long) for name in PAGES]
)
def test_every_page_opens_and_fits_a_phone(browser: Browser, server: str, name: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    visit(page, f"{server}/{QUICK.get(name, name)}")
    assert page.title().startswith(PAGES[name][0])
    expect(
        page.locator(".js-plotly-plot .main-svg, [data-testid=stLinkButton], .plot svg")
    ).not_to_have_count(0)
    assert page.get_by_test_id("stException").count() == 0
    assert errors == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    main = page.get_by_test_id("stMain")
    assert main.evaluate("element => element.scrollWidth <= element.clientWidth")
    context.close()


@pytest.mark.long
@pytest.mark.parametrize("place", ["fixed_points?explore=Two+numbers", "solvers?race_view=Why"])
def test_no_formula_is_cut_off_on_a_phone(browser: Browser, server: str, place: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    visit(page, f"{server}/{place}")
    formulas = page.locator(".katex-display")
    assert formulas.count() >= 2
    for formula in formulas.all():
        assert formula.evaluate("element => element.scrollWidth <= element.clientWidth + 1")
        assert (
            formula.locator(".katex-html").evaluate("element => element.getBoundingClientRect().right") <= 390
        )
    context.close()
