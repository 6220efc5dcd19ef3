"""Compare solvers and gradients on one problem; returns plain arrays, for pages, benchmarks and notebooks."""

from deq.analysis.comparison.problem import Problem, build_problem
from deq.analysis.comparison.race import Run, race
from deq.analysis.comparison.subjects import Subject, make_problem, subject_names

__all__ = ["Problem", "Run", "Subject", "build_problem", "make_problem", "race", "subject_names"]
