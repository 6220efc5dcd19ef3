"""Explanations against finite differences, predictions for blanked pictures, known planes, and other starts."""

import jax
import numpy as np
import pytest

from deq.analysis.comparison.problem import build_problem, to_float64
from deq.analysis.explanation.occlusion import occlusion
from deq.analysis.explanation.parting import DEPTHS, parting
from deq.analysis.explanation.plane import fit_plane
from deq.analysis.explanation.saliency import saliency
from deq.analysis.explanation.starts import noise_starts, solve_from
from deq.data import load_dataset
from deq.gradients import Implicit
from deq.models.checkpoints import Checkpoint, load_pretrained
from deq.models.inference import infer
from deq.solvers import Anderson, ODEFlow, Picard, Solver
from tests.support.cases import long


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """Real digits (n, 28, 28) uint8 that need no network."""
    return load_dataset("digits").test_images[:40, ..., 0]


@pytest.fixture(scope="module")
def blog() -> Checkpoint:
    return load_pretrained("blog")  # tanh: smooth, as finite differences need


def test_saliency_is_the_slope_of_the_evidence(digits, blog) -> None:
    exact, step = Anderson(tol=1e-13, max_nfe=400), 1e-5
    with jax.enable_x64(True):
        model = to_float64(build_problem(blog.model, digits[:1, ..., None])).model
        image = digits[0][..., None] / 255
        found = saliency(model, image, 3, 5, exact, Implicit(exact))
        largest = np.argsort(np.abs(found.gradient).ravel())[-3:]
        pixels = [np.unravel_index(i, image.shape) for i in [*largest, 300]]
        moves = [
            step * np.eye(image.size)[np.ravel_multi_index(p, image.shape)].reshape(image.shape)
            for p in pixels
        ]
        sides = [[saliency(model, image + s * m, 3, 5, exact).evidence for s in (1, -1)] for m in moves]
        slopes = [(up - down) / (2 * step) for up, down in sides]
        outputs = model(image[None], exact)[0][0]
    assert found.converged
    assert found.evidence == pytest.approx(float(outputs[3] - outputs[5]) / model.temperature, rel=1e-6)
    assert model.temperature != 1
    np.testing.assert_allclose([found.gradient[p] for p in pixels], slopes, rtol=1e-5, atol=1e-7)


def test_saliency_without_an_equilibrium_is_not_converged(digits, blog) -> None:
    image = digits[0][..., None].astype(np.float32) / 255
    assert not saliency(blog.model, image, 3, 5, Picard(tol=1e-3, max_nfe=2)).converged


def test_occlusion_is_the_prediction_for_a_blanked_picture(digits, blog) -> None:
    image = digits[1]
    found = occlusion(blog.model, image, 7, 1, blog.solver, patch=5, stride=4)
    assert found.lost.shape == (7, 7)
    row, column = np.unravel_index(found.lost.argmax(), found.lost.shape)
    blanked = image.copy()
    blanked[4 * row : 4 * row + 5, 4 * column : 4 * column + 5] = 0  # centred at 4 i + 2
    p = infer(blog.model, np.stack([image, blanked])[..., None], blog.solver).probabilities
    evidence = np.log(p[:, 7] / p[:, 1])
    np.testing.assert_allclose(found.lost[row, column], evidence[0] - evidence[1], rtol=1e-3)
    assert found.labels[row, column] == p[1].argmax()
    assert not image[:5, -4:].any()
    np.testing.assert_allclose(found.lost[0, -1], 0, atol=1e-4)
    assert found.converged.all()


def test_plane_of_states_that_lie_in_a_plane() -> None:
    rng = np.random.default_rng(0)
    places, frame = rng.normal(size=(50, 2)) * [3, 1], np.linalg.qr(rng.normal(size=(24, 2)))[0]
    states = (places @ frame.T + 7).reshape(50, 2, 3, 4)
    plane = fit_plane(states, np.arange(50) % 10)
    np.testing.assert_allclose(plane.explained.sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-6)
    gaps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(plane.project(states), axis=0), axis=1), gaps, rtol=1e-5
    )
    np.testing.assert_allclose(plane.points, plane.project(states), atol=1e-6)
    with pytest.raises(ValueError, match="three equilibria"):
        fit_plane(states[:2], np.arange(2))


def test_every_start_ends_at_the_model_s_equilibrium(digits, blog) -> None:
    found = infer(blog.model, digits[:8, ..., None], blog.solver, states=True)
    z = found.states
    ends = solve_from(blog.model, digits[0], np.concatenate([z[1:], noise_starts(z, 4)]), blog.solver, 16)
    assert ends.agree.all()
    assert ends.labels[0] == found.labels[0]
    assert ends.distance[0] == 0 < ends.distance[1:].max() < 0.02  # the tolerance is 1e-3
    np.testing.assert_allclose(ends.states[1, 0], z[1], rtol=1e-5)
    short = solve_from(blog.model, digits[0], z[1:], Picard(tol=1e-3, max_nfe=2), 16)
    assert not short.agree.any()


@pytest.mark.parametrize(
    "solver", [Picard(tol=1e-3, max_nfe=100), long(ODEFlow(tol=1e-3, max_nfe=300))], ids=["Picard", "ODE"]
)
def test_digits_part_from_the_start_to_their_equilibria(solver: Solver) -> None:
    digits = load_dataset("digits")
    model, x, labels = load_pretrained("monotone").model, digits.test_images[:130], digits.test_labels[:130]
    found = parting(model, x, labels, solver)
    assert list(found.depth) == sorted(found.depth)
    assert len(found.depth) <= DEPTHS
    assert found.places.shape == (len(found.depth), 130, 2)
    assert np.ptp(found.places[0], axis=0).max() < 1e-5  # z0 = 0 for all
    ends = infer(model, x, solver, states=True)
    plane = fit_plane(ends.states, labels)
    np.testing.assert_allclose(found.places[-1], plane.project(ends.states), atol=2e-2)
    assert found.right[0] < 0.3 < found.right[-1]
    assert (found.correct[-1] == (ends.labels == labels)).mean() > 0.99  # two solves, each to the tolerance


def test_digits_that_do_not_converge_cannot_be_followed() -> None:
    digits = load_dataset("digits")
    with pytest.raises(ValueError, match="needs three equilibria; found: 0"):
        parting(
            load_pretrained("mlp").model,
            digits.test_images[:9],
            digits.test_labels[:9],
            Picard(tol=1e-9, max_nfe=3),
        )
