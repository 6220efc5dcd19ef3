"""The solvers page in Chromium: tabs, a link to one of them, and stopping a long computation."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

SMALL = "race_model=random+cell&race_size=8"


def test_tabs_are_drawn_as_they_are_opened(server: str, page: Page) -> None:
    visit(page, f"{server}/solvers?{SMALL}&race_solvers=Picard")
    expect(page.get_by_text("Fewest evaluations")).to_be_visible(timeout=SLOW)
    assert page.get_by_text("Spectral radius, median").count() == 0
    page.get_by_role("tab", name="Why").click()
    expect(page.get_by_text("Spectral radius, median")).to_be_visible(timeout=SLOW)
    settle(page)
    assert "race_view=Why" in page.url
    assert page.get_by_test_id("stException").count() == 0


def test_a_long_computation_can_be_stopped_and_continued(server: str, page: Page) -> None:
    page.goto(f"{server}/solvers?{SMALL}&race_view=Memory", timeout=SLOW)
    page.get_by_role("button", name="Stop", exact=True).click(timeout=SLOW)
    expect(page.get_by_text(re.compile(r"Stopped after \d of 9"))).to_be_visible(timeout=SLOW)
    settle(page)  # a click on what is still being drawn may be lost
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("From 10 to 1,000 evaluations memory grows")).to_be_visible(timeout=SLOW)
    settle(page)
    assert page.get_by_test_id("stException").count() == 0


def test_the_report_opens_from_a_file_without_a_network(server: str, page: Page, tmp_path: Path) -> None:
    visit(page, f"{server}/solvers?{SMALL}&race_solvers=Picard")
    expect(page.get_by_text("Least time")).to_be_visible(timeout=SLOW)  # timed a second after the last change
    settle(page)
    with page.expect_download(timeout=SLOW) as download:
        page.get_by_role("button", name="Download a report").click(timeout=SLOW)
    report = tmp_path / "solvers.html"
    download.value.save_as(report)
    page.context.set_offline(True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(report.as_uri())
    expect(page.locator(".main-svg .xtitle", has_text="time for the whole batch")).to_be_visible(timeout=SLOW)
    assert page.locator("a[download='race.csv']").count() == 1
    assert said == []
