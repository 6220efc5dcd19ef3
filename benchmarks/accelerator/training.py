"""How long: training to an accuracy, what one epoch's program does, how much memory a step takes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import memory as budgets
from benchmarks.accelerator.epochs import epoch_call
from benchmarks.accelerator.sizes import Sizes
from benchmarks.timing import milliseconds
from benchmarks.training import plain_step, random_digits
from deq.data import Dataset, Examples, Task, at_hand, classify, cross_entropy, load_dataset
from deq.devices import mesh_of
from deq.models import build
from deq.models.evaluation import evaluate
from deq.training import fit
from deq.training.events import EpochEnd, Finished
from deq.training.loop import model_at
from deq.training.recipes import RECIPES, Recipe
from deq.training.state import start_state
from deq.training.step import compiled_steps

EPOCH = 55_000 // 128  # steps of an epoch of MNIST


def training(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """From fresh weights to a test accuracy, by the model's recipe and by one for large batches, compilation included.

    The learning rate grows with the square root of the batch size, which suits Adam (Malladi et al., 2022,
    arXiv:2205.10287). images/s: of the whole run.
    """
    task = _task(sizes)
    for name, goal, batches in sizes.trained:
        for batch in batches:
            yield _trained(name, goal, recipe_for(name, batch, sizes.most_epochs), task)


def recipe_for(name: str, batch: int, epochs: int | None) -> Recipe:
    """The model's recipe at another batch size."""
    recipe = RECIPES[name]
    rate = recipe.learning_rate * (batch / recipe.batch_size) ** 0.5
    average = 1 - min(1.0, (1 - recipe.average) * batch / recipe.batch_size)
    return replace(
        recipe, batch_size=batch, learning_rate=rate, average=average, epochs=epochs or recipe.epochs
    )


def _trained(name: str, goal: float, recipe: Recipe, task: Task) -> dict[str, Any]:
    began, reached, last = time.perf_counter(), float("nan"), None
    model = build(name)
    for event in fit(model, task, recipe):
        if isinstance(event, EpochEnd):
            current = model_at(model, event.state, recipe)
            last = evaluate(current, task.test, task.loss, recipe.solver, recipe.gradient)
            if last.accuracy >= goal:
                reached = time.perf_counter() - began
                break
        if isinstance(event, Finished):
            last = event.test
    seconds, epochs = (
        time.perf_counter() - began,
        event.epoch if isinstance(event, EpochEnd) else recipe.epochs,
    )
    return {
        "model": name,
        "batch": recipe.batch_size,
        "goal": goal,
        "accuracy": last.accuracy,
        "epochs": epochs,
        "seconds to the goal": reached,
        "seconds": seconds,
        "images/s": epochs * len(task.train.y) / seconds,
    }


def _task(sizes: Sizes) -> Task:
    data = load_dataset("mnist" if at_hand("mnist") else "digits")
    return classify(data if sizes.examples is None else _shortened(data, sizes.examples))


def _shortened(data: Dataset, examples: int) -> Dataset:
    return replace(data, train_images=data.train_images[:examples], train_labels=data.train_labels[:examples])


def program(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """The compiled program of an epoch: what it transfers while it runs, and what it updates in place."""
    for name in sizes.models:
        text, analysis = epoch_program(name, RECIPES[name])
        calls = re.findall(r'custom_call_target="([^"]+)"', text)
        transfers = len(re.findall(r"\b(?:infeed|outfeed|send|recv)(?:-done)?\(", text))
        yield {
            "model": name,
            "steps": EPOCH,
            "transfers": transfers + sum("callback" in call for call in calls),
            "donated, KiB": analysis.alias_size_in_bytes / 1024,
            "state, KiB": sum(
                leaf.nbytes for leaf in jax.tree.leaves(start_state(build(name), RECIPES[name]))
            )
            / 1024,
            "library calls": ", ".join(sorted(set(calls))) or "none",
        }


def epoch_program(name: str, recipe: Recipe, train: int = 55_000) -> tuple[str, Any]:
    """The text and memory analysis of one epoch's compiled call, with uint8 pictures on the device."""
    examples = Examples(np.zeros((train, 28, 28, 1), np.uint8), np.zeros(train, np.int32))
    call = epoch_call(build(name), examples, cross_entropy, recipe, mesh_of(1, recipe.batch_size))
    compiled = compiled_steps.lower(*call).compile()
    return compiled.as_text(), compiled.memory_analysis()


def memory(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """MiB of temporaries of a training step of the mlp, batch 128, against the calls allowed."""
    return budgets.rows(budgets=sizes.budgets)


def batch(sizes: Sizes) -> Iterator[dict[str, Any]]:
    """Training steps with larger and larger batches, until the memory is full."""
    for name, *_ in sizes.trained:
        update, parameters, moments = plain_step(build(name), RECIPES[name])
        step, size = jax.jit(update), 128
        while size <= sizes.most:
            images, labels = map(jnp.asarray, random_digits(size))
            try:
                spent, _ = milliseconds(lambda: step(parameters, moments, images, labels), sizes.repeat)  # noqa: B023
            except jax.errors.JaxRuntimeError as error:
                if "RESOURCE_EXHAUSTED" not in str(error):
                    raise
                break
            yield {
                "model": name,
                "batch": size,
                "step, ms": spent,
                "samples/s": size / spent * 1e3,
                "GiB": _peak(),
            }
            if spent > 1000:  # larger ones take long and show nothing new
                break
            size *= 4 if size < 2**14 else 2


def _peak() -> float:
    """The most memory that was in use, NaN where the backend does not say."""
    found = jax.devices()[0].memory_stats()
    return found["peak_bytes_in_use"] / 2**30 if found else float("nan")
