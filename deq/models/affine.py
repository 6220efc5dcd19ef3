"""Models that are affine except for their monotone cell, such as `monotone`, and what Lipschitz bounds need of them."""

from __future__ import annotations

from typing import NamedTuple

from flax import nnx
from jax import Array

from deq.cells import MonotoneDense
from deq.cells.bounds import Affine, lipschitz_bounds
from deq.models.model import EquilibriumModel, picture, pixels


class AffineParts(NamedTuple):
    encoder: nnx.Linear
    cell: MonotoneDense
    head: nnx.Linear


def affine_parts(model: EquilibriumModel) -> AffineParts | None:
    """An affine encoder, a dense monotone cell and an affine head; None if a model is made of anything else."""
    layers = model.encoder.layers if isinstance(model.encoder, nnx.Sequential) else [model.encoder]
    encoder = [layer for layer in layers if layer not in (pixels, picture)]
    if len(encoder) != 1 or not isinstance(model.cell, MonotoneDense):
        return None
    if not (isinstance(encoder[0], nnx.Linear) and isinstance(model.head, nnx.Linear)):
        return None
    return AffineParts(encoder[0], model.cell, model.head)


def worst_outputs(model: EquilibriumModel, outputs: Array, labels: Array, radius: float | Array) -> Array:
    """Outputs (batch, classes), each wrong class raised as far as an input change of L2 norm `radius` can raise it.

    labels: (batch,). Training on the loss of these outputs aims at certificates of that radius. Tsuzuku, Sato &
    Sugiyama (2018), arXiv:1802.04034. Raises ValueError for a model without a bound.
    """
    parts = affine_parts(model)
    if parts is None:
        raise ValueError(
            "A bound needs an affine encoder, a dense monotone cell and an affine head: use a model such as monotone."
        )
    encoder, cell, head = parts
    affine = Affine(cell.matrix(), encoder.kernel[...].T, head.kernel[...].T)
    return outputs + radius * lipschitz_bounds(affine).logits[labels]
