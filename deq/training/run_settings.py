"""The settings of a run as plain data: what must agree to resume it, and what more epochs change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from deq.training.recipes import Recipe

RESTARTS = "restarts"


def continued(recipe: Recipe, finished: dict[str, Any]) -> Recipe:
    """The recipe that continues a finished run: the learning rate restarts where epochs were added.

    finished: the settings of that run. A recipe with other restarts is unchanged, and `require_same` refuses it.
    """
    before = tuple(finished.get(RESTARTS, ()))
    if recipe.restarts not in ((), before):
        return recipe
    grown = recipe.epochs > finished["epochs"]
    return replace(recipe, restarts=before + ((finished["epochs"],) if grown else ()))


def require_same(folder: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Raise ValueError that names how a run's settings differ from those wanted; epochs may have grown."""
    wanted = json.loads(json.dumps(wanted))
    found = {key: value for key, value in found.items() if key != "sha256"}
    if found.get("epochs", 0) < wanted.get("epochs", 0):
        found |= _grown(found, wanted)
    different = list(_differences(found, wanted))
    if different and all(name.startswith("layout") for name in different):
        raise ValueError(
            f"{folder} holds a run of another version of deq. Resume it with that version, or choose another --out."
        )
    if different:
        raise ValueError(
            f"{folder} holds a run with other settings ({', '.join(different)}). Resume it with its own settings, or "
            "choose another --out."
        )


def _grown(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What more epochs change in a run's settings."""
    before, after = found.get(RESTARTS, []), wanted.get(RESTARTS, [])
    same = after[: len(before)] == before and after != []
    return {"epochs": wanted["epochs"]} | ({RESTARTS: after} if same else {})


def _differences(found: dict[str, Any], wanted: dict[str, Any], group: str = "") -> Iterator[str]:
    """What differs between two nested dicts, as `seed: 0 there, 7 here`."""
    for key in sorted(found.keys() | wanted.keys()):
        there, here = found.get(key), wanted.get(key)
        if isinstance(there, dict) and isinstance(here, dict):
            yield from _differences(there, here, f"{group}{key}.")
        elif there != here:
            both = key in found and key in wanted and len(f"{there}{here}") <= 120
            yield f"{group}{key}: {there} there, {here} here" if both else f"{group}{key}"
