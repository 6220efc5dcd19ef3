"""Training in the background: snapshots, bitwise resuming, the queue, the lease, error messages."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from deq.data import curve
from deq.gradients import Unrolled
from deq.jobs import (
    OWN,
    OWN_PICTURES,
    OWN_POINTS,
    TASK_NAMES,
    Job,
    Plan,
    Registry,
    Snapshot,
    Status,
    flat_settings,
    load_task,
    sizes,
)
from deq.jobs.record import MAX_ROWS, Table, look_at
from deq.models.architectures import Architecture, construct
from deq.models.inference import infer
from deq.solvers import Anderson, Picard
from deq.training.recipes import Recipe

BROUGHT = (OWN_POINTS, OWN_PICTURES)  # tasks that come with data
RECIPE = Recipe(solver=Anderson(tol=1e-3, max_nfe=30), epochs=3, batch_size=64, learning_rate=1e-2)
PLAN = Plan("two moons", Architecture(2, 2, width=16), RECIPE)
PATIENT = 120.0  # seconds: the machine may be busy


@pytest.fixture
def registry() -> Iterator[Registry]:
    made = Registry(at_once=1)
    yield made
    made.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


def wait_for_end(job: Job) -> Snapshot:
    """The snapshot of a job when it is not live any more."""
    wait_for(lambda: not job.status.is_live)
    return job.snapshot()


def weights(job: Job) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(job.model)]


def test_a_run_ends_though_visitors_always_wait() -> None:
    asked: list[bool] = []
    registry = Registry(others_wait=lambda: asked.append(True) or True)
    end = wait_for_end(registry.submit(replace(PLAN, recipe=replace(RECIPE, epochs=1))))
    registry.close()
    assert end.status is Status.FINISHED, end.message
    assert asked


def test_a_run_from_start_to_end(registry: Registry) -> None:
    job = registry.submit(PLAN)
    end = wait_for_end(job)
    assert end.status is Status.FINISHED, end.message
    assert end.step == end.steps == 36
    assert end.training["step"].tolist() == [12, 24, 36]
    assert end.validation["step"].tolist() == [12, 24, 36]
    assert np.isfinite(np.stack(list(end.validation.values()))).all()
    assert end.test.accuracy > 0.8
    assert [frame.step for frame in end.film] == [0, 12, 24, 36]
    assert end.film[-1].spectral_radius == end.validation["spectral_radius"][-1]
    assert job.model is not None
    assert registry.get(job.id) is job


def test_halted_and_resumed_runs_end_with_the_same_weights(registry: Registry) -> None:
    """Paused once, stopped once, at any call."""
    whole, halted = registry.submit(PLAN), registry.submit(replace(PLAN, recipe=replace(RECIPE, epochs=3)))
    wait_for_end(whole)
    for status in (Status.PAUSED, Status.STOPPED):
        before = halted.snapshot().step
        wait_for(lambda before=before: halted.snapshot().step > before or not halted.status.is_live)
        registry.halt(halted, status)
        wait_for_end(halted)
        assert halted.model is not None
        registry.resume(halted)
    end = wait_for_end(halted)
    assert end.status is Status.FINISHED
    for ours, theirs in zip(weights(halted), weights(whole), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_resume_while_the_worker_ends_is_not_lost(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job ends a moment before its thread."""
    work = Job.work

    def lingering(job: Job) -> None:
        work(job)
        time.sleep(0.3)

    monkeypatch.setattr(Job, "work", lingering)
    job = registry.submit(PLAN)
    wait_for(lambda: job.snapshot().step > 0)
    registry.halt(job, Status.PAUSED)
    assert wait_for_end(job).status is Status.PAUSED
    registry.halt(job, Status.STOPPED)
    assert job.snapshot().phase == "paused"
    registry.resume(job)
    assert wait_for_end(job).status is Status.FINISHED


def test_jobs_wait_in_the_queue_and_leave_it(registry: Registry) -> None:
    long = replace(PLAN, recipe=replace(RECIPE, epochs=100_000))
    running, first, second = (registry.submit(long) for _ in range(3))
    assert [job.snapshot().position for job in (running, first, second)] == [0, 1, 2]
    assert all(job.status.is_live for job in (running, first, second))
    registry.halt(first, Status.STOPPED)
    assert first.status is Status.STOPPED
    assert second.snapshot().position == 1
    registry.halt(running, Status.STOPPED)
    wait_for_end(running)
    wait_for(lambda: second.status is Status.RUNNING)


def test_unwatched_runs_are_paused() -> None:
    registry = Registry(at_once=1, lease=0.5)
    plan = replace(PLAN, recipe=replace(RECIPE, epochs=100_000))
    left, queued = registry.submit(plan), registry.submit(plan)
    wait_for(lambda: left.snapshot().step > 0)
    time.sleep(0.6)
    other = registry.submit(replace(PLAN, task="circles"))  # the next visitor's job pauses abandoned ones
    end = wait_for_end(left)
    assert (end.status, queued.status) == (Status.PAUSED, Status.PAUSED)
    assert "nobody watched" in end.message
    registry.halt(other, Status.STOPPED)
    registry.close()


def test_ids_are_unguessable_and_unique(registry: Registry) -> None:
    jobs = [Job(PLAN) for _ in range(100)]
    assert len({job.id for job in jobs}) == 100
    assert min(len(job.id) for job in jobs) >= 22  # 128 bits
    assert registry.get(jobs[0].id) is None
    assert registry.get("") is None


