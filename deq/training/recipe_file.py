"""A recipe as a TOML file: written in full, but read even if it holds only some settings."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from deq.training.changes import all_settings, flat
from deq.training.recipes import Recipe

MODEL = "model"  # the key that names the model beside the recipe's settings


def recipe_text(model: str, recipe: Recipe) -> str:
    """All settings of a model's recipe, as text for a file that `read_settings` reads."""
    return tomli_w.dumps({MODEL: model} | all_settings(recipe))


def read_settings(path: Path) -> tuple[str | None, dict[str, Any]]:
    """The model that a file names, if any, and its settings for `changed`. Raises ValueError."""
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not a TOML file: {error}.") from error
    model = settings.pop(MODEL, None)
    if not (model is None or isinstance(model, str)):
        raise ValueError(f"{path}: {MODEL} must be the name of a model; got {model!r}.")
    return model, dict(flat(settings))
