"""Pages in light and dark, measured: text that can be read, the picture in view, an order for the Tab key."""

import pytest
from playwright.sync_api import Browser

from tests.browser.harness import SLOW, visit
from tests.browser.measures import low_contrasts, steps_back

pytestmark = [pytest.mark.browser, pytest.mark.long]

SOLVERS = "solvers?race_model=random+cell&race_size=8&race_solvers=Picard"
# Page -> its main picture, if it must be in view; a lesson is a list of questions.
HEROES = {
    "": ".js-plotly-plot",
    "fixed_points": ".cobweb svg",
    "toy": ".js-plotly-plot",
    "train": ".film",
    SOLVERS: ".js-plotly-plot",
    "lesson": "",
    "predict": ".clock svg",
    "predict?model=mlp&predict_view=Why+this+answer": ".clock svg",
    "think": "",
}
CASES = [(place, scheme) for place in HEROES for scheme in ("light", "dark")]
HEIGHT = 800
FADE = 500  # ms until a button has its other colour
PART = 0.9  # of the picture's height that must be in view


@pytest.mark.parametrize(("place", "scheme"), CASES)
def test_a_page_can_be_read_and_walked_and_shows_its_picture(
    browser: Browser, server: str, place: str, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": HEIGHT}, color_scheme=scheme)
    context.set_default_timeout(SLOW)
    page = context.new_page()
    visit(page, f"{server}/{place}")
    if HEROES[place]:
        box = page.locator(HEROES[place]).first.bounding_box()
        assert box["height"] >= 200
        assert box["y"] + PART * box["height"] <= HEIGHT, box
    assert low_contrasts(page) == []
    for button in page.get_by_test_id("stBaseButton-primary").all():
        button.hover()
        page.wait_for_timeout(FADE)
        assert low_contrasts(page) == []
    assert steps_back(page, 60) == []
    context.close()
