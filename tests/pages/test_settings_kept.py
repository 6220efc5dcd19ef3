"""A page that is left for another opens as it was; a link still says all of it."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import ROOT
from tests.pages.conftest import OpenPage


def go(app: AppTest, name: str, **query: str) -> None:
    """To another page from the menu, which leaves no settings in the address, or by a link."""
    app.switch_page(str(ROOT / "pages" / f"{name}.py"))
    app.query_params.clear()
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception


def test_a_page_that_was_left_opens_as_it_was(open_page: OpenPage) -> None:
    app = open_page("toy", steps="200")
    app.number_input(key="seed").set_value(3).run()
    go(app, "glossary")
    assert not app.query_params
    go(app, "toy")
    assert app.select_slider(key="steps").value == 200
    assert app.number_input(key="seed").value == 3
    assert app.query_params["steps"] == "200"
    app.select_slider(key="steps").set_value(50).run()  # and goes on from there
    assert app.select_slider(key="steps").value == 50


def test_a_link_wins_over_what_was_set(open_page: OpenPage) -> None:
    app = open_page("toy", steps="200")
    go(app, "glossary")
    go(app, "toy", steps="50")
    assert app.select_slider(key="steps").value == 50


def test_a_page_without_settings_is_its_default(open_page: OpenPage) -> None:
    app = open_page("toy", steps="200")
    app.select_slider(key="steps").set_value(1000).run()
    app.query_params.clear()  # the default is not in the address
    app.run()
    go(app, "glossary")
    go(app, "toy")
    assert app.select_slider(key="steps").value == 1000


@pytest.mark.long
def test_views_models_and_pictures_come_back(open_page: OpenPage) -> None:
    query = {"model": "mlp", "predict_view": "Why this answer", "index": "3", "strokes": "nonsense"}
    app = open_page("predict", **query)
    go(app, "toy")
    go(app, "predict")
    assert app.selectbox(key="model").value == "mlp"
    assert app.session_state["predict_view"] == "Why this answer"
    assert app.query_params["index"] == "3"


@pytest.mark.long
def test_a_model_that_is_gone_meanwhile_is_said_to_be_gone(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("predict", model="mlp")
    go(app, "toy")
    monkeypatch.setattr("pages.ui.predict.controls.picture_models", lambda: ["conv"])
    go(app, "predict")
    assert app.selectbox(key="model").value == "conv"
    assert any("mlp is no longer on this server" in warning.value for warning in app.warning)
