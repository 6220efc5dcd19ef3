"""Inputs of the Predict page: many files, zips, test digits that are hard, scikit-learn's without MNIST."""

from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from deq.data import load_dataset
from pages.ui.predict.readings import Reading, columns_of
from tests.images.test_bundle import zipped
from tests.pages.conftest import OpenPage, labels, metrics, press
from tests.pages.test_predict import drawn

pytestmark = pytest.mark.usefixtures("scikit_learn_only")


def table(app: AppTest):
    return app.dataframe[0].value


def test_without_mnist_scikit_learn_replaces_it(open_page: OpenPage) -> None:
    app = open_page("predict")
    assert app.number_input(key="index").label == "Or a test digit from scikit-learn"
    assert app.number_input(key="index").max == 359


def test_many_files_and_a_zip_make_a_table(open_page: OpenPage) -> None:
    digits = load_dataset("digits")
    images, labels = digits.test_images[..., 0], digits.test_labels
    packed = zipped({"a.png": drawn(images[1:2]), "../b.png": b"x", "c.png": b"text"})
    app = open_page("predict")
    app.file_uploader(key="upload").set_value(
        [
            ("bad.png", b"", "image/png"),
            ("all.zip", packed, "application/zip"),
            ("last.png", drawn(images[:1]), "image/png"),
        ]
    ).run()
    assert not app.exception
    assert metrics(app)["Prediction"] == str(labels[0])  # the newest
    rows = table(app)
    assert list(rows["file"]) == ["bad.png", "a.png", "../b.png", "c.png", "last.png"]
    assert list(rows["prediction"]) == ["", str(labels[1]), "", "", str(labels[0])]
    for error, said in zip(rows["error"], ["empty", "", "points outside", "not a picture", ""], strict=True):
        assert said in error


def test_one_click_shows_the_most_doubtful_picture(open_page: OpenPage) -> None:
    images = load_dataset("digits").test_images[:3, ..., 0]
    app = open_page("predict", model="mlp")
    app.file_uploader(key="upload").set_value(
        [(f"{i}.png", drawn(images[i : i + 1]), "image/png") for i in range(3)]
    ).run()
    rows = table(app)
    doubtful = int(rows["confidence"].astype(float).argmin())
    assert doubtful < 2  # the last is shown already
    assert metrics(app)["Prediction"] == rows["prediction"][2] != rows["prediction"][doubtful]
    press(app, next(said for said in labels(app) if said.startswith("Show the least certain")))
    assert metrics(app)["Prediction"] == rows["prediction"][doubtful]


def test_a_zip_that_is_no_zip_is_one_line(open_page: OpenPage) -> None:
    app = open_page("predict")
    app.file_uploader(key="upload").upload("x.zip", b"PK\x03\x04" + bytes(50), "application/zip").run()
    assert not app.exception
    assert "zip is damaged" in app.error[0].value


def test_the_table_names_no_class_for_a_solve_that_failed() -> None:
    reading = Reading("a", "a.png", np.zeros((2, 28, 28), np.uint8), "", {}, "")
    three, lost = (SimpleNamespace(label=k, converged=k == 3, confidence=0.9, evaluations=7) for k in (3, 5))
    found = columns_of([reading], {"a": [three, lost]}, [str(k) for k in range(10)])
    assert found["prediction"] == ["3 ?"]


def test_only_mistakes(open_page: OpenPage) -> None:
    app = open_page("predict", predict_way="Test digit", predict_which="only mistakes", model="mlp")
    press(app, "Next")
    assert metrics(app)["Prediction"] != metrics(app)["True label"]
