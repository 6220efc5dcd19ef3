"""Memory of a training step against the evaluations allowed. python -m benchmarks.memory [--json]

The temporaries that XLA plans for a step of the mlp with each gradient, batch 128, float32, compiled once per budget:
exact, so there is no spread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.timing import arguments, report
from benchmarks.training import plain_step
from deq import Anderson, Implicit, Phantom, Picard, ThroughODE, Unrolled
from deq.gradients import Gradient
from deq.models import EquilibriumModel, build
from deq.training.recipes import Recipe

BUDGETS = (10, 30, 100, 300, 1000)
STAGES = 6  # calls of f in a step of Tsit5
GOALS = {"implicit, Anderson": 1.05, "implicit, Picard": 1.05}
GRADIENTS: dict[str, Callable[[int], tuple[Anderson | Picard, Gradient]]] = {
    "implicit, Anderson": lambda n: (Anderson(max_nfe=n), Implicit(Anderson(max_nfe=n))),
    "implicit, Picard": lambda n: (Picard(max_nfe=n), Implicit(Picard(max_nfe=n))),
    "one-step": lambda n: (Anderson(max_nfe=n), Phantom()),
    "unrolled": lambda n: (Anderson(), Unrolled(n)),
    "through the ODE": lambda n: (Anderson(), ThroughODE(max_steps=-(-n // STAGES))),
}


def rows(cell: str = "mlp", batch: int = 128, budgets: tuple[int, ...] = BUDGETS) -> Iterator[dict[str, Any]]:
    """One row per gradient, one column per budget."""
    model = build(cell)
    for name, make in GRADIENTS.items():
        sizes = [working_bytes(model, batch, *make(n)) for n in budgets]
        found = {f"{n:,}": size / 2**20 for n, size in zip(budgets, sizes, strict=True)}
        growth = {"last / first": sizes[-1] / sizes[0], "goal": GOALS.get(name, "")}
        yield {"gradient, MiB at": name} | found | growth


def working_bytes(model: EquilibriumModel, batch: int, solver: Anderson | Picard, gradient: Gradient) -> int:
    """Bytes of temporaries of one training step."""
    step, parameters, moments = plain_step(model, Recipe(solver, gradient))
    images = jax.ShapeDtypeStruct((batch, 28, 28, 1), jnp.uint8)
    labels = jax.ShapeDtypeStruct((batch,), jnp.int32)
    compiled = jax.jit(step).lower(parameters, moments, images, labels).compile()
    return compiled.memory_analysis().temp_size_in_bytes


if __name__ == "__main__":
    chosen = arguments(__doc__.partition("\n")[0], timed=False)
    report("Temporaries of a training step", rows(), chosen.json)
