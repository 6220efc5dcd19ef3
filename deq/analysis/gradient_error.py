"""The error of a gradient against an exact one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np


@dataclass(frozen=True)
class GradientError:
    """The error of a gradient. relative: ||found - exact|| / ||exact||. cosine: of the angle between the two."""

    relative: float
    cosine: float


def gradient_error(found: Any, exact: Any) -> GradientError:
    """Compare two gradients over all leaves, which must agree in structure and shape."""
    if _layout(found) != _layout(exact):
        raise ValueError("found and exact must be gradients of the same parameters.")
    a, b = (
        np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(g)]).astype(float) for g in (found, exact)
    )
    sizes = np.linalg.norm(a), np.linalg.norm(b)
    if min(sizes) == 0:
        same = float(sizes[0] == sizes[1])
        return GradientError(0.0 if same else np.inf, same)
    return GradientError(float(np.linalg.norm(a - b) / sizes[1]), float(a @ b / (sizes[0] * sizes[1])))


def _layout(tree: Any) -> tuple[str, list[tuple[int, ...]]]:
    return str(jax.tree.structure(tree)), [np.shape(leaf) for leaf in jax.tree.leaves(tree)]
