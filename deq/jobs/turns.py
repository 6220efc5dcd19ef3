"""Turns for long work, one thread at a time, in order of arrival; and long work that lets short work go first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 0.25  # seconds between two calls of `waiting`
PAUSE = 0.01  # seconds between two checks of whether others wait
MOST = 4.0  # a rest is at most this many times as long as the work before it: work gets at least a fifth of the time
LONGEST = 1.0  # seconds, after a compilation too


class Turns:
    """Thread-safe. A thread that has its turn may ask for another inside it, and gets it at once.

    at_once: how many threads have their turn at a time. One is best where a single solve keeps all cores busy: two at
    once each take twice as long, so the second ends no sooner and the first later. It also keeps timings undisturbed.
    """

    def __init__(self, at_once: int = 1) -> None:
        self.at_once = at_once
        self._line: list[int] = []  # threads in order of arrival; the first `at_once` have their turn
        self._moved = threading.Condition()

    @contextmanager
    def turn(self, waiting: Callable[[int], object]) -> Iterator[None]:
        """Wait for a turn, which ends with the block.

        waiting: called meanwhile, again and again, with the number of threads ahead. If it raises, the thread leaves
        the line.
        """
        me = threading.get_ident()
        with self._moved:
            has_one = me in self._line
            if not has_one:
                self._line.append(me)
        if has_one:
            yield
            return
        try:
            while ahead := self._ahead(me):
                waiting(ahead)
            yield
        finally:
            with self._moved:
                self._line.remove(me)
                self._moved.notify_all()

    def _ahead(self, me: int) -> int:
        """Waits at most EVERY seconds. How many threads must end before this one's turn; 0: it begins."""
        with self._moved:
            self._moved.wait_for(lambda: self._line.index(me) < self.at_once, EVERY)
            return max(self._line.index(me) - self.at_once + 1, 0)


class Courtesy:
    """For a thread with long work: between its parts it rests while others wait, but never for long."""

    def __init__(self, others_wait: Callable[[], bool]) -> None:
        self._others_wait, self._since = others_wait, time.monotonic()

    def give_way(self) -> None:
        """Rest until nobody waits, at most MOST times as long as this thread has worked since its last rest."""
        now = time.monotonic()
        until = now + min(LONGEST, MOST * (now - self._since))
        while self._others_wait() and time.monotonic() < until:
            time.sleep(PAUSE)
        self._since = time.monotonic()


def nobody() -> bool:
    """Where no short work waits, as on the command line."""
    return False
