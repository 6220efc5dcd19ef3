"""Hostile weights in the uploaders of three pages: one error message, no traceback."""

import numpy as np
import pytest
import safetensors.numpy
from streamlit.testing.v1 import AppTest

from deq.models.checkpoints import PRETRAINED, WEIGHTS
from tests.pages.conftest import OpenPage, metrics
from tests.support.hostile_text import HOSTILE_WEIGHTS

pytestmark = pytest.mark.usefixtures("scikit_learn_only")

PLACES = {
    "train": ("fit_upload", {}),
    "predict": ("predict_weights", {"model": "mlp", "predict_view": "The whole test set"}),
    "solvers": (
        "race_weights",
        {"race_model": "your own weights", "race_size": "8", "race_solvers": "Picard"},
    ),
}


def upload(app: AppTest, key: str, data: bytes) -> None:
    app.file_uploader(key=key).upload("<b>$x$</b>.safetensors", data, "application/octet-stream").run()
    assert not app.exception


@pytest.mark.parametrize("name", PLACES)
def test_hostile_weights_get_one_line(name: str, open_page: OpenPage) -> None:
    key, query = PLACES[name]
    app = open_page(name, **query)
    for what, data in HOSTILE_WEIGHTS.items():
        upload(app, key, data)
        assert len(app.error) == 1, what
        assert len(app.error[0].value) < 500, what


def test_enormous_weights_do_not_converge(open_page: OpenPage) -> None:
    """Finite, but every product overflows: NaN is never shown as an answer."""
    sound = safetensors.numpy.load((PRETRAINED / "mlp" / WEIGHTS).read_bytes())
    enormous = safetensors.numpy.save({name: np.full_like(v, 3e38) for name, v in sound.items()})
    app = open_page("predict", model="mlp")
    upload(app, "predict_weights", enormous)
    assert metrics(app)["Prediction"] == "not converged"
