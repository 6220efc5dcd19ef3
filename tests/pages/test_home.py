"""The front door: five steps, each with its picture, its numbers and its link."""

import time
from dataclasses import replace

import numpy as np
import pytest

from pages.ui.home.story import reading_line
from pages.ui.readers.answer import Answer
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
    shown = np.zeros((28, 28), np.uint8)
    sure, doubt = np.eye(10)[3], np.eye(10)[5]
    way = np.stack([doubt, doubt, sure]), np.array([1, 2, 3]), np.array([1.0, 0.1, 1e-4])
    settled = Answer(
        shown, sure, *way, states=np.zeros((2, 4)), evaluations=3, final_residual=1e-4, converged=True
    )
    assert "settles on **3**" in reading_line(settled, 0.98)
    assert "thought of 5 on the way" in reading_line(settled, 0.98)
    failed = reading_line(replace(settled, converged=False), 0.98)
    assert "no answer" in failed
    assert "3**" not in failed
