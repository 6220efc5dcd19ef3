"""Drawing on the Predict page: each stroke is answered, warm against cold is said, and a link holds the drawing."""

import io
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import streamlit as st
from PIL import Image

from deq.analysis.answers import Followed, answer_digits
from deq.data import load_dataset
from deq.images.drawing import LONGEST, write_drawing
from deq.models import load_pretrained
from deq.models.architectures import Architecture, construct
from deq.models.weights import Form, weights_of
from pages.ui.predict.inputs import REFUSED, TOO_LONG
from pages.ui.predict.readings import most_doubtful
from pages.ui.predict.words import IN_LINK, card_words, warm_sentence
from pages.ui.readers.model import DIGITS, shipped_model
from tests.pages.conftest import OpenPage, metrics, press, words

pytestmark = pytest.mark.usefixtures("scikit_learn_only")

ONE = (((150, 50), (150, 150), (148, 250)),)
SEVEN = (((95, 60), (205, 60), (170, 150), (140, 250)),)
WARM = "Started from the last equilibrium: "


def test_each_stroke_is_answered_from_the_last_equilibrium(open_page: OpenPage, pen) -> None:
    app = open_page("predict", predict_way="Draw", model="mlp")
    pen.draw(app, ONE)
    assert metrics(app)["Prediction"] == "1"
    assert metrics(app)["Model"] == "mlp"
    assert WARM not in words(app)
    pen.draw(app, SEVEN)
    assert metrics(app)["Prediction"] == "7"
    assert f"{metrics(app)['Evaluations']} evaluations" in words(app).partition(WARM)[2]
    said = words(app)
    app.run()  # nothing new was drawn: the same answer, not one from its own equilibrium
    assert words(app) == said
    app.selectbox(key="solver").select("Picard").run()
    assert WARM not in words(app)  # another solver starts anew
    press(app, "Clear")
    assert "strokes" not in app.query_params


def test_a_card_says_what_the_page_says_and_holds_its_link(
    open_page: OpenPage, pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(st, "download_button", lambda label, data, **_: made.append((label, data)))
    app = open_page("predict", predict_way="Draw", model="mlp")
    pen.draw(app, SEVEN)
    data = dict(made[-4:])["Save as a card"]
    card = Image.open(io.BytesIO(data()))
    assert parse_qs(urlsplit(card.text["Source"]).query)["strokes"] == [write_drawing(SEVEN)]


def test_a_card_does_not_claim_an_answer_without_an_equilibrium() -> None:
    chosen = shipped_model("mlp")
    image = load_dataset("digits").test_images[0, ..., 0]
    (answer,) = answer_digits(chosen.model, image[None], chosen.solver)
    assert (
        card_words(answer, chosen, own=True)[0]
        == f"My {answer.label} settled in {answer.evaluations} evaluations"
    )
    lost = card_words(replace(answer, converged=False), chosen, own=False)
    assert lost[0] == f"This picture did not settle in {answer.evaluations} evaluations"
    assert "no answer" in lost[1]


def test_a_link_opens_the_drawing_and_its_answer(open_page: OpenPage, pen) -> None:
    app = open_page("predict", predict_way="Draw", model="mlp")
    pen.draw(app, SEVEN)
    text = write_drawing(SEVEN)
    assert app.query_params["strokes"] in (text, [text])
    pen.key = ""  # another browser
    other = open_page("predict", predict_way="Draw", model="mlp", strokes=text)
    assert metrics(other) == metrics(app)
    assert other.query_params["strokes"] in (text, [text])
    other.button_group(key="predict_way").set_value("Upload").run()
    assert "strokes" not in other.query_params


@pytest.mark.parametrize("text", ["<script>", "A" * 10_000, write_drawing(SEVEN)[:-3]])
def test_a_text_that_is_no_drawing_is_one_line(open_page: OpenPage, pen, text: str) -> None:
    app = open_page("predict", predict_way="Draw", model="mlp", strokes=text)
    assert [warning.value for warning in app.warning] == [REFUSED]
    assert "strokes" not in app.query_params
    assert not app.metric
    pen.draw(app, ONE)
    pen.draw(app, ())  # undone: the link is forgotten
    assert not app.warning


def test_a_drawing_too_long_for_a_link_is_answered_and_said(open_page: OpenPage, pen) -> None:
    app = open_page("predict", predict_way="Draw", model="mlp")
    along = [(150 + 2 * (i % 2), 50 + 4 * (i % 50)) for i in range(LONGEST)]
    pen.draw(app, (tuple(along),))
    assert metrics(app)["Prediction"]
    assert "strokes" not in app.query_params
    captions = [caption.value for caption in app.caption]
    assert TOO_LONG in captions
    assert not any(IN_LINK in caption for caption in captions)
    pen.draw(app, ONE)
    assert any(IN_LINK in caption.value for caption in app.caption)


def test_what_a_warm_start_saves_or_costs_is_said_as_it_is() -> None:
    mlp = load_pretrained("mlp")
    a, b = answer_digits(mlp.model, load_dataset("digits").test_images[:2, ..., 0], mlp.solver)

    def said(own, warm, **changed) -> str:
        return warm_sentence(Followed(own, warm and replace(warm, **changed)), DIGITS)

    assert said(a, None) == ""
    assert f"{a.evaluations - 2} evaluations instead of {a.evaluations}" in said(
        a, a, evaluations=a.evaluations - 2
    )
    assert f"99 evaluations, more than the {a.evaluations}" in said(a, a, evaluations=99)
    assert "as many as" in said(a, a)
    assert "does not converge" in said(a, a, converged=False)
    assert f"ends at {b.label}" in said(a, b)


def test_the_most_doubtful_has_not_converged_or_the_lowest_confidence() -> None:
    sure, unsure, lost = (
        SimpleNamespace(converged=c, confidence=p) for c, p in [(True, 0.9), (True, 0.4), (False, 1)]
    )
    assert most_doubtful([[], [sure], [sure, unsure], []]) == 2
    assert most_doubtful([[unsure], [lost]]) == 1
    assert most_doubtful([[], []]) is None


def test_the_question_is_of_classes_where_they_are_no_digits(open_page: OpenPage) -> None:
    architecture = Architecture(784, 3, width=4)
    data = weights_of(construct(architecture), architecture, form=Form(("star", "ring", "bar"), "plain"))
    app = open_page("predict", model="mlp", predict_way="Draw")
    assert app.title[0].value.startswith("Which digit")
    app.file_uploader(key="predict_weights").upload("mine.safetensors", data).run()
    assert app.title[0].value.startswith("Which class")
    assert np.all(["test set" not in text.value for text in app.markdown])
