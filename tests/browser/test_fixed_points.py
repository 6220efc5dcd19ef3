"""The cobweb in a real browser: it plays without the server, a click moves the start, a link restores it all."""

import pytest
from playwright.sync_api import Page

from tests.browser.harness import settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

ORBIT = """() => {
    const plot = document.querySelector('.st-key-cobweb .js-plotly-plot');
    const orbit = plot && plot._fullData && plot._fullData.find(trace => trace.name === 'orbit');
    return orbit ? Array.from(orbit.x) : [];
}"""


def orbit(page: Page) -> list[float]:
    """The x of the corners of the drawn staircase."""
    page.wait_for_selector(".st-key-cobweb .js-plotly-plot .scatterlayer")
    return page.evaluate(ORBIT)


def verdict(page: Page) -> str:
    return page.get_by_test_id("stMetricValue").first.inner_text()


def click_in_the_cobweb(page: Page, across: float, down: float) -> None:
    plot = page.locator(".st-key-cobweb .nsewdrag").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
    page.mouse.move(x, y)
    page.wait_for_timeout(300)  # plotly finds the point under the mouse first
    page.mouse.click(x, y)
    page.wait_for_function("() => location.search.includes('start')")
    settle(page)


def test_play_pause_and_reset_run_in_the_browser(page: Page, server: str) -> None:
    visit(page, f"{server}/fixed_points?preset=logistic+map&a=3.9")
    whole = orbit(page)
    assert len(whole) == 61  # 30 steps of two strokes
    player = page.locator(".st-key-cobweb")
    player.get_by_text("Reset", exact=True).click()
    page.wait_for_function(f"() => ({ORBIT})().length === 1")
    requests: list[str] = []
    page.on("websocket", lambda socket: requests.append(socket.url))
    page.on("request", lambda request: requests.append(request.url))
    player.get_by_text("Play", exact=True).click()
    page.wait_for_function(f"() => ({ORBIT})().length >= 7")
    player.get_by_text("Pause", exact=True).click()
    page.wait_for_timeout(500)
    paused = orbit(page)
    page.wait_for_timeout(1000)
    assert orbit(page) == paused
    assert 7 <= len(paused) < 61
    assert whole[: len(paused)] == paused
    assert not requests


def test_click_sets_the_start_and_the_link_restores_the_picture(page: Page, server: str) -> None:
    visit(page, f"{server}/fixed_points?preset=tanh(a+x+%2B+b)&map_damping=0.8")
    assert orbit(page)[-1] > 0.9
    click_in_the_cobweb(page, 0.25, 0.8)
    drawn = orbit(page)
    assert drawn[0] == pytest.approx(-0.75, abs=0.05)
    assert drawn[-1] < -0.9
    link = page.url
    assert "start_tanh" in link
    assert "map_damping=0.8" in link

    page.reload()
    settle(page)
    assert orbit(page) == pytest.approx(drawn)

    visitor = page.context.browser.new_context().new_page()
    visit(visitor, link)
    assert orbit(visitor) == pytest.approx(drawn)
    assert verdict(visitor) == "converges"
    visitor.context.close()


def test_settings_survive_another_page(page: Page, server: str) -> None:
    visit(page, f"{server}/fixed_points?preset=logistic+map&a=3.5&map_damping=0.95")
    before = verdict(page)
    page.get_by_role("link", name="Toy").first.click()
    page.wait_for_url("**/toy*")
    settle(page)
    page.get_by_role("link", name="Fixed points").first.click()
    page.wait_for_url("**/fixed_points*")
    settle(page)
    assert verdict(page) == before
    assert "a=3.5" in page.url
