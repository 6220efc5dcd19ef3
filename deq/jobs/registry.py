"""All runs of a server: a few at once, the others queued, unwatched ones paused."""

from __future__ import annotations

import atexit
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable

from deq.jobs.job import Job
from deq.jobs.plan import Plan
from deq.jobs.record import Status
from deq.jobs.turns import nobody

AT_ONCE = 2  # more would slow each other down on a small server
LEASE = 600.0  # seconds that a run continues unwatched: long enough to read another page
KEPT = 48  # runs kept in memory, a few megabytes each

ABANDONED = "Paused because nobody watched for a while. Resume continues exactly where it stopped."


class Registry:
    """Thread-safe. A job can be reached only by its id. others_wait: see `Job`."""

    def __init__(
        self,
        at_once: int = AT_ONCE,
        lease: float = LEASE,
        kept: int = KEPT,
        others_wait: Callable[[], bool] = nobody,
    ) -> None:
        self.at_once, self.lease, self.kept, self.others_wait = at_once, lease, kept, others_wait
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._workers: dict[Job, threading.Thread] = {}
        # Exit handlers run last in, first out, and weakref registers its own with the first finalizer. Creating one
        # before `close` is registered makes workers stop before objects in their traces are finalized (else: KeyError).
        weakref.finalize(self, lambda: None)
        atexit.register(self.close)

    def submit(
        self,
        plan: Plan,
        owner: str = "",
        then: Callable[[Job], None] | None = None,
        seen: float | None = None,
    ) -> Job:
        """Start or queue a run of `plan`. Raises ValueError if too many runs are waiting.

        then: called in the worker's thread whenever the run has ended or was halted. seen: when the run that it follows
        was last watched, None if just now.
        """
        with self._lock:
            self._make_space()
            job = Job(plan, owner, then, self.others_wait)
            job.seen = job.seen if seen is None else seen
            self._jobs[job.id] = job
            self._enqueue(job)
            return job

    def get(self, job_id: str) -> Job | None:
        """The job with this id, which is then marked as watched; None if there is none."""
        with self._lock:
            self._pause_abandoned()
            job = self._jobs.get(job_id)
        if job is not None:
            job.touch()
        return job

    def halt(self, job: Job, status: Status, message: str = "") -> None:
        """Stop a live job as PAUSED or STOPPED; no effect on others."""
        with self._lock:
            if job in self._queue:
                self._queue.remove(job)
                job.end(status, message)
                self._renumber()
            elif job in self._workers and job.status.is_live:
                job.halt(status, message)

    def resume(self, job: Job) -> None:
        """Resume a paused, stopped or failed job where it stopped; no effect on others."""
        with self._lock:
            worker = self._workers.get(job)
        if worker is not None and job.can_resume:
            worker.join()  # its thread is about to end: a click meanwhile must not be lost
        with self._lock:
            if job.can_resume and job not in self._workers:
                job.touch()
                self._enqueue(job)

    @property
    def busy(self) -> bool:
        """Whether a worker is running."""
        return bool(self._workers)

    def close(self, seconds: float = 15.0) -> None:
        """Stop all workers and wait for them, at most `seconds`: a thread left in compiled code can crash the exit."""
        with self._lock:
            self.at_once = 0  # what follows a run that ends now must not start
            self._queue.clear()
            workers = dict(self._workers)
            for job in workers:
                job.halt(Status.PAUSED, measure=False)
        deadline = time.monotonic() + seconds
        for thread in workers.values():
            thread.join(max(0.0, deadline - time.monotonic()))

    def _enqueue(self, job: Job) -> None:
        self._queue.append(job)
        self._renumber()
        self._admit()

    def _admit(self) -> None:
        """Start queued jobs while there is room."""
        while self._queue and len(self._workers) < self.at_once:
            job = self._queue.popleft()
            job.queue(0)
            thread = threading.Thread(target=self._run, args=(job,), daemon=True, name=f"train-{job.id[:6]}")
            self._workers[job] = thread
            thread.start()
        self._renumber()

    def _run(self, job: Job) -> None:
        job.work()
        with self._lock:
            del self._workers[job]
            self._pause_abandoned()
            self._admit()
        if job.then is not None:
            job.then(job)

    def _renumber(self) -> None:
        for position, job in enumerate(self._queue, 1):
            job.queue(position)

    def _pause_abandoned(self) -> None:
        """Pause jobs that were not watched within the lease. Called whenever a job is polled or ends."""
        late = time.monotonic() - self.lease
        for job in [*self._queue, *self._workers]:
            if job.seen < late:
                self.halt(job, Status.PAUSED, ABANDONED)

    def _make_space(self) -> None:
        """Drop the job watched least recently of those that are not live. Raises ValueError if all are live."""
        self._pause_abandoned()
        if len(self._jobs) < self.kept:
            return
        idle = [job for job in self._jobs.values() if job not in self._queue and job not in self._workers]
        if not idle:
            raise ValueError("Too many runs are waiting on this server; try again in a few minutes.")
        del self._jobs[min(idle, key=lambda job: job.seen).id]
