"""The front door: five steps, each with its picture, its numbers and its link."""

import time

import numpy as np
import pytest

from pages.ui.home.story import reading_line
from tests.pages.conftest import OpenPage


def test_five_steps_with_pictures_and_links(open_page: OpenPage) -> None:
    app = open_page("home")
    assert [heading.value[0] for heading in app.subheader] == ["1", "2", "3", "4", "5"]
    assert len(app.get("plotly_chart")) == 6
    assert len(app.get("page_link")) == 5
    words = " ".join(element.value for element in app.markdown)
    assert "**0.739085**" in words
    assert "**12 of 12 starts**" in words
    assert "**−10.00**" in words
    assert "settles on **9**" in words


def test_start_is_in_the_link(open_page: OpenPage) -> None:
    assert open_page("home", start="-0.5").slider(key="start").value == -0.5


@pytest.mark.parametrize("start", ["nan", "1e999", "cos"])
def test_nonsense_in_the_link_is_ignored(open_page: OpenPage, start: str) -> None:
    assert open_page("home", start=start).slider(key="start").value == 1.8


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
