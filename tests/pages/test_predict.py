"""The Predict page: an answer without any upload, uploads read, refusals in one line, failures not shown as answers."""

import io
import time
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from deq.data import load_dataset
from deq.solvers import SOLVERS, Anderson
from pages.ui.readers.digit import KEY
from tests.pages.conftest import OpenPage, metrics
from tests.support import pictures


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real digits (n, 28, 28) and labels that need no network."""
    dataset = load_dataset("digits")
    clear = [0, 1, 3, 4, 5, 6]  # 2, 3, 5, 6, 7, 8: enlarged, the 4 between them resembles a 9
    return dataset.test_images[clear, ..., 0], dataset.test_labels[clear]


def upload(app: AppTest, data: bytes, name: str = "digit.png") -> AppTest:
    app.file_uploader(key="upload").upload(name, data, "image/png").run()
    assert not app.exception, app.exception
    return app


def drawn(digits: np.ndarray, columns: int = 160) -> bytes:
    """Digits side by side, as from a paint program."""
    size = (160, columns * len(digits))
    places = [(0.5, (i + 0.5) / len(digits)) for i in range(len(digits))]
    rng = np.random.default_rng(1)
    inks = [
        pictures.draw(d, size, 90, 9, rng, place=p, tilt=0.1) for d, p in zip(digits, places, strict=True)
    ]
    file = io.BytesIO()
    Image.fromarray(np.round(255 * (1 - np.max(inks, axis=0))).astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_useful_without_an_upload(open_page: OpenPage) -> None:
    app = open_page("predict")
    assert metrics(app)["Prediction"] == metrics(app)["True label"]
    assert len(app.get("plotly_chart")) == 2  # three solvers in the plane, and their residuals
    assert any("Converged on" in text.value for text in app.markdown)


def test_link_restores_the_digit_the_model_and_the_solver(open_page: OpenPage) -> None:
    app = open_page("predict", index="7", model="mlp", solver="Picard")
    assert app.number_input(key="index").value == 7
    assert app.selectbox(key="solver").value == "Picard"
    assert not app.exception


def test_another_digit(open_page: OpenPage) -> None:
    app = open_page("predict")
    next(button for button in app.button if button.label == "Another").click().run()
    assert not app.exception
    assert metrics(app)["Prediction"].isdigit()


def test_upload_is_answered(open_page: OpenPage, digits) -> None:
    images, labels = digits
    app = open_page("predict")
    assert KEY not in app.session_state  # a test digit is nobody's own
    for i in range(3):
        upload(app, drawn(images[i : i + 1]), f"{i}.png")
        assert metrics(app)["Prediction"] == str(labels[i])
        assert "True label" not in metrics(app)
        assert len(set(app.session_state[KEY])) > 2  # kept for Solvers
        assert len(app.session_state[KEY]) == 28 * 28


def test_several_digits_are_each_read(open_page: OpenPage, digits) -> None:
    images, labels = digits
    app = upload(open_page("predict"), drawn(images[:4]))
    assert metrics(app)["Prediction"].split() == [str(label) for label in labels[:4]]
    assert metrics(app)["Digits found"] == "4"
    app.segmented_control(key="digit_of_4").select(2).run()
    assert not app.exception
    assert any(f"Converged on **{labels[2]}**" in text.value for text in app.markdown)


def test_a_refusal_is_one_line_and_the_next_upload_works(open_page: OpenPage, digits) -> None:
    app = upload(open_page("predict"), b"a text that is called digit.png")
    assert "not a picture" in app.error[0].value
    assert not app.metric
    upload(app, drawn(digits[0][:1]), "good.png")
    assert metrics(app)["Prediction"] == str(digits[1][0])
    assert not app.error


def test_blank_is_not_guessed(open_page: OpenPage) -> None:
    file = io.BytesIO()
    Image.new("RGB", (120, 120), "white").save(file, "PNG")
    app = upload(open_page("predict"), file.getvalue())
    assert "blank" in app.error[0].value
    assert not app.metric


def test_a_failed_solve_is_no_answer(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    scant = replace(SOLVERS["Anderson"], default=Anderson(max_nfe=2))  # no digit converges in two evaluations
    monkeypatch.setitem(SOLVERS, "Anderson", scant)
    app = open_page("predict", model="mlp")
    assert metrics(app)["Prediction"] == "not converged"
    assert any("This is not an equilibrium" in text.value for text in app.markdown)
    assert "none of them is an answer" in " ".join(caption.value for caption in app.caption)


def test_ink_and_threshold_can_be_set(open_page: OpenPage, digits) -> None:
    app = upload(open_page("predict"), drawn(digits[0][:1]))
    app.selectbox(key="ink").select("dark ink").run()
    app.toggle(key="by_hand").set_value(True).run()
    app.slider(key="threshold").set_value(0.5).run()
    assert metrics(app)["Prediction"] == str(digits[1][0])
    app.slider(key="threshold").set_value(0.9).run()
    assert not app.exception


@pytest.mark.parametrize("solver", ["damped Picard", "ODE flow"])
def test_other_solvers_find_the_same_answer(open_page: OpenPage, solver: str) -> None:
    app = open_page("predict", solver=solver)
    assert metrics(app)["Prediction"] == metrics(app)["True label"]


def test_warm_answers_are_quick(open_page: OpenPage, digits) -> None:
    app = upload(open_page("predict"), drawn(digits[0][:1]))
    seconds = []
    for i in range(1, 6):
        start = time.perf_counter()
        upload(app, drawn(digits[0][i : i + 1]), f"{i}.png")
        seconds.append(time.perf_counter() - start)
    assert np.median(seconds) < 2  # 0.2 s on a quiet machine; no compiling on the way


def test_the_code_on_the_page_gives_its_answer(
    open_page: OpenPage, digits, tmp_path, monkeypatch, capsys
) -> None:
    data = drawn(digits[0][:1])
    app = upload(open_page("predict"), data)
    (tmp_path / "digit.png").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    exec(next(code.value for code in app.code if "find_digits" in code.value), {})
    assert capsys.readouterr().out.startswith(f"[{metrics(app)['Prediction']}]")


@pytest.mark.parametrize("page", ["predict", "solvers"])
def test_every_model_on_offer_is_explained(open_page: OpenPage, page: str) -> None:
    (choice,) = (box for box in open_page(page).selectbox if box.label == "Model")
    for name in choice.options:
        assert f"- {name}: " in choice.help or name == "your own weights"
