"""State that a model updates itself: carried through training on any number of devices, saved, restored, refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from deq.cells import ReluCell
from deq.data import Dataset, classify, load_dataset
from deq.models import MODELS, EquilibriumModel, build, pixels
from deq.models.weights import restore_weights, weights_of
from deq.training import Finished, fit
from deq.training.recipes import PLAIN
from tests.conftest import ROOT, with_devices

RECIPE = replace(PLAIN, epochs=3, batch_size=96)


def normalised(seed: int = 0) -> EquilibriumModel:
    """`mlp` of width 32 with batch normalisation in the encoder."""
    rngs = nnx.Rngs(seed)
    encoder = nnx.Sequential(
        pixels, nnx.Linear(784, 32, rngs=rngs), nnx.BatchNorm(32, momentum=0.9, rngs=rngs)
    )
    return EquilibriumModel(encoder, ReluCell(32, 0.5, rngs=rngs), nnx.Linear(32, 10, rngs=rngs))


def statistics(model: EquilibriumModel) -> list[np.ndarray]:
    return [np.asarray(v) for v in jax.tree.leaves(nnx.state(model, nnx.BatchStat))]


@pytest.mark.long
def test_statistics_are_trained_averaged_and_resumed() -> None:
    data = load_dataset("digits")
    events = list(fit(normalised(), data, RECIPE))
    finished, middle = events[-1], events[len(events) // 2]
    assert isinstance(finished, Finished)
    assert finished.test.accuracy > 0.75  # with the statistics of a new model it is a guess
    again = list(fit(normalised(), data, RECIPE, resume=middle.state))[-1]
    for ours, theirs in zip(statistics(finished.model), statistics(again.model), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert not np.isin(ours, (0, 1)).any()


@pytest.mark.long
def test_statistics_are_saved_and_restored_with_the_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    model = normalised()
    model.train()
    model(load_dataset("digits").test_images[:64])
    stored = weights_of(model)
    assert b"encoder.layers.2.mean" in stored
    monkeypatch.setitem(MODELS, "normalised", lambda *, rngs: normalised(1))
    for ours, theirs in zip(
        statistics(model), statistics(restore_weights("normalised", stored)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
        assert not np.isin(ours, (0, 1)).all()


DEVICES = """
from dataclasses import replace
import numpy as np
from deq.data import load_dataset
from deq.devices import mesh_of
from deq.training import fit
from tests.training.test_statistics import RECIPE, normalised

data, recipe = load_dataset("digits"), replace(RECIPE, steps_per_call=1)
runs = [next(iter(fit(normalised(), data, recipe, mesh=mesh_of(n, 96)))).state for n in (1, 3)]
one, three = (run.statistics["encoder"]["layers"][2] for run in runs)
np.testing.assert_allclose(one["mean"][...], three["mean"][...], atol=1e-5)  # the mean of the parts' means
assert (one["var"][...] >= three["var"][...] - 1e-5).all()  # each part varies about its own mean
assert (one["var"][...] > three["var"][...] + 1e-5).any()
"""


@pytest.mark.long
def test_several_devices_share_their_statistics() -> None:
    subprocess.run([sys.executable, "-c", DEVICES], cwd=ROOT, check=True, timeout=300, env=with_devices(3))


def test_what_does_not_fit_is_refused_before_training() -> None:
    data = load_dataset("digits")
    eleven = replace(data, train_labels=data.train_labels + 1, num_classes=11)
    small = replace(data, train_images=data.train_images[:, :8, :8])
    few = replace(classify(data), train=classify(data).train._replace(y=np.zeros((1294, 3), np.float32)))
    for bad, word in (
        (eleven, "labels run from 1 to 10"),
        (small, r"shape \[8, 8, 1\]"),
        (few, r"targets of digits \[3\]"),
    ):
        with pytest.raises(ValueError, match=word):
            next(iter(fit(build("mlp"), bad, RECIPE)))
    with pytest.raises(ValueError, match="10 classes, but labels from 1 to 10"):
        classify(
            Dataset("own", *(data.train_images, data.train_labels + 1, data.test_images, data.test_labels))
        )


def test_a_cell_with_batch_statistics_is_refused_before_training() -> None:
    class Cell(nnx.Module):
        def __init__(self) -> None:
            self.norm = nnx.BatchNorm(32, rngs=nnx.Rngs(0))

        def __call__(self, z: jax.Array, x: jax.Array) -> jax.Array:
            return 0.5 * jnp.tanh(self.norm(z)) + x

    model = normalised()
    model.cell = Cell()
    with pytest.raises(ValueError, match=r"norm\.mean.*GroupNorm"):
        next(iter(fit(model, load_dataset("digits"), RECIPE)))
