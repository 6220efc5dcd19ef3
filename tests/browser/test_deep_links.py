"""Every page opened cold, by its URL, as the first request that a fresh server sees."""

import pytest
from playwright.sync_api import Browser, Page

from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import running_server, visit
from tests.conftest import USERS_FLAGS

MENU = [title for title, _, _ in PAGES.values()]

pytestmark = [pytest.mark.browser, pytest.mark.long]


# All pages begin with the same guard, so two stand for all; `make soak` opens the others.
FEW = ("fixed_points", "predict")
COLD = [pytest.param(name, marks=[pytest.mark.soak] * (name not in FEW)) for name in PAGES]


@pytest.mark.parametrize("name", COLD)
def test_first_request_to_a_fresh_server(
    browser: Browser, page: Page, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """With the programs that users compile."""
    monkeypatch.setenv("XLA_FLAGS", USERS_FLAGS)
    with running_server() as address:
        visit(page, f"{address}/{name}")
        menu = page.get_by_test_id("stTopNavLinkContainer").all_inner_texts()
        assert [title for title, entry in zip(MENU, menu, strict=True) if title in entry] == MENU
        assert page.get_by_role("dialog").count() == 0
        assert page.get_by_test_id("stException").count() == 0
        assert page.title().startswith(PAGES[name][0])
        icons = page.locator("link[rel~=icon]").evaluate_all("links => links.map(link => link.href)")
        assert all(icon.startswith((address, "data:")) for icon in icons), icons
