"""Weights carry the names of their classes and the reader of their pictures; nonsense there is refused."""

import json

import numpy as np
import pytest
import safetensors.numpy

from deq.data import Form
from deq.models import Architecture, CheckpointError
from deq.models.architectures import construct
from deq.models.labels import LONGEST
from deq.models.weights import form_of, model_name, restore_weights, weights_of

SMALL = Architecture(784, 3, width=4)
NAMES = ("<b>$x$</b>", "*[é]*", "ünïcödé 🦀")


def weights(**metadata: str) -> bytes:
    """Weights of SMALL with this beside their architecture."""
    arrays = safetensors.numpy.load(weights_of(construct(SMALL)))
    described = {"architecture": json.dumps({"inputs": 784, "outputs": 3, "width": 4})}
    return safetensors.numpy.save(arrays, described | metadata)


def test_classes_and_reader_are_read_back() -> None:
    data = weights_of(construct(SMALL), SMALL, form=Form(NAMES, "plain"))
    assert form_of(data) == Form(NAMES, "plain")
    assert restore_weights("own", data).temperature == 1
    assert form_of(weights_of(construct(SMALL), SMALL)) == Form()


def test_names_that_would_not_be_read_again_are_not_written() -> None:
    assert form_of(weights_of(construct(SMALL), SMALL, form=Form(("a", "b", "c" * (LONGEST + 1))))) == Form()


@pytest.mark.parametrize(
    "metadata",
    [
        {"classes": "["},
        {"classes": "[" * 100_000},
        {"classes": '{"a": 1}'},
        {"classes": "[1, 2, 3]"},
        {"classes": '["a", "b"]'},
        {"classes": '["a", "a", "b"]'},
        {"classes": '["a", "b", ""]'},
        {"classes": json.dumps(["a", "b", "c" * (LONGEST + 1)])},
        {"classes": json.dumps([str(i) for i in range(100_000)])},
        {"reader": "../../etc/passwd" * 100},
    ],
    ids=range(10),
)
def test_nonsense_is_refused_in_one_line(metadata: dict[str, str]) -> None:
    data = weights(**metadata)
    with pytest.raises(CheckpointError) as refused:
        restore_weights(model_name(data), data)
    assert len(str(refused.value)) < 200
    assert "\n" not in str(refused.value)


def test_the_zoo_s_models_have_ten_classes() -> None:
    arrays = {"a": np.zeros(1, np.float32)}
    ten = safetensors.numpy.save(arrays, {"classes": json.dumps([f"n{i}" for i in range(10)])})
    assert len(form_of(ten).classes) == 10
