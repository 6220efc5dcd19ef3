"""Compare every gradient through the equilibrium with the dense solve in float64."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.analysis.comparison.problem import Problem, build_problem, to_float64
from deq.analysis.comparison.reference import Reference, find_reference
from deq.analysis.comparison.subjects import affine_model, random_matrix
from deq.analysis.comparison.timings import take_turns, time_columns
from deq.analysis.gradient_error import gradient_error
from deq.data import cross_entropy
from deq.gradients import Gradient, Implicit, Neumann, Phantom, Probe, ThroughODE, Unrolled, equilibrium
from deq.gradients.spectrum import EXACT_SIZE
from deq.solvers import GMRES, Anderson, BiCGStab, Broyden, Dense, Solver

METHODS: Mapping[str, Gradient] = {
    "dense": Implicit(Dense()),
    "GMRES": Implicit(GMRES()),
    "BiCGStab": Implicit(BiCGStab()),
    "Anderson": Implicit(Anderson(tol=1e-6, max_nfe=200)),
    "Broyden": Implicit(Broyden(tol=1e-6, max_nfe=200)),
    "Neumann 20": Neumann(20),
    "Neumann 5": Neumann(5),
    "Neumann 1": Neumann(1),
    "phantom": Phantom(5, 0.5),
    "one-step": Phantom(1),
    "unrolled": Unrolled(30),
    "through the ODE": ThroughODE(t1=15.0),
}
PATIENT = Anderson(tol=1e-12, max_nfe=1000, memory=10)
FORWARD = Anderson(tol=1e-6, max_nfe=200)
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
RADII = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class GradientRun:
    """One gradient's run. error: ||g - g*|| / ||g*|| over all parameters of the cell and its injection, NaN where g is
    not finite. cosine: of the angle to g*.

    temporary_bytes: of the compiled program, excluding inputs and outputs. backward_converged: fraction of the backward
    solves that converged, None if there are none.
    """

    error: float
    cosine: float
    temporary_bytes: int
    backward_converged: float | None


def exact_gradient(problem: Problem, reference: Reference) -> np.ndarray:
    """The flat gradient at the reference equilibrium in float64: by dense solves, or Anderson for large states."""
    with jax.enable_x64(True):
        wide = replace(to_float64(problem), z0=jax.device_put(reference.z))
        solver = Anderson(tol=1e-12, max_nfe=2)  # it already starts at the equilibrium
        dense = problem.dimension <= EXACT_SIZE
        return _vector(_run(wide, solver, Implicit(Dense()) if dense else Implicit(PATIENT))[0])


def methods_for(problem: Problem) -> list[str]:
    """Names in METHODS for this problem: the dense solve only for small states."""
    return [name for name in METHODS if name != "dense" or problem.dimension <= EXACT_SIZE]


def compare_gradient(problem: Problem, method: str, exact: np.ndarray) -> GradientRun:
    """One method on the float32 problem against `exact`; the forward solve is by FORWARD. For its time see
    `time_gradients`.
    """
    gradient = METHODS[method]
    found, report = _run(problem, FORWARD, gradient)
    error = gradient_error(_vector(found), exact)
    solved = isinstance(gradient, Implicit)
    return GradientRun(
        error.relative,
        error.cosine,
        working_memory(problem, FORWARD, gradient),
        float(np.mean(np.asarray(report.converged))) if solved else None,
    )


def time_gradients(problem: Problem, methods: Iterable[str]) -> dict[str, np.ndarray]:
    """Seconds of loss and gradient, the forward solve included, (rounds,), the methods taking turns."""
    return take_turns({name: partial(_run, problem, FORWARD, METHODS[name]) for name in methods})


def errors_by_tolerance(problem: Problem, method: str, exact: np.ndarray) -> np.ndarray:
    """Relative error of the gradient if the forward solve stops at each of TOLERANCES: (n,)."""
    return np.array([_error(problem, method, exact, tol) for tol in TOLERANCES])


def errors_by_radius(method: str) -> np.ndarray:
    """Relative error on random affine cells of each spectral radius in RADII, forward tolerance 1e-6: (n,)."""
    cases = (affine_case(radius) for radius in RADII)
    return np.array([_error(problem, method, exact, FORWARD.tol) for problem, exact in cases])


@lru_cache(16)
def affine_case(radius: float) -> tuple[Problem, np.ndarray]:
    """A random affine cell with a batch of eight, and its exact gradient."""
    inputs = np.random.default_rng(0).normal(size=(8, 40)).astype(np.float32)
    problem = build_problem(affine_model(random_matrix(radius, seed=0)), inputs)
    return problem, exact_gradient(problem, find_reference(problem))


def working_memory(problem: Problem, solver: Solver, gradient: Gradient) -> int:
    """Bytes of temporaries in the compiled program for loss and gradient, as XLA reports them."""
    compiled = _loss_gradient.lower(*_arguments(problem, solver, gradient)).compile()
    analysis = compiled.memory_analysis()
    assert analysis is not None  # all supported backends provide it
    return int(analysis.temp_size_in_bytes)


def _error(problem: Problem, method: str, exact: np.ndarray, tol: float | Array) -> float:
    found, _ = _run(problem, replace(FORWARD, tol=tol), METHODS[method])
    return gradient_error(_vector(found), exact).relative


def _run(problem: Problem, solver: Solver, gradient: Gradient) -> tuple[tuple[nnx.State, Array], Probe]:
    return _loss_gradient(*_arguments(problem, solver, gradient))


def _arguments(problem: Problem, solver: Solver, gradient: Gradient) -> tuple[Any, ...]:
    graphdef, trained, rest = nnx.split(problem.model, nnx.Param, ...)  # type: ignore[misc]
    return graphdef, trained, rest, problem.injection, problem.z0, problem.labels, solver, gradient


@partial(jax.jit, static_argnames="graphdef")
def _loss_gradient(
    graphdef: nnx.GraphDef,
    trained: nnx.State,
    rest: nnx.State,
    injection: Array,
    z0: Array,
    labels: Array | None,
    solver: Solver,
    gradient: Gradient,
) -> tuple[tuple[nnx.State, Array], Probe]:
    """Gradient of the mean loss in the cell's parameters and the injection, and the report of the backward solve."""

    def loss(trained: nnx.State, injection: Array, probe: Probe) -> Array:
        model = nnx.merge(graphdef, trained, rest)
        outputs = model.read(equilibrium(model.cell, injection, z0, solver, gradient, probe).z)
        if labels is None:
            return 0.5 * jnp.sum(jnp.square(outputs)) / len(z0)
        return jnp.mean(cross_entropy(outputs, labels, 0.0))

    slopes = jax.grad(loss, argnums=(0, 1, 2))(trained, injection, Probe.zeros(len(z0)))
    return (slopes[0]["cell"], slopes[1]), slopes[2]


