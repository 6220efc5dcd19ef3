"""A user's own data on the command line: how it is read, and the model that fits it."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import track

from deq.cli.report import say, stderr
from deq.data import READERS, Form, OwnData, Task, classify, load_own_data
from deq.devices import is_leader
from deq.models import Architecture, CheckpointError
from deq.models.card import Card
from deq.models.checkpoints import Checkpoint
from deq.models.model_file import is_model_file
from deq.models.zoo import PICTURE_MODELS
from deq.training.fitting import check_fit
from deq.training.recipes import DENSE, PLAIN, RECIPES, Recipe

DIGITS = ("mnist", "digits")  # the data sets of digits
NAME = "dense"  # of the model that is built for the data


def read(path: str, form: Form) -> OwnData:
    """The data at a path; progress and notes go to stderr. Raises DatasetError."""
    own = load_own_data(path, form, progress)
    for note in own.notes if is_leader() else ():
        say(note)
    return own


def progress(paths: list[Path]) -> Iterable[Path]:
    """The paths, with a bar on stderr while they are read, on a terminal."""
    return track(paths, "Reading", console=stderr, transient=True, disable=not stderr.is_terminal)


@dataclass(frozen=True)
class Lesson:
    """Own data to train on. architecture: of the model built for it; None for one of MODELS or the user's own."""

    own: OwnData
    name: str
    architecture: Architecture | None

    @property
    def task(self) -> Task:
        return self.own.task

    @property
    def recipe(self) -> Recipe:
        pictures = self.own.dataset.train_images.ndim > 2
        return RECIPES.get(self.name, PLAIN) if pictures else DENSE

    @property
    def described(self) -> dict[str, Any]:
        """What a card keeps of the data."""
        return self.own.described

    @property
    def settings(self) -> dict[str, Any]:
        """What the data adds to a run's settings."""
        built = {} if self.architecture is None else {"architecture": dataclasses.asdict(self.architecture)}
        return {"data": self.described} | built


def lesson(own: OwnData, model: str | None) -> Lesson:
    """The data and its model: the named or the user's own, else mlp if it fits, else a dense one. Raises ValueError."""
    data = own.dataset
    if model is not None and is_model_file(model):
        return Lesson(own, model, None)
    inputs, fits = data.train_images[0].size, data.train_images.ndim > 2 and data.num_classes == 10
    zoo = PICTURE_MODELS if fits else []
    if model is not None and model not in [*zoo, NAME]:
        known = " is for pictures in ten classes" if model in PICTURE_MODELS else " does not fit"
        raise ValueError(f"Model {model!r}{known}; for {data.name} choose from {', '.join([*zoo, NAME])}.")
    if model in zoo or (model is None and fits):
        return Lesson(own, model or "mlp", None)
    return Lesson(own, NAME, Architecture(inputs, data.num_classes))


def require_a_batch(task: Task, batch_size: int) -> None:
    """Raise ValueError if the training set is smaller than a batch."""
    if len(task.train.y) < batch_size:
        fitting = 2 ** max(0, (len(task.train.y) // 4).bit_length() - 1)
        raise ValueError(
            f"{task.name} has {len(task.train.y):,} training examples, fewer than one batch (batch_size {batch_size}): "
            f"choose a smaller one, such as --set batch_size={fitting}."
        )


def form_of(card: Card) -> Form:
    """How to read data for a trained model: as on its card, or like its data set. Raises CheckpointError."""
    kept = card.inputs
    if kept is None:
        return Form(tuple("0123456789"), reader="digits" if card.dataset in DIGITS else "plain")
    try:
        mean, scale = (tuple(map(float, kept.get(key, ()))) for key in ("mean", "scale"))
        form = Form(
            tuple(map(str, card.classes or ())), kept.get("reader", ""), kept.get("label", ""), mean, scale
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise CheckpointError(f"The card does not say how its inputs are read: {error}.") from error
    if len(mean) != len(scale) or not (mean or form.reader in READERS):
        raise CheckpointError("The card does not say how its inputs are read.")
    return form


def task_for(checkpoint: Checkpoint, path: str) -> Task:
    """Own data as a task for a trained model. Raises ValueError if it does not fit."""
    card, form = checkpoint.card, form_of(checkpoint.card)
    if path == card.dataset and not os.path.exists(path):
        raise ValueError(
            f"{path}, the data of this model, no longer exists: give its new path with --dataset."
        )
    own = read(path, form)
    if bool(own.form.mean) != bool(form.mean):
        raise ValueError(
            f"{path} holds {_kind(own.form)}, and the model was trained on {_kind(form)}: give it {_kind(form)}."
        )
    if path == card.dataset and own.sha256 != (card.inputs or {}).get("sha256"):
        say(f"{path} has changed since training: some of its test set may have been trained on.")
    task = classify(own.dataset)
    check_fit(checkpoint.model, task)
    return task


def _kind(form: Form) -> str:
    return "vectors" if form.mean else "pictures"
