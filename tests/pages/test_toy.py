"""The toy page: trained at once, every setting in the link, nothing shared but arrays."""

import json
from dataclasses import replace

import numpy as np
import pytest

from deq.training.toy import train_toy
from pages.ui.toy.pictures import equilibrium, iterate
from tests.pages.conftest import OpenPage, metrics, opened_by_links


def test_default_is_a_trained_toy(open_page: OpenPage) -> None:
    app = open_page("toy")
    assert float(metrics(app)["Prediction at −5"].replace("−", "-")) == pytest.approx(-10, abs=0.05)
    assert float(metrics(app)["Slope"]) == pytest.approx(2 / 3, abs=1e-3)
    assert len(app.get("plotly_chart")) == 5


def test_link_restores_seed_and_updates(open_page: OpenPage) -> None:
    app = open_page("toy", seed="22", steps="10")
    assert app.number_input(key="seed").value == 22
    assert app.select_slider(key="steps").value == 10
    assert float(metrics(app)["Slope"]) > 0.7
    assert "steps=10" in app.code[0].value
    assert "seed=22" in app.code[0].value


def test_from_cosine_to_the_layer_at_the_chosen_input(open_page: OpenPage) -> None:
    app = open_page("toy", toy_input="-5")
    captions = [caption.value.replace("\u00a0", " ") for caption in app.caption]
    assert "x is 0.7391." in captions[0]
    assert r"ends at z\* = −10.000" in captions[1]
    assert "ring: x = −5.0" in captions[2]
    ring = json.loads(app.get("plotly_chart")[2].proto.spec)["data"][-1]
    assert (ring["x"][0], ring["y"][0]) == (-5, pytest.approx(-10, abs=0.05))
    app.slider(key="toy_input").set_value(2.5).run()
    assert r"ends at z\* = 5.000" in app.caption[1].value.replace("\u00a0", " ")
    assert opened_by_links(app) == [("fixed_points", {"preset": "cos x"})]


def test_the_answer_of_a_layer_that_never_settles() -> None:
    study = train_toy(0, 10).study
    assert equilibrium(replace(study, slope=0.5, shift=1.0), 4.0) == 6.0
    assert np.isnan(equilibrium(replace(study, slope=1.0), 4.0))
    assert iterate(replace(study, slope=0.5, shift=0.0), 4.0)[:3].tolist() == [0, 2, 3]


def test_buttons_change_the_settings(open_page: OpenPage) -> None:
    app = open_page("toy")
    buttons = {button.label: button for button in app.button}
    buttons["Too flat"].click().run()
    assert (app.number_input(key="seed").value, app.select_slider(key="steps").value) == (10, 10)
    assert float(metrics(app)["Slope"]) < 0.5
    next(button for button in app.button if button.label == "Train with a new seed").click().run()
    assert app.number_input(key="seed").value == 11
    assert not app.exception


def test_the_code_on_the_page_gives_its_numbers(open_page: OpenPage, capsys: pytest.CaptureFixture) -> None:
    app = open_page("toy", seed="1", steps="100")
    shown = next(code.value for code in app.code if "train_toy" in code.value)
    exec(shown, {})
    printed = capsys.readouterr().out.splitlines()
    assert f"{float(printed[0]):.4f}" in shown
    assert f"{float(printed[1]):.4f}" in shown
    assert float(printed[-1]) == pytest.approx(10, abs=0.05)
