"""The operator of a server names a model's code at its start; visitors bring weights for it, never code."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deq.models.model_file import ADMITTED, fresh, load_model_file
from deq.models.weights import weights_of
from pages.ui.readers.operator import VARIABLE, admit_operator_model
from tests.pages.conftest import OpenPage, metrics, words
from tests.support.own_model import write_model

pytestmark = pytest.mark.usefixtures("scikit_learn_only")


@pytest.fixture
def named(tmp_path: Path) -> Iterator[str]:
    """FILE.py:FUNCTION of a model that no server has been given yet, nor is after the test."""
    admit_operator_model.clear()
    yield f"{write_model(tmp_path)}:gated"
    ADMITTED.pop("cell.py:gated", None)
    admit_operator_model.clear()


def weights(named: str, seed: int = 0) -> bytes:
    file = load_model_file(named)
    return weights_of(fresh(file.name, file.make, seed), code=file.name)


@pytest.mark.long
def test_weights_of_the_operator_s_model_are_read(
    named: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, named)
    app = open_page("predict")
    app.file_uploader(key="predict_weights").upload("mine.safetensors", weights(named)).run()
    assert not app.exception
    assert app.selectbox(key="model").value == "mine (uploaded)"
    assert metrics(app)["Prediction"].isdigit()
    assert "The model **cell.py:gated**" in words(app)


def test_weights_of_code_that_the_server_has_not_been_given_are_refused(
    named: str, open_page: OpenPage
) -> None:
    app = open_page("predict")
    app.file_uploader(key="predict_weights").upload("mine.safetensors", weights(named, 1)).run()
    assert not app.exception
    assert "need the code of their model, cell.py:gated" in app.error[0].value


def test_code_that_fails_is_in_the_log_and_the_pages_serve(
    named: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, named.replace(":gated", ":gate"))
    open_page("glossary")
    open_page("glossary")
    assert caplog.text.count("DEQ_MODEL: ") == 1
    assert "has no function 'gate'" in caplog.text
