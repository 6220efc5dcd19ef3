"""The tables of the solvers page, on the command line: python -m benchmarks.comparison race [--model mlp] [--json]

One table a tab of the page, with the page's own defaults: the numbers are the same, times apart.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.timing import report
from deq.analysis.comparison import Subject, make_problem, race, subject_names
from deq.analysis.comparison.effort import effort_table, efforts
from deq.analysis.comparison.gradients import compare_gradient, exact_gradient, gradient_table, methods_for
from deq.analysis.comparison.lineup import Lineup
from deq.analysis.comparison.memory import DEPTHS, WAYS, memory_at, memory_table
from deq.analysis.comparison.problem import Problem
from deq.analysis.comparison.race import race_table
from deq.analysis.comparison.reference import find_reference
from deq.analysis.comparison.spectrum import find_spectrum, spectrum_table
from deq.analysis.comparison.subjects import NOISE
from deq.analysis.comparison.test_time_compute import compute_table, path_table, vary_budget, vary_start
from deq.analysis.comparison.timing import device_name
from deq.analysis.comparison.work_precision import precision_table, work_precision
from deq.data import held_out_digits
from deq.solvers import SOLVERS

Columns = dict[str, list]


def table_race(problem: Problem, lineup: Lineup) -> Columns:
    """Every solver: NFE, time, residual, converged, agreement with the reference's class."""
    runs = {name: race(problem, lineup.solver(name)) for name in SOLVERS}
    return race_table(runs, find_reference(problem).classes if problem.has_classes else None)


def table_why(problem: Problem, lineup: Lineup) -> Columns:
    """What the eigenvalues at the equilibrium say of each sample."""
    return spectrum_table(find_spectrum(problem, find_reference(problem)), lineup.damping)


def table_precision(problem: Problem, lineup: Lineup) -> Columns:
    """Error and work of every solver at every tolerance."""
    reference = find_reference(problem)
    return precision_table(
        {name: work_precision(problem, lineup.solver(name), reference) for name in SOLVERS}
    )


def table_gradients(problem: Problem, lineup: Lineup) -> Columns:
    """Error, angle, time and memory of every gradient."""
    exact = exact_gradient(problem, find_reference(problem))
    return gradient_table({name: compare_gradient(problem, name, exact) for name in methods_for(problem)})


def table_memory(problem: Problem, lineup: Lineup) -> Columns:
    """Memory of loss and gradient against depth."""
    return memory_table({(way, depth): memory_at(problem, way, depth) for way in WAYS for depth in DEPTHS})


def table_compute(problem: Problem, lineup: Lineup) -> Columns:
    """Accuracy and residual against the evaluations allowed."""
    return compute_table({name: vary_budget(problem, lineup.solver(name)) for name in SOLVERS})


def table_paths(problem: Problem, lineup: Lineup) -> Columns:
    """Whether Anderson forgets where it started."""
    return path_table(vary_start(problem, lineup.solver("Anderson")))


def table_batch(problem: Problem, lineup: Lineup) -> Columns:
    """Anderson's effort for each sample, the easiest first."""
    return effort_table(efforts(problem, lineup.solver("Anderson")))


TABLES: dict[str, Callable[[Problem, Lineup], Columns]] = {
    "race": table_race,
    "why": table_why,
    "precision": table_precision,
    "gradients": table_gradients,
    "memory": table_memory,
    "compute": table_compute,
    "paths": table_paths,
    "batch": table_batch,
}


def rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """A table of columns as one dictionary a row."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def request() -> argparse.Namespace:
    """What is asked for on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--model", choices=subject_names(), default=subject_names()[0])
    parser.add_argument("--batch", help="test digits, noise or stiff digits; by default the model's first")
    parser.add_argument("--size", type=int, default=64, help="samples in the batch (default 64)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--radius", type=float, default=0.9, help="spectral radius of the random cell")
    parser.add_argument("--tol", type=float, default=1e-4)
    parser.add_argument("--max-nfe", type=int, default=300)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    return parser.parse_args()


def main() -> None:
    asked = request()
    batch = asked.batch or Subject(asked.model).batches[0]
    problem = make_problem(Subject(asked.model, batch, asked.size, asked.seed, asked.radius))
    source = "" if batch == NOISE else f" of {held_out_digits().name}"
    columns = TABLES[asked.table](problem, Lineup(tol=asked.tol, max_nfe=asked.max_nfe))
    title = f"{asked.table}: {asked.model}, {asked.size} samples of {batch}{source}, on {device_name()}"
    report(title, rows(columns), asked.json)


if __name__ == "__main__":
    main()
