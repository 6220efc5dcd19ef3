"""Browser tests fail without a browser in CI and are skipped elsewhere, with the reason."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.harness import SLOW, find_browser, running_browser, running_server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if find_browser() is None:
        message = "no Chromium or Chrome found; on Debian: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with running_browser() as running:
        yield running


@pytest.fixture(scope="session")
def server(browser: Browser) -> Iterator[str]:
    """Address of one server that all browser tests share."""
    with running_server() as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor: a tab with cookies and storage of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    yield context.new_page()
    context.close()
