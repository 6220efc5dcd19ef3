"""The training page: a run from its button to its downloads, halted, resumed, shared by its link alone."""

import base64
import io
import json
import re
import zlib
from typing import Any

import pytest
from PIL import Image
from safetensors.numpy import load
from streamlit.testing.v1 import AppTest

from deq.jobs import Registry, Status
from deq.models.weights import architecture_of, weights_of
from pages.ui.server import owner
from pages.ui.server.runs import duration
from pages.ui.train.named import about
from pages.ui.train.replay import ANSWERS, EVALUATIONS, moving
from pages.ui.train.settings import BASIC, PICTURES, PRESETS
from tests.conftest import ROOT
from tests.pages.conftest import OpenPage, labels, metrics, press, run_until, words
from tests.pages.test_privacy import token

pytestmark = pytest.mark.usefixtures("runs")

QUICK = {"fit_task": "two moons", "fit_width": "8", "fit_epochs": "2"}


def sent(app: AppTest) -> dict[str, Any]:
    """What the page has sent to its replay."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def test_first_visit_shows_the_data(open_page: OpenPage) -> None:
    app = open_page("train")
    assert sent(app)["steps"] == [0]
    assert len(sent(app)["points"]) == 768
    assert "the weights are random" in words(app)
    assert "Pause" not in labels(app)


def test_a_run_from_start_to_end(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", **QUICK)
    press(app, "Start training")
    job_id = app.query_params["job"]
    run_until(app, lambda: "Pause" not in labels(app))
    assert runs.get(job_id).status is Status.FINISHED
    film = sent(app)
    assert film["steps"] == list(range(25))  # every update, and the last
    assert [film["live"], film["lost"], film["total"]] == [False, False, 24]
    assert len(zlib.decompress(base64.b64decode(film["frames"]))) == 25 * film["side"] ** 2
    assert float(metrics(app)["Test accuracy"].removesuffix(" %")) > 60
    assert {"Evaluations", "Converged", "Validation accuracy"} <= set(metrics(app))
    assert len(app.get("vega_lite_chart")) + len(app.get("arrow_vega_lite_chart")) == 6
    app.segmented_control(key="fit_map").set_value("Evaluations").run()
    costs = sent(app)
    assert (costs["frames"] != film["frames"], film["effort"], costs["effort"]) == (True, False, True)
    job = runs.get(job_id)
    films = [moving(job.plan, job.snapshot().film, False, view) for view in (ANSWERS, EVALUATIONS)]
    assert films[0] != films[1]
    assert [Image.open(io.BytesIO(one)).n_frames for one in films] == [25, 25]
    assert costs["range"][0] < min(costs["median"]) <= max(costs["median"]) <= costs["range"][1]
    assert {button.proto.label for button in app.get("download_button")} >= {
        "Weights",
        "History",
        "Settings",
        "Replay (GIF)",
    }


def test_refresh_and_link_find_the_run_and_other_visitors_do_not(open_page: OpenPage) -> None:
    app = open_page("train", **QUICK)
    press(app, "Start training")
    job_id = app.query_params["job"]
    stranger = open_page("train")
    assert "Pause" not in labels(stranger)
    assert "job" not in stranger.query_params
    again = open_page("train", job=job_id)
    run_until(again, lambda: metrics(again)["Test accuracy"] != "-")


def test_an_unknown_run_is_reported(open_page: OpenPage) -> None:
    app = open_page("train", job="nonsense")
    assert "no longer on this server" in app.info[0].value
    assert "job" not in app.query_params


def test_stop_and_resume(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", **QUICK | {"fit_epochs": "500"})
    press(app, "Start training")
    job = runs.get(app.query_params["job"])
    run_until(app, lambda: job.snapshot().step > 0)
    press(app, "Stop")
    run_until(app, lambda: "Resume" in labels(app))
    assert job.status is Status.STOPPED
    stopped_at = job.snapshot().step
    press(app, "Resume")
    run_until(app, lambda: job.snapshot().step > stopped_at)
    press(app, "Pause")
    run_until(app, lambda: job.status is Status.PAUSED)


@pytest.mark.long
def test_runs_are_compared_by_what_differs(open_page: OpenPage) -> None:
    app = open_page("train", **QUICK)
    press(app, "Start training")
    run_until(app, lambda: "Pause" not in labels(app))
    app.selectbox(key="fit_activation").set_value("relu").run()
    press(app, "Start training")
    run_until(app, lambda: "Pause" not in labels(app))
    table = app.dataframe[0].value
    assert list(table["setting"]) == ["architecture activation"]
    assert list(table["run 1"]) + list(table["run 2"]) == ["tanh", "relu"]


def test_a_refresh_keeps_the_runs_and_a_link_does_not_share_them(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "this_browser", lambda: token(1))
    app = open_page("train", **QUICK)
    for _ in range(2):
        press(app, "Start training")
    assert "runs" not in app.query_params
    job = app.query_params["job"][0]
    names = app.button_group(key="fit_run").options
    assert names[-2:] == ["run 1", "run 2"]
    assert (
        open_page("train", **QUICK).button_group(key="fit_run").options == names
    )  # without a run in the link
    monkeypatch.setattr(owner, "this_browser", lambda: token(2))
    other = open_page("train", runs=f"7.{job}~x.{job}~2.guessed~~..", job=job)
    assert not other.exception
    assert "fit_run" not in [group.key for group in other.button_group]  # one run, the one in the link
    assert "Pause" not in labels(other)
    assert "runs" not in other.query_params


def test_a_formula_that_cannot_be_learnt(open_page: OpenPage) -> None:
    app = open_page("train", fit_task="own formula", fit_formula="1/x")
    assert "not finite everywhere" in app.warning[0].value
    press(app, "Start training")
    run_until(app, lambda: bool(app.error))
    assert "not finite everywhere" in app.error[0].value
    assert "Resume" not in labels(app) or not app.exception


@pytest.mark.long
def test_the_flow_may_spend_more(open_page: OpenPage) -> None:
    app = open_page("train", fit_solver="ODE flow")
    assert app.select_slider(key="fit_max_nfe").value == 300
    app.selectbox(key="fit_solver").set_value("Picard").run()
    assert app.select_slider(key="fit_max_nfe").value == 40


def test_three_runs_a_visitor(open_page: OpenPage) -> None:
    app = open_page("train", **QUICK | {"fit_epochs": "500"})
    for _ in range(4):
        press(app, "Start training")
    assert "stop one of them first" in app.warning[0].value
    assert any("number 1 in the queue" in bar.proto.text for bar in app.get("progress"))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("task", ["two moons", "digits"])
def test_presets_are_settings_that_exist(open_page: OpenPage, name: str, task: str) -> None:
    app = open_page("train", fit_task=task)
    press(app, name)
    values, (changes, _) = (BASIC if task == "two moons" else PICTURES), PRESETS[name]
    wanted = values | changes
    assert app.selectbox(key="fit_cell").value == wanted["fit_cell"]
    assert app.select_slider(key="fit_tol").value == wanted["fit_tol"]
    assert app.select_slider(key="fit_width").value == wanted["fit_width"]


@pytest.mark.long
def test_a_digit_reader_goes_to_predict_and_back_from_a_file(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", fit_task="digits", fit_epochs="1", fit_width="32")
    press(app, "Start training")
    run_until(app, lambda: bool(app.get("page_link")))
    job = runs.get(app.query_params["job"])
    data = weights_of(job.model, job.plan.architecture)
    assert architecture_of(data) == job.plan.architecture
    assert load(data)
    app.file_uploader(key="fit_upload").upload("mine.safetensors", data, "application/octet-stream").run()
    assert "784 inputs, 10 outputs" in words(app)
    app.switch_page(str(ROOT / "pages" / "predict.py"))
    app.query_params["model"] = "run 1"
    app.run()
    assert not app.exception
    assert app.selectbox(key="model").value == "run 1"
    assert metrics(app)["Prediction"]
    shown = next(code.value for code in app.code if "restore_weights" in code.value)
    assert json.dumps("weights.safetensors") in shown


def test_models_beyond_the_controls_have_their_command(open_page: OpenPage) -> None:
    commands = [code.value for code in open_page("train", fit_task="digits").code]
    assert "python -m deq train digits --model conv --out runs/conv" in commands
    assert not any("--model" in code.value for code in open_page("train").code)


@pytest.mark.long
def test_a_model_by_name_says_its_time_and_goes_to_predict(open_page: OpenPage, runs: Registry) -> None:
    app = open_page("train", fit_task="digits", fit_model="mlp", fit_epochs="1")
    assert re.search(r"recipe, made for 6 epochs; 1 epoch will take \*\*about \d+ (s|min)\*\*", said(app))
    press(app, "Start training")
    run_until(app, lambda: bool(app.get("page_link")))
    assert runs.get(app.query_params["job"]).plan.architecture == "mlp"
    app.switch_page(str(ROOT / "pages" / "predict.py"))
    app.query_params["model"] = "run 1"
    app.run()
    assert not app.exception
    assert metrics(app)["Prediction"]


def said(app: AppTest) -> str:
    return " ".join(caption.value for caption in app.caption)


def test_models_by_name_are_for_pictures_and_a_preset_leaves_them(open_page: OpenPage) -> None:
    assert "fit_model" not in [box.key for box in open_page("train").selectbox]
    app = open_page("train", fit_task="digits", fit_model="conv")
    assert "fit_solver" not in [box.key for box in app.selectbox]
    press(app, "Fast")
    assert app.selectbox(key="fit_solver").value == "Picard"


def test_an_estimate_has_no_more_digits_than_it_deserves() -> None:
    assert [about(s) for s in (1, 33, 93, 3000, 9000)] == [
        "about 5 s",
        "about 35 s",
        "about 2 min",
        "about 50 min",
        "about 2.5 h",
    ]


def test_durations() -> None:
    assert [duration(s) for s in (4.2, 90, float("nan"))] == ["4 s", "1 min 30 s", "unknown time"]
