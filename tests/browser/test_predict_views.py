"""The clock and a rotated digit in a real browser: one slider moves all pictures, and a unit shows its equation."""

import re

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from deq.analysis.answers import Answer, answer_digits
from deq.data import held_out_digits
from deq.models import load_pretrained
from deq.models.inference import encode
from tests.browser.harness import SLOW, settle, visit

pytestmark = [pytest.mark.browser, pytest.mark.long]

INDEX, UNIT, STEP = 1, 17, 2
LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MODEL = load_pretrained("mlp")
PLACES = "all => all.map((one) => [one.x.baseVal[0].value, one.y.baseVal[0].value])"


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("+", ""))


def solved() -> Answer:
    image = held_out_digits().test_images[INDEX : INDEX + 1, ..., 0]
    return answer_digits(MODEL.model, image, MODEL.solver)[0]


def drawn(page: Page, count: int, of: int, unit: str = "") -> None:
    """Wait until this moment is drawn and said; a unit by its name."""
    spoken = page.locator(".clock .spoken")
    expect(spoken).to_have_text(re.compile(f"^After {count} of {of} evaluations.*{unit}"), timeout=SLOW)


def check_equation(page: Page, answer: Answer, unit: int) -> None:
    """The terms' sum, the unit's next value and its value, as Python computes them at this step."""
    z, name = answer.states[STEP : STEP + 1], str(unit).translate(LOW)
    x, _ = encode(MODEL.model, answer.image[None, ..., None])
    total, following = (z @ MODEL.model.cell.state.kernel[...])[0, unit], MODEL.model.cell(z, x)[0, unit]
    line = page.locator(".clock .result-line").inner_text()
    found, value = re.search(
        rf"^f\(z\){name} = .* = (\S+)\. At this moment z{name} = (\S+)\.$", line
    ).groups()
    assert number(found) == pytest.approx(float(following), rel=0.01, abs=1e-3)
    assert number(value) == pytest.approx(z[0, unit], rel=0.01, abs=1e-3)
    terms = [number(text) for text in page.locator(".clock .unit .number").all_inner_texts()]
    assert terms[-1] == pytest.approx(float(total), rel=0.01)
    assert np.sum(terms[:-1]) == pytest.approx(terms[-1], abs=0.02 * np.abs(terms).max())


def test_scrub_the_solve_and_choose_a_unit(page: Page, server: str) -> None:
    sent: list[object] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    visit(page, f"{server}/predict?index={INDEX}&model=mlp")
    answer = solved()
    last = answer.evaluations
    drawn(page, last, last)  # it has played
    expect(page.get_by_test_id("stButtonGroup").first).not_to_contain_text("Camera")  # reported late
    settle(page)
    before = len(sent)
    page.locator(".clock .bar input").focus()
    page.keyboard.press("Home")
    for _ in range(STEP):
        page.keyboard.press("ArrowRight")
    now = int(answer.nfe[STEP])
    drawn(page, now, last)
    said = page.locator(".clock .reading").inner_text()
    assert said.startswith(f"{answer.paths[STEP].argmax()} (")
    assert number(re.search(r"residual (\S+)\.$", said)[1]) == pytest.approx(answer.residual[STEP], rel=0.06)
    page.get_by_text("One unit, term by term").click()
    check_equation(page, answer, int(np.abs(answer.states[-1]).argmax()))  # what is chosen at first
    page.locator(f".clock .state rect[data-unit='{UNIT}']").click()
    drawn(page, now, last, "z₁₇ is")
    check_equation(page, answer, UNIT)
    page.locator(".clock .state svg").focus()
    page.keyboard.press("ArrowRight")
    drawn(page, now, last, "z₁₈ is")
    check_equation(page, answer, UNIT + 1)
    assert len(sent) == before  # nothing went to the server


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
def test_the_answer_and_the_clock_come_first(browser: Browser, server: str, width: int, height: int) -> None:
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    visit(page, f"{server}/predict?model=mlp")
    first = page.get_by_test_id("stMetric").filter(has_text="Prediction")
    for found in (first, page.locator(".clock .plots"))[: 2 if width == 1280 else 1]:
        box = found.bounding_box()
        assert box["y"] + box["height"] < height - 40  # the bar stays below the pictures
    expect(page.locator(".clock .bar")).to_be_visible()
    page.context.close()


def test_the_value_of_a_unit_is_not_cut(page: Page, server: str) -> None:
    """The words above the state may be cut where they name the place, but not before the value has ended."""
    visit(page, f"{server}/predict?model=conv&index={INDEX}")
    words = page.locator(".clock .scale b")
    expect(words).to_have_text(re.compile(r"^z\S+ = \S+ at row \d, column \d$"), timeout=SLOW)
    value, shown = words.evaluate(
        """words => {
          const range = document.createRange();
          range.setStart(words.firstChild, 0);
          range.setEnd(words.firstChild, words.textContent.indexOf(" at row"));
          return [range.getBoundingClientRect().width, words.clientWidth];
        }"""
    )
    assert 0 < value < shown - 12  # pixels, of which the dots take 12


def test_numerals_do_not_cover_each_other(page: Page, server: str) -> None:
    visit(page, f"{server}/predict?model=conv&index={INDEX}")
    numerals = page.locator(".clock .landmark")
    expect(numerals.first).to_be_visible(timeout=SLOW)
    places = numerals.evaluate_all(PLACES)
    bold = page.locator(".clock .centre").evaluate_all(PLACES)
    between = np.linalg.norm(np.array(places)[:, None] - np.array(places + bold), axis=-1)
    assert len(places) > 20
    assert len(bold) == 10
    assert np.sort(between, axis=1)[:, 1].min() >= 8  # pixels; the least is to itself


def test_turn_the_digit(page: Page, server: str) -> None:
    visit(page, f"{server}/predict?index=1&model=blog&predict_view=Why+this+answer")
    page.get_by_role("button", name="Upside down").click()
    page.wait_for_function("location.search.includes('predict_turn=180')")
    settle(page)
    assert page.get_by_test_id("stException").count() == 0
