"""The toy against its closed form: an affine cell of slope s has z* = (s x + c) / (1 - s)."""

from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest

from deq.data import double
from deq.models import EquilibriumModel, build
from deq.plots.toy import depth_trajectories, loss_curve, prediction_line
from deq.training.events import Progress
from deq.training.loop import fit
from deq.training.recipes import RECIPES
from deq.training.toy import BEST_SLOPE, STEPS_KEPT, TRAINED_ON, study_toy, train_toy
from tests.support.cases import long


def affine(slope: float, offset: float) -> EquilibriumModel:
    """The toy's network with weights that make its cell slope * (z + x) + offset."""
    model = build("toy")
    into, out = model.cell.into, model.cell.out
    into.kernel[...] = jnp.full((1, 5), 0.5)
    into.bias[...] = jnp.zeros(5)
    out.kernel[...] = jnp.full((5, 1), 2 * slope / 5)
    out.bias[...] = jnp.full(1, offset)
    return model


@pytest.mark.parametrize(("slope", "offset"), [(2 / 3, 0.0), (0.3, 1.0), (-0.6, 0.5)])
def test_study_finds_the_closed_form(slope: float, offset: float) -> None:
    study = study_toy(affine(slope, offset))
    assert study.converged.all()
    assert study.slope == pytest.approx(slope, abs=1e-6)
    assert study.shift == pytest.approx(offset, abs=1e-6)
    expected = (slope * study.x + offset) / (1 - slope)
    # error <= residual / (1 - L), and the residual is at most 1e-5 of the value
    np.testing.assert_allclose(study.prediction, expected, rtol=1.1e-5 / (1 - abs(slope)), atol=1e-5)


def test_values_are_the_iterates_of_the_cell() -> None:
    study = study_toy(affine(0.5, 0.0))
    row = np.flatnonzero(study.x == 4)[0]
    depth = np.arange(study.nfe[row])
    np.testing.assert_allclose(study.values[row, : len(depth)], 4 * (1 - 0.5**depth), rtol=1e-5)
    later = study.cell(study.values[row, : len(depth) - 1], 4.0)
    np.testing.assert_allclose(later, study.values[row, 1 : len(depth)], rtol=1e-5)
    assert np.isnan(study.values[row, len(depth) :]).all()


@pytest.mark.parametrize("slope", [1.2, -1.5, 0.999])
def test_slopes_that_do_not_settle_are_reported_as_failures(slope: float) -> None:
    study = study_toy(affine(slope, 0.1))
    assert not study.converged.any()
    assert np.isfinite(study.prediction).all()
    assert (study.nfe <= STEPS_KEPT).all()


@pytest.mark.parametrize("seed", [0, long(7)])
def test_training_finds_the_best_slope(seed: int) -> None:
    run = train_toy(seed, 1000)
    assert run.study.slope == pytest.approx(BEST_SLOPE, abs=1e-3)
    assert run.study.at(-5) == pytest.approx(-10, abs=0.05)
    assert run.step[-1] == 1000
    assert run.loss[-1] < 1e-6 < run.loss[0]


def test_a_run_is_reproducible_from_its_seed() -> None:
    first, second, other = train_toy(3, 50), train_toy(3, 50), train_toy(4, 50)
    np.testing.assert_array_equal(first.loss, second.loss)
    assert first.study.slope == second.study.slope != other.study.slope


@pytest.mark.parametrize(("steps", "every"), [(20, 1), (300, 10)])
def test_the_loss_is_that_of_single_updates(steps: int, every: int) -> None:
    """It must not depend on how many updates one compiled call makes; rounding may, and later updates amplify it."""
    recipe = replace(RECIPES["toy"], epochs=steps, steps_per_call=1)
    events = fit(build("toy", 3), double(), recipe, seed=3)
    alone = np.array([event.health.metrics.loss for event in events if isinstance(event, Progress)])
    run = train_toy(3, steps)
    np.testing.assert_array_equal(run.step, np.arange(every, steps + 1, every))
    means, early = alone.reshape(-1, every).mean(axis=1), 60 // every
    np.testing.assert_allclose(run.loss[:early], means[:early], rtol=1e-4, atol=1e-9)
    assert run.loss.shape == means.shape


def test_plots_name_their_axes_and_mark_failures() -> None:
    study = study_toy(affine(1.2, 0.1))
    line = prediction_line(study.x, study.prediction, study.converged, 2.0, (1.0, 10.0))
    failed = next(trace for trace in line.data if trace.name == "not converged")
    assert len(failed.x) == len(study.x)
    ways = depth_trajectories(study.values, 2 * study.x)
    assert ways.layout.xaxis.title.text == "applications of the cell"
    assert len(ways.data) == len(study.x) + 1


def test_empty_input_draws_an_empty_figure() -> None:
    nothing = np.array([])
    figures = [
        prediction_line(nothing, nothing, nothing, 2.0, (1, 10)),
        depth_trajectories(np.empty((0, 0)), nothing),
        loss_curve(nothing, nothing),
        loss_curve([1, 2], [np.nan, 0.0]),
    ]
    assert [len(figure.data) for figure in figures] == [0, 0, 0, 0]
    assert len(TRAINED_ON) == 10
