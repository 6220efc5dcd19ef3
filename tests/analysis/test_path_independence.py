"""Path independence of a contraction and of a cell with two equilibria."""

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq import Anderson, Picard
from deq.analysis.path_independence import path_independence
from tests.support.cells import AffineCell


class TwoWells(nnx.Module):
    """f(z, x) = tanh(3 z + x / 10): for small x two attracting fixed points near +-1; the start decides."""

    def __call__(self, z: Array, x: Array) -> Array:
        return jnp.tanh(3 * z + 0.1 * x)


def test_path_independence_distinguishes_one_equilibrium_from_two() -> None:
    x, start = jnp.ones((2, 3)), jnp.ones((2, 5))
    one = path_independence(AffineCell(), x, start, -start, Anderson(tol=1e-6))
    assert one.converged.all()
    assert one.distance.max() < 1e-4
    assert one.cosine.min() > 0.9999
    two = path_independence(TwoWells(), jnp.zeros((2, 5)), start, -start, Picard())
    assert two.converged.all()
    np.testing.assert_allclose(two.cosine, -1, rtol=1e-5)
    np.testing.assert_allclose(two.distance, 2, rtol=1e-4)
