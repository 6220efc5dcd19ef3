"""Training: it learns, is bitwise reproducible, and reports failures."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import Array

from deq.data import Examples, Task, classify, double, load_dataset, squared_error
from deq.devices import mesh_here
from deq.gradients import Implicit, Phantom, Unrolled
from deq.models import EquilibriumModel, build
from deq.models.evaluation import Metrics, evaluate_task
from deq.solvers import Anderson, Picard
from deq.training import EpochEnd, Finished, Progress, fit, loop
from deq.training.calls import Calls
from deq.training.fitting import check_recipe
from deq.training.optimizer import learning_rate, optimizer_of
from deq.training.order import batch_of, order_of
from deq.training.recipes import DENSE, PLAIN, RECIPES, Recipe
from deq.training.state import split_model, start_state
from deq.training.step import Program, run_steps
from tests.support.cases import long

SMALL = replace(DENSE, epochs=2, batch_size=64, steps_per_call=10)


@pytest.fixture(scope="module")
def digits() -> Task:
    return classify(load_dataset("digits"))


@pytest.fixture(scope="module")
def events(digits: Task) -> list:
    return list(fit(build("mlp"), digits, SMALL))


def weights(event: Finished) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(event.model)]


def test_the_last_weights_are_validated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def count(model: EquilibriumModel, task: Task, part: Examples, *rest: Any, **devices: int) -> Metrics:
        measured.append(len(part.y))
        return evaluate_task(model, task, part, *rest, **devices)

    monkeypatch.setattr(loop, "evaluate_task", count)
    task = double()
    *_, epoch, finished = fit(build("toy"), task, replace(RECIPES["toy"], epochs=10))
    assert measured == [len(task.validation.y), len(task.test.y)]
    assert finished.validation == epoch.validation
    again = evaluate_task(finished.model, task, task.validation, RECIPES["toy"].solver)
    assert again.loss == pytest.approx(finished.validation.loss, rel=1e-5)


@pytest.mark.long
def test_learns_digits(events: list) -> None:
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.test.accuracy > 0.8
    assert finished.test.converged > 0.99


def test_an_accelerator_runs_an_epoch_in_one_call(digits: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    per_epoch = len(digits.train.y) // SMALL.batch_size
    assert SMALL.steps_per_call < per_epoch
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert Calls.plan(digits, SMALL).most == SMALL.steps_per_call
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert Calls.plan(digits, SMALL).most == per_epoch
    whole_set = replace(SMALL, batch_size=len(digits.train.y))
    assert Calls.plan(digits, whole_set).most == SMALL.steps_per_call


def test_events_count_every_step(events: list, digits: Task) -> None:
    per_epoch = len(digits.train.y) // 64
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert steps == sorted(set(steps))
    assert steps[-1] == 2 * per_epoch == events[0].steps
    assert [event.epoch for event in events if isinstance(event, EpochEnd)] == [1, 2]


def test_health_covers_both_solves(events: list) -> None:
    health = events[0].health
    assert 1 < health.metrics.nfe <= 30
    assert 1 < health.backward_nfe <= 30
    assert health.backward_converged > 0.9
    assert health.skipped == 0
    assert health.gradient_norm > 0


def test_the_trained_model_has_the_averaged_weights(events: list) -> None:
    state = [event for event in events if isinstance(event, Progress)][-1].state
    kept = jax.tree.leaves(nnx.state(events[-1].model, nnx.Param))
    for found, average, last in zip(
        kept, *map(jax.tree.leaves, (state.average, state.parameters)), strict=True
    ):
        np.testing.assert_array_equal(found, average)
        assert not np.array_equal(average, last)


def test_the_given_model_does_not_change(digits: Task) -> None:
    model = build("mlp")
    before = [np.asarray(leaf).copy() for leaf in jax.tree.leaves(model)]
    next(iter(fit(model, digits, SMALL)))
    for old, new in zip(before, jax.tree.leaves(model), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_resumed_runs_are_bitwise_the_same(events: list, digits: Task, stop: int) -> None:
    """From any event's state, also within an epoch, where an epoch is more than one call."""
    state = events[min(stop, len(events) - 2)].state
    resumed = list(fit(build("mlp"), digits, SMALL, resume=state))
    for ours, theirs in zip(weights(resumed[-1]), weights(events[-1]), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_events_do_not_change(digits: Task) -> None:
    """Calls donate the device buffers, but events hold copies."""
    run = fit(build("mlp"), digits, SMALL)
    first = next(run).state
    before = jax.tree.map(np.copy, first)
    list(zip(run, range(2), strict=False))
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, first, before)))
    resumed = next(fit(build("mlp"), digits, SMALL, resume=first)).state
    assert resumed.step == 2 * first.step
    assert all(jax.tree.leaves(jax.tree.map(np.array_equal, first, before)))


