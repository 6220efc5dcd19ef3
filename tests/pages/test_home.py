"""The home page: eight steps, each with its picture, its numbers and its link."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.ui.home.story import reading_line, story
from tests.pages.conftest import OpenPage, metrics, opened_by_links, words


def test_eight_steps_with_pictures_and_links(open_page: OpenPage) -> None:
    app = open_page("home")
    assert [heading.value[0] for heading in app.subheader] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert len(app.get("plotly_chart")) == 11
    assert len(opened_by_links(app)) == 8
    for number in (
        "**0.739085**",
        "**12 of 12 starts**",
        "**−10.00**",
        "settles on **7**",
        "From evaluation 2 to 5 the network says 9; then it settles on **4**",
        "of one of 360 digits",
        "0 after 98",
    ):
        assert number in words(app)


@pytest.mark.long
def test_links_open_what_their_pictures_show(open_page: OpenPage, pen: SimpleNamespace) -> None:
    found, app = story(), open_page("home", start="1.8")
    cosine, layer, flow, _, clear, hard, _, maze = opened_by_links(app)
    app = follow(open_page, cosine)
    assert app.slider(key="start_your_own_formula").value == 1.8
    assert "converges to x\\* = 0.7390851332" in words(app)
    for name, link in (("layer", layer), ("flow", flow)):
        app = follow(open_page, link)
        shown = [app.slider(key=key).value for key in ("w_radius", "w_angle", "x1", "x2")]
        assert shown == list(found[f"{name}.cell"])
        start = [app.number_input(key=key).value for key in ("z1_start", "z2_start")]
        assert start == pytest.approx(found[f"{name}.paths"][0, 0])
    for step, link in (("clear", clear), ("hard", hard)):
        shown = metrics(follow(open_page, link))
        assert shown["Prediction"] == str(found[f"{step}.probabilities"].argmax())
        assert shown["Evaluations"] == str(found[f"{step}.evaluations"])
    assert metrics(follow(open_page, maze))["Evaluations"] == str(found["maze.evaluations"])


def follow(open_page: OpenPage, link: tuple[str, dict[str, str]]) -> AppTest:
    name, query = link
    return open_page(name, **query)


def test_start_is_in_the_link(open_page: OpenPage) -> None:
    assert open_page("home", start="-0.5").slider(key="start").value == -0.5


def test_warm_page_answers_at_once(open_page: OpenPage) -> None:
    app = open_page("home")
    began = time.perf_counter()
    app.slider(key="start").set_value(0.3).run()
    assert time.perf_counter() - began < 2  # measured 0.1 s on a quiet machine
    assert not app.exception


def test_no_answer_without_an_equilibrium() -> None:
    sure, doubt = np.eye(10)[3], np.eye(10)[5]
    found = {"hard.probabilities": sure, "hard.paths": np.stack([doubt, doubt, sure])}
    found |= {
        "hard.nfe": np.array([1, 2, 3]),
        "hard.evaluations": np.array(3),
        "hard.accuracy": np.array(0.98),
    }
    settled = reading_line(found | {"hard.converged": np.array(True)}, "hard")
    assert "settles on **3**" in settled
    assert "At evaluation 2 the network says 5" in settled
    failed = reading_line(found | {"hard.converged": np.array(False)}, "hard")
    assert "no answer" in failed
    assert "3**" not in failed
