"""All runs of a server: a few at once, the others in a queue, and an end for those that nobody watches."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque

from deq.jobs.job import Job
from deq.jobs.plan import Plan
from deq.jobs.record import Status

AT_ONCE = 2  # more would only slow each other down on the cores of a small server
LEASE = 600.0  # seconds that a run goes on without anyone looking: long enough to read another page
KEPT = 48  # runs kept in memory, a few megabytes each

ABANDONED = "Nobody watched for a while, so the run was paused. Resume goes on exactly where it stopped."


class Registry:
    """Thread-safe. A job is reached by its id alone."""

    def __init__(self, at_once: int = AT_ONCE, lease: float = LEASE, kept: int = KEPT) -> None:
        self.at_once, self.lease, self.kept = at_once, lease, kept
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._workers: dict[Job, threading.Thread] = {}
        # At exit what was registered last runs first, and the first finalizer registers them all: so that workers come
        # to rest before what their traces hold is finalized, which fails them with a KeyError.
        weakref.finalize(self, lambda: None)
        atexit.register(self.close)

    def submit(self, plan: Plan, owner: str = "") -> Job:
        """A new run of `plan`, started or put into the queue. Raises ValueError when too many wait already."""
        with self._lock:
            self._make_room()
            job = Job(plan, owner)
            self._jobs[job.id] = job
            self._enqueue(job)
            return job

    def get(self, job_id: str) -> Job | None:
        """The job with that id, which counts as watched; None where there is none (any more)."""
        with self._lock:
            self._end_abandoned()
            job = self._jobs.get(job_id)
        if job is not None:
            job.touch()
        return job

    def halt(self, job: Job, status: Status, message: str = "") -> None:
        """Bring a live job to rest as PAUSED or STOPPED; one at rest stays as it is."""
        with self._lock:
            if job in self._queue:
                self._queue.remove(job)
                job.rest(status, message)
                self._number()
            elif job in self._workers and job.status.is_live:
                job.halt(status, message)

    def resume(self, job: Job) -> None:
        """Let a job at rest go on where it stopped; a finished, lost or live one stays as it is."""
        with self._lock:
            worker = self._workers.get(job)
        if worker is not None and job.can_resume:
            worker.join()  # it is at rest and its thread about to end: a click in between must not be lost
        with self._lock:
            if job.can_resume and job not in self._workers:
                self._enqueue(job)

    @property
    def busy(self) -> bool:
        """Whether a run is at work."""
        return bool(self._workers)

    def close(self, seconds: float = 5.0) -> None:
        """Ask all workers to come to rest and wait for them, for so long at most."""
        with self._lock:
            self._queue.clear()
            workers = dict(self._workers)
            for job in workers:
                job.halt(Status.PAUSED, measure=False)
        deadline = time.monotonic() + seconds
        for thread in workers.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _enqueue(self, job: Job) -> None:
        job.touch()
        self._queue.append(job)
        self._number()
        self._admit()

    def _admit(self) -> None:
        """Start those at the head of the queue while there is room."""
        while self._queue and len(self._workers) < self.at_once:
            job = self._queue.popleft()
            job.queue(0)
            thread = threading.Thread(target=self._run, args=(job,), daemon=True, name=f"train-{job.id[:6]}")
            self._workers[job] = thread
            thread.start()
        self._number()

    def _run(self, job: Job) -> None:
        job.work()
        with self._lock:
            del self._workers[job]
            self._end_abandoned()
            self._admit()

    def _number(self) -> None:
        for position, job in enumerate(self._queue, 1):
            job.queue(position)

    def _end_abandoned(self) -> None:
        """Halt what nobody has looked at within the lease. Whoever polls, or ends a run, does this for all."""
        late = time.monotonic() - self.lease
        for job in [*self._queue, *self._workers]:
            if job.seen < late:
                self.halt(job, Status.PAUSED, ABANDONED)

    def _make_room(self) -> None:
        """Drop the run that was looked at longest ago and is at rest. Raises ValueError where none is."""
        self._end_abandoned()
        if len(self._jobs) < self.kept:
            return
        resting = [job for job in self._jobs.values() if job not in self._queue and job not in self._workers]
        if not resting:
            raise ValueError("Too many runs are waiting on this server; try again in a few minutes.")
        del self._jobs[min(resting, key=lambda job: job.seen).id]
