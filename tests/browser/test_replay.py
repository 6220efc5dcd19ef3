"""A run on two moons watched from start to end and replayed, and a trained model on Predict, in a real browser."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from pages.ui.train.settings import PRESETS
from tests.browser.harness import SLOW, running_server, settle, visit
from tests.browser.test_train import PATIENT, only_watches, progress

pytestmark = [pytest.mark.browser, pytest.mark.long]

# Watches in the browser, every frame: how faint a picture of the run becomes, and how the page's height varies.
WATCH = """() => {
  const seen = (window.seen = { faintest: 1, low: Infinity, high: 0, charts: 0 });
  const opacity = (e) => (e ? Number(getComputedStyle(e).opacity) * opacity(e.parentElement) : 1);
  const look = () => {
    const pictures = document.querySelectorAll('.st-key-fit_replay, [data-testid=stVegaLiteChart]');
    const height = document.querySelector('[data-testid=stMainBlockContainer]').getBoundingClientRect().height;
    seen.faintest = Math.min(seen.faintest, ...Array.from(pictures, opacity));
    seen.low = Math.min(seen.low, height);
    seen.high = Math.max(seen.high, height);
    seen.charts = Math.max(seen.charts, pictures.length);
    requestAnimationFrame(look);
  };
  look();
}"""


def finish(page: Page) -> None:
    expect(progress(page)).to_contain_text("Finished", timeout=PATIENT)
    settle(page)


def test_nothing_fades_or_jumps_while_a_run_is_watched(page: Page, server: str) -> None:
    visit(page, f"{server}/train?fit_epochs=40")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").nth(1)).to_be_visible(timeout=SLOW)
    page.wait_for_timeout(1500)  # it has started
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 6})  # as on a phone
    page.evaluate(WATCH)
    page.get_by_role("button", name="Fast", exact=True).click()  # the whole page is drawn again
    finish(page)
    seen = page.evaluate("seen")
    assert seen["charts"] >= 3
    assert seen["faintest"] == 1
    assert seen["high"] - seen["low"] <= 4
    charts = page.get_by_test_id("stVegaLiteChart")
    assert [charts.nth(k).bounding_box()["height"] >= 220 for k in range(2)] == [True, True]


def test_a_run_that_breaks_is_replayed_to_its_death(page: Page, server: str) -> None:
    query = PRESETS["Watch it break"][0] | {"fit_epochs": 4}
    visit(page, f"{server}/train?{urlencode(query)}")
    page.get_by_role("button", name="Start training").click()
    finish(page)
    slider = page.get_by_role("slider", name="Moment of the run")
    picture = page.get_by_role("img", name=re.compile("Classes in the plane"))
    asked: list[str] = []
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("request", lambda request: asked.append(request.url))
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=SLOW)  # it has played once
    slider.press("End")
    expect(picture).to_have_attribute("aria-label", re.compile(r"Update \d+: .*The equilibrium is lost"))
    last = int(re.search(r"update (\d+) of 48", slider.get_attribute("aria-valuetext"))[1])
    assert 0 < last < 48
    assert f"Update {last}:" in picture.get_attribute("aria-label")
    shares = []
    for key in ("End", "Home"):
        slider.press(key)
        page.wait_for_timeout(200)
        label = picture.get_attribute("aria-label")
        shares.append(float(re.search(r"converge in ([\d.]+) % of the plane", label)[1]))
    assert shares[0] < 50
    assert shares[1] > 95
    assert not asked
    page.locator(".st-key-fit_map").get_by_text("Evaluations").click()
    expect(page.get_by_role("img", name=re.compile("Evaluations in the plane.*median"))).to_be_visible(
        timeout=SLOW
    )
    expect(page.locator(".scale")).to_contain_text(re.compile(r"\d+ evaluations"))


def states_part(page: Page) -> None:
    """The replay of a run on pictures: states that lie together before training are apart after it."""
    numerals = page.locator(".numerals text")
    slider = page.get_by_role("slider", name="Moment of the run")
    expect(page.get_by_role("button", name="Play")).to_be_visible(timeout=SLOW)  # it has played once
    widths = []
    for key in ("Home", "End"):
        slider.press(key)
        page.wait_for_timeout(200)
        places = [float(x) for x in numerals.evaluate_all("all => all.map((one) => one.getAttribute('x'))")]
        assert len(places) > 100
        widths.append(max(places) - min(places))
    assert widths[0] < 0.8 * widths[1]
    expect(page.get_by_role("img", name=re.compile("States of validation examples"))).to_be_visible()


def test_numbers_go_on_when_the_server_starts_again(page: Page, server: str) -> None:
    with running_server() as again:  # cookies are the same for every port
        for address, number in ((server, 1), (again, 2)):
            visit(page, f"{address}/train?fit_epochs=1&fit_width=8")
            page.get_by_role("button", name="Start training").click()
            finish(page)
            page.get_by_role("button", name="Save", exact=True).click()
            with page.expect_download() as download:
                page.get_by_role("button", name="History", exact=True).click()
            assert download.value.suggested_filename == f"run-{number}-history.csv"


def test_a_refresh_on_predict_keeps_the_trained_model(page: Page, browser: Browser, server: str) -> None:
    visit(page, f"{server}/train?fit_task=digits&fit_epochs=1&fit_width=32")
    page.get_by_role("button", name="Start training").click()
    link = page.get_by_role("link", name="Use on Predict")
    link.wait_for(timeout=PATIENT)
    only_watches(browser, page.url)
    settle(page)
    states_part(page)
    link.click()
    page.wait_for_url("**/predict*")
    settle(page)
    for _ in range(2):
        expect(page.get_by_test_id("stMain")).to_contain_text("run 1", timeout=SLOW)
        assert page.get_by_test_id("stException").count() == 0
        page.reload()
        settle(page)
