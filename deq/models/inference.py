"""The forward pass that every prediction uses: batched, padded, split over devices and compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array, ShapeDtypeStruct
from jax.sharding import Mesh

from deq.devices import everywhere, in_parts, mesh_here
from deq.gradients import Gradient, Implicit
from deq.gradients.function import pure
from deq.models.model import EquilibriumModel
from deq.solvers import Picard, Solution, Solver, Trace, error_estimate, norm, solve
from deq.solvers.state import Layout

BATCH = 500  # default batch size
ENTRIES = 2**20  # numbers in a default batch at most: mazes may be large


@dataclass(frozen=True)
class Results:
    """A model's results for n examples, one row each.

    outputs: (n, k) of the head. probabilities: (n, k), calibrated, if the outputs are class scores. nfe: (n,)
    calls of f. residual: (n,) relative. error: (n,), the estimated ||z - z*|| / ||z||, NaN where unknown.
    converged: (n,) bool; where False, the row comes from the solver's best iterate, not from an equilibrium.
    states: (n, ...), if requested. trace, paths: each solve's iterates and the probabilities (n, trace, k) at
    them, if requested; NaN past the end.
    """

    outputs: np.ndarray
    probabilities: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    error: np.ndarray
    converged: np.ndarray
    states: np.ndarray | None = None
    trace: Trace | None = None
    paths: np.ndarray | None = None

    @property
    def labels(self) -> np.ndarray:
        """The most probable class, (n,)."""
        return self.probabilities.argmax(axis=1)

    def right(self, labels: np.ndarray) -> np.ndarray:
        """(n,) bool: which solves converged, and on the given class."""
        return self.converged & (self.labels == labels)

    @property
    def confidence(self) -> np.ndarray:
        """The probability of that class, (n,)."""
        return self.probabilities.max(axis=1)


def infer(
    model: EquilibriumModel,
    x: Any,
    solver: Solver,
    gradient: Gradient = Implicit(),
    *,
    batch_size: int | None = None,
    devices: int | None = None,
    states: bool = False,
    trace: int = 0,
    z0: Array | np.ndarray | None = None,
) -> Results:
    """The model's results for each x: (n, ...), n > 0, solved in batches of one shape, compiled once.

    Args:
        gradient: matters only if it replaces the solver, as `Unrolled` and `ThroughODE` do.
        batch_size: rows in every batch, the last one padded; by default min(500, n), or fewer if the
            inputs are large.
        devices: how many of this process's devices may share a batch; all by default.
        states: keep the equilibria. trace: keep this many iterates of each solve and their probabilities.
        z0: (n, ...), where solves start, such as the equilibria of similar inputs; by default the model's own start.

    Raises ValueError for a trace with a gradient that replaces the solver.
    """
    if trace and not gradient.seeks_equilibrium:
        raise ValueError(f"trace records a solve, and {type(gradient).__name__} runs none: leave trace out.")
    x = np.asarray(x)  # it may be on any device
    size = batch_size_of(x) if batch_size is None else batch_size
    mesh = mesh_here(size if solver.in_parts and gradient.in_parts else 1, devices)
    whole = (model.uncalibrated(), model.temperature, solver, gradient)
    whole = everywhere(whole, mesh) if mesh.size > 1 else whole
    parts = []
    for start in range(0, len(x), size):
        rows = np.minimum(np.arange(start, start + size), len(x) - 1)
        given = jax.tree.map(lambda v, rows=rows: v[rows], (x, z0))
        part = jax.device_get(forward(whole, given, states, trace, mesh))
        parts.append(jax.tree.map(lambda v, start=start: v[: len(x) - start], part))
    return Results(**jax.tree.map(lambda *columns: np.concatenate(columns), *parts))


def batch_size_of(x: Any) -> int:
    """The default batch size for inputs (n, ...)."""
    return min(BATCH, len(x), max(1, ENTRIES // x[0].size))


@partial(jax.jit, static_argnames=("states", "trace", "mesh"))
def forward(whole: Any, given: Any, states: bool, trace: int, mesh: Mesh) -> dict[str, Any]:
    """The fields of `Results` for one batch. whole: model, temperature, solver, gradient. given: x, and z0
    or None."""

    def answer(whole: Any, given: tuple[Array, Any]) -> dict[str, Any]:
        model, temperature, solver, gradient = whole
        outputs, sol = _solve(model, *given, solver, gradient, trace)
        columns: dict[str, Any] = {
            "outputs": outputs,
            "probabilities": jax.nn.softmax(outputs / temperature),
        }
        columns |= {"nfe": sol.nfe, "residual": sol.residual, "converged": sol.converged}
        columns["error"] = error_estimate(sol) / jnp.maximum(norm(Layout.of(sol.z).join(sol.z)), 1e-30)
        if states:
            columns["states"] = sol.z
        if sol.trace is not None:
            paths = jax.nn.softmax(jax.vmap(model.read, 1, 1)(sol.trace.z) / temperature)
            columns |= {"trace": sol.trace, "paths": paths}
        return columns

    return in_parts(answer, mesh)(whole, given)


def _solve(
    model: EquilibriumModel, x: Array, z0: Any, solver: Solver, gradient: Gradient, trace: int
) -> tuple[Array, Solution]:
    if not trace:
        return model(x, solver, Implicit() if gradient.seeks_equilibrium else gradient, z0=z0)
    injection = model.encode(x)
    start = model.start(injection) if z0 is None else z0
    solution = solve_cell(model.cell, injection, start, solver, trace)
    return model.read(solution.z), solution


def encode(model: EquilibriumModel, x: Any) -> tuple[Array, Array]:
    """The fixed-point problem for x: injection and z0, each (batch, ...)."""
    return _encode(model.uncalibrated(), x)


@jax.jit
def _encode(model: EquilibriumModel, x: Any) -> tuple[Array, Array]:
    injection = model.encode(x)
    return injection, model.start(injection)


@partial(jax.jit, static_argnames="trace")
def solve_cell(cell: nnx.Module, injection: Any, z0: Array, solver: Solver, trace: int = 0) -> Solution:
    """Solve z* = cell(z*, injection) from z0: (batch, ...); compiled once per cell structure, solver and shape."""
    function, variables = pure(cell, injection, z0)
    return solve(lambda z: function(variables, z, injection), z0, solver, trace=trace)


def read_out(model: EquilibriumModel, z: Any) -> Array:
    """The head's outputs for given states: (batch, ...) -> (batch, k)."""
    return _read_out(model.uncalibrated(), z)


