"""A cell for mazes of any size: messages from room to room that never go straight back."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array

# Rows and columns to the room behind each door, in the order of the first four channels of the input. The door on the
# other side has the number (door + 2) % 4.
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))


class MessageCell(nnx.Module):
    """f(z, x) = tanh(P2 relu(P1 z)) at open doors, 0 at walls; z: the message that leaves each room by each door.

    (P z) at a door is A times the sum of what arrives by the room's three other doors, plus B times the room's own
    features, plus c, with the same A, B and c at all doors. So a message depends only on what lies behind its own room,
    never on what comes back through its door: in a maze without rings that is a finite tree, and for any weights there
    is exactly one equilibrium, reached from any start after half as many calls as the longest path has rooms.

    x: (batch, h, w, 4 + features): 1 for a door up, right, down and left, else 0, then the room's features. z: (batch,
    h, w, 4 channels). Message passing without backtracking on a tree: Pearl (1982); Gori et al. (2005),
    doi:10.1109/IJCNN.2005.1555942, for equilibria of learned messages.
    """

    def __init__(self, features: int, channels: int, *, rngs: nnx.Rngs) -> None:
        self.channels = channels
        self.layers = nnx.List(
            nnx.Linear(
                channels + features,
                channels,
                kernel_init=nnx.initializers.variance_scaling(scale, "fan_in", "normal"),
                rngs=rngs,
            )
            for scale in (2.0, 1.0)
        )

    def __call__(self, z: Array, x: Array) -> Array:
        doors, features = x[..., :4, None], x[..., None, 4:]
        features = jnp.broadcast_to(features, (*doors.shape[:-1], features.shape[-1]))
        first, second = self.layers
        messages = z.reshape(*doors.shape[:-1], self.channels)
        messages = doors * jax.nn.relu(first(jnp.concatenate([_others(messages), features], axis=-1)))
        messages = doors * jnp.tanh(second(jnp.concatenate([_others(messages), features], axis=-1)))
        return messages.reshape(z.shape)


def silence(cell: Any, x: Array) -> Array:
    """z0 = 0 of a MessageCell for its input x."""
    return jnp.zeros((*x.shape[:-1], 4 * cell.channels), x.dtype)


def _others(messages: Array) -> Array:
    """At each door, the sum of what arrives by the room's other three.

    messages: as they leave each room by each door, (batch, h, w, 4, channels).
    """
    rows, columns = messages.shape[1:3]
    padded = jnp.pad(messages, ((0, 0), (1, 1), (1, 1), (0, 0), (0, 0)))
    up, right, down, left = (
        padded[:, 1 + i : 1 + i + rows, 1 + j : 1 + j + columns, (door + 2) % 4]
        for door, (i, j) in enumerate(STEPS)
    )
    # Not the sum of all four minus one: rounding would let a trace of that one through.
    return jnp.stack([right + down + left, up + down + left, up + right + left, up + right + down], axis=3)
