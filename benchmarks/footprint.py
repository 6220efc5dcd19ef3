"""The server's memory after every page and tab has been opened. python -m benchmarks.footprint [--json]

A fresh server and a real browser, a new session for each page. Memory is the server's resident set. Seconds: in the
first row a cold start, from the command until the front page is drawn; in the others from the navigation or click
until the page is idle, with an empty compilation cache. Streamlit Community Cloud gives an app at least 1 GB.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil
from playwright.sync_api import Browser, expect

from benchmarks.server import MEGABYTE
from benchmarks.timing import arguments, report
from pages.ui.widgets.navigation import PAGES
from tests.browser.harness import SLOW, running_browser, running_server, visit
from tests.browser.screenshots import opened_tabs

TRAINED = "train"  # the page on which a run is started too


def held() -> float:
    """Resident memory in MB of the servers that this process has started."""
    started = psutil.Process().children()
    servers = [child for child in started if "streamlit" in " ".join(child.cmdline())]
    return sum(server.memory_info().rss for server in servers) / MEGABYTE


def views(browser: Browser, address: str, name: str) -> Iterator[str]:
    """Opens a page, then each of its tabs; yields the name of the view."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(2 * SLOW)
    page = context.new_page()
    visit(page, f"{address}/{name}")
    yield name
    if name == TRAINED:
        page.get_by_role("button", name="Start training").click()
        expect(page.get_by_test_id("stProgress").first).to_contain_text("Finished", timeout=4 * SLOW)
        yield f"{name}, a run"
    for tab in opened_tabs(page):
        yield f"{name}, {tab}"
    context.close()


def main() -> None:
    chosen = arguments(__doc__ or "", timed=False)
    rows, began = [], time.perf_counter()
    with running_browser() as browser, running_server() as address:
        for name in PAGES:
            for view in views(browser, address, name):
                now = time.perf_counter()
                rows.append({"view": view, "seconds": now - began, "resident (MB)": round(held())})
                began = now
    rows.append(
        {"view": "maximum", "seconds": 0.0, "resident (MB)": max(row["resident (MB)"] for row in rows)}
    )
    report("Resident memory of the server, view by view", rows, chosen.json)


if __name__ == "__main__":
    main()
