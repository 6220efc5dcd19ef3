"""The arrays of the front page: a map, a repeated layer, a flow, the toy, digits and a maze, each actually solved."""

from collections.abc import Mapping
from functools import partial

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from deq.analysis.answers import answer_digits
from deq.analysis.explanation.parting import parting
from deq.analysis.thinking import think
from deq.data import calls_for, load_dataset
from deq.data.puzzles import DOWN, GOAL, RIGHT, START, mazes
from deq.maps.planar import weights_from_eigenvalues
from deq.models import load_pretrained
from deq.models.inference import encode, solve_cell
from deq.solvers import SOLVERS, ODEFlow, Picard, Solution, Solver, solve

STARTS = np.round(np.arange(-1.0, 2.05, 0.1), 1)  # radians, the values of the page's slider
TOY_INPUTS = np.array([-10, -7.5, -5, -2.5, 0, *range(1, 11), 12.5, 15], np.float32)
RING, RADIUS = 12, 1.6  # the flow's starts lie on a circle
LAYER_CELL = (
    0.9,
    40.0,
    0.3,
    -0.2,
)  # radius and angle in degrees of W's eigenvalues, then the input x: it settles
FLOW_CELL = (
    2.0,
    90.0,
    0.6,
    -0.2,
)  # eigenvalues of -2i and 2i: iteration circles forever, the flow spirals in
PARTED = 8  # depths of the seventh step; beyond these nothing visibly changes
ROOMS, MAZE = 25, 69  # along a side, against 9 in training; the maze's seed on the page Think longer
MOMENTS = (50, 75, 98)  # evaluations after which the maze's answer is shown

COSINE = Picard(tol=1e-6, max_nfe=100)
LAYER = Picard(tol=1e-3, max_nfe=100)
FLOW = ODEFlow(tol=1e-2, max_nfe=200, method=diffrax.Euler(), step_size=0.1)


@jax.jit
def settle_cosine(starts: Array) -> Solution:
    """x* = cos x* by plain iteration, in radians, with its trace. starts: (n,); z in the trace: (n, 60, 1)."""
    return solve(jnp.cos, jnp.asarray(starts, jnp.float32)[:, None], COSINE, trace=60)


@partial(jax.jit, static_argnames=("cell", "solver"))
def settle_plane(cell: tuple[float, ...], starts: Array, solver: Solver) -> Solution:
    """The planar layer tanh(W z + x) repeated, or followed as a flow. starts: (n, 2); z in the trace: (n, 120, 2)."""
    radius, angle, *x = cell
    weights = jnp.asarray(weights_from_eigenvalues(radius, angle), jnp.float32)
    return solve(lambda z: jnp.tanh(z @ weights.T + jnp.array(x)), starts, solver, trace=120)


def ring(number: int) -> np.ndarray:
    """Starts on a circle, (number, 2) float32."""
    angle = np.linspace(0, 2 * np.pi, number, endpoint=False)
    return (RADIUS * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)


def front_page(digits: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of all plots, keyed "step.name". digits: step -> image (28, 28) uint8 of a digit to read."""
    cosine = jax.device_get(settle_cosine(STARTS))
    found = {
        "cosine.starts": STARTS,
        "cosine.orbit": cosine.trace.z[..., 0],
        "cosine.z": cosine.z[:, 0],
        "cosine.nfe": cosine.nfe,
    }
    found |= (
        settled_plane("layer", LAYER_CELL, LAYER) | settled_plane("flow", FLOW_CELL, FLOW) | settled_toy()
    )
    for step, image in digits.items():
        found |= settled_digit(step, image)
    return found | parting_digits() | solved_maze()


def settled_plane(step: str, cell: tuple[float, ...], solver: Solver) -> dict[str, np.ndarray]:
    """A planar layer from a ring of starts."""
    found = jax.device_get(settle_plane(cell, ring(RING), solver))
    columns = {"cell": cell, "paths": found.trace.z, "steady": found.z.mean(axis=0)}
    columns |= {"converged": found.converged, "nfe": found.nfe}
    return {f"{step}.{name}": np.asarray(value) for name, value in columns.items()}


def settled_toy() -> dict[str, np.ndarray]:
    """Predictions of the shipped toy."""
    model, x = load_pretrained("toy").model, TOY_INPUTS[:, None]
    found = jax.device_get(solve_cell(model.cell, *encode(model, x), Picard(tol=1e-5, max_nfe=60)))
    return {"toy.x": TOY_INPUTS, "toy.prediction": found.z[:, 0], "toy.converged": found.converged}


def settled_digit(step: str, image: np.ndarray) -> dict[str, np.ndarray]:
    """The shipped `conv` settling on one digit, by the solver that Predict offers first."""
    shipped = load_pretrained("conv")
    solver = SOLVERS["Anderson"].make({"tol": shipped.solver.tol})
    (answer,) = answer_digits(shipped.model, image[None], solver)
    names = ("image", "probabilities", "evaluations", "converged", "nfe", "paths")
    found = {name: getattr(answer, name) for name in names} | {"accuracy": shipped.card.accuracy}
    return {f"{step}.{name}": np.asarray(value) for name, value in found.items()}


def parting_digits() -> dict[str, np.ndarray]:
    """The states of many digits in the shipped `conv`, at several depths."""
    shipped, digits = load_pretrained("conv"), load_dataset("digits")
    found = parting(shipped.model, digits.test_images, digits.test_labels, Picard(tol=1e-3, max_nfe=100))
    places = found.places[:PARTED].astype(np.float16)
    return {
        "parting.depth": found.depth[:PARTED],
        "parting.places": places,
        "parting.labels": found.labels.astype(np.uint8),
        "parting.correct": found.correct[:PARTED],
        "parting.explained": np.array(found.explained),
    }


def solved_maze() -> dict[str, np.ndarray]:
    """The answer of the shipped `maze` after each of MOMENTS evaluations."""
    shipped = load_pretrained("maze")
    x, truth = (both[MAZE % 2] for both in mazes(2, ROOMS, MAZE))
    solver = Picard(tol=1e-3, max_nfe=calls_for(200, "mazes", ROOMS))
    thought = think(shipped.model, x[None], solver)
    answers = thought.answers[0, np.searchsorted(thought.calls, MOMENTS)]
    wrong = (answers != truth).sum(axis=(1, 2))
    return {
        "maze.rooms": np.array(ROOMS),
        "maze.plans": np.stack([plan_of(x, answer) for answer in answers]),
        "maze.ends": np.array([2 * np.argwhere(x[..., end])[0] + 1 for end in (START, GOAL)]),
        "maze.calls": np.array(MOMENTS),
        "maze.wrong": wrong,
        "maze.evaluations": thought.nfe[0],
        "maze.converged": thought.converged[0],
    }


def plan_of(doors: np.ndarray, answer: np.ndarray) -> np.ndarray:
    """A maze (h, w, 6) from above with an answer (h, w): (2 h + 1, 2 w + 1) uint8 of rooms, and what is between them.

    0 is a wall, 1 a room or an open door, 2 one that the answer puts on the path.
    """
    height, width = answer.shape
    plan = np.zeros((2 * height + 1, 2 * width + 1), np.uint8)
    plan[1::2, 1::2] = 1 + answer
    plan[1::2, 2:-1:2] = doors[:, :-1, RIGHT] * (1 + (answer[:, :-1] & answer[:, 1:]))
    plan[2:-1:2, 1::2] = doors[:-1, :, DOWN] * (1 + (answer[:-1] & answer[1:]))
    return plan