def test_seed_changes_the_order(events: list, digits: Task) -> None:
    other = next(iter(fit(build("mlp"), digits, SMALL, seed=1)))
    assert other.health.metrics.loss != events[0].health.metrics.loss


@pytest.mark.parametrize(
    "gradient",
    [
        Phantom(),
        long(Unrolled(8)),
        long(Implicit(Picard(tol=1e-3, max_nfe=30))),
    ],
)
def test_every_gradient_learns(digits: Task, gradient: object) -> None:
    recipe = replace(SMALL, gradient=gradient, epochs=1)
    assert list(fit(build("mlp"), digits, recipe))[-1].test.accuracy > 0.6


def test_non_finite_updates_are_skipped_and_counted() -> None:
    """An infinite target makes every gradient infinite: all updates are skipped, the weights do not change."""
    bad = Examples(np.ones((10, 1), np.float32), np.full((10, 1), np.inf, np.float32))
    good = Examples(np.ones((2, 1), np.float32), np.ones((2, 1), np.float32))
    recipe = replace(RECIPES["toy"], epochs=5, steps_per_call=5)
    progress, _, finished = fit(build("toy"), Task("bad", bad, good, good, squared_error), recipe)
    assert progress.health.skipped == 1
    for ours, theirs in zip(weights(finished), jax.tree.leaves(build("toy")), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_a_task_or_a_model_lacks_is_said_before_training() -> None:
    empty = Examples(np.zeros((0, 1), np.float32), np.zeros((0, 1), np.float32))
    with pytest.raises(ValueError, match="no examples in its validation part"):
        next(iter(fit(build("toy"), replace(double(), validation=empty), RECIPES["toy"])))
    digits = classify(load_dataset("digits"))
    coloured = replace(digits, train=Examples(np.repeat(digits.train.x, 3, axis=-1), digits.train.y))
    with pytest.raises(ValueError, match="grey pictures"):
        check_recipe(PLAIN, build("mlp"), coloured)
    pair = EquilibriumModel(lambda x: (x, x), nnx.Dropout(0.0), lambda z: z[0])  # a state of two arrays
    with pytest.raises(ValueError, match="a state of one array"):
        check_recipe(replace(DENSE, wander=3), pair, double())


def test_batch_larger_than_the_data() -> None:
    with pytest.raises(ValueError, match="batch_size 11 exceeds"):
        next(iter(fit(build("toy"), double(), replace(RECIPES["toy"], batch_size=11))))


def test_epoch_visits_every_example_once() -> None:
    train = Examples(np.arange(12)[:, None], np.arange(12))
    epochs = []
    for epoch in (0, 1):
        order = order_of(12, 4, 3 * epoch, 0)
        batches = [batch_of(train, order, 4, jnp.asarray(3 * epoch + i)).y for i in range(3)]
        epochs.append(np.concatenate(batches))
    assert all(sorted(epoch) == list(range(12)) for epoch in epochs)
    assert list(epochs[0]) != list(epochs[1])


def test_an_epoch_of_one_batch_visits_other_examples_next_time(digits: Task) -> None:
    few = replace(digits, train=Examples(digits.train.x[:100], digits.train.y[:100]))
    seen = {int(i) for step in range(8) for i in order_of(100, 64, step, 0)[:64]}
    assert seen == set(range(100))
    calls = Calls.plan(few, replace(SMALL, epochs=3))
    assert [calls.ends_epoch(step) for step in (1, 2, 3)] == [True] * 3


@pytest.mark.parametrize("warmup", [0.5, 0.75, 1.0])
def test_a_long_warmup_rises_all_the_way(warmup: float) -> None:
    recipe = replace(SMALL, warmup=warmup, learning_rate=1.0)
    rates = [float(learning_rate(recipe, jnp.array([100]), step)) for step in range(100)]
    rising = int(100 * warmup)
    np.testing.assert_allclose(rates[:rising], np.arange(1, rising + 1) / rising, rtol=1e-5)


def test_learning_rate_warms_up_and_falls_to_zero() -> None:
    recipe = Recipe(solver=Anderson(), learning_rate=1.0, warmup=0.1, clip=1e9)
    optimizer = optimizer_of(recipe, jnp.asarray(100))
    weights, slope = nnx.State({"w": jnp.zeros(1)}), nnx.State({"w": jnp.ones(1)})
    state, sizes = optimizer.init(weights), []
    for _ in range(100):
        update, state = optimizer.update(slope, state, weights)
        sizes.append(-float(update["w"][0]))
    assert sizes[0] == pytest.approx(0.1, rel=1e-3)
    assert max(sizes) == pytest.approx(1, rel=1e-3)
    assert sizes[-1] < 1e-3


class Steep(nnx.Module):
    """f(z, x) = w x z: df/dz is w x."""

    def __init__(self) -> None:
        self.w = nnx.Param(jnp.array(1e-3))

    def __call__(self, z: Array, x: Array) -> Array:
        return self.w[...] * x * z


@pytest.mark.long
def test_the_penalty_looks_at_every_fourth_example_of_128() -> None:
    x = np.full((128, 1), 100.0, np.float32)
    x[::4] = 1.0  # the gradient of mean (w x v)^2 in w is 2e-3 for these, and 20 with the others
    examples = Examples(x, np.zeros((128, 1), np.float32))
    task = Task("steep", examples, examples, examples, lambda outputs, y, smoothing: 0.0 * outputs[:, 0])
    recipe = Recipe(Picard(), jacobian=1.0, epochs=1)
    progress, *_ = fit(EquilibriumModel(lambda x: x, Steep(), lambda z: z), task, recipe)
    assert 1e-4 < progress.health.gradient_norm < 0.1


@pytest.mark.long
def test_the_multiscale_model_learns_digits() -> None:
    """Two resolutions that settle together, by the shipped recipe: the loss of the first and of the last steps."""
    recipe = replace(RECIPES["multiscale"], epochs=1, batch_size=32, augmentation=None, steps_per_call=10)
    events = fit(build("multiscale"), load_dataset("digits"), recipe)
    first, second = (next(events) for _ in range(2))  # without the validation that follows
    assert isinstance(first, Progress)
    assert isinstance(second, Progress)
    assert second.health.metrics.loss < 0.8 * first.health.metrics.loss
    assert second.health.metrics.accuracy > first.health.metrics.accuracy


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_no_result_of_a_call_is_given_twice(digits: Task, average: float) -> None:
    """Of a donated state, two results in one place made XLA on an NVIDIA card compute every step from the first."""
    recipe, model = replace(SMALL, average=average), build("mlp")
    graphdef, _, rest, _ = split_model(model)
    program = Program(graphdef, digits.loss, recipe, mesh_here(1))
    order = order_of(len(digits.train.y), 64, 0, 0)
    traced = jax.make_jaxpr(lambda state: run_steps(program, state, rest, digits.train, order, 0, 9, 2))(
        start_state(model, recipe)
    )
    (call,) = (e for e in traced.eqns if e.params.get("name") == "compiled_steps")
    inner = call.params["jaxpr"].jaxpr
    placed = {e.outvars[0]: e.invars[0] for e in inner.eqns if e.primitive.name == "sharding_constraint"}
    results = [placed[result] for result in inner.outvars]
    assert len(set(results)) == len(results)
