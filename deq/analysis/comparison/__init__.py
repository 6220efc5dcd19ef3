"""Solvers and gradients compared on one problem: plain arrays out, for the page, the benchmarks and a notebook."""

from deq.analysis.comparison.problem import Problem, pose
from deq.analysis.comparison.race import Run, race
from deq.analysis.comparison.subjects import Subject, make_problem, subject_names

__all__ = ["Problem", "Run", "Subject", "make_problem", "pose", "race", "subject_names"]
