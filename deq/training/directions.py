"""How a gradient becomes a direction: Adam, Lion, Muon or momentum; weight decay and the learning rate follow.

See deq.training.optimizer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import optax
from optax.contrib import MuonDimensionNumbers

MUON_RMS = 0.2  # of Muon's updates, about that of Adam's: both take the same learning rates, see `muon`


def muon() -> optax.GradientTransformation:
    """Orthogonal updates of matrices, and of kernels as matrices of inputs x outputs; for everything else Adam.

    Jordan et al. (2024), kellerjordan.github.io/posts/muon; Liu et al. (2025), arXiv:2502.16982.
    """
    # A learning rate of -1 gives a direction along the gradient, as the other optimizers do.
    return optax.contrib.muon(-1.0, consistent_rms=MUON_RMS, muon_weight_dimension_numbers=_last_axis_out)


def _last_axis_out(parameters: Any) -> Any:
    """For each matrix or kernel its axes, the last of which counts the outputs; None for other arrays."""
    return jax.tree.map(
        lambda p: MuonDimensionNumbers(tuple(range(p.ndim - 1)), (p.ndim - 1,)) if p.ndim > 1 else None,
        parameters,
    )


OPTIMIZERS: dict[str, Callable[[], optax.GradientTransformation]] = {
    "adamw": optax.scale_by_adam,
    "lion": optax.scale_by_lion,
    "muon": muon,
    "sgd": lambda: optax.trace(decay=0.9, nesterov=True),
}
