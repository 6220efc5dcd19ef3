"""Do predictions depend on the solver or the start? python -m benchmarks.agreement [--json]

Every shipped digit classifier on the whole test set: solved as on its card, then by other solvers to 1e-5 with a
large budget, and from random starts. `same answers` is the share of images with the same prediction as on the card,
`points` the change in accuracy, `radius` the largest spectral radius of df/dz on 8 images (below 1, Picard converges
near the equilibrium).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.timing import arguments, report
from deq import Anderson, ODEFlow, Picard, load_dataset, load_pretrained
from deq.data import Dataset
from deq.models.checkpoints import Checkpoint, picture_readers
from deq.models.evaluation import largest_radius
from deq.models.inference import Results, infer
from deq.solvers import Solver

OTHERS: dict[str, Solver] = {
    "Anderson 1e-5": Anderson(tol=1e-5, max_nfe=1000),
    "Picard, damping 0.5, 1e-5": Picard(tol=1e-5, damping=0.5, max_nfe=1000),
    "ODE flow 1e-4": ODEFlow(tol=1e-4, max_nfe=2000),
    "ODE flow 1e-5": ODEFlow(tol=1e-5, max_nfe=3000),
}


def random_start(cell: Any, injection: Array) -> Array:
    """Gaussian z0 with the injection's root mean square."""
    noise = jax.random.normal(jax.random.key(0), injection.shape)
    return noise * jnp.sqrt(jnp.mean(jnp.square(injection)))


def rows_of(name: str, data: Dataset) -> Iterator[dict[str, Any]]:
    """One row per way to solve a model."""
    shipped = load_pretrained(name)
    own = infer(shipped.model, data.test_images, shipped.solver)
    radius = largest_radius(shipped.model, data.test_images[:8], shipped.solver)
    yield row(name, "as on its card", own, own, data, radius)
    for label, solver in OTHERS.items():
        yield row(name, label, infer(shipped.model, data.test_images, solver), own, data, radius)
    yield row(name, "from random z0, Anderson 1e-5", restarted(shipped, data), own, data, radius)


def restarted(shipped: Checkpoint, data: Dataset) -> Results:
    """Solved from random starts; changes the model's start rule."""
    shipped.model.start_rule = random_start
    return infer(shipped.model, data.test_images, OTHERS["Anderson 1e-5"])


def row(model: str, how: str, found: Results, own: Results, data: Dataset, radius: float) -> dict[str, Any]:
    """The results compared with those as on the card."""
    right, before = (np.mean(results.labels == data.test_labels) for results in (found, own))
    return {
        "model": model,
        "solved": how,
        "accuracy %": f"{100 * right:.2f}",
        "points": f"{100 * (right - before):+.2f}",
        "same answers %": f"{100 * np.mean(found.labels == own.labels):.2f}",
        "converged %": f"{100 * found.converged.mean():.2f}",
        "nfe": float(found.nfe.mean()),
        "radius": radius,
    }


def main() -> None:
    """Print the table."""
    asked, data = arguments(__doc__.partition("\n")[0], timed=False), load_dataset("mnist")
    rows = [found for name in picture_readers() for found in rows_of(name, data)]
    report(f"Other solvers, other starts: {len(data.test_labels):,} test images", rows, asked.json)


if __name__ == "__main__":
    main()
