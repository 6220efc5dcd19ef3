"""The arrays of the front page: a map, a repeated layer, a flow, the toy and digits, each actually solved."""

import dataclasses

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.analysis.answers import answer_digits
from deq.analysis.explanation.parting import parting
from deq.data import load_dataset
from deq.models import load_pretrained
from deq.models.inference import encode, solve_cell
from deq.solvers import ODEFlow, Picard, Solution, solve

STARTS = np.round(np.arange(-1.0, 2.05, 0.1), 1)  # radians, the values of the page's slider
TOY_INPUTS = np.array([-10, -7.5, -5, -2.5, 0, *range(1, 11), 12.5, 15], np.float32)
RING, RADIUS = 12, 1.6  # the flow's starts lie on a circle
DIGIT = 47  # of scikit-learn's test digits: a 9 on which the network changes its mind
UNITS = 24  # of the layer in the second step
GAIN = 0.9  # its spectral norm, below 1 so that it settles from any start
PARTED = 8  # depths of the sixth step, after which nothing is to be seen
TURN = 2.0  # how fast the flow of the third step rotates

COSINE = Picard(tol=1e-6, max_nfe=100)
LAYER = Picard(tol=1e-3, max_nfe=60)
FLOW = ODEFlow(tol=1e-2, max_nfe=200, method=diffrax.Euler(), step_size=0.1)


@jax.jit
def settle_cosine(starts: Array) -> Solution:
    """x* = cos x* by plain iteration, in radians, with its trace. starts: (n,); z in the trace: (n, 60, 1)."""
    return solve(jnp.cos, jnp.asarray(starts, jnp.float32)[:, None], COSINE, trace=60)


@jax.jit
def settle_layer(weights: Array, x: Array) -> Solution:
    """z* = tanh(W z + x) by plain iteration from z = 0. weights: (n, n), x: (n,); z in the trace: (1, 40, n)."""
    return solve(lambda z: jnp.tanh(z @ weights.T + x), jnp.zeros((1, x.shape[0])), LAYER, trace=40)


def random_layer(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """W = 0.9 Q with Q random orthogonal, so that ||W||_2 = 0.9 and the layer settles; and a random x."""
    random = np.random.default_rng(seed)
    orthogonal, _ = np.linalg.qr(random.normal(size=(UNITS, UNITS)))
    return (GAIN * orthogonal).astype(np.float32), random.normal(0, 0.4, UNITS).astype(np.float32)


@jax.jit
def settle_flow(starts: Array) -> Solution:
    """Steady state of dz/dt = tanh(R z + x) - z in the plane, R a quarter turn; z in the trace: (n, 120, 2).

    The eigenvalues of R are +-2i: plain iteration circles forever, while the flow spirals in. starts: (n, 2).
    """
    rotation = TURN * jnp.array([[0.0, -1.0], [1.0, 0.0]])
    x = jnp.array([0.6, -0.2])
    return solve(lambda z: jnp.tanh(z @ rotation.T + x), starts, FLOW, trace=120)


def ring(number: int) -> np.ndarray:
    """Starts on a circle, (number, 2) float32."""
    angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
    return (RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)


def front_page() -> dict[str, np.ndarray]:
    """The arrays of all plots, keyed "step.name"."""
    cosine, layer, flow = jax.device_get(
        (settle_cosine(STARTS), settle_layer(*random_layer(seed=1)), settle_flow(ring(RING)))
    )
    return (
        {"cosine.starts": STARTS, "cosine.orbit": cosine.trace.z[..., 0], "cosine.z": cosine.z[:, 0]}
        | {"cosine.nfe": cosine.nfe, "layer.states": layer.trace.z[0], "layer.nfe": layer.nfe[0]}
        | {"flow.paths": flow.trace.z, "flow.steady": flow.z.mean(axis=0), "flow.converged": flow.converged}
        | settled_toy()
        | settled_digit()
        | parting_digits()
    )


def settled_toy() -> dict[str, np.ndarray]:
    """Predictions of the shipped toy."""
    model, x = load_pretrained("toy").model, TOY_INPUTS[:, None]
    found = jax.device_get(solve_cell(model.cell, *encode(model, x), Picard(tol=1e-5, max_nfe=60)))
    return {"toy.x": TOY_INPUTS, "toy.prediction": found.z[:, 0], "toy.converged": found.converged}


def settled_digit() -> dict[str, np.ndarray]:
    """The shipped `mlp` settling on one digit."""
    shipped = load_pretrained("mlp")
    image = load_dataset("digits").test_images[DIGIT, ..., 0]
    (answer,) = answer_digits(shipped.model, image[None], shipped.solver)
    found = dataclasses.asdict(answer) | {"accuracy": shipped.card.accuracy}
    del found["states"], found["residual"], found["error"]
    return {f"digit.{name}": np.asarray(value) for name, value in found.items()}


def parting_digits() -> dict[str, np.ndarray]:
    """The states of many digits in the shipped `conv`, at several depths."""
    shipped, digits = load_pretrained("conv"), load_dataset("digits")
    found = parting(shipped.model, digits.test_images, digits.test_labels, Picard(tol=1e-3, max_nfe=100))
    places = found.places[:PARTED].astype(np.float16)
    return {
        "parting.depth": found.depth[:PARTED],
        "parting.places": places,
        "parting.labels": found.labels.astype(np.uint8),
        "parting.right": found.right[:PARTED],
        "parting.explained": np.array(found.explained),
    }
