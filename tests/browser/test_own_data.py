"""Own data in a real browser: points clicked, typed and linked; a zip of pictures; both trained."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.harness import SLOW, copied_link, settle, visit
from tests.support.own_data import write_folder, zipped_folder

pytestmark = [pytest.mark.browser, pytest.mark.long]

PATIENT = 2 * SLOW  # milliseconds: training on a busy machine
SIZE = 5.0  # of the plane


def plane(page: Page) -> Locator:
    return page.get_by_role("application")


def click(page: Page, x: float, y: float) -> None:
    box = plane(page).bounding_box()
    page.mouse.click(box["x"] + (x / SIZE + 0.5) * box["width"], box["y"] + (0.5 - y / SIZE) * box["height"])


def choose(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"Class {name}").click()


def counts(page: Page, text: str) -> None:
    expect(page.get_by_role("status").filter(has_text="oints")).to_have_text(text, timeout=SLOW)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def train(page: Page) -> None:
    settle(page)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_test_id("stProgress").first).to_contain_text("Finished", timeout=PATIENT)
    settle(page)
    assert page.get_by_test_id("stException").count() == 0


def test_points_are_clicked_trained_on_and_shared(browser: Browser, page: Page, server: str) -> None:
    visit(page, f"{server}/train?fit_task=own+points&fit_width=16")
    page.get_by_role("button", name="Clear").click()
    counts(page, "No points yet")
    start = page.get_by_role("button", name="Start training").first  # its predecessor may still be there
    expect(start).to_be_disabled(timeout=SLOW)
    for label, x in (("A", -1.5), ("B", 0.0), ("C", 1.5)):  # faster than the server answers
        choose(page, label)
        for i in range(6):
            click(page, x, i * 0.5 - 1.25)
    counts(page, "18 points: 6 A, 6 B, 6 C")
    click(page, 1.5, -1.25)  # on a point: it goes
    counts(page, "17 points: 6 A, 6 B, 5 C")
    by_keys(page)
    settle(page)
    text = page.get_by_role("textbox", name="Or paste x, y, label, one point per line")
    expect(text).to_have_value(re.compile(r"^-1\.5\d, -1\.2\d, A\n"), timeout=SLOW)
    train(page)
    film = page.get_by_role("img", name=re.compile("^Classes in the plane. Update 250: "))
    expect(film).to_be_visible(timeout=SLOW)
    assert film.bounding_box()["width"] > 200
    opened(browser, copied_link(page))


def by_keys(page: Page) -> None:
    """Arrows, Enter, letters and Backspace, with a cursor to see."""
    plane(page).focus()
    press(page, "d", "Shift+ArrowUp", "Enter", "Shift+ArrowUp", "Enter", "5", "Shift+ArrowUp", "Enter")
    counts(page, "20 points: 6 A, 6 B, 5 C, 2 D, 1 E")
    assert page.locator(".cursor").evaluate("element => getComputedStyle(element).display") == "inline"
    press(page, "Backspace", "Shift+ArrowDown", "Delete", "Shift+ArrowDown", "Backspace")
    counts(page, "17 points: 6 A, 6 B, 5 C")


def opened(browser: Browser, link: str) -> None:
    """Somebody else opens the link: the same points and the same run."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, link)
    counts(page, "17 points: 6 A, 6 B, 5 C")
    expect(page.get_by_text("You are watching somebody else's run")).to_be_visible(timeout=SLOW)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    visit(page, re.sub(r"&?job=[^&]*", "", link))
    counts(page, "17 points: 6 A, 6 B, 5 C")
    expect(page.get_by_text("Before training, the weights are random")).to_be_visible(timeout=SLOW)
    context.close()


def test_a_finger_adds_points_and_a_table_is_uploaded(browser: Browser, server: str, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, f"{server}/train?fit_task=own+points&fit_width=16")
    counts(page, "60 points: 30 A, 30 B")
    plane(page).scroll_into_view_if_needed()
    box = plane(page).bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    counts(page, "61 points: 31 A, 30 B")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save points", exact=True).click()
    file = tmp_path / "points.csv"
    download.value.save_as(file)
    page.get_by_role("button", name="Ring").click()
    counts(page, "72 points: 30 A, 42 B")
    settle(page)
    page.get_by_test_id("stFileUploader").first.locator("input[type=file]").set_input_files(file)
    counts(page, "61 points: 31 A, 30 B")
    context.close()


def test_a_zip_of_digits_is_read_and_trained_on(page: Page, server: str, tmp_path: Path) -> None:
    data = zipped_folder(write_folder(tmp_path, 600, 200), "digits")
    visit(page, f"{server}/train?fit_task=own+pictures&fit_width=64&fit_epochs=20")
    expect(page.get_by_role("button", name="Start training")).to_be_disabled(timeout=SLOW)
    zipped = {"name": "digits.zip", "mimeType": "application/zip", "buffer": data}
    page.get_by_test_id("stFileUploader").first.locator("input[type=file]").set_input_files(zipped)
    expect(page.get_by_text(re.compile("800 pictures, .*, in 10 classes"))).to_be_visible(timeout=SLOW)
    train(page)
    accuracy = (
        page.get_by_test_id("stMetric").filter(has_text="Test accuracy").get_by_test_id("stMetricValue")
    )
    assert float(accuracy.inner_text().removesuffix(" %")) > 85
    page.get_by_role("button", name="Save", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Weights", exact=True).click()
    file = tmp_path / "mine.safetensors"
    download.value.save_as(file)
    page.get_by_role("link", name="Use on Predict").click()
    page.wait_for_url("**/predict*")
    settle(page)
    expect(page.get_by_test_id("stMetric").filter(has_text="True label")).to_be_visible(timeout=SLOW)
    visit(page, f"{server}/train")
    page.get_by_text("Weights of an earlier run").click()
    page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(file)
    expect(page.get_by_test_id("stMain")).to_contain_text("10 outputs (0, 1, 2, 3", timeout=SLOW)
