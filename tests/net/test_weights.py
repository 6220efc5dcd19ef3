"""Weights that people keep: every option of the builder restores to the same function, on disk and on the page."""

import zipfile

import numpy as np
import pytest

from deq import Picard, load_pretrained
from deq.models.architectures import ACTIVATIONS, CELLS, INJECTIONS, NORMALISATIONS
from deq.models.checkpoints import PRETRAINED
from deq.models.weights import architecture_of, model_name, restore_weights
from tests.net.record import RECORDS, load
from tests.pages.conftest import open_by_link
from tests.support.cases import few_of

with zipfile.ZipFile(RECORDS / "weights.zip") as pack:
    FILES = {name: pack.read(name) for name in pack.namelist()}
RECORD = load("weights.json")
OPTIONS = {"cell": CELLS, "activation": ACTIVATIONS, "injection": INJECTIONS, "normalisation": NORMALISATIONS}


QUICK = list(FILES)[::3]


@pytest.mark.parametrize("name", few_of(list(FILES), QUICK))
def test_restored_weights_give_the_recorded_outputs(name: str) -> None:
    model = restore_weights(model_name(FILES[name]), FILES[name])
    # Not the recording's Anderson: the equilibrium is the same, and Picard compiles in a third of the time.
    outputs, _ = model(np.asarray(RECORD["x"], np.float32), Picard(tol=1e-6, damping=0.5, max_nfe=1000))
    np.testing.assert_allclose(outputs, RECORD["outputs"][name], rtol=0, atol=1e-4)


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_of_the_builder_is_recorded(option: str) -> None:
    assert {getattr(architecture_of(data), option) for data in FILES.values()} == set(OPTIONS[option])


def test_the_train_page_takes_them() -> None:
    app = open_by_link("train")
    mlp = (PRETRAINED / "mlp" / "weights.safetensors").read_bytes()
    chosen = {mlp: ("mlp", f"{load_pretrained('mlp').card.parameters:,}")}
    for data in list(FILES.values())[::5]:
        chosen[data] = (architecture_of(data).cell, "width 3", architecture_of(data).activation)
    for data, words in chosen.items():
        app.file_uploader(key="fit_upload").set_value(("own.safetensors", data, "")).run()
        assert not app.exception
        assert not app.error
        assert any(all(word in text.value for word in words) for text in app.markdown), words
