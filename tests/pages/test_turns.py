"""Long work of a page waits for its turn and says its place; what is in the cache, and short work, do not wait."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from deq.jobs.turns import Turns
from pages.ui.server import runs
from tests.conftest import ROOT
from tests.images.test_bundle import zipped
from tests.pages.conftest import OpenPage, metrics, words
from tests.pages.test_solvers import SMALL

pytestmark = pytest.mark.usefixtures("scikit_learn_only")

WHOLE = "The whole test set"
PICTURE = (ROOT / "docs" / "digit.png").read_bytes()
BATCH = zipped({"a.png": PICTURE, "b.png": PICTURE})


class Full(Turns):
    """Two are ahead, and the visitor leaves."""

    @contextmanager
    def turn(self, waiting: Callable[[int], object]) -> Iterator[None]:
        waiting(2)
        st.stop()
        yield


@contextmanager
def busy(turns: Turns) -> Iterator[threading.Event]:
    """Another visitor's long work, until the event is set or the block ends."""
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn(lambda ahead: None):
            begun.set()
            end.wait(300)

    other = threading.Thread(target=hold)
    other.start()
    assert begun.wait(30)
    try:
        yield end
    finally:
        end.set()
        other.join()


def test_a_full_server_says_the_place_and_answers_all_the_same(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_turns", Full())
    app = open_page("predict", predict_view=WHOLE, model="mlp")
    assert "2 ahead of you" in words(app)
    assert metrics(app)["Prediction"]  # one picture is short work
    assert "Mistakes" not in metrics(app)
    app = open_page("predict", model="mlp")
    app.file_uploader(key="upload").upload("digits.zip", BATCH, "application/zip").run()
    assert not app.exception
    assert "2 ahead of you" in words(app)
    assert "Prediction" not in metrics(app)


def test_long_comparisons_wait_and_the_race_does_not(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "_turns", Full())
    assert open_page("solvers", race_view="Race", **SMALL).dataframe
    app = open_page("solvers", race_view="Test-time compute", **SMALL)
    assert "2 ahead of you" in words(app)
    assert not app.get("plotly_chart")


def test_short_work_and_what_is_known_do_not_wait(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns()
    monkeypatch.setattr(runs, "_turns", turns)
    assert "Mistakes" in metrics(open_page("predict", predict_view=WHOLE, model="mlp"))
    with busy(turns):
        app = open_page("predict", predict_view=WHOLE, model="mlp")
    assert metrics(app)["Prediction"]
    assert "Mistakes" in metrics(app)


def test_long_work_begins_when_the_turn_comes(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, places = Turns(), []

    class Told(Turns):
        """As soon as the page has shown a place, the other visitor's work ends."""

        def turn(self, waiting: Callable[[int], object]) -> AbstractContextManager[None]:
            return turns.turn(lambda ahead: (waiting(ahead), places.append(ahead), end.set()))

    monkeypatch.setattr(runs, "_turns", Told())
    with busy(turns) as end:
        app = open_page("predict", predict_view=WHOLE, model="blog")
    assert places
    assert set(places) == {1}
    assert "Mistakes" in metrics(app)
    assert "ahead of you" not in words(app)


def test_training_sees_that_a_page_is_being_computed() -> None:
    def page() -> None:
        import streamlit as st

        from pages.ui.server.runs import visitors_wait

        st.write(visitors_wait())

    assert AppTest.from_function(page).run().markdown[0].value == "`True`"
    assert not runs.visitors_wait()
