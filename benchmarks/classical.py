"""Our solvers compared with others on the 23 classical systems. python -m benchmarks.classical [--json]

Each F(z) = 0 of tests/support/classical.py is posed as a fixed point of f = z - F and of f = z + F; root finders get
f(z) - z.
All in float64, from the standard start, with a tolerance of 1e-9 in the library's own sense and at most 2,000 calls;
JAXopt limits iterations instead, and the line search of its Broyden makes many calls in each.
"Solved": the library claims success, and ||F(z)|| <= 1e-6, recomputed in float64; a false claim: it claims success,
and this check fails. A Jacobian counts as n calls, a product with one as one. Needs pip install -e '.[bench]'.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import jaxopt
import numpy as np
import optimistix
import scipy.optimize
from jax import Array

from benchmarks.tally import counted, tally
from benchmarks.timing import arguments, report
from deq import solve
from deq.solvers import SOLVERS, Solver
from tests.support.classical import CLASSICAL, N

TOL, CALLS, SOLVED = 1e-9, 2000, 1e-6
Posed = tuple[int, float]  # the number of a system, and the sign in f = z + sign F


@dataclass(frozen=True)
class Result:
    """z: the state, without padding; whether the library claims success; its calls of F."""

    z: np.ndarray
    claimed: bool
    calls: int


Method = Callable[[Posed], Result]


def padded(system: int) -> Callable[[Array], Array]:
    """F on the first entries of a state (N,), and the identity on the padding."""
    n = len(CLASSICAL[system].start)
    return lambda z: jnp.concatenate([CLASSICAL[system].F(z[:n]), z[n:]])


def residual(z: Array, posed: tuple[Array, Array]) -> Array:
    """f(z) - z = sign F(z); which system is data, so that each method is compiled once."""
    return posed[1] * jax.lax.switch(posed[0], [padded(i) for i in range(len(CLASSICAL))], z)


def start(posed: Posed) -> tuple[Array, tuple[Array, Array]]:
    z = np.array(CLASSICAL[posed[0]].start)
    return jnp.asarray(np.pad(z, (0, N - len(z)))), (jnp.asarray(posed[0]), jnp.asarray(posed[1]))


def cut(z: Array, posed: Posed) -> np.ndarray:
    return np.asarray(z)[: len(CLASSICAL[posed[0]].start)]


def ours(solver: Solver) -> Method:
    exact = replace(solver, tol=TOL, atol=TOL, max_nfe=CALLS)

    @jax.jit
    def run(z0: Array, posed: tuple[Array, Array]) -> Any:
        return solve(lambda z: z + residual(z[0], posed)[None], z0[None], exact)

    def method(posed: Posed) -> Result:
        found = run(*start(posed))
        return Result(cut(found.z[0], posed), bool(found.converged[0]), int(found.nfe[0]))

    return method


def by_jaxopt(make: Callable[[Callable[..., Array]], Any], is_root: bool = False) -> Method:
    def f(z: Array, posed: tuple[Array, Array]) -> Array:
        z = counted(z)
        return residual(z, posed) if is_root else z + residual(z, posed)

    solver = make(f)
    run = jax.jit(solver.run)

    def method(posed: Posed) -> Result:
        out: list[Any] = []
        calls = sum(tally(lambda: out.append(run(*start(posed)))))
        z, state = out[0]
        return Result(cut(z, posed), bool(state.error <= TOL), calls)

    return method


def by_optimistix(solver: Any, calls_per_step: Callable[[int], int]) -> Method:
    is_root = not isinstance(solver, optimistix.FixedPointIteration)
    find = optimistix.root_find if is_root else optimistix.fixed_point
    most = CALLS // calls_per_step(N)

    @jax.jit
    def run(z0: Array, posed: tuple[Array, Array]) -> Any:
        f = residual if is_root else lambda z, posed: z + residual(z, posed)
        found = find(f, solver, z0, posed, max_steps=most, throw=False)
        return found.value, found.result == optimistix.RESULTS.successful, found.stats["num_steps"]

    def method(posed: Posed) -> Result:
        z, success, steps = run(*start(posed))
        z = cut(z, posed)
        return Result(z, bool(success), int(steps) * calls_per_step(len(z)))

    return method


class Spent(Exception):
    """The calls allowed are spent."""


def by_scipy(name: str) -> Method:
    # By residual where there is a choice: a bare `tol` bounds the last step alone.
    options = {"xtol": TOL} if name == "hybr" else {"fatol": TOL, "maxiter": CALLS}

    def method(posed: Posed) -> Result:
        system, calls = CLASSICAL[posed[0]], 0
        F = jax.jit(system.F)

        def counted_f(z: np.ndarray) -> np.ndarray:
            nonlocal calls
            if calls == CALLS:
                raise Spent
            calls += 1
            return posed[1] * np.asarray(F(jnp.asarray(z)))

        z0 = np.array(system.start)
        try:
            found = scipy.optimize.root(counted_f, z0, method=name, options=options)
        except (Spent, ValueError, ArithmeticError, np.linalg.LinAlgError):
            return Result(z0, False, calls)
        return Result(np.asarray(found.x), bool(found.success), calls)

    return method


EXACT = {"tol": TOL, "maxiter": CALLS, "implicit_diff": False}
TOLERANCES = {"rtol": TOL, "atol": TOL}


def with_jacobian(n: int) -> int:
    return 1 + n


METHODS: dict[str, Method] = {
    **{f"ours, {name}": ours(entry.default) for name, entry in SOLVERS.items()},
    "Optimistix FixedPointIteration": by_optimistix(
        optimistix.FixedPointIteration(**TOLERANCES), lambda n: 1
    ),
    "Optimistix Newton": by_optimistix(optimistix.Newton(**TOLERANCES), with_jacobian),
    "Optimistix Dogleg": by_optimistix(optimistix.Dogleg(**TOLERANCES), with_jacobian),
    "Optimistix LevenbergMarquardt": by_optimistix(
        optimistix.LevenbergMarquardt(**TOLERANCES), with_jacobian
    ),
    "JAXopt FixedPointIteration": by_jaxopt(lambda f: jaxopt.FixedPointIteration(f, **EXACT)),
    "JAXopt AndersonAcceleration": by_jaxopt(lambda f: jaxopt.AndersonAcceleration(f, **EXACT)),
    "JAXopt Broyden": by_jaxopt(lambda f: jaxopt.Broyden(f, **EXACT), is_root=True),
    **{f"SciPy {name}": by_scipy(name) for name in ("hybr", "anderson", "broyden1", "krylov")},
}


def judged(result: Result, system: int) -> tuple[bool, bool]:
    """Whether it is solved, and whether the claim is false."""
    near = float(jnp.linalg.norm(CLASSICAL[system].F(jnp.asarray(result.z)))) <= SOLVED  # False for NaN
    return result.claimed and near, result.claimed and not near


def rows(methods: dict[str, Method]) -> Iterator[dict[str, Any]]:
    """One row per method: the systems solved, its false claims and its calls, for both ways to pose them."""
    for name, method in methods.items():
        results = {(i, sign): method((i, sign)) for sign in (-1.0, 1.0) for i in range(len(CLASSICAL))}
        judgements = {posed: judged(result, posed[0]) for posed, result in results.items()}
        solved = {sign: sum(judgements[i, sign][0] for i in range(len(CLASSICAL))) for sign in (-1.0, 1.0)}
        yield {
            "method": name,
            "z - F": solved[-1.0],
            "z + F": solved[1.0],
            "false claims": sum(false for _, false in judgements.values()),
            "calls": sum(result.calls for result in results.values()),
        }


def main() -> None:
    options = arguments(__doc__, timed=False)
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's own, on overflow
        report("23 classical systems", rows(METHODS), options.json)


if __name__ == "__main__":
    main()
