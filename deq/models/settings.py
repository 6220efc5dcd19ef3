"""Solvers and gradients as names and as plain data, for the command line and for cards."""

from __future__ import annotations

import dataclasses
from typing import Any

import diffrax

from deq.gradients import GRADIENTS, Gradient, Neumann, Progressive, ThroughODE
from deq.solvers import GMRES, SOLVERS, BiCGStab, Dense

_SOLVERS = [type(entry.default) for entry in SOLVERS.values()]
_CLASSES: list[type] = [
    *_SOLVERS,
    *GRADIENTS.values(),
    Neumann,
    Progressive,
    ThroughODE,
    GMRES,
    BiCGStab,
    Dense,
]
_PARTS = {part.__name__: part for part in _CLASSES}


def named_gradient(name: str) -> type[Gradient]:
    """The gradient class with this name. Raises ValueError that lists the names."""
    if name not in GRADIENTS:
        raise ValueError(f"Unknown gradient {name!r}; choose from {', '.join(GRADIENTS)}.")
    return GRADIENTS[name]


def part_named(name: str) -> Any:
    """The solver or gradient with this name on the command line, or of this class, with its default settings.

    Raises ValueError.
    """
    by_command = {entry.command: entry.default for entry in SOLVERS.values()}
    if name in by_command:
        return by_command[name]
    part = (GRADIENTS | _PARTS).get(name)
    if part is None:
        raise ValueError(f"{name!r} names no solver or gradient; choose from {', '.join(_PARTS)}.")
    return part()


def to_dict(part: Any) -> dict[str, Any]:
    """A solver or gradient as plain data: class name and settings."""
    fields = {
        field.name: getattr(part, field.name) for field in dataclasses.fields(part) if is_written(field, part)
    }
    return {"type": type(part).__name__} | {name: _plain(value) for name, value in fields.items()}


def is_written(field: dataclasses.Field[Any], part: Any) -> bool:
    """Whether a setting is written; one that older files lack is left out at its default."""
    return "later" not in field.metadata or getattr(part, field.name) != field.default


def from_dict(data: dict[str, Any]) -> Any:
    """The inverse of `to_dict`. Raises ValueError for data that describes no solver or gradient."""
    settings = dict(data)
    part = _PARTS.get(settings.pop("type", ""))
    if part is None:
        raise ValueError(f"{data!r} names no solver or gradient; choose from {', '.join(_PARTS)}.")
    try:
        return part(**{name: _rebuild(value) for name, value in settings.items()})
    except TypeError as error:
        raise ValueError(f"{part.__name__} cannot be made from {data!r}: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, diffrax.AbstractSolver):
        return {"method": type(value).__name__}
    return to_dict(value) if dataclasses.is_dataclass(value) else value


def _rebuild(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "method" in value:
        return method_named(str(value["method"]))
    return from_dict(value)


def method_named(name: str) -> diffrax.AbstractSolver:
    """Diffrax's solver of this name, such as Tsit5. Raises ValueError."""
    method = getattr(diffrax, name, None)
    if not (isinstance(method, type) and issubclass(method, diffrax.AbstractSolver)):
        raise ValueError(f"{name!r} is not a Diffrax solver.")
    return method()
