"""The fixed points page: known verdicts, refused formulas, links that restore, snippets that run, speed."""

import json
import math
import statistics
import time

import plotly.graph_objects as go
import pytest
import streamlit as st

from deq.maps.presets import PRESETS
from pages.ui.fixed_points.live import NUMBER, _number_moved
from pages.ui.fixed_points.words import number
from pages.ui.widgets.text import signed
from tests.pages.conftest import OpenPage, metrics, words

TABS = ["One number", "Four solvers", "As an ODE", "Sweep", "Two numbers"]
OWN = "your own formula"


@pytest.mark.parametrize(
    ("preset", "a", "verdict", "sentence"),
    [
        ("cos x", 1.0, "converges", "converges to x\\* = 0.7390851332"),
        ("affine", 1.1, "diverges", "diverges"),
        ("affine", -1.0, "period 2", "a neutral 2-cycle"),
        ("logistic map", 3.2, "period 2", "a stable 2-cycle, 0.513 and 0.799"),
        ("logistic map", 3.9, "chaotic", "never repeats"),
    ],
)
def test_verdicts(open_page: OpenPage, preset: str, a: float, verdict: str, sentence: str) -> None:
    app = open_page("fixed_points", preset=preset, a=str(a))
    assert metrics(app)["Verdict"] == verdict
    assert sentence in words(app)
    assert len(app.get("plotly_chart")) == 1
    assert "live_number" in [live.key for live in app.get("bidi_component")]


def test_numbers_keep_their_sign_and_rounding_noise_is_zero() -> None:
    assert [signed(x, 2) for x in (-2.5, -0.001, 0.001, 1)] == ["−2.50", "0.00", "0.00", "1.00"]
    assert [number(x) for x in (-2.5, -1e-8, 1e-8, 1 / 3)] == ["−2.5", "0", "0", "0.3333333333"]


def test_default_is_the_cosine(open_page: OpenPage) -> None:
    app = open_page("fixed_points")
    assert metrics(app)["Rate |slope at x\\*|"] == "0.6736"
    assert metrics(app)["Fixed points in the window"] == "1 stable, 0 unstable"


def test_the_table_is_made_while_it_is_open(open_page: OpenPage) -> None:
    app = open_page("fixed_points")
    assert not app.dataframe
    app.session_state["number_data"] = True
    app.run()
    assert app.dataframe[0].value["x*"].tolist() == pytest.approx([0.7390851332])


def test_controls_move_the_verdict(open_page: OpenPage) -> None:
    app = open_page("fixed_points")
    app.selectbox(key="preset").set_value("logistic map").run()
    assert app.slider(key="a").value == PRESETS["logistic map"].a
    app.slider(key="a").set_value(3.2).run()
    assert metrics(app)["Verdict"] == "period 2"
    app.slider(key="map_damping").set_value(0.5).run()
    assert metrics(app)["Verdict"] == "converges"
    app.selectbox(key="preset").set_value("affine")
    app.slider(key="a").set_value(-0.9).run()  # changed in the same run: it stays
    assert metrics(app)["Verdict"] == "converges"
    assert app.slider(key="a").value == -0.9


def test_start_by_field_moves_the_slider(open_page: OpenPage) -> None:
    app = open_page("fixed_points")
    app.number_input(key="start_field").set_value(0.5).run()
    assert app.slider(key="start_cos_x").value == 0.5
    app.slider(key="start_cos_x").set_value(-0.75).run()
    assert app.number_input(key="start_field").value == -0.75


def test_a_is_typed_too(open_page: OpenPage) -> None:
    app = open_page("fixed_points", preset="logistic map")
    app.number_input(key="a_field").set_value(3.8284).run()
    assert app.slider(key="a").value == 3.8284
    app.slider(key="a").set_value(3.2).run()
    assert app.number_input(key="a_field").value == 3.2


def test_the_live_picture_is_sent_a_tree_and_no_text(open_page: OpenPage) -> None:
    app = open_page("fixed_points", preset="logistic map", a="3.2")
    sent = json.loads(app.get("bidi_component")[0].proto.json)
    assert sent["tree"] == ["*", ["*", "a", "x"], ["-", 1, "x"]]
    assert (sent["a"], sent["start"], sent["damping"]) == (3.2, 0.2, 1)
    assert [point["stable"] for point in sent["fixed"]] == [False, False]


@pytest.mark.parametrize(
    ("report", "a", "start"),
    [
        ({"a": 3.5, "start": 0.4, "serial": 1}, 3.5, 0.4),
        ({"a": 1e200, "start": -7}, 4.0, 0.0),
        ({"a": math.nan, "start": "0.3"}, 2.8, 0.2),
        ({"a": 10**400, "start": -math.inf}, 2.8, 0.2),
        ({"a": [3], "start": None, "serial": "x"}, 2.8, 0.2),
        ("alert(1)", 2.8, 0.2),
        (None, 2.8, 0.2),
    ],
)
def test_what_a_browser_reports_is_checked(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, report: object, a: float, start: float
) -> None:
    """As its callback does: before the script runs."""
    app = open_page("fixed_points", preset="logistic map")
    with monkeypatch.context() as patch:
        patch.setattr(st, "session_state", app.session_state)
        patch.setitem(app.session_state, NUMBER, {"moved": report})
        _number_moved()
    app.run()
    assert not app.exception
    assert (app.slider(key="a").value, app.slider(key="start_logistic_map").value) == (a, start)


