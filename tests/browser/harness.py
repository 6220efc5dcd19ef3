"""The real dashboard in a real browser: a server of our own on a free port, Debian's Chromium, Playwright."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import ROOT

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
SLOW = 90_000  # milliseconds: the first run of a page compiles its functions, on a busy machine slowly


def find_browser() -> str | None:
    """Path of an installed Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def running_server() -> Iterator[str]:
    """A fresh `streamlit run app.py` on 127.0.0.1; yields its address, always ends it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"), "--server.headless=true"]
    command += ["--server.address=127.0.0.1", f"--server.port={port}", "--server.fileWatcherType=none"]
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for_health(f"http://127.0.0.1:{port}/_stcore/health", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()


def _wait_for_health(url: str, server: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"The server ended with status {server.returncode} before it was ready.")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(f"No answer from {url} within {seconds:.0f} s.")


@contextmanager
def running_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def settle(page: Page) -> None:
    """Wait until the page's script has run to its end and every placeholder is filled."""
    page.wait_for_selector(READY, timeout=SLOW)
    for waiting in ("stSkeleton", "stSpinner"):
        page.wait_for_selector(f"[data-testid={waiting}]", state="detached", timeout=SLOW)
    page.wait_for_selector(READY, timeout=SLOW)
    page.wait_for_timeout(300)  # charts draw in the frame after


def visit(page: Page, url: str) -> None:
    """Open an address and wait until the page stands still."""
    page.goto(url, timeout=SLOW)
    settle(page)
