"""A value that must not be differentiated: an error instead of a derivative that would be silently wrong."""

from __future__ import annotations

from typing import Any, NoReturn

import jax
import jax.numpy as jnp
from jax import Array
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

# A primitive, because `lax.scan` forgets the rules of custom_jvp functions when it is reverse-differentiated.
_constant = Primitive("deq_constant")
_constant.def_impl(lambda z, *others, message: z)
_constant.def_abstract_eval(lambda z, *others, message: z)
mlir.register_lowering(_constant, lambda context, z, *others, message: [z])


def constant_in(inputs: Any, z: Array, message: str) -> Array:
    """z itself; differentiating it with respect to any of the inputs, a pytree, raises ValueError(message)."""
    others = [v for v in jax.tree.leaves(inputs) if jnp.issubdtype(jnp.result_type(v), jnp.inexact)]
    return _constant.bind(z, *others, message=message)


def _refuse(primals: Any, tangents: Any, *, message: str) -> NoReturn:
    raise ValueError(message)


def _batch(arguments: Any, dims: Any, *, message: str) -> tuple[Array, Any]:
    size = next(v.shape[d] for v, d in zip(arguments, dims, strict=True) if d is not None)
    z = batching.bdim_at_front(arguments[0], dims[0], size)
    return _constant.bind(z, *arguments[1:], message=message), 0


ad.primitive_jvps[_constant] = _refuse
batching.primitive_batchers[_constant] = _batch
