"""The computations of the Solvers page, cached by their settings: arrays only, no model is trained here.

Those of the first two tabs take a fraction of a second once compiled. Timings and all others wait for their turn.
"""

import numpy as np
import streamlit as st

from deq.analysis.comparison.gradients import (
    GradientRun,
    compare_gradient,
    errors_by_radius,
    errors_by_tolerance,
    exact_gradient,
    memory_at,
    time_gradients,
)
from deq.analysis.comparison.problem import Problem
from deq.analysis.comparison.race import Run, race
from deq.analysis.comparison.reference import Reference, find_reference
from deq.analysis.comparison.spectrum import Spectrum, find_spectrum
from deq.analysis.comparison.subjects import Subject, make_problem
from deq.analysis.comparison.test_time_compute import Compute, vary_budget, vary_start
from deq.analysis.comparison.timings import time_solvers
from deq.analysis.comparison.work_precision import WorkPrecision, time_precision, work_precision
from deq.analysis.path_independence import PathIndependence
from deq.solvers import Solver
from pages.ui.server.caches import cached, queued


@cached(12, "Preparing the model and its batch", st.cache_resource)
def problem_of(subject: Subject) -> Problem:
    """The model of a shared problem is only read."""
    return make_problem(subject)


@cached(50)
def reference_of(subject: Subject) -> Reference:
    return find_reference(problem_of(subject))


@cached(200)
def race_of(subject: Subject, solver: Solver) -> Run:
    return race(problem_of(subject), solver)


@queued(cached(100))
def times_of(subject: Subject, names: tuple[str, ...], solvers: tuple[Solver, ...]) -> dict[str, np.ndarray]:
    """The times of all solvers together: they take turns."""
    return time_solvers(problem_of(subject), dict(zip(names, solvers, strict=True)))


@queued(cached(100))
def precision_of(subject: Subject, solver: Solver, double: bool) -> WorkPrecision:
    return work_precision(problem_of(subject), solver, reference_of(subject), double)


@queued(cached(50))
def precision_times_of(
    subject: Subject, names: tuple[str, ...], solvers: tuple[Solver, ...], double: bool
) -> dict[str, np.ndarray]:
    """The times of all solvers and tolerances together: they take turns."""
    return time_precision(problem_of(subject), dict(zip(names, solvers, strict=True)), double)


@cached(50)
def spectrum_of(subject: Subject) -> Spectrum:
    return find_spectrum(problem_of(subject), reference_of(subject))


@queued(cached(50))
def exact_of(subject: Subject) -> np.ndarray:
    return exact_gradient(problem_of(subject), reference_of(subject))


@queued(cached(200))
def gradient_of(subject: Subject, method: str) -> GradientRun:
    return compare_gradient(problem_of(subject), method, exact_of(subject))


@queued(cached(100))
def gradient_times_of(subject: Subject, methods: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The times of all methods together: they take turns."""
    return time_gradients(problem_of(subject), methods)


@queued(cached(200))
def errors_over_tolerance(subject: Subject, method: str) -> np.ndarray:
    return errors_by_tolerance(problem_of(subject), method, exact_of(subject))


@queued(st.cache_data(max_entries=50, show_spinner=False))
def errors_over_radius(method: str) -> np.ndarray:
    return errors_by_radius(method)


@queued(cached(100))
def memory_of(subject: Subject, way: str, depth: int) -> int:
    return memory_at(problem_of(subject), way, depth)


@queued(cached(100))
def compute_of(subject: Subject, solver: Solver) -> Compute:
    return vary_budget(problem_of(subject), solver)


@queued(cached(50))
def paths_of(subject: Subject, solver: Solver) -> dict[str, PathIndependence]:
    return vary_start(problem_of(subject), solver)
