"""The real dashboard in a real browser: a server on a free port, an installed Chromium, Playwright."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.server import running

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
READY = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
SLOW = 90_000  # milliseconds: the first run of a page compiles its functions


def find_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def running_server() -> Iterator[str]:
    """A fresh `streamlit run app.py` on 127.0.0.1; yields its address, ends it, and prints its log."""
    with TemporaryDirectory() as folder:
        log = Path(folder) / "server.log"
        try:
            with running(log, {"JAX_PLATFORMS": "cpu"}) as server:
                yield f"http://{server.host}"
        finally:
            print(log.read_text(), file=sys.stderr)  # stdout may be a table or JSON


@contextmanager
def running_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Page) -> None:
    """Wait until the page's script has ended and every placeholder is filled."""
    page.wait_for_selector(READY, timeout=SLOW)
    for waiting in ("stSkeleton", "stSpinner"):
        page.wait_for_selector(f"[data-testid={waiting}]", state="detached", timeout=SLOW)
    page.wait_for_selector(READY, timeout=SLOW)
    page.wait_for_timeout(300)  # charts draw in the frame after


def visit(page: Page, url: str) -> None:
    """Open an address and wait until the page is complete."""
    page.goto(url, timeout=SLOW)
    settle(page)


def copied_link(page: Page) -> str:
    """What the button "Copy link" puts on the clipboard."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Copied", exact=True).wait_for()
    return page.evaluate("navigator.clipboard.readText()")
