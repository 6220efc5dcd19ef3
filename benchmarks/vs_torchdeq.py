"""Training and inference compared with torchdeq. python -m benchmarks.vs_torchdeq [--json] [--repeat N]

The same network, weights and batches of 128 in the same order, Adam at 1e-3 with gradients clipped to norm 1. Both
sides do the same work: tolerance 0, 12 evaluations forward and 12 products backward, counted in a run that is not
timed. Ours is the training step that ships, with its metrics and checks, 20 per compiled call; own loop is a plain
one of 20 calls with `split_batch`, as a user writes it; theirs is a plain loop of 20. Inference is 20 calls. Both use
all cores: ours as devices that share each batch, as on the command line, theirs as PyTorch's threads. The order of
the examples is drawn outside the timing on both sides. Both sides of a ratio run alternately. Accuracy is on the test
set after all timed steps. Needs the extra: pip install -e '.[bench]'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from flax import nnx

from benchmarks.tally import CountedCell, tally
from benchmarks.timing import arguments, ratio, report
from benchmarks.torch_twin import Twin
from benchmarks.training import STEPS, Run, steps_of
from deq import Anderson, Broyden, Implicit, Phantom, Picard, load_dataset
from deq.data import Examples, Task, at_hand, classify
from deq.devices import everywhere, mesh_here, split_batch, use_cores
from deq.gradients import Gradient
from deq.models import EquilibriumModel, build
from deq.models.inference import forward, infer
from deq.solvers import Solver
from deq.training.order import order_of
from deq.training.recipes import Recipe

BATCH, EVALUATIONS = 128, 12


@dataclass(frozen=True)
class Case:
    """A solver and gradient of ours, and the same in torchdeq's settings."""

    solver: Solver
    gradient: Gradient
    theirs: dict[str, Any]
    goals: dict[str, float]

    def settings(self) -> dict[str, Any]:
        """torchdeq's: tolerance 0 and the same number of evaluations."""
        most = EVALUATIONS - (self.theirs["f_solver"] == "broyden")  # Broyden's start is an evaluation too
        return self.theirs | {"f_max_iter": most, "b_max_iter": most, "f_tol": 0.0, "b_tol": 0.0}


def implicit(solver: Solver, name: str) -> Case:
    """The same solver forward and backward."""
    theirs = {"f_solver": name, "b_solver": name, "ift": True}
    return Case(solver, Implicit(solver), theirs, {"blog": 2.0, "mlp": 3.0})


PICARD = Picard(tol=0.0, max_nfe=EVALUATIONS)
CASES = {
    "Picard, implicit": implicit(PICARD, "fixed_point_iter"),
    "Anderson, implicit": implicit(Anderson(tol=0.0, max_nfe=EVALUATIONS), "anderson"),
    "Broyden, implicit": implicit(Broyden(tol=0.0, max_nfe=EVALUATIONS, rank=EVALUATIONS - 1), "broyden"),
    "Picard, one-step": Case(
        PICARD, Phantom(), {"f_solver": "fixed_point_iter", "grad": 1}, {"blog": 1.7, "mlp": 3.0}
    ),
}


def rows(repeat: int, cells: tuple[str, ...] = ("blog", "mlp")) -> Iterator[dict[str, Any]]:
    """One row per cell and case."""
    task = classify(load_dataset("mnist" if at_hand("mnist") else "digits"))
    for name in cells:
        for label, case in CASES.items():
            yield row(name, label, case, task, repeat)


def row(name: str, label: str, case: Case, task: Task, repeat: int) -> dict[str, Any]:
    """Throughput ratios, the counted work, the outputs' difference and both accuracies."""
    model = build(name)
    twin = Twin(model, name, counts=False, **case.settings())
    images = task.test.x[:BATCH]
    difference = largest_difference(model, twin, images)
    inference = ratio(
        lambda: [their_answers_to(twin, images) for _ in range(STEPS)],
        our_answers(model, case, images),
        repeat,
    )
    recipe = Recipe(case.solver, case.gradient, batch_size=BATCH, warmup=0.0)
    ours, final = steps_of(model, recipe, task.loss, task.train, None)
    training = ratio(their_steps(twin, task), ours, repeat)
    own = ratio(their_steps(twin, task), own_steps(model, case, task), repeat)
    return {
        "cell": name,
        "case": label,
        "training": training[0],
        "+-": training[1],
        "own loop": own[0],
        "+- ": own[1],
        "inference": inference[0],
        "+-  ": inference[1],
        "goal": case.goals[name],
        "calls + products": "{} + {}".format(*our_tally(name, case, images)),
        "theirs": "{} + {}".format(*their_tally(name, case, images)),
        "outputs' difference": difference,
        "accuracy": accuracy(lambda x: infer(final(), x, case.solver).probabilities, task.test),
        "theirs ": accuracy(lambda x: their_answers_to(twin, x), task.test),
    }


