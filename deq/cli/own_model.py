"""A user's own model on the command line: --model FILE.py:FUNCTION. Its code runs only if the command names it."""

from __future__ import annotations

from deq.data import Task
from deq.models import EquilibriumModel
from deq.models.model_file import ModelFile, is_model_file, load_model_file, named_errors
from deq.training.fitting import check_fit


def read_code(model: str | None) -> ModelFile | None:
    """The code that --model names beside a trained model. Raises ValueError."""
    if model is None:
        return None
    if not is_model_file(model):
        raise ValueError(f"--model is for the code of your own model, FILE.py:FUNCTION; got {model!r}.")
    return load_model_file(model)


def try_out(model: EquilibriumModel, file: ModelFile, task: Task) -> None:
    """Raise a one-line ValueError if the user's model fails on the task's inputs or does not fit the task."""
    with named_errors(file.name, file.make):
        check_fit(model, task)
