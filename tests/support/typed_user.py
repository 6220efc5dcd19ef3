"""A user's file as `mypy --strict` reads it, in `make lint`: nothing is wrong but the last line, and that is found."""

import jax.numpy as jnp

import deq
from deq import Anderson, Solution, load_pretrained, solve

found: Solution = solve(jnp.cos, jnp.ones((1, 1)), Anderson(tol=1e-6), trace=20)
toy = load_pretrained("toy")
print(deq.__version__, found.converged.all(), toy.model.temperature, toy.card.accuracy)
solve(jnp.cos)  # type: ignore[call-arg]  # a comment that is not needed is an error
