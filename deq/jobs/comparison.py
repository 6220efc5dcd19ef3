"""A comparison in the background: runs of several plans and seeds, one after another."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import replace

from deq.jobs.job import Job
from deq.jobs.plan import Plan
from deq.jobs.record import Status
from deq.jobs.registry import Registry
from deq.training.comparison import Contender, Outcome

HALTED = (Status.PAUSED, Status.STOPPED)
KEPT = 24  # comparisons in memory, a few kilobytes each once they have ended

Key = tuple[str, int]  # contender, seed


class Comparison:
    """The runs of several contenders, one plan each: all contenders with one seed, then with the next; one at a time.

    It has an unguessable id; owner: identifies whoever started it, as in Job. Any thread may call it. Of an ended run
    it keeps the outcome and the id; the registry may drop the rest.
    """

    def __init__(
        self, registry: Registry, contenders: Mapping[str, Plan], seeds: int, owner: str = ""
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self.contenders, self.seeds, self.owner = dict(contenders), seeds, owner
        self.refused = ""  # why the server did not take the next run
        self._registry, self._lock = registry, threading.RLock()
        self._waiting = deque((name, seed) for seed in range(seeds) for name in contenders)
        self._current: tuple[Key, Job] | None = None
        self._ids: dict[Key, str] = {}
        self._outcomes: dict[Key, Outcome] = {}
        self._failures: dict[Key, str] = {}
        self._halted = False

    @property
    def current(self) -> tuple[Key, Job] | None:
        """The run that is live or halted; None before the first and after the last."""
        return self._current

    @property
    def waiting(self) -> list[str]:
        """The contender of each run that has not begun."""
        with self._lock:
            return [name for name, _ in self._waiting]

    @property
    def ids(self) -> dict[Key, str]:
        """The ids of the runs that have begun."""
        with self._lock:
            return dict(self._ids)

    @property
    def outcomes(self) -> dict[Key, Outcome]:
        """What the finished runs measured."""
        with self._lock:
            return dict(self._outcomes)

    @property
    def failures(self) -> dict[Key, str]:
        """Why runs failed, by contender and seed."""
        with self._lock:
            return dict(self._failures)

    def results(self) -> list[Contender]:
        """The contenders with their outcomes so far."""
        found = self.outcomes
        mine = {name: [found[key] for key in sorted(found) if key[0] == name] for name in self.contenders}
        return [Contender(name, tuple(outcomes)) for name, outcomes in mine.items()]

    @property
    def is_live(self) -> bool:
        """Whether a run is live or the next one is about to start."""
        with self._lock:
            if self._current is not None:
                return self._current[1].status not in HALTED  # one that failed is about to be followed
            return bool(self._waiting) and not (self._halted or self.refused)

    @property
    def can_resume(self) -> bool:
        """Whether it stopped before its end."""
        with self._lock:
            return not self.is_live and (self._current is not None or bool(self._waiting))

    def start(self) -> None:
        """Begin. Never raises: `refused` says if the server has too many runs."""
        self._advance(None)

    def halt(self) -> None:
        """Pause the live run; none follows."""
        with self._lock:
            self._halted, current = True, self._current
        if current is not None:
            self._registry.halt(current[1], Status.PAUSED)

    def resume(self) -> None:
        """Continue where it stopped."""
        with self._lock:
            self._halted, current = False, self._current
        if current is None:
            self._advance(None)
        else:
            self._registry.resume(current[1])

    def touch(self) -> None:
        """Mark its live run as watched."""
        if (current := self._current) is not None:
            self._registry.get(current[1].id)

    def _advance(self, seen: float | None) -> None:
        """Submit the next run, if there is one. seen: when the comparison was last watched, None if just now."""
        with self._lock:
            self.refused = ""
            if not self._waiting or self._halted or self._current is not None:
                return
            key = name, seed = self._waiting[0]
            plan = replace(self.contenders[name], seed=seed)
            try:
                job = self._registry.submit(plan, self.owner, self._ended, seen)
            except ValueError as error:
                self.refused = str(error)
                return
            self._waiting.popleft()
            self._current, self._ids[key] = (key, job), job.id

    def _ended(self, job: Job) -> None:
        """Called when a run has ended; one that was halted stays the current one."""
        with self._lock:
            current = self._current
            # A run that is not the current one had failed, and was resumed on its own.
            if job.status in HALTED or current is None or job is not current[1]:
                return
            key, self._current = current[0], None
            end = job.snapshot()
            if end.outcome is None:
                self._failures[key] = end.message
            else:
                self._outcomes[key] = end.outcome
        self._advance(job.seen)


class Comparisons:
    """The comparisons of a server by their ids: the newest KEPT, and those that are live."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, Comparison] = {}

    def add(self, comparison: Comparison) -> None:
        with self._lock:
            self._found[comparison.id] = comparison
            over = len(self._found) - KEPT
            for old in [one for one in self._found.values() if not one.is_live][: max(over, 0)]:
                del self._found[old.id]

    def live(self) -> list[Comparison]:
        """Those that are queued or running."""
        with self._lock:
            return [one for one in self._found.values() if one.is_live]

    def get(self, comparison_id: str) -> Comparison | None:
        """The comparison with this id, which is then marked as watched; None if there is none."""
        with self._lock:
            found = self._found.get(comparison_id)
        if found is not None:
            found.touch()
        return found
