"""The film of a run on pictures: which examples it shows, and a plane that stays while their states move."""

import numpy as np
import pytest

from deq.data import classify, load_dataset
from deq.jobs import Job, Plan, States, Status
from deq.jobs.states import EXAMPLES, SKETCHED, has_states, in_one_plane, states_at
from deq.models import build
from deq.models.architectures import Architecture
from deq.models.inference import infer
from deq.solvers import Picard
from deq.training.recipes import RECIPES, Recipe

RECIPE = Recipe(solver=Picard(tol=1e-3, max_nfe=30), epochs=1, batch_size=128, steps_per_call=4)


def moment(sketch: np.ndarray, failed: float = 0.0) -> States:
    n = len(sketch)
    lost = np.arange(n) < failed * n
    labels = (np.arange(n) % 2).astype(np.int16)
    return States(1, 0.5, 0.9, 0.8, np.full(n, 8, np.uint16), lost, labels, ~lost, sketch.astype(np.float16))


def test_examples_are_as_many_of_each_class_and_right_where_the_model_is() -> None:
    task, model = classify(load_dataset("digits")), build("mlp")
    assert has_states(task)
    found = states_at(model, task, RECIPE, 7)
    each = EXAMPLES // 10
    np.testing.assert_array_equal(np.bincount(found.labels), np.minimum(np.bincount(task.validation.y), each))
    assert found.sketch.shape == (len(found.labels), SKETCHED)
    rows = np.concatenate([np.flatnonzero(task.validation.y == k)[:each] for k in range(10)])
    answers = infer(model, task.validation.x[rows], RECIPE.solver)
    np.testing.assert_array_equal(found.right, answers.labels == found.labels)
    np.testing.assert_array_equal(found.nfe, answers.nfe)
    assert np.isnan(found.loss)


def test_distances_are_about_those_of_the_states() -> None:
    task, model = classify(load_dataset("digits")), build("mlp")
    found = states_at(model, task, RECIPE, 0)
    rows = np.concatenate([np.flatnonzero(task.validation.y == k)[:2] for k in range(2)])
    places = np.concatenate([np.flatnonzero(found.labels == k)[:2] for k in range(2)])
    z = infer(model, task.validation.x[rows], RECIPE.solver, states=True).states
    pairs = [(i, j) for i in range(4) for j in range(i)]
    true = [np.linalg.norm(z[i] - z[j]) for i, j in pairs]
    seen = [np.linalg.norm(found.sketch[places[i]].astype(float) - found.sketch[places[j]]) for i, j in pairs]
    np.testing.assert_allclose(seen, true, rtol=0.5)


def test_the_plane_is_that_of_the_last_sound_moment_and_does_not_turn() -> None:
    rng = np.random.default_rng(0)
    sketch = rng.normal(size=(40, 6)) * [0.1, 5, 0.1, 0.1, 2, 0.1]
    sketch[::2, 1] += 3  # the first class
    turned = in_one_plane([moment(0 * sketch), moment(sketch)])
    assert turned.shape == (2, 40, 2)
    assert np.ptp(turned[0], axis=0).max() < 1e-3  # all states alike
    assert turned[1].std() > 2
    assert turned[1, ::2, 0].mean() > turned[1, 1::2, 0].mean()
    np.testing.assert_allclose(in_one_plane([moment(-sketch), moment(sketch)])[1], turned[1], atol=1e-5)
    broken = in_one_plane([moment(sketch), moment(1e3 * rng.normal(size=(40, 6)), failed=0.9)])
    np.testing.assert_allclose(broken[0], turned[1], atol=1e-5)


@pytest.mark.parametrize("sketch", [np.zeros((4, 5)), np.ones((1, 3)), np.arange(4.0)[:, None]])
def test_a_plane_is_found_for_states_without_one(sketch: np.ndarray) -> None:
    assert np.isfinite(in_one_plane([moment(sketch)])).all()


@pytest.mark.long
def test_a_run_on_pictures_is_filmed_from_its_start_to_its_end() -> None:
    job = Job(Plan("digits", Architecture(784, 10, width=16), RECIPE))
    job.work()
    now = job.snapshot()
    assert now.status is Status.FINISHED, now.message
    assert [one.step for one in now.film][:2] == [0, 4]
    assert now.film[-1].step == now.steps
    assert np.isfinite(now.film[-1].accuracy)
    assert now.film[-1].right.mean() > now.film[0].right.mean()


def test_a_run_on_a_puzzle_has_no_film() -> None:
    """Think longer trains one: its answers have many places, and its inputs no fixed size."""
    assert Job(Plan("prefix_sums", "prefix", RECIPES["prefix"])).snapshot().film == ()
