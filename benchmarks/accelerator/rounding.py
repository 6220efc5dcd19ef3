"""What lower precision costs: the share of digits whose solves still converge at tolerances below its floor.

Floors: deq.solvers.precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.accelerator.sizes import Sizes
from deq import Anderson, load_dataset, load_pretrained, solve
from deq.data import at_hand
from deq.solvers.precision import FLOORS
from deq.solvers.rounding import rounded

TOLERANCES = (1e-3, 1e-4, 1e-5)


def rounding(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Shipped models on up to 1,000 test digits, Anderson, at most 60 calls: converged share (mean calls)."""
    data = load_dataset("mnist" if at_hand("mnist") else "digits")
    images = jnp.asarray(data.test_images[: min(sizes.digits, 1000)])
    for name in sizes.models:
        model = load_pretrained(name).model
        injection = model.encode(images)
        z0 = model.start(injection)
        for precision in FLOORS:
            f = rounded(lambda z: model.cell(z, injection), precision)  # noqa: B023
            run = jax.jit(lambda z, tol: solve(f, z, Anderson(tol=tol, max_nfe=60)))  # noqa: B023
            found = {tol: run(z0, tol) for tol in TOLERANCES}
            cells = {
                f"{tol:g}": f"{float(s.converged.mean()):.1%} ({float(s.nfe.mean()):.1f})"
                for tol, s in found.items()
            }
            yield {"model": name, "precision": precision} | cells
