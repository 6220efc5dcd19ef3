"""A browser that reaches the server alone: every page is drawn, and nothing but a tab's icon is requested elsewhere."""

from pathlib import Path
from urllib.parse import urlparse

import pytest

from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import find_browser, running_browser, running_server, visit
from tests.soak.conftest import Report, in_own_thread

pytestmark = pytest.mark.soak

ICONS = "https://fonts.gstatic.com/s/i/short-term/release/materialsymbolsrounded/"  # of the menu
HERE = ("127.0.0.1", None, "")
PICTURES = ".js-plotly-plot, [data-testid=stImage], canvas"
WORDS = ("lesson", "glossary")  # pages without pictures


def test_no_page_needs_anything_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
) -> None:
    """The server has neither MNIST nor a way out; the browser's requests are written down."""
    if find_browser() is None:
        pytest.skip("no Chromium or Chrome found; on Debian: apt-get install chromium")
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    elsewhere = {url for url in in_own_thread(requests_of_all_pages) if urlparse(url).hostname not in HERE}
    assert all(url.startswith(ICONS) for url in elsewhere), elsewhere
    report("faults survived", len(PAGES))


def requests_of_all_pages() -> set[str]:
    """The addresses that a browser asks for while it opens every page, each of which must draw itself."""
    asked: set[str] = set()
    with running_server() as address, running_browser() as browser:
        page = browser.new_context().new_page()
        page.on("request", lambda request: asked.add(request.url))
        page.route(lambda url: urlparse(url).hostname not in HERE, lambda route: route.abort())
        for name in PAGES:
            visit(page, f"{address}/{name if name != 'home' else ''}")
            assert page.get_by_test_id("stException").count() == 0
            assert page.get_by_role("heading").count() > 0
            assert name in WORDS or page.locator(PICTURES).count() > 0, name
    return asked
