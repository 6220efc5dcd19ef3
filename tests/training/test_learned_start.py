"""A learned start: the same equilibrium from fewer calls, a loss that moves nothing else, weights with and without."""

from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from deq import fit, load_checkpoint, save_checkpoint
from deq.analysis.comparison.subjects import affine_model, random_matrix
from deq.data import Examples, Task, squared_error
from deq.models import Architecture, CheckpointError, EquilibriumModel, build, construct
from deq.models.inference import infer
from deq.models.start import LearnedStart, add_start, has_learned_start, plain_start, start_loss, state_width
from deq.models.weights import model_name, restore_weights, take_weights, weights_of
from deq.solvers import NewtonKrylov, Picard, Solver
from deq.training import Event, Finished, Recipe, model_at
from deq.training.fitting import with_start
from deq.training.optimizer import clipped
from deq.training.recipes import BASELINES
from tests.support.problems import typical_solvers

N = 6
MATRIX = random_matrix(0.6, 0, N)
RECIPE = Recipe(
    Picard(tol=1e-6, max_nfe=200), epochs=60, batch_size=64, learning_rate=1e-2, learned_start=True
)


def inputs(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, N)).astype(np.float32)


def equilibria(x: np.ndarray) -> np.ndarray:
    """z* = W z* + x."""
    return np.linalg.solve(np.eye(N) - MATRIX, x.T).T


def affine_task() -> Task:
    parts = [Examples(x, equilibria(x).astype(np.float32)) for x in map(inputs, (512, 64, 65))]
    return Task("affine", *parts, squared_error)


def trained() -> EquilibriumModel:
    """A cell at its answer already: only the start has something to learn."""
    *_, last = fit(affine_model(MATRIX), affine_task(), RECIPE)
    assert isinstance(last, Finished)
    return last.model


@pytest.fixture(scope="module")
def model() -> EquilibriumModel:
    return trained()


def mlp_with_start() -> EquilibriumModel:
    return with_weights(build("mlp"), 128)


def small_with_start() -> EquilibriumModel:
    return with_weights(construct(Architecture(inputs=N, outputs=3, width=5)), 5)


def with_weights(model: EquilibriumModel, width: int) -> EquilibriumModel:
    """With a start that is not at zero."""
    add_start(model, width, rngs=nnx.Rngs(0))
    kernel = np.random.default_rng(0).normal(size=(width, width)).astype(np.float32)
    model.start_rule.outer.kernel[...] = 0.1 * kernel
    return model


def test_a_start_at_the_equilibrium_leaves_one_call() -> None:
    """For x >= 0, relu(x) = x and z* = (I - W)^-1 x: weights that say so start there."""
    model, x = affine_model(MATRIX), np.abs(inputs(20))
    add_start(model, N, rngs=nnx.Rngs(0))
    model.start_rule.inner.kernel[...] = jnp.eye(N)
    model.start_rule.outer.kernel[...] = jnp.asarray(np.linalg.inv(np.eye(N) - MATRIX).T, jnp.float32)
    assert (infer(model, x, Picard(tol=1e-5)).nfe == 1).all()
    assert (infer(plain_start(model), x, Picard(tol=1e-5, max_nfe=200)).nfe > 10).all()


def test_it_learns_the_equilibrium_of_an_affine_cell(model: EquilibriumModel) -> None:
    x = inputs(200)
    guess, wanted = model.start(model.encode(x)), equilibria(x)
    off = np.linalg.norm(guess - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    assert np.median(off) < 0.2  # of six units each relu sees half
    assert float(start_loss(model, x, wanted)) == pytest.approx(float(np.mean(off**2)), rel=1e-3)


@typical_solvers
def test_the_equilibrium_stays_and_takes_fewer_calls(model: EquilibriumModel, solver: Solver) -> None:
    solver, x = replace(solver, tol=1e-6, max_nfe=1000), inputs(100)
    learned, plain = (infer(m, x, solver, states=True) for m in (model, plain_start(model)))
    assert learned.converged.all()
    assert plain.converged.all()
    np.testing.assert_allclose(learned.states, plain.states, atol=1e-5 * np.abs(plain.states).max())
    fewer = learned.nfe.mean() < plain.nfe.mean()
    assert fewer or isinstance(solver, NewtonKrylov)  # one step from any start


def test_its_loss_moves_nothing_but_the_start() -> None:
    graphdef, parameters, rest = nnx.split(small_with_start(), nnx.Param, ...)

    def loss(parameters: nnx.State) -> jax.Array:
        whole = nnx.merge(graphdef, parameters, rest)
        injection = whole.encode(inputs(4))
        return start_loss(whole, injection, whole.settle(injection)[1].z)

    start, others = nnx.split_state(jax.jit(jax.grad(loss))(parameters), nnx.PathContains("start_rule"), ...)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(others))
    assert all((leaf != 0).any() for leaf in jax.tree.leaves(start))


