"""A picture that is drawn further: its solve starts from the last equilibrium, and keeps the same contract."""

from dataclasses import replace

import numpy as np
import pytest

from deq.analysis.answers import Followed, answer_digits, each_answer, follow
from deq.data import load_dataset
from deq.models import load_pretrained

IMAGES = load_dataset("digits").test_images[:10, ..., 0]


@pytest.fixture(scope="module")
def mlp():
    return load_pretrained("mlp")


def test_from_its_own_equilibrium_a_picture_is_done_at_once(mlp) -> None:
    first = follow(mlp.model, IMAGES[0], mlp.solver, None)
    assert first.warm is None
    assert first.shown is first.own
    (alone,) = answer_digits(mlp.model, IMAGES[:1], mlp.solver)
    assert first.own.evaluations == alone.evaluations
    assert np.allclose(first.own.probabilities, alone.probabilities, atol=1e-5)
    again = follow(mlp.model, IMAGES[0], mlp.solver, first.shown)
    assert again.own.evaluations == first.own.evaluations > 3
    assert again.warm is not None
    assert again.warm.evaluations == 1
    assert again.shown is again.warm
    assert np.array_equal(again.warm.states[0], first.own.states[-1])


def test_another_picture_meets_the_same_tolerance(mlp) -> None:
    last = follow(mlp.model, IMAGES[0], mlp.solver, None).shown
    found = follow(mlp.model, IMAGES[1], mlp.solver, last)
    assert found.agree
    assert found.shown.final_residual <= float(mlp.solver.tol)
    assert np.allclose(found.shown.probabilities, found.own.probabilities, atol=0.01)


def test_a_failed_solve_is_no_start(mlp) -> None:
    scant = replace(mlp.solver, max_nfe=2)
    failed = follow(mlp.model, IMAGES[0], scant, None).shown
    assert not failed.converged
    assert follow(mlp.model, IMAGES[1], mlp.solver, failed).warm is None


def test_the_model_s_own_start_is_shown_where_the_two_disagree(mlp) -> None:
    a, b = answer_digits(mlp.model, IMAGES[:2], mlp.solver)
    assert a.label != b.label
    assert Followed(a, b).shown is a
    assert Followed(a, replace(a, converged=False)).shown is a
    lost = replace(a, converged=False)
    assert Followed(lost, a).shown is lost  # as a link does it


def test_answers_come_one_by_one(mlp) -> None:
    alone = each_answer(mlp.model, IMAGES, mlp.solver)
    assert next(alone).label == answer_digits(mlp.model, IMAGES, mlp.solver)[0].label
    assert len(list(alone)) == len(IMAGES) - 1