def our_answers(model: EquilibriumModel, case: Case, images: np.ndarray) -> Run:
    """The class probabilities of the images, computed STEPS times."""
    mesh = mesh_here(BATCH)
    whole = everywhere((model.uncalibrated(), model.temperature, case.solver, Implicit()), mesh)
    return lambda: [forward(whole, (images, None), False, 0, mesh)["probabilities"] for _ in range(STEPS)]


def their_answers_to(twin: Twin, images: np.ndarray) -> np.ndarray:
    """Class probabilities by torchdeq."""
    twin.eval()
    with torch.no_grad():
        return torch.softmax(twin(torch.from_numpy(images)), 1).numpy()


def largest_difference(model: EquilibriumModel, twin: Twin, images: np.ndarray) -> float:
    """Between the outputs of both after EVALUATIONS plain calls of f; more than rounding raises ValueError."""
    injection = model.encode(jnp.asarray(images))
    z = model.start(injection)
    with torch.no_grad():
        their_injection = twin.encoder(torch.from_numpy(images).flatten(1).float() / 255)
        their_z = twin.cell.start(their_injection)
        for _ in range(EVALUATIONS):
            z, their_z = model.cell(z, injection), twin.f(their_z, their_injection)
        difference = float(np.abs(np.asarray(model.head(z)) - twin.head(their_z).numpy()).max())
    if difference > 1e-4:
        raise ValueError(f"The two networks differ by {difference:g}: their weights differ.")
    return difference


def their_steps(twin: Twin, task: Task) -> Run:
    """STEPS training steps on the same next batches."""
    x, y = torch.from_numpy(task.train.x), torch.from_numpy(task.train.y).long()
    adam, done = torch.optim.Adam(twin.parameters(), lr=1e-3), [0]
    order = torch.from_numpy(np.array(order_of(len(y), BATCH, 0, 0))).long()

    def run() -> None:
        twin.train()
        for _ in range(STEPS):
            start = done[0] % (len(order) // BATCH) * BATCH
            batch = order[start : start + BATCH]
            loss = torch.nn.functional.cross_entropy(twin(x[batch]), y[batch])
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
            adam.step()
            done[0] += 1

    return run


def own_steps(model: EquilibriumModel, case: Case, task: Task) -> Run:
    """STEPS training steps on the same next batches, in a loop of a user's own: 20 calls of a compiled step."""
    graphdef, parameters = nnx.split(model)
    adam = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(1e-3))

    def loss(parameters: nnx.State, batch: tuple[Any, Any]) -> Any:
        outputs, _ = nnx.merge(graphdef, parameters)(batch[0], case.solver, case.gradient)
        return task.loss(outputs, batch[1], 0.0).mean()

    slope = split_batch(jax.value_and_grad(loss))

    @jax.jit
    def step(parameters: nnx.State, moments: Any, batch: tuple[Any, Any]) -> tuple[nnx.State, Any]:
        _, gradient = slope(parameters, batch)
        updates, moments = adam.update(gradient, moments)
        return optax.apply_updates(parameters, updates), moments

    kept, done = [(parameters, adam.init(parameters))], [0]
    order = np.asarray(order_of(len(task.train.y), BATCH, 0, 0))

    def run() -> Any:
        for _ in range(STEPS):
            start = done[0] % (len(order) // BATCH) * BATCH
            rows = order[start : start + BATCH]
            kept[0] = step(*kept[0], (task.train.x[rows], task.train.y[rows]))
            done[0] += 1
        return kept[0]

    return run


def our_tally(name: str, case: Case, images: np.ndarray) -> tuple[int, int]:
    """Calls of f and products in one of our gradients."""
    model = build(name)
    model.start_rule = lambda cell, x, rule=model.start_rule: rule(cell.cell, x)
    model.cell = CountedCell(model.cell)
    graphdef, parameters = nnx.split(model)

    def loss(parameters: nnx.State) -> Any:
        return nnx.merge(graphdef, parameters)(jnp.asarray(images), case.solver, case.gradient)[0].sum()

    gradient = jax.jit(jax.grad(loss))
    return tally(lambda: gradient(parameters))


def their_tally(name: str, case: Case, images: np.ndarray) -> tuple[int, int]:
    """Calls of f and products in one of torchdeq's gradients."""
    twin = Twin(build(name), name, counts=True, **case.settings())
    return tally(lambda: twin(torch.from_numpy(images)).sum().backward())


def accuracy(probabilities: Callable[[np.ndarray], Any], examples: Examples) -> float:
    """The accuracy of predictions on whole batches of the examples."""
    right = [
        np.argmax(np.asarray(probabilities(examples.x[i : i + BATCH])), 1) == examples.y[i : i + BATCH]
        for i in range(0, len(examples.y) - BATCH + 1, BATCH)
    ]
    return float(np.mean(right))


if __name__ == "__main__":
    use_cores()
    chosen = arguments(__doc__.partition("\n")[0])
    report("Throughput over torchdeq's, batch 128, 12 evaluations each way", rows(chosen.repeat), chosen.json)
