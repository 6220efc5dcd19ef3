"""Own points and own pictures on the training page: entered, refused, linked, and known to nobody else."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from deq.data import Form, Points
from deq.data.patterns import pattern
from deq.data.points import make_points
from deq.images import keep_plain, read_picture
from deq.jobs import Registry, Status, as_dict
from deq.jobs.film import CLASSES
from deq.models import Architecture
from deq.models.architectures import construct
from deq.models.weights import form_of, weights_of
from pages.ui.train import own_points
from pages.ui.train.own import UPLOAD as ZIP
from pages.ui.train.own_points import CODE, FIRST, TEXT, UPLOAD
from tests.data.test_zips import pictures, png
from tests.images.test_bundle import zipped
from tests.pages.conftest import OpenPage, metrics, press, run_until, words
from tests.pages.links import VALUES
from tests.pages.test_privacy import kept_for_all
from tests.support.own_data import write_folder, zipped_folder

pytestmark = pytest.mark.usefixtures("runs")
POINTS, PICTURES = {"fit_task": "own points", "fit_width": "8"}, {"fit_task": "own pictures"}
SECRET = "my-secret-class"


def start(app: AppTest) -> AppTest:
    return next(button for button in app.button if button.label == "Start training")


def upload(app: AppTest, key: str, name: str, data: bytes) -> None:
    app.file_uploader(key=key).upload(name, data).run()
    assert not app.exception


def test_the_points_of_a_link_are_on_the_page_and_in_the_link(open_page: OpenPage) -> None:
    app = open_page("train", **POINTS)
    assert app.query_params[CODE] == FIRST.code
    assert len(app.get("bidi_component")) == 3  # points to enter, the plane before training, the link
    assert "42 examples for training, 6 for validation, 12 for testing" in " ".join(
        c.value for c in app.caption
    )
    assert "Each batch is the whole training set, 42 examples" in " ".join(c.value for c in app.caption)
    assert app.text_area(key=TEXT).value.count("\n") == len(FIRST.y)
    press(app, "Ring")
    assert app.query_params[CODE] == pattern("Ring").code
    again = open_page("train", **POINTS, **{CODE: app.query_params[CODE]})
    assert again.text_area(key=TEXT).value == app.text_area(key=TEXT).value
    assert not again.error
    app.selectbox(key="fit_task").set_value("circles").run()
    assert CODE not in app.query_params
    app.selectbox(key="fit_task").set_value("own points").run()  # and the session kept them
    assert app.query_params[CODE] == pattern("Ring").code


def test_an_address_that_comes_back_late_undoes_nothing_and_later_it_is_back(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", **POINTS)
    press(app, "Ring")
    app.query_params[CODE] = FIRST.code
    app.run()
    assert app.query_params[CODE] == pattern("Ring").code
    assert app.text_area(key=TEXT).value.count("\n") == len(pattern("Ring").y)
    monkeypatch.setattr(own_points, "LATE", 0.0)
    app.query_params[CODE] = FIRST.code
    app.run()
    assert app.text_area(key=TEXT).value.count("\n") == len(FIRST.y)


@pytest.mark.parametrize("code", [VALUES[14], VALUES[21], "AAA" * 500])
def test_a_hostile_list_of_points_is_one_line_and_the_default(open_page: OpenPage, code: str) -> None:
    app = open_page("train", **POINTS, **{CODE: code})
    assert len(app.error) == 1
    assert "points in the link cannot be read" in app.error[0].value
    assert app.query_params[CODE] == FIRST.code
    assert not start(app).disabled


def test_text_replaces_the_points_and_is_mended_where_it_is_wrong(open_page: OpenPage) -> None:
    app = open_page("train", **POINTS)
    rows = "".join(f"{100 + i}, {i % 5}, {'$a$' if i % 2 else 'b'}\n" for i in range(12))
    app.text_area(key=TEXT).set_value(rows).run()
    said = " ".join(caption.value for caption in app.caption)
    assert "Moved and scaled into the plane" in said
    assert r"A is \$a\$, B is b" in said
    assert Points(app.query_params[CODE]).classes == ("A", "B")
    app.text_area(key=TEXT).set_value("1, 2, A\nx, 2, B\n").run()
    assert "line 2: 'x' is not a finite number" in app.error[0].value
    assert app.text_area(key=TEXT).value == "1, 2, A\nx, 2, B\n"
    assert len(Points(app.query_params[CODE]).y) == 12
    app.text_area(key=TEXT).set_value("").run()
    assert not app.error
    assert start(app).disabled
    assert "two classes" in words(app)
    press(app, "Corners")
    assert not start(app).disabled


def test_a_table_of_points_is_uploaded_or_refused(open_page: OpenPage) -> None:
    app = open_page("train", **POINTS)
    upload(app, UPLOAD, "p.csv", b"x,y,label\n" + b"0.5,1.5,C\n1.5,0.5,E\n-1,1,C\n" * 5)
    assert Points(app.query_params[CODE]).classes == ("C", "E")
    before = app.query_params[CODE]
    upload(app, UPLOAD, "<b>.csv", b"\xff\xfe")
    assert len(app.error) == 1
    assert app.query_params[CODE] == before


@pytest.mark.long
@pytest.mark.parametrize("classes", [2, 6])
def test_points_are_learnt(open_page: OpenPage, runs: Registry, classes: int) -> None:
    centres = np.array([[-2, 0], [2, 0], [0, 2], [0, -2], [0, 0], [2, 2]])[:classes]
    label = np.repeat(np.arange(classes), 12)
    points = make_points(centres[label] + 0.2 * np.random.default_rng(0).normal(size=(len(label), 2)), label)
    app = open_page("train", **POINTS, **{CODE: points.code})
    press(app, "Start training")
    job = runs.get(app.query_params["job"])
    run_until(app, lambda: metrics(app)["Test accuracy"] != "-")
    assert job.status is Status.FINISHED
    assert set(job.snapshot().film[-1].cells % CLASSES) == set(range(classes))
    assert float(metrics(app)["Test accuracy"].removesuffix(" %")) > 90
    assert as_dict(job.plan)["points"] == points.code
    assert form_of(weights_of(job.model, job.plan.architecture, form=job.plan.form)).classes == points.classes


def test_own_pictures_are_asked_for_read_or_refused(open_page: OpenPage) -> None:
    app = open_page("train", **PICTURES)
    assert start(app).disabled
    assert "Upload your pictures to start" in words(app)
    upload(app, ZIP, "a.zip", zipped(pictures("a", "b") | {"b/broken $x$.png": b"no"}))
    assert "20 pictures, kept whole, in 2 classes: a and b." in words(app)
    assert r"broken \$x\$.png" in app.warning[0].value
    assert not start(app).disabled
    upload(app, ZIP, "<i>.zip", zipped(pictures("a") | {"../x/0.png": png()}))
    assert len(app.error) == 1
    assert "points outside the zip" in app.error[0].value
    assert start(app).disabled


def test_own_pictures_stay_in_their_session(open_page: OpenPage) -> None:
    secret = zipped(pictures(SECRET, "b"))
    app = open_page("train", **PICTURES)
    upload(app, ZIP, "secret.zip", secret)
    seen = keep_plain(read_picture(png(20)))[0].tobytes()
    assert not kept_for_all(secret, SECRET.encode(), seen)
    link = app.code[-1].value if app.code else ""
    assert SECRET not in link
    assert set(app.query_params) == {"fit_task"}
    stranger = open_page("train", **dict(app.query_params))
    assert start(stranger).disabled
    assert SECRET not in words(stranger)


@pytest.mark.long
def test_own_pictures_are_learnt_and_predict_knows_their_names(
    open_page: OpenPage, runs: Registry, tmp_path: Path
) -> None:
    app = open_page("train", **PICTURES, fit_width="32", fit_reader="whole", fit_epochs="60")
    upload(app, ZIP, "digits.zip", zipped_folder(write_folder(tmp_path, 300, 80)))
    press(app, "Start training")
    job = runs.get(app.query_params["job"])
    run_until(app, lambda: metrics(app)["Test accuracy"] != "-")
    assert float(metrics(app)["Test accuracy"].removesuffix(" %")) > 70
    assert set(as_dict(job.plan)["data"]) == {"classes", "inputs"}
    assert job.plan.form == Form(tuple("0123456789"), "plain")


@pytest.mark.long
def test_predict_names_other_classes(open_page: OpenPage) -> None:
    names = ("*star*", "ring", "x" * 100)
    architecture = Architecture(784, 3, width=4)
    data = weights_of(construct(architecture), architecture, form=Form(names, "plain"))
    app = open_page("predict", model="mlp", predict_way="Test digit")
    upload(app, "predict_weights", "mine.safetensors", data)
    assert app.selectbox(key="model").value == "mine (uploaded)"
    assert app.button_group(key="predict_way").options == ["Upload", "Draw", "Camera"]
    upload(app, "upload", "p.png", png(200, side=40))
    assert metrics(app)["Prediction"] in (r"\*star\*", "ring", "x" * 23 + "…")
    assert "made from digits" in words(app)
    assert "keep_plain" in next(code.value for code in app.code if "restore_weights" in code.value)
