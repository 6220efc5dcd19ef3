"""Keeps the server's memory within what a small machine has: Streamlit Community Cloud grants an app at least 1 GB.

JAX keeps every compiled program, 2 to 15 MB each, and a visit to every page compiles 85. Beyond a limit all are
dropped, since JAX cannot drop single ones; those still needed are read back from disk when next called.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.server.heaps import resident, trim

MOST = 600e6  # resident bytes beyond which memory is freed
GROWTH = 50e6  # resident bytes that must have been added since the last drop to make another worthwhile
PAUSE = 4.0  # least seconds between two drops, for each recent visitor
RECENT = 15.0  # seconds


@dataclass
class Housekeeping:
    """forgot, left: time of the last drop and resident bytes after it. seen: session -> time of its last run.

    running: page runs in progress. busy: callables that report whether something else, such as training, compiles.
    """

    forgot: float = 0.0
    left: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)
    running: int = 0
    busy: list[Callable[[], bool]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def run(self, session: str) -> Iterator[None]:
        """A run of a page or fragment. The lock keeps new runs from starting while programs are dropped."""
        with self.lock:
            self.running += 1
        try:
            yield
        finally:
            with self.lock:
                self.running -= 1
                self.free_memory(session)

    def free_memory(self, session: str) -> None:
        """Return free memory to the system if much is held, and drop compiled programs if that is not enough."""
        now = time.monotonic()
        self.seen = recent(self.seen, now) | {session: now}
        if resident() < MOST:
            return
        trim()
        busy = self.running > 0 or any(compiles() for compiles in self.busy)
        if is_due(resident(), self.left, now - self.forgot, len(self.seen), busy):
            forget_programs()
            self.forgot, self.left = now, resident()


def recent(seen: dict[str, float], now: float) -> dict[str, float]:
    """The sessions that ran within the last 15 seconds."""
    return {session: at for session, at in seen.items() if now - at < RECENT}


def is_due(held: float, left: float, since: float, visitors: int, busy: bool) -> bool:
    """Whether to drop compiled programs: enough memory is gained, and the last drop was long enough ago.

    held: resident bytes; left: the same after the last drop, `since` seconds ago. More visitors wait longer: they need
    the programs. JAX does not promise that it can drop programs while it compiles, so a busy server waits, unless it
    holds so much that it may be killed.
    """
    worthwhile = held > max(MOST, left + GROWTH) and since > PAUSE * visitors
    return worthwhile and (not busy or held > 2 * MOST)


def forget_programs() -> None:
    """Drop all compiled programs, if JAX is loaded."""
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
        trim()


_house = Housekeeping()


@contextmanager
def freeing_memory() -> Iterator[None]:
    """Free memory at the end of a run of a page or fragment, if much is held."""
    context = get_script_run_ctx()
    with _house.run(context.session_id if context else ""):
        yield


def keep_programs_while(busy: Callable[[], bool]) -> None:
    """Keep compiled programs while busy() is true."""
    _house.busy.append(busy)
