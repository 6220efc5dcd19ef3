"""One run in the background: a worker thread trains, anyone may look at its snapshot or halt it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from deq.data import Task
from deq.jobs.look import look_at
from deq.jobs.plan import Plan, load_task
from deq.jobs.record import TRAINING, VALIDATION, Snapshot, Status, Table, training_row, validation_row
from deq.models import EquilibriumModel
from deq.models.architectures import construct
from deq.models.evaluation import Metrics, evaluate
from deq.training import EpochEnd, Event, Finished, Progress, fit, model_at
from deq.training.step import TrainState

LOOK_EVERY = 2.0  # seconds between two looks at a curve or a boundary

log = logging.getLogger(__name__)


class Job:
    """A run with an id that nobody can guess. owner: a word of whoever started it, by which the page knows them again.

    `work` runs in a worker thread, everything else in any thread. A halted job keeps its last sound state,
    so that another `work` goes on from there to the same end, to the bit.
    """

    def __init__(self, plan: Plan, owner: str = "") -> None:
        self.id = secrets.token_urlsafe(16)
        self.plan, self.owner = plan, owner
        self.seen = time.monotonic()  # when somebody last looked
        self._lock = threading.Lock()
        self._training, self._validation = Table(TRAINING), Table(VALIDATION)
        self._wish: tuple[Status, str] | None = None
        self._measure = True
        self._sound: TrainState | None = None  # where it goes on from
        self._model: EquilibriumModel | None = None
        self._seconds = 0.0  # of the parts of the run that are over
        self._now = WAITING

    def touch(self) -> None:
        """Somebody is watching."""
        self.seen = time.monotonic()

    def snapshot(self) -> Snapshot:
        """The run at this moment."""
        with self._lock:
            training, validation = self._training.columns(), self._validation.columns()
            return replace(self._now, training=training, validation=validation)

    @property
    def status(self) -> Status:
        return self._now.status

    @property
    def can_resume(self) -> bool:
        """Whether it is at rest short of its end."""
        return self.status in (Status.PAUSED, Status.STOPPED, Status.FAILED)

    @property
    def model(self) -> EquilibriumModel | None:
        """The model as it was when the run last came to rest: from its last sound state. Not to be trained."""
        with self._lock:
            return self._model

    def halt(self, status: Status, message: str = "", measure: bool = True) -> None:
        """Ask the worker to come to rest with that status after the call that is under way.

        measure: whether to take the time to try the model on the test set then.
        """
        with self._lock:
            self._wish, self._measure = (status, message), measure
            self._now = replace(self._now, phase="coming to rest")

    def queue(self, position: int) -> None:
        """Wait at that place of the queue."""
        with self._lock:
            self._wish = None
        self._enter(Status.QUEUED, "waiting", position=position)

    def rest(self, status: Status, message: str = "") -> None:
        """Come to rest without having worked."""
        self._enter(status, status.value, message)

    def work(self) -> None:
        """Train until the end, a wish or a failure. Never raises: what goes wrong is told in the snapshot."""
        try:
            self._work()
        except ValueError as error:  # misuse, or data out of reach: the message says what to do
            self.rest(Status.FAILED, str(error))
        except Exception as error:
            log.exception("A training run failed.")
            self.rest(
                Status.FAILED, f"The run failed: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            )

    def _work(self) -> None:
        plan = self.plan
        self._enter(Status.RUNNING, "loading the data")
        task, message = load_task(plan.task, plan.formula, plan.seed)
        self._enter(Status.RUNNING, "compiling", message)
        model = construct(plan.architecture, plan.seed)
        events = fit(model, task, plan.recipe, seed=plan.seed, resume=self._sound)
        status, told = self._follow(events, model, task)
        if status in (Status.PAUSED, Status.STOPPED) and self._measure:
            self._enter(Status.RUNNING, "measuring on the test set", message)
            result = model if self._sound is None else model_at(model, self._sound, plan.recipe)
            self._deliver(
                result, evaluate(result, task.test, task.loss, plan.recipe.solver, plan.recipe.gradient)
            )
        self.rest(status, told or message)

    def _follow(self, events: Iterator[Event], model: EquilibriumModel, task: Task) -> tuple[Status, str]:
        """Record the events until one of them, or a wish, ends the run: how it ended, and why in words."""
        pace = _Pace()
        looked = 0.0
        before = self._seconds
        for event in events:
            if isinstance(event, Finished):
                self._deliver(event.model, event.test)
                return (Status.LOST, event.verdict) if event.verdict else (Status.FINISHED, "")
            if not event.fault:
                self._sound = event.state
            self._seconds = before + event.seconds
            if isinstance(event, Progress):
                self._progress(event, pace)
            if isinstance(event, EpochEnd) or time.monotonic() - looked > LOOK_EVERY:
                self._look(event, model, task)
                looked = time.monotonic()
            if self._wish is not None and not (isinstance(event, Progress) and event.ends_epoch):
                return self._wish
        raise RuntimeError("A run ended without its result.")

    def _progress(self, event: Progress, pace: _Pace) -> None:
        epochs = self.plan.recipe.epochs
        rate = pace.rate(event.step, event.seconds)
        with self._lock:
            self._training.append(training_row(event.step, event.health))
            now = replace(self._now, phase=f"epoch {event.epoch} of {epochs}", seconds=self._seconds)
            self._now = replace(now, step=event.step, steps=event.steps, rate=rate)

    def _look(self, event: Progress | EpochEnd, model: EquilibriumModel, task: Task) -> None:
        solver = self.plan.recipe.solver
        current = model_at(model, event.state, self.plan.recipe)
        if isinstance(event, EpochEnd):
            row = validation_row(int(event.state.step), event.validation, event.spectral_radius)
            with self._lock:
                self._validation.append(row)
        look = look_at(current, task, solver)
        with self._lock:
            self._now = replace(self._now, look=look)

    def _deliver(self, model: EquilibriumModel, test: Metrics) -> None:
        with self._lock:
            self._model = model
            self._now = replace(self._now, test=test)

    def _enter(self, status: Status, phase: str, message: str = "", position: int = 0) -> None:
        with self._lock:
            self._now = replace(self._now, status=status, phase=phase, message=message, position=position)


WAITING = Snapshot(Status.QUEUED, "waiting", 0, 0, 0, 0.0, 0.0, {}, {}, None, "", None)


class _Pace:
    """Updates a second since the first call of this part of the run, which compiled."""

    def __init__(self) -> None:
        self._start: tuple[int, float] | None = None

    def rate(self, step: int, seconds: float) -> float:
        if self._start is None:
            self._start = step, seconds
        steps, elapsed = step - self._start[0], seconds - self._start[1]
        return steps / elapsed if elapsed > 0 else 0.0