def test_a_full_registry_drops_the_job_watched_longest_ago() -> None:
    registry = Registry(at_once=1, kept=2)
    broken = replace(PLAN, task=OWN, formula="1/x", architecture=Architecture(1, 1))
    jobs = [registry.submit(broken) for _ in range(2)]
    for job in jobs:
        wait_for_end(job)
    wait_for(lambda: not registry.busy)
    registry.get(jobs[0].id)
    registry.submit(broken)
    assert registry.get(jobs[0].id) is jobs[0]
    assert registry.get(jobs[1].id) is None
    registry.close()


def test_a_registry_full_of_live_jobs_refuses_more() -> None:
    registry = Registry(at_once=0, kept=2)
    registry.submit(PLAN)
    registry.submit(PLAN)
    with pytest.raises(ValueError, match="Too many runs"):
        registry.submit(PLAN)


def test_failures_have_a_message(registry: Registry) -> None:
    wrong = registry.submit(replace(PLAN, task=OWN, formula="log(x)", architecture=Architecture(1, 1)))
    end = wait_for_end(wrong)
    assert end.status is Status.FAILED
    assert "not finite everywhere" in end.message
    assert wrong.model is None
    large = registry.submit(replace(PLAN, recipe=replace(RECIPE, batch_size=10_000)))
    assert "exceeds the 768 training examples" in wait_for_end(large).message


def test_unexpected_errors_have_a_message(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("out of memory\nin detail")

    monkeypatch.setattr("deq.jobs.job.task_of", broken)
    end = wait_for_end(registry.submit(PLAN))
    assert end.message == "The run failed: RuntimeError: out of memory"


@pytest.mark.long  # training/test_early_stopping.py has the same run
def test_a_lost_equilibrium_ends_the_run_with_good_weights(registry: Registry) -> None:
    """A learning rate far too high for an unbounded cell."""
    recipe = replace(RECIPE, solver=Picard(tol=1e-4, max_nfe=20), learning_rate=2.0, epochs=200, warmup=0.5)
    recipe = replace(recipe, patience=200)
    job = registry.submit(
        replace(PLAN, architecture=Architecture(2, 2, width=16, activation="linear"), recipe=recipe)
    )
    end = wait_for_end(job)
    assert end.status is Status.LOST
    assert "most solves did not converge" in end.message
    assert end.step < end.steps
    assert all(np.isfinite(array).all() for array in weights(job))


def test_early_stopping_is_not_a_lost_equilibrium(registry: Registry) -> None:
    recipe = replace(RECIPE, epochs=9, learning_rate=1e-9, early_stopping=1)
    end = wait_for_end(registry.submit(replace(PLAN, recipe=recipe)))
    assert end.status is Status.FINISHED
    assert "no better validation accuracy for 1 epoch." in end.message


def test_tables_stay_short_and_keep_the_newest() -> None:
    table = Table(("step", "loss"))
    assert table.columns()["step"].shape == (0,)
    for step in range(12_345):
        table.append((float(step), 0.5))
        if step % 1000 == 0:
            assert len(table.columns()["step"]) <= MAX_ROWS + 1
    steps = table.columns()["step"]
    assert (steps[0], steps[-1]) == (0, 12_344)
    assert len(set(np.diff(steps[:-1]))) == 1  # evenly spaced; the newest comes as it is
    assert steps[-1] > steps[-2]
    assert len(steps) > MAX_ROWS / 4


def test_snapshots_of_a_running_job_are_consistent(registry: Registry) -> None:
    job = registry.submit(PLAN)
    faults = []

    def watch() -> None:
        while job.status.is_live:
            lengths = {len(column) for column in job.snapshot().training.values()}
            if len(lengths) != 1:
                faults.append(lengths)

    watchers = [threading.Thread(target=watch) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    wait_for_end(job)
    for watcher in watchers:
        watcher.join(10)
    assert not faults


@pytest.mark.long
def test_looks_show_the_predictions_of_the_model() -> None:
    line = construct(Architecture(1, 1))
    found = look_at(line, curve("sin x"), Recipe(Anderson()))
    expected = line(jnp.asarray(found.x)[:, None])[0][:, 0]
    np.testing.assert_allclose(found.answer, expected, rtol=1e-4, atol=1e-5)
    assert found.converged.all()
    digits, _ = load_task("digits")
    once = Recipe(Anderson(), Unrolled(steps=1))  # its own forward pass, not a solve
    expected = infer(line, found.x[:, None], once.solver, once.gradient).outputs[:, 0]
    np.testing.assert_allclose(look_at(line, curve("sin x"), once).answer, expected, rtol=1e-5)
    assert look_at(construct(Architecture(784, 10)), digits, Recipe(Anderson())) is None


@pytest.mark.parametrize(
    "name", [name for name in TASK_NAMES if name not in ("mnist", "fashion_mnist", "kmnist", *BROUGHT)]
)
def test_sizes_are_those_of_the_task(name: str) -> None:
    task, note = load_task(name, formula="x + 1")
    inputs, outputs = sizes(name)
    assert int(np.prod(task.train.x.shape[1:])) == inputs
    assert outputs == (int(task.train.y.max()) + 1 if task.has_labels else task.train.y.shape[1])
    assert note == ""


def test_settings_that_differ() -> None:
    other = replace(PLAN, recipe=replace(RECIPE, solver=Picard(tol=1e-3, max_nfe=30)))
    ours, theirs = flat_settings(PLAN), flat_settings(other)
    differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
    assert "recipe solver type" in differing
    assert "seed" not in differing


def test_unknown_task() -> None:
    with pytest.raises(ValueError, match="spirals"):
        sizes("imagenet")