def test_what_to_try(open_page: OpenPage) -> None:
    app = open_page("fixed_points", map_damping="0.3")
    buttons = {button.label: button for button in app.button}
    buttons["Period 2"].click().run()
    assert app.slider(key="a").value == 3.2
    buttons["Chaos"].click().run()
    assert metrics(app)["Verdict"] == "chaotic"
    buttons["Chaos, tamed by damping"].click().run()
    assert metrics(app)["Verdict"] == "converges"
    buttons["Correct digits double"].click().run()
    assert app.selectbox(key="preset").value == "Babylonian square root"
    assert "at least doubles with every step" in words(app)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "(" * 10_000 + "x" + ")" * 10_000,
        "log(-1 - x*x)",  # parsed, but finite nowhere
    ],
)
def test_bad_formulas_get_one_friendly_message(open_page: OpenPage, text: str) -> None:
    app = open_page("fixed_points", preset=OWN)
    began = time.perf_counter()
    app.text_input(key="formula").set_value(text).run()
    assert time.perf_counter() - began < 2  # a tenth of that on a quiet machine
    assert not app.exception
    assert len(app.error) == 1
    assert "Verdict" not in metrics(app)
    app.text_input(key="formula").set_value("x/2 + a").run()
    assert metrics(app)["Verdict"] == "converges"


def test_own_formula_with_its_own_window(open_page: OpenPage) -> None:
    query = {
        "preset": OWN,
        "formula": "x - a*sin(x) + b",
        "window_from": "-20",
        "window_to": "20",
        "a": "1.2",
    }
    app = open_page("fixed_points", **query)
    assert not app.error
    assert metrics(app)["Fixed points in the window"].startswith("7 stable")
    assert app.slider(key="b").value == 0
    assert app.slider(key="start_your_own_formula").max == 20
    app.number_input(key="window_from").set_value(3.0).run()  # past the start, which moves with it
    assert app.slider(key="start_your_own_formula").value == 3
    assert metrics(app)["Verdict"] == "converges"
    app.number_input(key="window_from").set_value(30.0).run()
    assert "window is empty" in words(app)


@pytest.mark.parametrize("view", TABS)
def test_tabs_draw_and_their_snippets_run(open_page: OpenPage, view: str) -> None:
    app = open_page("fixed_points", explore=view, preset="logistic map", a="3.2", map_damping="0.7")
    assert not app.error
    assert len(app.get("plotly_chart")) >= 1
    snippet = next(code.value for code in app.code if "import" in code.value)
    namespace: dict[str, object] = {}
    exec(snippet, namespace)
    assert isinstance(namespace["figure"], go.Figure)
    assert namespace["figure"].data


@pytest.mark.parametrize("preset", ["cos x", "one-neuron network"])
def test_only_the_open_tab_is_drawn(open_page: OpenPage, preset: str) -> None:
    assert len(open_page("fixed_points", preset=preset, explore="Sweep").get("plotly_chart")) == 1


def test_solvers_tab_says_who_failed(open_page: OpenPage) -> None:
    app = open_page("fixed_points", explore="Four solvers", preset="affine", a="-2")
    assert "Not converged within 60 evaluations: Picard" in words(app)


def test_ode_tab_compares_flow_and_iteration(open_page: OpenPage) -> None:
    app = open_page("fixed_points", explore="As an ODE", preset="affine", a="0.5", b="4")
    assert "The flow $\\dot x = f(x) - x$ settles at 7.99" in words(app)  # far outside of the window
    app = open_page("fixed_points", explore="As an ODE", preset="affine", a="0.9", b="4")
    assert "has not settled; it ends at 31.15" in words(app)  # ever more slowly, to 40
    app = open_page("fixed_points", explore="As an ODE", preset="affine", a="-2")
    assert "settles at 0.3333" in words(app)
    assert "diverges" in words(app)
    assert app.dataframe[0].value["flow: Re λ < 1"].tolist() == ["settles"]
    assert app.dataframe[0].value["Picard: |λ| < 1"].tolist() == ["does not"]


def test_plane_tab_compares_iteration_and_flow(open_page: OpenPage) -> None:
    app = open_page("fixed_points", explore="Two numbers")
    buttons = {button.label: button for button in app.button}
    buttons["Only the flow settles"].click().run()
    assert "the iteration, which needs a size below 1, does not settle" in words(app)
    assert "the flow, which needs a real part below 1, settles" in words(app)
    buttons["Four stable states"].click().run()
    assert "9 fixed points: 4 stable for the iteration" in words(app)


def test_links_to_the_tab_that_moved_open_toy(open_page: OpenPage) -> None:
    app = open_page("fixed_points", explore="A network", toy_input="-3.5")
    assert "y = 2x" in app.title[0].value
    assert app.slider(key="toy_input").value == -3.5


def test_a_slider_move_redraws_quickly(open_page: OpenPage) -> None:
    app = open_page("fixed_points", preset="logistic map")
    seconds = []
    for k in range(11):
        began = time.perf_counter()
        app.slider(key="a").set_value(2.5 + 0.1 * k).run()
        seconds.append(time.perf_counter() - began)
    print(f"median of a slider move: {1000 * statistics.median(seconds):.0f} ms")
    assert statistics.median(seconds) < 1  # 200 ms on a quiet machine
