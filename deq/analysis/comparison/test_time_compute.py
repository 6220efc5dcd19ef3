"""Test-time compute: what more evaluations buy, and whether the start is forgotten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deq.analysis.comparison.problem import Problem, solve_problem
from deq.analysis.path_independence import PathIndependence, path_independence
from deq.solvers import Solver

BUDGETS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377)
FAR_TOL = 1e-7  # so that the budget ends the solve, not the tolerance
ALIGNED = 0.99  # cosine from which on two states count as one
ANOTHER = "another's z*"


@dataclass(frozen=True)
class Compute:
    """One solver over BUDGETS. accuracy: (n,) fraction, None without labels. residual: (n, batch)."""

    budget: np.ndarray
    accuracy: np.ndarray | None
    residual: np.ndarray


def spend(problem: Problem, solver: Solver) -> Compute:
    """Accuracy and relative residual with at most so many evaluations, the best iterate of each sample."""
    found = [solve_problem(problem, replace(solver, tol=FAR_TOL, max_nfe=budget)) for budget in BUDGETS]
    right = None
    if problem.labels is not None:
        right = np.array([np.mean(problem.classes(sol.z) == problem.labels) for sol in found])
    return Compute(np.array(BUDGETS), right, np.stack([np.asarray(sol.residual) for sol in found]))


def starts(z_star: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Starts that have nothing to do with the model's own: zero, noise of z*'s size, another sample's z*."""
    noise = np.random.default_rng(seed).normal(size=z_star.shape).astype(z_star.dtype)
    return {
        "zero": np.zeros_like(z_star),
        "noise": noise * z_star.std(),
        ANOTHER: np.roll(z_star, 1, axis=0),
    }


def forget(problem: Problem, solver: Solver, seed: int = 0) -> dict[str, PathIndependence]:
    """Start -> where the solve from it ends, against the solve from the model's own start.

    The mean cosine from "another's z*" is the asymptotic alignment score of Anil et al. (2022), arXiv:2211.09961.
    """
    z_star = np.asarray(solve_problem(problem, solver).z)
    return {
        name: path_independence(problem.model.cell, problem.injection, problem.z0, z, solver)
        for name, z in starts(z_star, seed).items()
    }


def compute_table(curves: Mapping[str, Compute]) -> dict[str, list[Any]]:
    """One row a solver and budget."""
    rows = [(name, curve, i) for name, curve in curves.items() for i in range(len(curve.budget))]
    return {
        "solver": [name for name, _, _ in rows],
        "evaluations allowed": [int(c.budget[i]) for _, c, i in rows],
        "accuracy": [None if c.accuracy is None else float(c.accuracy[i]) for _, c, i in rows],
        "residual, median": [float(np.median(c.residual[i])) for _, c, i in rows],
    }


def path_table(found: Mapping[str, PathIndependence]) -> dict[str, list[Any]]:
    """One row a start."""
    ends = found.values()
    return {
        "start": list(found),
        "alignment, mean": [float(np.mean(end.cosine)) for end in ends],
        "aligned": [float(np.mean(end.cosine >= ALIGNED)) for end in ends],
        "distance, median": [float(np.median(end.distance)) for end in ends],
        "both converged": [float(np.mean(end.converged)) for end in ends],
    }
