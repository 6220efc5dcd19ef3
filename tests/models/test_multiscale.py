"""Models with several resolutions, joined or as they are, and warm starts."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq import Anderson, Picard, equilibrium
from deq.cells import MultiscaleCell
from deq.data import load_dataset
from deq.gradients.spectrum import spectral_radius
from deq.models import EquilibriumModel, build
from deq.models.inference import infer
from deq.models.multiscale import JoinedCell
from deq.solvers.state import Layout

SOLVER = Picard(tol=1e-5, max_nfe=200)
DIGITS = load_dataset("digits").test_images


@pytest.mark.long
def test_the_joined_cell_is_the_cell_of_two_arrays() -> None:
    cell = MultiscaleCell((4, 4), 2, rngs=nnx.Rngs(0))
    rng = np.random.default_rng(0)
    apart = tuple(jnp.asarray(rng.normal(size=(3, n, n, 4)), jnp.float32) for n in (5, 3))
    layout, zeros = Layout.of(apart), jax.tree.map(jnp.zeros_like, apart)
    found = jax.jit(lambda x, z0: equilibrium(cell, x, z0, SOLVER))(apart, zeros)
    as_one = jax.jit(lambda x, z0: equilibrium(JoinedCell(cell, layout), x, z0, SOLVER))
    joined = as_one(layout.join(apart), layout.join(zeros))
    np.testing.assert_allclose(layout.join(found.z), joined.z, atol=1e-4)
    pairs = (JoinedCell(cell, layout), layout.join(apart), joined.z), (cell, apart, found.z)
    np.testing.assert_allclose(*(spectral_radius(*pair) for pair in pairs), rtol=1e-3)
    assert Layout.of(apart) == layout
    assert layout.size == joined.z.shape[1] == 136


def test_a_model_may_have_a_state_of_several_arrays() -> None:
    cell = MultiscaleCell((4, 4), 2, rngs=nnx.Rngs(0))

    def encoder(x: Array) -> tuple[Array, Array]:
        fine = jnp.repeat(x.astype(jnp.float32)[:, ::4, ::4] / 255, 4, axis=-1)
        return fine, fine[:, ::2, ::2]

    model = EquilibriumModel(encoder, cell, lambda z: z[1].mean((1, 2)))
    found = infer(model, DIGITS[:5], SOLVER, batch_size=2, states=True, trace=3)
    assert found.states is not None
    assert [part.shape for part in found.states] == [(5, 7, 7, 4), (5, 4, 4, 4)]
    assert found.error.shape == (5,)


def test_a_warm_start_costs_one_call() -> None:
    model, images = build("mlp"), DIGITS[:4]
    run = jax.jit(lambda solver, z0: model(images, solver, z0=z0))
    outputs, cold = run(Anderson(tol=1e-6), jnp.zeros((4, 128)))
    again, warm = run(Anderson(tol=1e-5), cold.z)
    assert (warm.nfe == 1).all()
    assert warm.converged.all()
    np.testing.assert_allclose(again, outputs, rtol=1e-4, atol=1e-5)
