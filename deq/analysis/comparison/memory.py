"""Memory against depth: temporaries of the compiled gradient against the evaluations allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deq.analysis.comparison.gradients import working_memory
from deq.analysis.comparison.problem import Problem
from deq.gradients import Gradient, Implicit, ThroughODE, Unrolled
from deq.solvers import Anderson, Solver

DEPTHS = (10, 100, 1000)
_CALLS_PER_STEP = 6  # of Tsit5

Ways = Mapping[str, Callable[[int], tuple[Solver, Gradient]]]
WAYS: Ways = {
    "implicit": lambda depth: (Anderson(max_nfe=depth), Implicit(Anderson(max_nfe=depth))),
    "unrolled": lambda depth: (Anderson(), Unrolled(depth)),
    "recursive checkpoints": lambda depth: (
        Anderson(),
        ThroughODE(max_steps=-(-depth // _CALLS_PER_STEP)),
    ),
}


def memory_at(problem: Problem, way: str, depth: int) -> int:
    """Bytes of temporaries of loss and gradient with `depth` evaluations of the cell. way: a key of WAYS."""
    return working_memory(problem, *WAYS[way](depth))


def memory_table(measured: Mapping[tuple[str, int], int]) -> dict[str, list[Any]]:
    """One row per way and depth. measured: (way, evaluations) -> bytes."""
    return {
        "way": [way for way, _ in measured],
        "evaluations": [depth for _, depth in measured],
        "memory, MiB": [size / 2**20 for size in measured.values()],
    }
