"""A digit uploaded, drawn or photographed in a real browser, and its answer."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from deq.data import load_dataset
from tests.browser.harness import SLOW, settle, visit
from tests.pages.test_predict import drawn

pytestmark = [pytest.mark.browser, pytest.mark.long]


def test_upload_and_answer(page: Page, server: str) -> None:
    digits = load_dataset("digits")
    visit(page, f"{server}/predict")
    expect(page.get_by_test_id("stMetric").filter(has_text="True label")).to_be_visible(timeout=SLOW)
    for i in (3, 5):
        data = drawn(digits.test_images[i : i + 1, ..., 0])
        picture = {"name": f"{i}.png", "mimeType": "image/png", "buffer": data}
        page.locator("input[type=file]").first.set_input_files(picture)
        answer = page.get_by_test_id("stMetric").filter(has_text="Prediction").get_by_test_id("stMetricValue")
        expect(answer).to_have_text(str(digits.test_labels[i]), timeout=SLOW)
        settle(page)
    assert page.get_by_test_id("stException").count() == 0


CAMERA = "navigator.mediaDevices.enumerateDevices = async () => [{ kind: 'videoinput', label: '' }]"


def test_camera_is_offered_only_where_there_is_one(page: Page, server: str) -> None:
    """This machine has none; a browser that lists one gets the option, also by a link."""
    ways = page.get_by_test_id("stButtonGroup").first
    visit(page, f"{server}/predict?predict_way=Camera")
    expect(ways).not_to_contain_text("Camera", timeout=SLOW)
    expect(page.get_by_test_id("stFileUploader").first).to_be_visible(timeout=SLOW)
    page.add_init_script(CAMERA)
    visit(page, f"{server}/predict?predict_way=Camera")
    expect(page.get_by_test_id("stCameraInput")).to_be_visible(timeout=SLOW)
    expect(ways).to_contain_text("Camera", timeout=SLOW)
    assert page.get_by_test_id("stException").count() == 0


def pull(page: Page, places: list[tuple[int, int]]) -> None:
    """One stroke of the mouse through these places of the board."""
    box = page.locator("canvas").last.bounding_box()
    assert box is not None
    for step, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x, box["y"] + y, steps=5)
        if not step:
            page.mouse.down()
    page.mouse.up()


def pixels(page: Page) -> str | None:
    """What the model sees, as the page draws it."""
    return page.get_by_alt_text("pixels that the model sees").get_attribute("src")


def test_the_answer_follows_two_strokes_and_a_link_opens_them(
    browser: Browser, page: Page, server: str
) -> None:
    visit(page, f"{server}/predict?predict_way=Draw")
    page.locator("canvas").last.wait_for()
    place = page.locator("canvas").last.bounding_box()
    pull(page, [(150, 50), (150, 250)])
    expect(page.get_by_text("Converged on 1")).to_be_visible(timeout=SLOW)
    settle(page)
    assert page.locator("canvas").last.bounding_box() == place  # the answer does not move it under the pen
    pull(page, [(60, 50), (105, 47), (150, 50)])
    expect(page.get_by_text("Converged on 7")).to_contain_text("from the model's own start", timeout=SLOW)
    settle(page)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    other = context.new_page()
    visit(other, page.url)
    expect(other.get_by_text("Converged on 7")).to_be_visible(timeout=SLOW)
    settle(other)
    assert pixels(page)
    assert pixels(other) == pixels(page)
    assert other.url == page.url
    context.close()


def test_a_finger_draws_a_one(browser: Browser, server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, f"{server}/predict?predict_way=Draw")
    board = page.locator("canvas").last
    board.wait_for()
    board.scroll_into_view_if_needed()
    settle(page)
    box = board.bounding_box()
    assert box is not None
    finger = context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 6
    for step in range(9):
        point = {"x": x, "y": y + step * box["height"] / 12}
        kind = "touchMove" if step else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(page.get_by_text(re.compile("Converged on 1"))).to_be_visible(timeout=SLOW)
    assert page.get_by_test_id("stException").count() == 0
    context.close()
