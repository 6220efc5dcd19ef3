"""deq train."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from itertools import chain
from typing import Any

import jax.numpy as jnp
from jax.sharding import Mesh

from deq.cli.choices import is_own
from deq.cli.evaluate import load_task
from deq.cli.own_data import lesson, read, require_a_batch
from deq.cli.own_model import try_out
from deq.cli.process import failed_writes, leave, lost_peers, native_output_on_stderr, stop_signals
from deq.cli.progress import Shown, resume_line, start_line, training_progress
from deq.cli.report import open_model, read_weights, say, show, usage_errors
from deq.cli.request import Request, choose_recipe, make_card, named_model, settings, with_own_code
from deq.data import Form, Task
from deq.devices import any_process, from_leader, is_leader, join, mesh_of, use_cores
from deq.models import EquilibriumModel
from deq.models.calibration import calibrate
from deq.models.card import CARD, Card, read_card
from deq.models.checkpoints import Checkpoint, save_checkpoint
from deq.models.weights import take_weights
from deq.training import EpochEnd, Event, Finished, Progress, fit
from deq.training.fitting import with_start
from deq.training.recipes import RECIPES, Recipe
from deq.training.run_folder import RunFolder, holds_run, writing
from deq.training.run_settings import continued, require_same
from deq.training.state import start_state


def run(request: Request, as_json: bool) -> None:
    """Train and print the result."""
    use_cores()
    show(train(request), as_json)


def run_together(
    request: Request,
    as_json: bool,
    coordinator: str | None,
    num_processes: int | None,
    process_id: int | None,
) -> None:
    """Train as one of several processes, of which only the leader writes and prints."""
    with native_output_on_stderr():
        with usage_errors():
            if coordinator is None:
                raise ValueError("--num-processes and --process-id need --coordinator HOST:PORT.")
            join(coordinator, num_processes, process_id)
        with lost_peers():
            found = train(request)
    if is_leader():
        show(found, as_json)


def train(request: Request) -> dict[str, Any]:
    """Train, save to --out if given, and return the result."""
    trained = run_of(request, training_progress(visible=is_leader() and not request.quiet))
    return result(trained.model, trained.card)


def run_of(request: Request, shown: Shown) -> Checkpoint:
    """Train and save to --out if given, or read a finished run there. shown: displays the events."""
    with usage_errors(), failed_writes():
        request = with_own_data(with_own_code(request))
        name, recipe = choose_recipe(request)
        if request.resume and request.out is None:
            raise ValueError("--resume needs --out, the folder of the run to resume.")
        init = read_weights(request.init, request.file)
        described = settings(request, name, recipe, init)
        if request.out and request.resume and (request.out / CARD).exists():
            card = read_card(request.out / CARD)
            recipe = continued(recipe, card.recipe)
            described = settings(request, name, recipe, init)
            require_same(request.out, card.recipe, described)
            if card.epochs == recipe.epochs:
                return finished_run(request)
        task = request.own.task if request.own else load_task(request.task, request.data_dir)
        require_a_batch(task, recipe.batch_size)
        model = new_model(request, name, recipe, init, task)
        mesh = mesh_of(request.devices, recipe.batch_size)
        # Last, since nothing is refused from here on.
        folder = open_folder(request, described) if is_leader() else None
        events = start(request, name, recipe, model, task, mesh, folder)
        finished = follow(events, folder, shown)
        if finished.verdict:
            say(finished.verdict)
        card = make_card(finished, request, described, recipe)
        if request.out and is_leader():
            card = add_calibration(card, finished, task, recipe, request.devices)
            with stop_signals() as caught, writing(request.out):
                save_checkpoint(request.out, finished.model, card, request.architecture)
            if caught:
                leave(caught, can_resume=True)
        return Checkpoint(finished.model, card)


def with_own_data(request: Request) -> Request:
    """The request with its data loaded, if the task is a path to data. Raises ValueError."""
    if request.own is not None:
        return request
    if not is_own(request.task):
        if request.reader or request.label:
            raise ValueError(f"--reader and --label are for your own data; {request.task} needs neither.")
        return request
    if request.data_dir is not None:
        raise ValueError(f"{request.task} is a path to data already: leave out --data-dir.")
    own = read(request.task, Form(reader=request.reader or "", label=request.label or ""))
    if request.reader and own.form.mean:
        raise ValueError(f"{request.task} holds vectors, not pictures: leave out --reader.")
    if request.label and not request.task.lower().endswith(".csv"):
        raise ValueError(f"{request.task} is not a table: leave out --label.")
    return dataclasses.replace(request, own=lesson(own, named_model(request)))


def add_calibration(card: Card, finished: Finished, task: Task, recipe: Recipe, devices: int | None) -> Card:
    """The card with a fitted temperature, for tasks with classes."""
    if not task.has_one_label:
        return card
    temperature, error = calibrate(finished.model, task, recipe.solver, recipe.gradient, devices=devices)
    return dataclasses.replace(card, temperature=temperature, calibration_error=error)


def open_folder(request: Request, described: dict[str, Any]) -> RunFolder | None:
    """The run folder of --out, None without one. Raises ValueError instead of overwriting a run."""
    if request.out is None:
        return None
    try:
        taken = not request.resume and holds_run(request.out)
        if not taken:
            request.out.mkdir(parents=True, exist_ok=True)
            return RunFolder(request.out, described)
    except OSError as error:
        raise ValueError(f"Cannot write to {request.out}: {error.strerror or error}.") from error
    raise ValueError(
        f"{request.out} already holds a run: add --resume to continue it, or choose another --out."
    )


def new_model(
    request: Request, name: str, recipe: Recipe, init: bytes | None, task: Task
) -> EquilibriumModel:
    """The model with its initial weights. Raises ValueError if it does not fit the task or the weights."""
    model = request.build(name)
    if request.file is not None:
        try_out(model, request.file, task)
    model = with_start(model, recipe, task.train.x, request.seed)
    if init is not None:
        take_weights(name, model, init)
    return model


def start(
    request: Request,
    name: str,
    recipe: Recipe,
    model: EquilibriumModel,
    task: Task,
    mesh: Mesh,
    folder: RunFolder | None,
) -> Iterator[Event]:
    """The run's events, from the last intact checkpoint if it is resumed; seconds count the whole run."""
    state, before = start_state(model, recipe), 0.0
    if folder and request.resume:
        found = folder.restore(state)
        for warning in folder.warnings:
            say(warning)
        if not request.quiet:
            say(resume_line(found, recipe), style="")
        state, before = found or state, folder.seconds()
    state = from_leader(state)
    resume = state if int(state.step) else None
    if is_leader() and not request.quiet:
        say(start_line(name, model, task, recipe, mesh), style="")
    events = fit(model, task, recipe, seed=request.seed, resume=resume, mesh=mesh)
    return (dataclasses.replace(event, seconds=before + event.seconds) for event in events)


