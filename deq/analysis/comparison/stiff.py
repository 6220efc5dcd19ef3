"""Stiff inputs: digits perturbed so that the solver needs longer."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from deq.analysis.comparison.problem import Problem, build_problem
from deq.models import picture
from deq.solvers import relative_residual
from deq.solvers.precision import in_float32

APPLICATIONS = 8  # of the cell, after which the residual is maximised
REACH = 0.125  # the largest change of a pixel, of full ink
STEPS = 10


def stiffen(problem: Problem) -> Problem:
    """Perturb the digits within REACH to increase log ||f(z) - z|| / ||f(z)|| after 8 plain iterations.

    Projected sign-gradient ascent on the pixels, per sample; labels stay.
    Madry et al. (2018), arXiv:1706.06083.
    """
    graphdef, variables = nnx.split(problem.model)
    moved = np.asarray(_ascend(graphdef, variables, jax.device_put(problem.inputs)))
    return build_problem(problem.model, moved, problem.labels)


@partial(jax.jit, static_argnames="graphdef")
@in_float32
def _ascend(graphdef: nnx.GraphDef, variables: nnx.State, images: Array) -> Array:
    model, images = nnx.merge(graphdef, variables), picture(images)

    def slowness(x: Array) -> Array:
        injection = model.encode(x)
        z = jax.lax.scan(
            lambda z, _: (model.cell(z, injection), None), model.start(injection), length=APPLICATIONS
        )[0]
        return jnp.sum(jnp.log(relative_residual(z, model.cell(z, injection)) + 1e-12))

    def push(x: Array, _: None) -> tuple[Array, None]:
        slope = jnp.nan_to_num(jax.grad(slowness)(x))
        x = x + 2 * REACH / STEPS * jnp.sign(slope)
        return jnp.clip(jnp.clip(x, images - REACH, images + REACH), 0, 1), None

    return jax.lax.scan(push, images, length=STEPS)[0]
