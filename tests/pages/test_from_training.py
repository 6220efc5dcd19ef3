"""From an accelerator to the dashboard: trained on four devices, the weights answer the same on a page on one."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from deq.data import load_dataset
from tests.conftest import ROOT, with_devices
from tests.pages.conftest import OpenPage, metrics
from tests.support import pictures


def deq(*arguments: str) -> str:
    """What the command prints, on four devices."""
    command = [sys.executable, "-m", "deq", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=with_devices(4), check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def probabilities(app: AppTest) -> np.ndarray:
    """Of the classes at the end of the clock."""
    (clock,) = [live for live in app.get("bidi_component") if live.key == "clock"]
    return np.array(json.loads(clock.proto.json)["paths"][-1])


@pytest.mark.long
def test_weights_trained_on_four_devices_answer_the_same_on_the_page(
    open_page: OpenPage, scikit_learn_only: None, tmp_path: Path
) -> None:
    run, picture = tmp_path / "run", tmp_path / "digit.png"
    digit = load_dataset("digits").test_images[0, ..., 0]
    picture.write_bytes(pictures.paint(digit, np.random.default_rng(1)))
    deq("train", "digits", "--model", "mlp", "--epochs", "3", "--devices", "4", "--out", str(run), "--json")
    answer = json.loads(deq("predict", str(run), str(picture), "--json"))["predictions"][0]
    app = open_page("predict", model="mlp")
    app.file_uploader(key="predict_weights").upload(
        "mine.safetensors", (run / "weights.safetensors").read_bytes()
    ).run()
    app.file_uploader(key="upload").upload("digit.png", picture.read_bytes(), "image/png").run()
    assert not app.exception
    assert metrics(app)["Prediction"] == str(answer["label"])
    np.testing.assert_allclose(probabilities(app), answer["probabilities"], atol=1e-5)
