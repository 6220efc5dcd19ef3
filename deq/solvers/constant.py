"""A value that must not be differentiated: an error instead of a derivative that would be silently wrong."""

from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

# A primitive, because `lax.scan` forgets the rules of custom_jvp functions when it is reverse-differentiated.
_constant, _constant_once = Primitive("deq_constant"), Primitive("deq_constant_once")


def constant_in(inputs: Any, z: Array, message: str) -> Array:
    """z itself; differentiating it with respect to any of the inputs, a pytree, raises ValueError(message)."""
    return _constant.bind(z, *_inexact(inputs), message=message)


def constant_once_in(inputs: Any, z: Array, message: str) -> Array:
    """z itself, constant in a first derivative; in a second one it is `constant_in` the inputs."""
    return _constant_once.bind(z, *_inexact(inputs), message=message)


def _inexact(inputs: Any) -> list[Any]:
    return [v for v in jax.tree.leaves(inputs) if jnp.issubdtype(jnp.result_type(v), jnp.inexact)]


def _refuse(primals: Any, tangents: Any, *, message: str) -> NoReturn:
    raise ValueError(message)


def _allow_one(primals: Any, tangents: Any, *, message: str) -> tuple[Array, Any]:
    return _constant.bind(*primals, message=message), ad.Zero(jax.typeof(primals[0]))


def _batch(primitive: Primitive, arguments: Any, dims: Any, *, message: str) -> tuple[Array, Any]:
    size = next(v.shape[d] for v, d in zip(arguments, dims, strict=True) if d is not None)
    z = batching.bdim_at_front(arguments[0], dims[0], size)
    return primitive.bind(z, *arguments[1:], message=message), 0


for _primitive, _rule in ((_constant, _refuse), (_constant_once, _allow_one)):
    _primitive.def_impl(lambda z, *others, message: z)
    _primitive.def_abstract_eval(lambda z, *others, message: z)
    mlir.register_lowering(_primitive, lambda context, z, *others, message: [z])
    ad.primitive_jvps[_primitive] = _rule
    batching.primitive_batchers[_primitive] = partial(_batch, _primitive)
