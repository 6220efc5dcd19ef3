"""Test-time compute: the effect of more evaluations, and of the start."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem
from deq.analysis.path_independence import PathIndependence, path_independence
from deq.solvers import Solver

BUDGETS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)
FAR_TOL = 1e-7  # so small that the budget ends the solve, not the tolerance
ALIGNED = 0.99  # two states with at least this cosine count as equal
ANOTHER = "another sample's z*"


@dataclass(frozen=True)
class Compute:
    """One solver over BUDGETS. accuracy: (n,) fraction, None without labels. residual: (n, batch)."""

    budget: np.ndarray
    accuracy: np.ndarray | None
    residual: np.ndarray


def vary_budget(problem: Problem, solver: Solver) -> Compute:
    """Accuracy and relative residual of the best iterates within each of BUDGETS evaluations."""
    found = [solve_problem(problem, replace(solver, tol=FAR_TOL, max_nfe=budget)) for budget in BUDGETS]
    right = None
    if problem.labels is not None:
        right = np.array([np.mean(problem.classes(sol.z) == problem.labels) for sol in found])
    return Compute(np.array(BUDGETS), right, np.stack([np.asarray(sol.residual) for sol in found]))


def other_starts(z_star: np.ndarray) -> dict[str, np.ndarray]:
    """Starts unrelated to the model's own: zero, noise of the size of z*, another sample's z* where there is one."""
    noise = np.random.default_rng(0).normal(size=z_star.shape).astype(z_star.dtype)
    return {
        "zero": np.zeros_like(z_star),
        "noise": noise * z_star.std(),
    } | ({ANOTHER: np.roll(z_star, 1, axis=0)} if len(z_star) > 1 else {})


def vary_start(problem: Problem, solver: Solver) -> dict[str, PathIndependence]:
    """Start -> the equilibrium reached from it, compared with that from the model's own start.

    The mean cosine from ANOTHER is the asymptotic alignment score of Anil et al. (2022), arXiv:2211.09961.
    """
    z_star = np.asarray(solve_problem(problem, solver).z)
    return {
        name: path_independence(problem.model.cell, problem.injection, problem.z0, z, solver)
        for name, z in other_starts(z_star).items()
    }


def compute_table(curves: Mapping[str, Compute]) -> dict[str, list[Any]]:
    """One row per solver and budget."""
    rows = [(name, curve, i) for name, curve in curves.items() for i in range(len(curve.budget))]
    return {
        "solver": [name for name, _, _ in rows],
        "evaluations allowed": [int(c.budget[i]) for _, c, i in rows],
        "accuracy": [None if c.accuracy is None else float(c.accuracy[i]) for _, c, i in rows],
        "residual, median": [float(np.median(c.residual[i])) for _, c, i in rows],
    }


def path_table(found: Mapping[str, PathIndependence]) -> dict[str, list[Any]]:
    """One row per start."""
    ends = found.values()
    return {
        "start": list(found),
        "alignment, mean": [float(np.mean(end.cosine)) for end in ends],
        f"cosine ≥ {ALIGNED}": [float(np.mean(end.cosine >= ALIGNED)) for end in ends],
        "distance, median": [float(np.median(end.distance)) for end in ends],
        "both converged": [float(np.mean(end.converged)) for end in ends],
    }
