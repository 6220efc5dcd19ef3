"""A recipe's settings by name, such as `epochs` or `solver.tol`: all of them, and some changed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple, get_args, get_type_hints

import diffrax
from jax import Array

from deq.data.augment import Augmentation
from deq.gradients import GRADIENTS, Gradient
from deq.models.settings import method_named, part_named
from deq.solvers import SOLVERS, LinearSolver, Solver, is_same_method
from deq.solvers.ode import Method
from deq.training.recipes import Recipe


def changed(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with some settings changed; a value is of the setting's type, or text that gives one.

    `solver` and `gradient` take a name, and so do `solver.type` and `gradient.type`. Raises ValueError that names the
    setting and suggests similar names if it is unknown, or says what the value must be.
    """
    named = {key.removesuffix(".type"): value for key, value in settings.items()}
    for key in sorted(named, key=lambda key: key.count(".")):  # a part before its own settings
        try:
            recipe = _with(recipe, key.split("."), named[key])
        except _Unknown as error:
            raise ValueError(f"Unknown setting {key!r}; {_hint(recipe, key)}") from error
        except ValueError as error:
            raise ValueError(_about(key, str(error))) from error
    return recipe


def _about(key: str, message: str) -> str:
    """The message with the setting's full name, once."""
    rest = message.removeprefix(f"{key.rpartition('.')[2]} ")
    return f"{key} {rest}" if rest.startswith("must") else f"{key}: {message}"


def all_settings(part: Any) -> dict[str, Any]:
    """Every setting of a recipe or of a part of it as nested plain data, which `changed` reads."""
    found = {field.name: _plain(getattr(part, field.name)) for field in dataclasses.fields(part)}
    return found if isinstance(part, Recipe | Augmentation) else {"type": type(part).__name__} | found


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested settings by their dotted names."""
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


class _Unknown(Exception):
    """A setting that does not exist."""


def _with(part: Any, path: list[str], value: Any) -> Any:
    """The part with the setting at `path` changed."""
    name, *rest = path
    if name not in getattr(part, "__dataclass_fields__", {}):
        raise _Unknown
    now, kind = getattr(part, name), _KINDS[get_type_hints(type(part))[name]]
    inner = Augmentation() if now is None else now
    return dataclasses.replace(part, **{name: _with(inner, rest, value) if rest else kind.of(value, now)})


def _hint(recipe: Recipe, key: str) -> str:
    """Settings with this name elsewhere, else with similar names in the same group, else in any group, else all."""
    known = [name for name, _ in flat(all_settings(recipe))]
    group, _, last = key.rpartition(".")
    beside = {name.rpartition(".")[2]: name for name in known if name.rpartition(".")[0] == group}
    near = [name for name in known if name.rpartition(".")[2] == last]
    near = near or [beside[name] for name in get_close_matches(last, beside)]
    near = near or get_close_matches(key, known, cutoff=0.5)
    return f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}."


def _plain(value: Any) -> Any:
    if value is None:
        return False  # TOML has no null
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, diffrax.AbstractSolver):
        return type(value).__name__
    return all_settings(value) if dataclasses.is_dataclass(value) else value


class _Kind(NamedTuple):
    """A type of setting. read: its value, from the given and the current value; raises if it is invalid."""

    wanted: str
    read: Callable[[Any, Any], Any]

    def of(self, given: Any, now: Any) -> Any:
        try:
            return self.read(given, now)
        except (ValueError, TypeError, OverflowError, KeyError, AttributeError) as error:
            raise ValueError(f"must be {self.wanted}; got {given!r}.") from error


def _number(given: Any, _: Any) -> float:
    if isinstance(given, bool) or not math.isfinite(found := float(given)):
        raise ValueError
    return found


def _count(given: Any, _: Any) -> int:
    if isinstance(given, bool | float):
        raise TypeError
    if abs(found := int(given)) >= 2**31:
        raise OverflowError
    return found


def _counts(given: Any, now: Any) -> tuple[int, ...]:
    parts = given.strip("[] ").split(",") if isinstance(given, str) else given
    return tuple(_count(part, now) for part in parts if part != "")


def _flag(given: Any, _: Any) -> bool:
    return {"true": True, "false": False}[str(given).lower()]


def _text(given: Any, _: Any) -> str:
    if not isinstance(given, str):
        raise TypeError
    return given


def _augmentation(given: Any, now: Augmentation | None) -> Augmentation | None:
    return (now or Augmentation()) if _flag(given, now) else None


def _method(given: Any, _: Any) -> Any:
    if not isinstance(method := method_named(given), Method):
        raise TypeError
    return method


def _solver(given: Any, now: Any) -> Solver | LinearSolver:
    """The solver of this name with the current solver's tol; the current one itself if it has this name."""
    found = part_named(given)
    if not isinstance(found, Solver | LinearSolver):
        raise TypeError
    by_class = given == type(now).__name__
    if by_class or (isinstance(found, Solver) and type(found) is type(now) and is_same_method(found, now)):
        return now
    return dataclasses.replace(found, tol=now.tol)


def _forward_solver(given: Any, now: Any) -> Any:
    if not isinstance(found := _solver(given, now), Solver):
        raise TypeError
    return found


def _gradient(given: Any, now: Any) -> Any:
    if not isinstance(found := part_named(given), Gradient):
        raise TypeError
    return now if type(found) is type(now) else found


_SOLVERS = f"one of {', '.join(entry.command for entry in SOLVERS.values())}"
NUMBER, COUNT = _Kind("a number", _number), _Kind("a whole number", _count)
_KINDS: dict[Any, _Kind] = {  # by the annotation of the field
    float: NUMBER,
    float | Array: NUMBER,
    int: COUNT,
    int | Array: COUNT,
    bool: _Kind("true or false", _flag),
    str: _Kind("text", _text),
    tuple[int, ...]: _Kind("a list of whole numbers, such as [10, 20]", _counts),
    Augmentation | None: _Kind("true, false or a group of settings", _augmentation),
    Method: _Kind(f"one of {', '.join(kind.__name__ for kind in get_args(Method))}", _method),
    Solver: _Kind(_SOLVERS, _forward_solver),
    Solver | LinearSolver: _Kind(f"{_SOLVERS}, or GMRES, BiCGStab or Dense", _solver),
    Gradient: _Kind(f"one of {', '.join(GRADIENTS)}", _gradient),
}
