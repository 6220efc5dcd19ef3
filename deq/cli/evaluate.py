"""deq evaluate."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import Any

from deq.cli.choices import is_own
from deq.cli.own_data import task_for
from deq.cli.own_model import read_code
from deq.cli.process import orderly_stop
from deq.cli.report import open_model, show, usage_errors
from deq.data import PUZZLES, Task, calls_for, classify, double, load_dataset, puzzle
from deq.devices import use_cores
from deq.gradients import Implicit
from deq.models import TASK_MODELS, count_parameters
from deq.models.checkpoints import Checkpoint
from deq.models.evaluation import Metrics, evaluate_task
from deq.models.start import plain_start
from deq.solvers import Solver, is_same_method, solver_by_command
from deq.training.fitting import check_fit


def run(
    source: str,
    model: str | None,
    dataset: str | None,
    solver: str | None,
    tol: float | None,
    data_dir: Path | None,
    size: int | None,
    plain: bool,
    as_json: bool,
) -> None:
    """Print the test metrics of a model, solved as in training unless a solver or tol is given.

    size: of the puzzles; the calls allowed grow with it. plain: start without the learned start.
    """
    use_cores()
    with usage_errors():
        checkpoint = open_model(source, read_code(model))
        name = fitting(checkpoint, dataset)
        if data_dir is not None and is_own(name):
            raise ValueError(f"{name} is a path to data already: leave out --data-dir.")
        task = task_for(checkpoint, name) if is_own(name) else load_task(name, data_dir, size)
        evaluated = plain_start(checkpoint.model) if plain else checkpoint.model
        if checkpoint.card.inputs or checkpoint.card.model_sha256:
            check_fit(evaluated, task)
        chosen = choose_solver(checkpoint, solver, tol)
        if size is not None:
            chosen = dataclasses.replace(chosen, max_nfe=calls_for(int(chosen.max_nfe), name, size))
        began = time.perf_counter()
        gradient = checkpoint.gradient if solver is None and tol is None else Implicit()
        metrics = evaluate_task(evaluated, task, task.test, chosen, gradient)
        seconds = time.perf_counter() - began
    found = figures(metrics, count_parameters(evaluated), seconds)
    if task.has_labels and not task.has_one_label:
        found["places"] = float(metrics.places)
    show({"model": checkpoint.card.model, "dataset": task.name} | found, as_json)


def choose_solver(checkpoint: Checkpoint, name: str | None, tol: float | None) -> Solver:
    """The card's solver, or another one with the same tol; max_nfe is at least 1000 for a new solver or tol."""
    solver = checkpoint.solver
    if name is not None and not is_same_method(solver_by_command(name), solver):
        solver = dataclasses.replace(solver_by_command(name), tol=solver.tol, max_nfe=1000)
    if tol is None:
        return solver
    return dataclasses.replace(solver, tol=tol, max_nfe=max(1000, int(solver.max_nfe)))


def fitting(checkpoint: Checkpoint, dataset: str | None) -> str:
    """The data set to evaluate on, by default the card's. Raises ValueError if the model cannot take its inputs."""
    own = checkpoint.card.dataset
    if own in TASK_MODELS and dataset not in (None, own):
        raise ValueError(
            f"{checkpoint.card.model} is for the task {own}, not for {dataset}: leave out --dataset."
        )
    if not (dataset or own):
        raise ValueError("The model's card names no data: add --dataset.")
    return dataset or own


def load_task(name: str, data_dir: Path | None, size: int | None = None) -> Task:
    """The toy task, puzzles, or classification of a data set. Raises ValueError."""
    if size is not None and name not in PUZZLES:
        raise ValueError(f"--size is for {' and '.join(PUZZLES)}: leave it out for {name}.")
    if name == "toy" or name in PUZZLES:
        if data_dir is not None:
            raise ValueError(f"{name} reads no files: leave out --data-dir.")
        return double() if name == "toy" else puzzle(name, size)
    with orderly_stop():
        return classify(load_dataset(name, data_dir))


def figures(metrics: Metrics, parameters: int, seconds: float) -> dict[str, Any]:
    """What `train` and `evaluate` report; accuracy is None without classes."""
    return {
        "accuracy": None if math.isnan(float(metrics.accuracy)) else float(metrics.accuracy),
        "loss": float(metrics.loss),
        "parameters": parameters,
        "seconds": round(seconds, 3),
        "nfe_mean": float(metrics.nfe),
        "residual_mean": float(metrics.residual),
        "converged_fraction": float(metrics.converged),
    }
