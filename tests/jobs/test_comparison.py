"""A comparison in the background: its order, one run at a time, halted and resumed, failures as data."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deq.jobs import OWN, Comparison, Comparisons, Plan, Registry, Status
from deq.jobs.comparison import KEPT
from deq.models.architectures import Architecture
from deq.models.weights import model_name, weights_of
from tests.jobs.test_jobs import PLAN, RECIPE, wait_for

SHORT = replace(PLAN, recipe=replace(RECIPE, epochs=1))
BROKEN = replace(PLAN, task=OWN, formula="1/x", architecture=Architecture(1, 1))
ENDLESS = replace(PLAN, recipe=replace(RECIPE, epochs=100_000))


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry(at_once=2)
    yield made
    made.close()


@pytest.mark.long
def test_every_contender_has_a_run_a_seed_one_after_another(registry: Registry) -> None:
    comparison = Comparison(registry, {"tanh": SHORT, "broken": BROKEN}, 2)
    comparison.start()
    most = 0
    while comparison.is_live:
        running = [registry.get(job_id) for job_id in comparison.ids.values()]
        most = max(most, sum(job.status is Status.RUNNING for job in running))
        time.sleep(0.005)
    assert most == 1
    assert list(comparison.ids) == [("tanh", 0), ("broken", 0), ("tanh", 1), ("broken", 1)]
    assert set(comparison.outcomes) == {("tanh", 0), ("tanh", 1)}
    assert all("not finite everywhere" in message for message in comparison.failures.values())
    assert len(comparison.failures) == 2
    tanh, broken = comparison.results()
    assert [outcome.seed for outcome in tanh.outcomes] == [0, 1]
    assert tanh.outcomes[0] != tanh.outcomes[1]
    assert tanh.spread("accuracy").mean > 0.6
    assert broken.outcomes == ()
    assert not comparison.can_resume


def test_an_outcome_is_what_the_run_measured(registry: Registry) -> None:
    comparison = Comparison(registry, {"tanh": SHORT}, 1)
    comparison.start()
    wait_for(lambda: not comparison.is_live)
    end = registry.get(comparison.ids["tanh", 0]).snapshot()
    outcome = comparison.outcomes["tanh", 0]
    assert outcome.accuracy == end.test.accuracy
    assert outcome.validation_accuracy == end.validation["accuracy"][-1]
    assert outcome.spectral_radius == pytest.approx(end.validation["spectral_radius"][-1], rel=1e-4)
    assert (outcome.nfe_mean, outcome.parameters, outcome.lost) == (end.test.nfe, 82 + 16 * 33, False)


def test_a_halted_comparison_goes_on_where_it_stopped(registry: Registry) -> None:
    comparison = Comparison(registry, {"long": ENDLESS, "short": SHORT}, 1)
    comparison.start()
    wait_for(lambda: comparison.current is not None and comparison.current[1].snapshot().step > 0)
    comparison.halt()
    wait_for(lambda: comparison.can_resume)
    assert comparison.waiting == ["short"]
    step = comparison.current[1].snapshot().step
    comparison.resume()
    wait_for(lambda: comparison.current[1].snapshot().step > step)
    assert comparison.is_live
    comparison.halt()
    wait_for(lambda: comparison.can_resume)


def test_a_run_that_ends_again_takes_no_other_s_place(registry: Registry) -> None:
    """As one that failed, resumed by its owner while the next contender trains."""
    comparison = Comparison(registry, {"long": ENDLESS}, 1)
    comparison.start()
    wait_for(lambda: comparison.current is not None and comparison.current[1].snapshot().step > 0)
    other = registry.submit(SHORT)
    wait_for(lambda: not other.status.is_live)
    comparison._ended(other)
    assert comparison.outcomes == {}
    assert comparison.is_live
    comparison.halt()
    wait_for(lambda: comparison.can_resume)


def test_a_halt_between_two_runs_is_not_lost(registry: Registry) -> None:
    comparison = Comparison(registry, {"a": SHORT, "b": SHORT}, 1)
    comparison.start()
    comparison._halted = True  # as if it came when no run was live
    wait_for(lambda: comparison.current is None)
    assert comparison.can_resume
    assert comparison.waiting == ["b"]
    comparison.resume()
    wait_for(lambda: len(comparison.outcomes) == 2)


def test_a_full_server_is_said_and_can_be_tried_again() -> None:
    registry = Registry(at_once=0, kept=1)
    waiting = registry.submit(ENDLESS)
    comparison = Comparison(registry, {"a": SHORT}, 1)
    comparison.start()
    assert "Too many runs" in comparison.refused
    assert not comparison.is_live
    registry.halt(waiting, Status.STOPPED)
    comparison.resume()
    assert comparison.refused == ""
    assert comparison.is_live


def test_a_run_that_follows_counts_as_watched_when_the_comparison_was(registry: Registry) -> None:
    comparison = Comparison(registry, {"a": SHORT, "b": ENDLESS}, 1)
    comparison.start()
    comparison.current[1].seen = 5.0  # long ago
    wait_for(lambda: "b" not in comparison.waiting)
    assert comparison.current[1].seen == 5.0
    comparison.touch()
    assert comparison.current[1].seen > 5.0
    comparison.halt()
    wait_for(lambda: comparison.can_resume)


def test_comparisons_are_found_by_their_id_and_the_oldest_are_forgotten(registry: Registry) -> None:
    found = Comparisons()
    made = [Comparison(registry, {}, 0) for _ in range(KEPT + 1)]
    for comparison in made:
        found.add(comparison)
    assert found.get(made[-1].id) is made[-1]
    assert found.get(made[0].id) is None
    assert found.get("") is None


def test_a_plan_takes_a_model_by_name() -> None:
    plan = Plan("digits", "mlp", RECIPE, seed=3)
    assert model_name(weights_of(plan.new_model(), plan.described)) == "mlp"
    with pytest.raises(ValueError, match="Unknown model 'mpl'"):
        replace(plan, architecture="mpl").new_model()
