"""One run in the background: a worker thread trains, any thread may take a snapshot or halt it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from deq.data import Task
from deq.jobs.film import MOST_FRAMES, UNMEASURED, Film, Moment, frame_at, in_plane, validated
from deq.jobs.plan import OWN_PICTURES, PICTURE_NAMES, Plan, task_of
from deq.jobs.record import (
    TRAINING,
    VALIDATION,
    Snapshot,
    Status,
    Table,
    look_at,
    training_row,
    validation_row,
)
from deq.jobs.states import MOST_MOMENTS, has_states, states_at
from deq.jobs.turns import Courtesy, nobody
from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics, evaluate_task
from deq.training import EpochEnd, Event, Finished, Progress, fit, model_at
from deq.training.comparison import Outcome, outcome_of
from deq.training.state import TrainState

LOOK_EVERY = 2.0  # seconds between plots of the curve

log = logging.getLogger(__name__)


class Job:
    """A run with an unguessable id. owner: identifies whoever started it, empty if unknown. then: see Registry.submit.

    others_wait: whether short work waits, which training lets go first between its calls (see `Courtesy`).

    `work` runs in a worker thread, everything else in any thread. A halted job keeps its last sound state; when
    `work` is called again, it resumes from there and ends bitwise the same.
    """

    def __init__(
        self,
        plan: Plan,
        owner: str = "",
        then: Callable[[Job], None] | None = None,
        others_wait: Callable[[], bool] = nobody,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.plan, self.owner, self.then, self.others_wait = plan, owner, then, others_wait
        self.seen = time.monotonic()  # when it was last watched
        self._lock = threading.Lock()
        self._training, self._validation = Table(TRAINING), Table(VALIDATION)
        self._film = Film(MOST_MOMENTS if plan.task in (*PICTURE_NAMES, OWN_PICTURES) else MOST_FRAMES)
        self._request: tuple[Status, str] | None = None
        self._measure = True
        self._sound: TrainState | None = None  # where it resumes
        self._model: EquilibriumModel | None = None
        self._looked = 0.0  # when the curve was drawn last
        self._seconds = 0.0  # before the last resume
        self._now = WAITING

    def touch(self) -> None:
        """Mark it as watched."""
        self.seen = time.monotonic()

    def snapshot(self) -> Snapshot:
        """The current state of the run."""
        with self._lock:
            training, validation = self._training.columns(), self._validation.columns()
            film, lost = self._film.frames, self._film.is_lost
            return replace(self._now, training=training, validation=validation, film=film, lost=lost)

    @property
    def status(self) -> Status:
        return self._now.status

    @property
    def can_resume(self) -> bool:
        """Whether it stopped before its end."""
        return self.status in (Status.PAUSED, Status.STOPPED, Status.FAILED)

    @property
    def model(self) -> EquilibriumModel | None:
        """The model of the last sound state when the run last stopped. Do not train it."""
        with self._lock:
            return self._model

    def halt(self, status: Status, message: str = "", measure: bool = True) -> None:
        """Ask the worker to stop with this status after the current call.

        measure: whether to evaluate the model on the test set then.
        """
        with self._lock:
            self._request, self._measure = (status, message), measure
            self._now = replace(self._now, phase="stopping")

    def queue(self, position: int) -> None:
        """Mark it as waiting at this position of the queue."""
        with self._lock:
            self._request = None
        self._enter(Status.QUEUED, "waiting", position=position)

    def end(self, status: Status, message: str = "") -> None:
        """Set the status of a job that is no longer running, or not yet."""
        self._enter(status, status.value, message)

    def work(self) -> None:
        """Train until the end, a halt or a failure. Never raises: errors go to the snapshot."""
        try:
            self._work()
        except ValueError as error:  # misuse or missing data: the message says what to do
            self.end(Status.FAILED, str(error))
        except Exception as error:
            log.exception("A training run failed.")
            self.end(
                Status.FAILED, f"The run failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            )

    def _work(self) -> None:
        plan = self.plan
        self._enter(Status.RUNNING, "loading the data")
        task, message = task_of(plan)
        self._enter(Status.RUNNING, "compiling", message)
        model = plan.new_model()
        if in_plane(task) and self._sound is None:
            self._keep_frame(model, task, 0, validated(model, task, plan.recipe))
        if has_states(task) and self._sound is None:
            self._keep_frame(model, task, 0)
        events = fit(model, task, plan.recipe, seed=plan.seed, resume=self._sound)
        status, verdict = self._follow(events, model, task)
        if status in (Status.PAUSED, Status.STOPPED) and self._measure:
            self._enter(Status.RUNNING, "measuring on the test set", message)
            result = model if self._sound is None else model_at(model, self._sound, plan.recipe)
            recipe = plan.recipe
            self._deliver(result, evaluate_task(result, task, task.test, recipe.solver, recipe.gradient))
        self.end(status, verdict or message)

    def _follow(self, events: Iterator[Event], model: EquilibriumModel, task: Task) -> tuple[Status, str]:
        """Record events until the run ends or is halted; returns its status and a message."""
        pace, courtesy = _Pace(), Courtesy(lambda: self._request is None and self.others_wait())
        before = self._seconds
        for event in events:
            if isinstance(event, Finished):
                self._deliver(event.model, event.test)
                self._finish(outcome_of(event, self.plan.seed, before + event.seconds))
                return Status.LOST if event.lost else Status.FINISHED, event.verdict
            if not event.fault:
                self._sound = event.state
            self._seconds = before + event.seconds
            if isinstance(event, Progress):
                self._progress(event, pace)
            if isinstance(event, EpochEnd):
                self._validated(event.state, event.validation, event.spectral_radius)
            (self._film_on if in_plane(task) or has_states(task) else self._look)(event, model, task)
            if self._request is not None and not (isinstance(event, Progress) and event.ends_epoch):
                return self._request
            courtesy.give_way()
        raise RuntimeError("The run ended without a result.")

    def _progress(self, event: Progress, pace: _Pace) -> None:
        epochs = self.plan.recipe.epochs
        rate = pace.rate(event.step, event.seconds)
        with self._lock:
            self._training.append(training_row(event.step, event.health))
            now = replace(self._now, phase=f"epoch {event.epoch} of {epochs}", seconds=self._seconds)
            self._now = replace(now, step=event.step, steps=event.steps, rate=rate)

    def _validated(self, state: TrainState, metrics: Metrics, radius: float) -> None:
        with self._lock:
            self._validation.append(validation_row(int(state.step), metrics, radius))

    def _film_on(self, event: Progress | EpochEnd, model: EquilibriumModel, task: Task) -> None:
        """Take a frame if one is due. In the plane it is validated too, unless `fit` just has, at an epoch's end."""
        step, ends_epoch = int(event.state.step), isinstance(event, EpochEnd)
        if isinstance(event, Progress) and event.ends_epoch:
            return
        if not self._film.wants(step, ends_epoch, step == self._now.steps):
            return
        current = model_at(model, event.state, self.plan.recipe)
        if isinstance(event, EpochEnd):
            measured = event.validation, event.spectral_radius
        elif in_plane(task):
            measured = validated(current, task, self.plan.recipe)
            self._validated(event.state, *measured)
        else:
            measured = UNMEASURED
        self._keep_frame(current, task, step, measured)

    def _keep_frame(
        self,
        model: EquilibriumModel,
        task: Task,
        step: int,
        measured: tuple[Metrics, float] = UNMEASURED,
    ) -> None:
        recipe = self.plan.recipe
        if in_plane(task):
            frame: Moment = frame_at(model, recipe, step, *measured)
        else:
            frame = states_at(model, task, recipe, step, *measured)
        with self._lock:
            self._film.append(frame)

    def _look(self, event: Progress | EpochEnd, model: EquilibriumModel, task: Task) -> None:
        if isinstance(event, Progress) and time.monotonic() - self._looked < LOOK_EVERY:
            return
        look = look_at(model_at(model, event.state, self.plan.recipe), task, self.plan.recipe)
        with self._lock:
            self._now = replace(self._now, look=look)
        self._looked = time.monotonic()

    def _deliver(self, model: EquilibriumModel, test: Metrics) -> None:
        with self._lock:
            self._model = model
            self._now = replace(self._now, test=test)

    def _finish(self, outcome: Outcome) -> None:
        """Keep the outcome, and drop the state that a resume would need: several megabytes."""
        with self._lock:
            self._now, self._sound = replace(self._now, outcome=outcome), None

    def _enter(self, status: Status, phase: str, message: str = "", position: int = 0) -> None:
        with self._lock:
            self._now = replace(self._now, status=status, phase=phase, message=message, position=position)


WAITING = Snapshot(Status.QUEUED, "waiting", 0, 0, 0, 0.0, 0.0, {}, {}, (), False, None, "", None, None)


class _Pace:
    """Updates per second, not counting the first call since the start or a resume, which compiles."""

    def __init__(self) -> None:
        self._start: tuple[int, float] | None = None

    def rate(self, step: int, seconds: float) -> float:
        if self._start is None:
            self._start = step, seconds
        steps, elapsed = step - self._start[0], seconds - self._start[1]
        return steps / elapsed if elapsed > 0 else 0.0
