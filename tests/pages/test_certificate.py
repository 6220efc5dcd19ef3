"""Predict's view "How sure can it be?": what is proved, what an attack finds, and models without a proof."""

import re

import pytest

from pages.ui.predict import certificate
from tests.pages.conftest import OpenPage, metrics, press, words

pytestmark = pytest.mark.usefixtures("scikit_learn_only")
VIEW = {"predict_view": "How sure can it be?", "predict_way": "Test digit", "index": "0"}


@pytest.fixture(autouse=True)
def few_restarts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate, "RESTARTS", 2)


def proved(text: str) -> float:
    found = re.search(r"no change smaller than \*\*([\d.]+)\*\*", text)
    assert found, text
    return float(found[1])


@pytest.mark.long
def test_the_radius_is_proved_and_the_attack_lies_beyond(open_page: OpenPage) -> None:
    app = open_page("predict", model="monotone", **VIEW)
    radius = proved(words(app))
    assert radius > 0
    assert "Found by attack" not in words(app)
    press(app, "Search for a change of the answer")
    found = re.search(r"a change of \*\*([\d.]+)\*\* makes it (\d)\.", words(app))
    assert found, words(app)
    assert float(found[1]) > radius
    assert found[2] != metrics(app)["Prediction"]
    assert "Between the two, the answer may or may not change" in words(app)
    assert proved(words(app)) == radius


@pytest.mark.long
def test_what_was_found_belongs_to_its_picture(open_page: OpenPage) -> None:
    app = open_page("predict", model="monotone", **VIEW)
    press(app, "Search for a change of the answer")
    app.number_input(key="index").set_value(3).run()
    assert not app.exception
    assert "Found by attack" not in words(app)


@pytest.mark.long
def test_other_models_have_no_proof_and_lead_to_one_that_has(open_page: OpenPage) -> None:
    app = open_page("predict", model="conv", **VIEW)
    assert "Only monotone models come with a proof" in words(app)
    press(app, "Use the model monotone")
    assert app.selectbox(key="model").value == "monotone"
    assert proved(words(app)) > 0


@pytest.mark.long
def test_a_slider_trades_accuracy_for_radius(open_page: OpenPage) -> None:
    app = open_page("predict", model="monotone", **VIEW)
    radius = proved(words(app))
    app.select_slider(key="predict_radius").set_value("certified").run()
    assert not app.exception
    assert app.selectbox(key="model").value == "certified"
    assert proved(words(app)) > 2 * radius
    table = app.dataframe[0].value
    assert list(table["Trained for"]) == ["0", "0.5", "1.58"]
    shares = [float(share.removesuffix(" %")) for share in table["Proved within 0.5"]]
    assert shares[0] < 1 < 50 < min(shares[1:])
    assert "Measured, not proved" in words(app)
