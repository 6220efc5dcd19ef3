"""The recipe of a training command: the model's own, the file's settings, then --set and the named options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from deq.training.changes import changed
from deq.training.recipe_file import read_settings
from deq.training.recipes import BASELINES, Recipe


def with_file(recipe: Recipe, path: Path) -> Recipe:
    """The recipe with a file's settings. Raises ValueError that names the file and the setting."""
    _, settings = read_settings(path)
    try:
        return changed(recipe, settings)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def with_settings(
    recipe: Recipe, options: Mapping[str, Any], texts: Iterable[str], baseline: str | None
) -> Recipe:
    """The recipe with the named options and the texts of --set. Raises ValueError, also if they contradict each other.

    options: by the name of the setting; those that are None were not given.
    """
    named = {key: value for key, value in options.items() if value is not None}
    settings = read_texts(texts)
    if baseline is not None:
        if {"solver", "gradient"} & (named.keys() | settings.keys()):
            raise ValueError("--baseline replaces solver and gradient: set neither of them.")
        plain = replace(recipe, jacobian=0.0, wander=0, unrest=0.0, learned_start=False)
        recipe = replace(plain, gradient=BASELINES[baseline])
    both = {key: settings[key] for key in named.keys() & settings.keys()}
    by_name = changed(recipe, named)
    for key in sorted(both):
        if changed(by_name, {key: both[key]}) != by_name:
            raise ValueError(
                f"--set {key}={both[key]} contradicts {_option(key)} {named[key]}: leave one out."
            )
    return changed(recipe, settings | named)


def read_texts(texts: Iterable[str]) -> dict[str, str]:
    """The settings in KEY=VALUE texts. Raises ValueError."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals:
            raise ValueError(f"--set takes KEY=VALUE, such as solver.tol=1e-4; got {text!r}.")
        key = key.removesuffix(".type")
        if found.setdefault(key, value) != value:
            raise ValueError(f"{key} has two values, {found[key]} and {value}: leave one out.")
    return found


def _option(key: str) -> str:
    return "--lr" if key == "learning_rate" else f"--{key.replace('_', '-')}"
