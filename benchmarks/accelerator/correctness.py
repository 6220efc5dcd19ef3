"""Is it correct: solvers, gradients and shipped models on this device, against the CPU and against float64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.accelerator.sizes import Sizes
from deq import (
    Implicit,
    Neumann,
    Phantom,
    Picard,
    ThroughODE,
    Unrolled,
    equilibrium,
    load_dataset,
    load_pretrained,
)
from deq.data import at_hand
from deq.gradients import Gradient
from deq.models.inference import Results, infer
from deq.solvers import GMRES, SOLVERS, BiCGStab, Dense, Solution, Solver

BATCH, WIDTH, SLOPE = 32, 64, 0.8
GRADIENTS: dict[str, Gradient] = {
    **{f"implicit, {name}": Implicit(entry.default) for name, entry in SOLVERS.items()},
    **{f"implicit, {type(s).__name__}": Implicit(s) for s in (GMRES(), BiCGStab(), Dense())},
    **{
        "Neumann": Neumann(),
        "phantom": Phantom(3),
        "unrolled": Unrolled(10),
        "through the ODE": ThroughODE(),
    },
}
LIMIT = 1e-3  # of an error relative to float64; the solves stop at a residual of 1e-5

Leaves = tuple[np.ndarray, np.ndarray]


def solvers(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """z* = tanh(W z* + x) by every solver: the relative error of z, against float64 on the CPU."""
    exact = on_cpu(solved, Picard(tol=1e-14, max_nfe=1000), double=True)
    for name, entry in SOLVERS.items():
        here, there = solved(entry.default), on_cpu(solved, entry.default)
        errors = {"error": apart(here.z, exact.z), "error on the CPU": apart(there.z, exact.z)}
        calls = {"calls": float(here.nfe.mean()), "calls on the CPU": float(there.nfe.mean())}
        share = float(here.converged.mean())
        yield {"solver": name, **errors, **calls, "converged": share, "right": errors["error"] < LIMIT}


def gradients(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """The gradient of ||z*||^2 in W and x by every method: its relative error, against float64 on the CPU."""
    dense = on_cpu(slopes, Implicit(Dense()), double=True)
    for name, gradient in GRADIENTS.items():
        if sizes.gradients is not None and name not in sizes.gradients:
            continue
        exact = dense if isinstance(gradient, Implicit) else on_cpu(slopes, gradient, double=True)
        here, there = slopes(gradient), on_cpu(slopes, gradient)
        errors = {"error": both_apart(here, exact), "error on the CPU": both_apart(there, exact)}
        yield {"gradient": name, **errors, "right": errors["error"] < LIMIT}


def models(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Shipped models on test digits: accuracy, calls and converged solves here and on the CPU."""
    data = load_dataset("mnist" if at_hand("mnist") else "digits")
    x, y = data.test_images[: sizes.digits], data.test_labels[: sizes.digits]
    for name in sizes.models:
        here, there = answers(name, x), on_cpu(answers, name, x)
        same = {
            "labels differing": int((here.labels != there.labels).sum()),
            "converged differing": int((here.converged != there.converged).sum()),
        }
        yield {
            "model": name,
            "accuracy": float((here.labels == y).mean()),
            "accuracy on the CPU": float((there.labels == y).mean()),
            "calls": float(here.nfe.mean()),
            "calls on the CPU": float(there.nfe.mean()),
            **same,
            "right": max(same.values()) <= len(y) / 1000,
        }


def on_cpu(function: Callable[..., Any], *args: Any, double: bool = False) -> Any:
    """function(*args) computed by the CPU; double: in float64."""
    if jax.default_backend() == "cpu" and not double:
        return jax.device_get(function(*args))
    with jax.default_device(jax.devices("cpu")[0]), jax.enable_x64(double):
        return jax.device_get(function(*args))


def problem() -> tuple[Array, Array]:
    """W of spectral norm SLOPE, and a batch of x, in the dtype in force."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(WIDTH, WIDTH))
    return jnp.asarray(SLOPE * w / np.linalg.norm(w, 2)), jnp.asarray(rng.normal(size=(BATCH, WIDTH)))


def solved(solver: Solver) -> Solution:
    """The equilibria, on the host."""
    return jax.device_get(_solve(*problem(), solver))


def slopes(gradient: Gradient) -> Leaves:
    """The gradient of ||z*||^2 in W and x, by a tight forward solve, on the host."""
    tol = 1e-12 if jax.config.read("jax_enable_x64") else 1e-6
    return jax.device_get(_slopes(*problem(), gradient, tol))


@jax.jit
def _solve(w: Array, x: Array, solver: Solver) -> Solution:
    return equilibrium(_cell(w), x, jnp.zeros_like(x), solver)


@jax.jit
def _slopes(w: Array, x: Array, gradient: Gradient, tol: float) -> tuple[Array, Array]:
    def loss(w: Array, x: Array) -> Array:
        return jnp.sum(
            equilibrium(_cell(w), x, jnp.zeros_like(x), Picard(tol=tol, max_nfe=500), gradient).z ** 2
        )

    return jax.grad(loss, (0, 1))(w, x)


def _cell(w: Array) -> Callable[[Array, Array], Array]:
    return partial(lambda w, z, x: jnp.tanh(z @ w.T + x), w)


def answers(name: str, x: np.ndarray) -> Results:
    """A shipped model's, with the solver of its card, on one device."""
    shipped = load_pretrained(name)
    return infer(shipped.model, x, shipped.solver, shipped.gradient, devices=1)


def apart(found: np.ndarray, exact: np.ndarray) -> float:
    """The largest relative distance of a sample."""
    return float((np.linalg.norm(found - exact, axis=1) / np.linalg.norm(exact, axis=1)).max())


def both_apart(found: Leaves, exact: Leaves) -> float:
    """The larger relative distance of the two arrays."""
    return max(float(np.linalg.norm(a - b) / np.linalg.norm(b)) for a, b in zip(found, exact, strict=True))
