"""Training in a real browser: curves update, the run survives a page change and a refresh, its weights read digits."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

PATIENT = 2 * SLOW  # milliseconds: training on a busy machine


def progress(page: Page) -> Locator:
    """The run's progress bar; there may briefly be two while one replaces the other."""
    return page.get_by_test_id("stProgress").first


def updates(page: Page) -> int:
    """The number of updates on the page; 0 while compiling."""
    text = progress(page).inner_text()
    return int(text.split(" of ")[-2].split(",", 1)[-1].replace(",", "")) if "updates" in text else 0


def wait_for_updates(page: Page, more_than: int) -> int:
    """Wait until the live page shows more updates."""
    for _ in range(PATIENT // 500):
        if (done := updates(page)) > more_than:
            return done
        page.wait_for_timeout(500)
    raise AssertionError(f"no progress past {more_than}: {progress(page).inner_text()}")


def drawn_points(page: Page) -> int:
    """Points of the first live chart."""
    chart = page.get_by_test_id("stVegaLiteChart").first
    return chart.locator("[aria-roledescription=point]").count()


def test_a_digit_reader_from_start_to_prediction(
    page: Page, browser: Browser, server: str, mnist_dir: Path, tmp_path: Path
) -> None:
    visit(page, f"{server}/train?fit_task=MNIST&fit_epochs=24&fit_patience=0&fit_width=64")
    page.get_by_role("button", name="Start training").click()
    first = wait_for_updates(page, 0)
    only_watches(browser, page.url)
    points = drawn_points(page)
    wait_for_updates(page, first)
    page.get_by_role("link", name="Toy").click()
    settle(page)
    page.get_by_role("link", name="Train").click()
    settle(page)
    back = wait_for_updates(page, first)
    assert drawn_points(page) >= points
    page.reload()
    settle(page)
    wait_for_updates(page, back)
    assert page.get_by_test_id("stException").count() == 0
    page.get_by_role("button", name="Stop").click()
    resume = page.get_by_role("button", name="Resume")
    resume.wait_for(timeout=PATIENT)
    settle(page)
    stopped = updates(page)
    resume.click()
    wait_for_updates(page, stopped)
    expect(progress(page)).to_contain_text("Finished", timeout=3 * PATIENT)
    settle(page)
    page.get_by_role("button", name="Save", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights", exact=True).click()
    file = tmp_path / "mine.safetensors"
    download.value.save_as(file)
    predicts_with(browser, server, file)


def only_watches(browser: Browser, link: str) -> None:
    """Another visitor opens the link to the live run."""
    context = browser.new_context()
    context.set_default_timeout(SLOW)
    page = context.new_page()
    page.goto(link)
    expect(page.get_by_text("You are watching somebody else's run")).to_be_visible(timeout=SLOW)
    for label in ("Pause", "Stop", "Resume"):
        expect(page.get_by_role("button", name=label, exact=True)).to_have_count(0)
    context.close()


def predicts_with(browser: Browser, server: str, file: Path) -> None:
    """Another visitor uploads the weights of the run and reads a digit with them."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, f"{server}/train")
    assert page.get_by_role("button", name="Resume").count() == 0
    page.get_by_text("Weights of an earlier run").click()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_test_id("stMain")).to_contain_text("59,146 parameters", timeout=SLOW)
    settle(page)  # a click on what is still being drawn may be lost
    page.get_by_role("link", name="Use on Predict").click()
    page.wait_for_url("**/predict*")
    settle(page)
    expect(page.get_by_test_id("stMain")).to_contain_text("Converged on 7", timeout=SLOW)
    assert "mine" in page.url
    context.close()