def test_the_task_has_no_gradient_through_the_start() -> None:
    graphdef, parameters, rest = nnx.split(small_with_start(), nnx.Param, ...)
    gradient = jax.jit(jax.grad(lambda p: nnx.merge(graphdef, p, rest)(inputs(4))[0].sum()))(parameters)
    start, others = nnx.split_state(gradient, nnx.PathContains("start_rule"), ...)
    assert all((leaf == 0).all() for leaf in jax.tree.leaves(start))
    assert any((leaf != 0).any() for leaf in jax.tree.leaves(others))


@pytest.mark.long
def test_a_large_gradient_of_the_start_does_not_clip_the_others() -> None:
    parameters = nnx.state(small_with_start(), nnx.Param)
    small = jax.tree.map(lambda p: jnp.full_like(p, 1e-5), parameters)
    start, others = nnx.split_state(small, nnx.PathContains("start_rule"), ...)
    mixed = nnx.merge_state(jax.tree.map(lambda g: 1e6 * g, start), others)
    clip = clipped(1.0)
    moved, _ = clip.update(mixed, clip.init(mixed))
    after, kept = nnx.split_state(moved, nnx.PathContains("start_rule"), ...)
    assert optax.global_norm(after) == pytest.approx(1, rel=1e-4)
    assert jax.tree.all(jax.tree.map(lambda a, b: (a == b).all(), kept, others))


def test_weights_keep_it_and_older_ones_have_none(tmp_path: Path) -> None:
    with_one, x = mlp_with_start(), np.ones((2, 28, 28, 1), np.uint8)
    save_checkpoint(tmp_path / "with", with_one)
    save_checkpoint(tmp_path / "without", build("mlp"))
    loaded = load_checkpoint(tmp_path / "with", lambda *, rngs: build("mlp"))
    assert loaded.card.learned_start
    assert not load_checkpoint(tmp_path / "without", lambda *, rngs: build("mlp")).card.learned_start
    data = weights_of(with_one)
    assert model_name(data) == "mlp"
    for again in (loaded.model, restore_weights("mlp", data)):
        assert isinstance(again.start_rule, LearnedStart)
        np.testing.assert_array_equal(again.start(again.encode(x)), with_one.start(with_one.encode(x)))
    assert not has_learned_start(restore_weights("mlp", weights_of(build("mlp"))))


def test_a_start_of_another_width_is_refused() -> None:
    wrong = build("mlp")
    add_start(wrong, 64, rngs=nnx.Rngs(0))
    with pytest.raises(CheckpointError, match=r"start_rule.*128"):
        restore_weights("mlp", weights_of(wrong))


def test_initial_weights_with_and_without_it() -> None:
    with_one, without = mlp_with_start(), build("mlp", seed=1)
    with pytest.raises(CheckpointError, match="learned_start=true"):
        take_weights("mlp", build("mlp"), weights_of(with_one))
    take_weights("mlp", with_one, weights_of(without))
    np.testing.assert_array_equal(with_one.head.kernel[...], without.head.kernel[...])
    assert (with_one.start_rule.outer.kernel[...] != 0).any()


def test_events_give_models_with_it_and_resume_ends_the_same() -> None:
    recipe, fresh = replace(RECIPE, epochs=2), affine_model(MATRIX)
    events: list[Event] = list(fit(fresh, affine_task(), recipe))
    midway, whole = events[0], events[-1]
    assert not isinstance(midway, Finished)
    assert isinstance(whole, Finished)
    assert has_learned_start(model_at(fresh, midway.state, recipe))
    *_, again = fit(fresh, affine_task(), recipe, resume=midway.state)
    assert isinstance(again, Finished)
    same = jax.tree.map(lambda a, b: bool((a == b).all()), *(nnx.state(e.model) for e in (whole, again)))
    assert jax.tree.all(same)


def test_where_it_is_no_use() -> None:
    with pytest.raises(ValueError, match="no learned start"):
        plain_start(build("mlp"))
    with pytest.raises(ValueError, match="injection's shape"):
        state_width(build("maze"), np.zeros((1, 4, 4, 6), np.float32))
    with pytest.raises(ValueError, match="leave learned_start out"):
        next(fit(affine_model(MATRIX), affine_task(), replace(RECIPE, gradient=BASELINES["explicit"])))
    with pytest.raises(ValueError, match="several"):
        with_start(build("multiscale"), RECIPE, np.zeros((1, 28, 28, 1), np.uint8), 0)
