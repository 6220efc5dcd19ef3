"""Dataclasses as pytrees."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from jax.tree_util import GetAttrKey, register_pytree_with_keys

Class = TypeVar("Class", bound=type)


def pytree(cls: Class) -> Class:
    """Register a dataclass as a pytree: `static` fields belong to its structure, all others are its children.

    `jax.tree_util.register_dataclass` does the same, but treats the structures of two classes as equal if their
    static fields are equal (JAX 0.10 to 0.12): then `jax.jit` occasionally runs Broyden's program for Newton-Krylov.
    Here the class belongs to the structure.
    """
    static = [field.name for field in fields(cls) if field.metadata.get("static")]
    traced = [field.name for field in fields(cls) if field.name not in static]

    def flatten(node: Any) -> tuple[list[Any], tuple[Any, ...]]:
        return [getattr(node, name) for name in traced], tuple(getattr(node, name) for name in static)

    def flatten_with_keys(node: Any) -> tuple[list[tuple[GetAttrKey, Any]], tuple[Any, ...]]:
        children, values = flatten(node)
        return [(GetAttrKey(name), child) for name, child in zip(traced, children, strict=True)], values

    def unflatten(values: tuple[Any, ...], children: Any) -> Any:
        return cls(**dict(zip(traced, children, strict=True)), **dict(zip(static, values, strict=True)))

    register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)
    return cls
