"""A model of the user's own, as a file."""

from pathlib import Path

CODE = '''"""A gated cell that reads digits."""

import jax.numpy as jnp
from flax import nnx

from deq.models import EquilibriumModel, pixels
from widths import WIDTH


class GatedCell(nnx.Module):
    def __init__(self, width, *, rngs):
        small = nnx.initializers.variance_scaling(0.25, "fan_in", "truncated_normal")
        self.gate = nnx.Linear(width, width, rngs=rngs)
        self.state = nnx.Linear(width, width, use_bias=False, kernel_init=small, rngs=rngs)

    def __call__(self, z, x):
        return nnx.sigmoid(self.gate(x)) * jnp.tanh(self.state(z)) + x


def gated(*, rngs):
    encoder = nnx.Sequential(pixels, nnx.Linear(784, WIDTH, rngs=rngs))
    return EquilibriumModel(encoder, GatedCell(WIDTH, rngs=rngs), nnx.Linear(WIDTH, 10, rngs=rngs))


def broken(*, rngs):
    return gated(rngs=rngs).cell


def mistyped(*, rngs):
    model = gated(rngs=rngs)
    return EquilibriumModel(model.encoder, model.cell, lambda z: jnp.tanhh(model.head(z)))
'''


def write_model(folder: Path, code: str = CODE) -> Path:
    """The file cell.py, and one beside it that it imports."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "widths.py").write_text("WIDTH = 16\n")
    (folder / "cell.py").write_text(code)
    return folder / "cell.py"