@jax.jit
def _read_out(model: EquilibriumModel, z: Any) -> Array:
    return model.read(z)


def outputs_of(model: EquilibriumModel, x: Any) -> ShapeDtypeStruct:
    """Shape and dtype of the outputs for one example of x (n, ...), without computing them.

    Raises ValueError if the encoder cannot read it.
    """
    graphdef, variables = nnx.split(model.uncalibrated())
    one = ShapeDtypeStruct((1, *x.shape[1:]), x.dtype)
    try:
        _injected.eval_shape(graphdef, variables, one)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The model's encoder cannot read inputs of shape {list(x.shape[1:])}: {str(error).splitlines()[0]}"
        ) from error
    return _outputs.eval_shape(graphdef, variables, one)


# jit, only so that repeated calls reuse the trace: tracing a solve takes longer than training the toy.
@partial(jax.jit, static_argnums=0)
def _injected(graphdef: nnx.GraphDef, variables: nnx.State, x: Array) -> Any:
    return nnx.merge(graphdef, variables, copy=True).encode(x)


@partial(jax.jit, static_argnums=0)
def _outputs(graphdef: nnx.GraphDef, variables: nnx.State, x: Array) -> Array:
    return nnx.merge(graphdef, variables, copy=True)(x, Picard(max_nfe=1))[0]


def reads_pictures(model: EquilibriumModel, classes: int = 10) -> bool:
    """Whether a user's own model takes 28 x 28 pictures and has one output per class."""
    try:
        return outputs_of(model, ShapeDtypeStruct((1, 28, 28, 1), jnp.uint8)).shape == (1, classes)
    except Exception:  # the user's own code may raise anything
        return False
