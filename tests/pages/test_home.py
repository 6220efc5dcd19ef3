"""The home page: six steps, each with its picture, its numbers and its link."""

import time

import numpy as np

from pages.ui.home.story import reading_line
from tests.pages.conftest import OpenPage, words


def test_six_steps_with_pictures_and_links(open_page: OpenPage) -> None:
    app = open_page("home")
    assert [heading.value[0] for heading in app.subheader] == ["1", "2", "3", "4", "5", "6"]
    assert len(app.get("plotly_chart")) == 7
    assert len(app.get("page_link")) == 6
    for number in (
        "**0.739085**",
        "**12 of 12 starts**",
        "**−10.00**",
        "settles on **9**",
        "of one of 360 digits",
    ):
        assert number in words(app)


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
    found = {"digit.probabilities": sure, "digit.paths": np.stack([doubt, doubt, sure])}
    found |= {"digit.evaluations": np.array(3), "digit.accuracy": np.array(0.98)}
    settled = reading_line(found | {"digit.converged": np.array(True)})
    assert "settles on **3**" in settled
    assert "favoured 5" in settled
    failed = reading_line(found | {"digit.converged": np.array(False)})
    assert "no answer" in failed
    assert "3**" not in failed