def _vector(gradient: tuple[nnx.State, Array]) -> np.ndarray:
    """All entries as one float64 vector."""
    return np.concatenate([np.ravel(np.asarray(leaf, np.float64)) for leaf in jax.tree.leaves(gradient)])


def gradient_table(
    runs: Mapping[str, GradientRun], seconds: Mapping[str, np.ndarray]
) -> dict[str, list[Any]]:
    """One row per method. seconds: of `time_gradients`, empty if not measured."""
    rows = runs.values()
    return {
        "gradient": list(runs),
        "relative error": [run.error for run in rows],
        "cosine": [run.cosine for run in rows],
        **time_columns(seconds.get(name) for name in runs),
        "memory, MiB": [run.temporary_bytes / 2**20 for run in rows],
        "backward solves converged": [run.backward_converged for run in rows],
    }


DEPTHS = (10, 100, 1000)
_CALLS_PER_STEP = 6  # of Tsit5

Ways = Mapping[str, Callable[[int], tuple[Solver, Gradient]]]
WAYS: Ways = {
    "implicit": lambda depth: (Anderson(max_nfe=depth), Implicit(Anderson(max_nfe=depth))),
    "unrolled": lambda depth: (Anderson(), Unrolled(depth)),
    "through the ODE": lambda depth: (
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