def follow(events: Iterator[Event], folder: RunFolder | None, shown: Shown) -> Finished:
    """Show, log and save the events; returns the last one.

    A signal saves a checkpoint and exits; before the first event there is nothing to save. States with a fault are not
    saved, so a run resumed from its last sound state ends as if it had never stopped.
    """
    with shown as bar:
        first = next(events)
        with stop_signals() as caught:
            for event in chain([first], events):
                bar.show(event)
                validates = isinstance(event, Progress) and event.ends_epoch
                stop = any_process(bool(caught)) and not validates
                if isinstance(event, Finished):
                    if stop:
                        leave(caught, can_resume=folder is not None)
                    return event
                if folder:
                    folder.log(record(event))
                if folder and (stop or isinstance(event, EpochEnd)) and not event.fault:
                    folder.save(event.state)
                if stop:
                    leave(caught, can_resume=folder is not None)
    raise RuntimeError("The run ended without a result.")


def record(event: Progress | EpochEnd) -> dict[str, Any]:
    """An event as a flat dict of numbers for metrics.jsonl; None if not finite."""
    if isinstance(event, Progress):
        health = dataclasses.asdict(event.health)
        del health["losses"]  # their mean is one of the metrics
        values = health.pop("metrics") | health
    else:
        values = {f"validation_{key}": value for key, value in dataclasses.asdict(event.validation).items()}
        values["spectral_radius"] = event.spectral_radius
    head = {"step": int(event.state.step), "epoch": event.epoch, "seconds": round(event.seconds, 3)}
    return head | {key: float(v) if math.isfinite(v) else None for key, v in values.items()}


def result(model: EquilibriumModel, card: Card) -> dict[str, Any]:
    """What `train` reports, from the card."""
    keys = ("accuracy", "loss", "parameters", "seconds", "nfe_mean", "residual_mean", "converged_fraction")
    found: dict[str, Any] = {key: getattr(card, key) for key in keys}
    if card.dataset == "toy":
        found["prediction_at_minus_5"] = float(prediction_at(model, -5.0))
    if card.best_epoch is not None:
        found["best_epoch"] = card.best_epoch
    return found


def prediction_at(model: EquilibriumModel, x: float) -> float:
    """The toy's output for x."""
    outputs, _ = model(jnp.array([[x]]), RECIPES["toy"].solver)
    return float(outputs[0, 0])


def finished_run(request: Request) -> Checkpoint:
    """The result of a finished run."""
    checkpoint = open_model(str(request.out), request.file)
    if not request.quiet:
        say(f"This run is already finished. {checkpoint.card.verdict}".strip(), style="")
    return checkpoint
