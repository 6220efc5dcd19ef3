"""Solvers and gradients by name: for the command line, for cards, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import diffrax

from deq.gradients import GRADIENTS, Gradient, Neumann, ThroughODE
from deq.solvers import GMRES, SOLVERS, BiCGStab, Dense

_SOLVERS = [type(entry.default) for entry in SOLVERS.values()]
_CLASSES: list[type] = [*_SOLVERS, *GRADIENTS.values(), Neumann, ThroughODE, GMRES, BiCGStab, Dense]
_PARTS = {part.__name__: part for part in _CLASSES}


def named_gradient(name: str) -> type[Gradient]:
    """The gradient class behind a name. Raises ValueError with the names there are."""
    if name not in GRADIENTS:
        raise ValueError(f"Unknown gradient {name!r}; choose from {', '.join(GRADIENTS)}.")
    return GRADIENTS[name]


def to_dict(part: Any) -> dict[str, Any]:
    """A solver or gradient as plain data: its class's name and its settings."""
    fields = {field.name: getattr(part, field.name) for field in dataclasses.fields(part)}
    return {"type": type(part).__name__} | {name: _plain(value) for name, value in fields.items()}


def from_dict(data: dict[str, Any]) -> Any:
    """The inverse of `to_dict`. Raises ValueError for what no solver or gradient is made of."""
    settings = dict(data)
    part = _PARTS.get(settings.pop("type", ""))
    if part is None:
        raise ValueError(f"{data!r} names no solver or gradient; known are {', '.join(_PARTS)}.")
    try:
        return part(**{name: _rebuilt(value) for name, value in settings.items()})
    except TypeError as error:
        raise ValueError(f"{part.__name__} cannot be made from {data!r}: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, diffrax.AbstractSolver):
        return {"method": type(value).__name__}
    return to_dict(value) if dataclasses.is_dataclass(value) else value


def _rebuilt(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "method" in value:
        method = getattr(diffrax, str(value["method"]), None)
        if not (isinstance(method, type) and issubclass(method, diffrax.AbstractSolver)):
            raise ValueError(f"{value['method']!r} is no solver of Diffrax.")
        return method()
    return from_dict(value)
