"""The digit models that ship: accurate, calibrated, small, and independent of the solver."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from benchmarks.agreement import random_start
from deq import Anderson, ODEFlow, Picard, load_dataset, load_pretrained
from deq.data import Dataset
from deq.models.calibration import calibration_error
from deq.models.checkpoints import PRETRAINED, picture_readers
from deq.models.inference import infer
from tests.support.problems import jit_solve

READERS = picture_readers()
TARGETS = {  # test accuracy, parameters
    "conv": (0.995, 54_000),
    "monotone": (0.986, 84_500),
    "mlp": (0.986, 135_000),
    "blog": (0.980, 181_000),
    "certified": (0.960, 84_500),
    "certified-0.5": (0.980, 84_500),
}
SOLVERS = (
    Anderson(tol=1e-5, max_nfe=1000),
    Picard(tol=1e-5, damping=0.25, max_nfe=2000),
    ODEFlow(tol=1e-4, max_nfe=2000),
)


@pytest.fixture(scope="module")
def some(mnist_dir: Path) -> Dataset:
    return load_dataset("mnist", mnist_dir)


@pytest.mark.parametrize("name", READERS)
def test_cards_meet_the_targets(name: str) -> None:
    card = load_pretrained(name).card
    accuracy, parameters = TARGETS[name]
    assert card.accuracy >= accuracy
    assert card.parameters <= parameters
    assert card.converged_fraction >= 0.995
    assert card.calibration_error <= 0.01
    best = max(seed["validation_accuracy"] for seed in card.seeds)
    assert card.validation_accuracy == best  # chosen by validation, not by the test set
    assert len(card.seeds) >= 3


def test_all_weights_together_take_less_than_3_mb() -> None:
    assert sum(path.stat().st_size for path in PRETRAINED.glob("*/weights.safetensors")) <= 3_000_000


@pytest.mark.parametrize("name", READERS)
def test_metrics_on_a_tenth_of_the_test_set_match_the_card(name: str, some: Dataset) -> None:
    shipped, labels = load_pretrained(name), some.test_labels[::10]
    found = infer(shipped.model, some.test_images[::10], shipped.solver)
    assert np.mean(found.labels == labels) == pytest.approx(shipped.card.accuracy, abs=0.008)
    assert found.converged.mean() >= 0.995
    assert found.nfe.mean() == pytest.approx(shipped.card.nfe_mean, rel=0.05)
    assert calibration_error(found.probabilities, labels) <= 0.02


@pytest.mark.parametrize("name", READERS)
def test_predictions_do_not_depend_on_solver_or_start(name: str, some: Dataset) -> None:
    shipped, images = load_pretrained(name), some.test_images[:500]
    own = infer(shipped.model, images, shipped.solver)
    found = [infer(shipped.model, images, solver) for solver in SOLVERS]
    shipped.model.start_rule = random_start
    found.append(infer(shipped.model, images, SOLVERS[0]))
    for other in found:
        assert other.converged.mean() >= 0.995
        assert np.sum(other.labels != own.labels) <= 1


def test_the_monotone_model_has_one_equilibrium(some: Dataset) -> None:
    """I - W >= I in float64, so all starts lead to the same equilibrium, within the bound that residuals give."""
    shipped = load_pretrained("monotone")
    injection = shipped.model.encode(jnp.asarray(some.test_images[:64]))
    with jax.enable_x64(True):
        cell = shipped.model.cell
        nnx.update(cell, jax.tree.map(lambda leaf: leaf.astype(jnp.float64), nnx.state(cell)))
        w, x = np.asarray(cell.matrix()), jnp.asarray(injection, jnp.float64)
        monotone = np.eye(len(w)) - (w + w.T) / 2
        assert np.linalg.eigvalsh(monotone)[0] >= 1 - 1e-9
        starts = (jnp.zeros_like(x), 3 * x, 10 * random_start(cell, x))
        f, solver = (lambda z: cell(z, x)), Anderson(tol=1e-9, max_nfe=2000)
        found = [jit_solve(f, z0, solver) for z0 in starts]
        for solution in found:
            assert solution.converged.all()
            # y = f(z) = relu(W z + x) and z* have normals W z + x - y and W z* + x - z*, so that
            # ||y - z*||^2 <= <(I - W)(y - z*), y - z*> <= -<W (y - z), y - z*>: off by ||W|| times the residual.
            allowed = (1 + np.linalg.norm(w, 2)) * 1e-9 * np.linalg.norm(solution.z, axis=1)
            assert (np.linalg.norm(solution.z - found[0].z, axis=1) <= 2.01 * allowed).all()
