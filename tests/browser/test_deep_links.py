"""Every page opened cold, by its URL, as the first request that a fresh server sees."""

import pytest
from playwright.sync_api import Browser, Page

from pages.ui.navigation import PAGES
from tests.browser.harness import running_server, visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", PAGES)
def test_first_request_to_a_fresh_server(browser: Browser, page: Page, name: str) -> None:
    with running_server() as address:
        visit(page, f"{address}/{name}")
        titles = [PAGES[other][0] for other in PAGES]
        menu = page.get_by_test_id("stTopNavLinkContainer")
        assert menu.all_inner_texts() == titles or all(t in page.inner_text("body") for t in titles)
        assert page.get_by_test_id("stException").count() == 0
        assert PAGES[name][0] in page.title()
